/** `harvester demo`: serves the look-alike ERDDAP servers and CKAN until it is stopped. */

import { Command, Option } from 'commander'
import { startCkan } from '../demo/ckan.ts'
import { startErddap } from '../demo/erddap.ts'
import type { ScaleKind } from '../demo/scale.ts'
import { scaleDatasets, scaleKinds } from '../demo/scale.ts'
import { startDemoSources } from '../demo/sources.ts'
import { port, wholeNumber } from './options.ts'

interface DemoFlags {
  host: string
  port: number
  latency: number
  scale?: ScaleKind
  datasets: number
  profiles: number
}

export function demoCommand(): Command {
  return new Command('demo')
    .description('serve two small look-alike ERDDAP servers and a CKAN on this machine, to try things out')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option(
      '--port <number>',
      'first of the ports to listen on; 0 picks free ones',
      port({ least: 0, most: 65_533 }),
      0,
    )
    .option('--latency <ms>', 'wait before each answer', wholeNumber({ least: 0, most: 600_000 }), 0)
    .addOption(
      new Option('--scale <kind>', 'serve generated datasets for a benchmark instead of the demo').choices(
        scaleKinds,
      ),
    )
    .option(
      '--datasets <number>',
      'how many datasets, with --scale',
      wholeNumber({ least: 0, most: 1_000_000 }),
      200,
    )
    .option(
      '--profiles <number>',
      'how many profiles in all, with --scale profiles',
      wholeNumber({ least: 0, most: 100_000_000 }),
      140_000,
    )
    .addHelpText(
      'after',
      '\nPrints a line "ready NAME URL" for each server once it listens. Harvest one with:\n  harvester harvest --url URL',
    )
    .action(async (flags: DemoFlags) => {
      const close = flags.scale === undefined ? await serveDemo(flags) : await serveScale(flags, flags.scale)
      await stopped()
      await close()
    })
}

function ready(name: string, url: string): void {
  process.stdout.write(`ready ${name} ${url}\n`)
}

async function serveDemo({ host, port, latency }: DemoFlags): Promise<() => Promise<void>> {
  const sources = await startDemoSources({ host, port, latencyMs: latency, addresses: 'loopback' })
  ready('erddap', sources.pacific.url)
  ready('erddap', sources.atlantic.url)
  ready('ckan', sources.ckan.url)
  return sources.close
}

async function serveScale(flags: DemoFlags, kind: ScaleKind): Promise<() => Promise<void>> {
  const { host, port, latency, datasets, profiles } = flags
  const erddap = await startErddap({
    host,
    port,
    latencyMs: latency,
    datasets: scaleDatasets({ kind, datasets, profiles }),
    keepBytes: 256 * 1024 * 1024,
    // The log of a benchmark would outgrow its server.
    logRequests: false,
  })
  const ckan = await startCkan({ host, port: port === 0 ? 0 : port + 1, records: [] })
  ready('erddap', erddap.url)
  ready('ckan', ckan.url)
  return async () => {
    await Promise.all([erddap.close(), ckan.close()])
  }
}

/** Resolves when the process is asked to end, or when the parent that was listening is gone. */
function stopped(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve())
    process.once('SIGTERM', () => resolve())
    process.once('disconnect', () => resolve())
  })
}
