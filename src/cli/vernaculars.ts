/** `harvester vernaculars`: names of species from WoRMS into the database, once. */

import { SingleBar } from 'cli-progress'
import { Command, Option } from 'commander'
import { action, logLevelOf, type Parts } from '../app/open.ts'
import { createProcess } from '../app/services.ts'
import { defaultTagLimits } from '../config/deployments-file.ts'
import { findConfig, type HarvestConfig, readHarvestConfig } from '../config/harvest.ts'
import { leastRate } from '../config/timers.ts'
import { exitCodes, HarvesterError } from '../errors.ts'
import { populateVernacularsFlow } from '../flows/populate-vernaculars.ts'
import { nameCoverage } from '../inventory/vernaculars/coverage.ts'
import { type RefreshMode, refreshModes } from '../rules/vernaculars.ts'
import { createLocalBackend, memoryStore, runFlow } from '../runs/index.ts'
import { amount } from '../text.ts'
import { sayLine } from './console.ts'
import { decimalNumber, fileOption, list, logLevelOption, oneOf, text, wholeNumber } from './options.ts'

const any = { least: 1, most: 1_000_000_000 }

interface Flags {
  file?: string
  top?: number
  limit?: number
  workers: number
  batchSize: number
  rate?: number
  refreshStatus: RefreshMode[]
  wormsUrl?: string
  logLevel?: string
}

export function vernacularsCommand(): Command {
  return new Command('vernaculars')
    .description('fetch English and French names and the classification of the OBIS species from WoRMS')
    .addOption(fileOption())
    .option('--top <n>', 'only names among the n most frequent ones', wholeNumber(any))
    .option('--limit <n>', 'at most n names in this run', wholeNumber(any))
    .option('--workers <n>', 'requests in flight at once, 1 to 32', wholeNumber({ least: 1, most: 32 }), 8)
    .option(
      '--batch-size <n>',
      'names asked for and stored at once, 1 to 50',
      wholeNumber({ least: 1, most: 50 }),
      50,
    )
    .option('--rate <n>', 'requests a second at most', decimalNumber({ least: leastRate, most: 1000 }))
    .addOption(
      new Option(
        '--refresh-status <mode>',
        `ask again for known names: ${refreshModes.join(', ')}; may be repeated`,
      )
        .argParser(list(oneOf(refreshModes)))
        .default([] as RefreshMode[], 'none'),
    )
    .option('--worms-url <url>', 'the WoRMS server', text)
    .addOption(logLevelOption())
    .addHelpText(
      'after',
      `
Examples:
  harvester vernaculars
  harvester vernaculars --top 500 --rate 4
  harvester vernaculars --refresh-status error --refresh-status missing_classification

An interrupted run loses at most the batches under way; the next one goes on where it was.
Exit codes: 0 done, 1 failed or WoRMS cannot be reached, 2 wrong usage or configuration, 130 interrupted.`,
    )
    .action(action(vernaculars))
}

async function vernaculars(own: Parts, flags: Flags): Promise<number> {
  const { environment, signal } = own
  const config = configOf(own, flags)
  if (flags.wormsUrl !== undefined) config.settings.worms_url = flags.wormsUrl
  const level = logLevelOf(environment, flags.logLevel, config.settings)
  const { log } = own.console({ level, time: config.settings.log_time })
  const database = own.database(log)
  const parts = await createProcess({
    environment,
    config,
    log,
    database,
    orchestrator: null,
    oneShot: true,
    listeners: [],
  })
  own.closing.add(() => parts.close())
  const bar = process.stderr.isTTY === true ? nameBar() : null
  own.closing.add(() => bar?.stop())
  const result = await runFlow(
    createLocalBackend({ store: memoryStore(), tagLimits: defaultTagLimits }),
    populateVernacularsFlow({
      ...parts.services,
      ...(bar && {
        onNames: (done, total, counts) =>
          bar.show(done, total, { english: counts.english, french: counts.french }),
      }),
    }),
    {
      top: flags.top ?? null,
      limit: flags.limit ?? null,
      workers: flags.workers,
      batch_size: flags.batchSize,
      rate: flags.rate ?? null,
      refresh_status: flags.refreshStatus,
    },
    {
      signal,
      createdBy: 'cli',
      logLevel: level,
      onLog: bar ? (line) => (line.level === 'error' ? parts.onLog(line) : undefined) : parts.onLog,
    },
  )
  bar?.stop()
  if (signal.aborted) return exitCodes.failed
  if (result.error instanceof HarvesterError) throw result.error
  const known = await nameCoverage(await database())
  sayLine(`${result.state === 'COMPLETED' ? 'Completed' : 'Failed'}: ${result.message}`)
  sayLine(
    `Of ${amount(known.names, 'name')} in the cells, ${known.english} have English names, ${known.french} French ones, ${known.classified} a classification.`,
  )
  return result.state === 'COMPLETED' ? exitCodes.done : exitCodes.failed
}

/** Names need no source: without a configuration everything has its default. */
function configOf({ variables }: Parts, flags: Flags): HarvestConfig {
  const request = { file: flags.file, env: variables, folder: process.cwd() }
  if (findConfig(request)) return readHarvestConfig(request)
  return {
    ...readHarvestConfig({ env: {}, urls: ['https://none.invalid/erddap'], folder: process.cwd() }),
    sources: [],
  }
}

function nameBar() {
  const bar = new SingleBar({
    format: 'names {bar} {value}/{total}  {english} English, {french} French  {eta_formatted}',
    stream: process.stderr,
    hideCursor: true,
  })
  let started = false
  return {
    show(done: number, total: number, counts: { english: number; french: number }) {
      if (!started) bar.start(total, 0, counts)
      started = true
      bar.update(done, counts)
    },
    stop() {
      if (started) bar.stop()
      started = false
    },
  }
}
