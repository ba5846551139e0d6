/** The demo's sources: two ERDDAP servers and a catalogue on loopback, known by fixed addresses. */

import type { CkanServer } from './ckan.ts'
import { startCkan } from './ckan.ts'
import { demoCkanRecords } from './ckan-records.ts'
import { atlanticDatasets, skipListedId } from './datasets-atlantic.ts'
import { movingInTheAtlantic, movingInThePacific } from './datasets-moving.ts'
import { pacificDatasets } from './datasets-pacific.ts'
import type { ErddapServer } from './erddap.ts'
import { startErddap } from './erddap.ts'

/** Addresses as they are stored, whatever ports the servers listen on. `.example` belongs to nobody. */
export const demoUrls = {
  pacific: 'https://erddap.demo-pacific.example/erddap',
  atlantic: 'https://erddap.demo-atlantic.example/erddap',
  ckan: 'https://catalogue.demo.example',
} as const

export interface DemoSources {
  /** Fixed addresses, to be configured and stored. */
  erddapUrls: string[]
  ckanUrl: string
  /** Datasets that the demo's configuration puts on its skip list, by host. */
  skippedDatasets: Record<string, string[]>
  /** Fixed origin → origin on loopback; a client that asks the left connects to the right. */
  routes: Map<string, string>
  pacific: ErddapServer
  atlantic: ErddapServer
  ckan: CkanServer
  close: () => Promise<void>
}

export interface DemoSourcesOptions {
  latencyMs?: number
  host?: string
  /** Ports from here on (three of them) instead of free ones. */
  port?: number
  /**
   * `fixed`: answers and records hold the fixed addresses. `loopback`: those the servers listen on, for clients
   * that know no routes. @default fixed
   */
  addresses?: 'fixed' | 'loopback'
}

export async function startDemoSources(options: DemoSourcesOptions = {}): Promise<DemoSources> {
  const { host = '127.0.0.1', latencyMs = 0, port = 0 } = options
  const isFixed = options.addresses !== 'loopback'
  const common = { host, latencyMs, institution: 'Demonstration' }
  const started: { close: () => Promise<void> }[] = []
  const close = async () => {
    await Promise.all(started.map((server) => server.close()))
  }
  try {
    const atlanticContent = [...atlanticDatasets(), ...movingInTheAtlantic()]
    const atlantic = await startErddap({
      ...common,
      port: port === 0 ? 0 : port + 1,
      datasets: atlanticContent,
      ...(isFixed ? { publicUrl: demoUrls.atlantic } : {}),
    })
    started.push(atlantic)
    const pacificContent = [
      ...pacificDatasets(isFixed ? demoUrls.atlantic : atlantic.url),
      ...movingInThePacific(),
    ]
    const pacific = await startErddap({
      ...common,
      port,
      datasets: pacificContent,
      ...(isFixed ? { publicUrl: demoUrls.pacific } : {}),
    })
    started.push(pacific)
    const urls = isFixed ? [demoUrls.pacific, demoUrls.atlantic] : [pacific.url, atlantic.url]
    const ckan = await startCkan({
      host,
      latencyMs,
      port: port === 0 ? 0 : port + 2,
      // Some catalogues give fewer rows than were asked for.
      rowsCap: 15,
      records: demoCkanRecords([
        { url: urls[0] as string, datasets: pacificContent },
        { url: urls[1] as string, datasets: atlanticContent },
      ]),
    })
    started.push(ckan)
    return {
      erddapUrls: urls,
      ckanUrl: isFixed ? demoUrls.ckan : ckan.url,
      skippedDatasets: { [new URL(urls[1] as string).host]: [skipListedId] },
      routes: new Map([
        [new URL(demoUrls.pacific).origin, pacific.origin],
        [new URL(demoUrls.atlantic).origin, atlantic.origin],
        [new URL(demoUrls.ckan).origin, ckan.origin],
      ]),
      pacific,
      atlantic,
      ckan,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}
