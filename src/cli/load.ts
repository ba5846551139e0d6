import { Command } from 'commander'
import { lazyDatabase } from '../app/database.ts'
import { readEnvironment } from '../config/environment.ts'
import { databaseSettings } from '../database/settings.ts'
import { exitCodes } from '../errors.ts'
import { changesOf } from '../harvest/load.ts'
import { loadFolder } from '../inventory/load/load.ts'
import type { LoadSummary } from '../inventory/load/types.ts'
import { parseLogLevel } from '../log/log.ts'
import { visible } from '../text.ts'
import { createConsole, interruptible, sayLine } from './console.ts'

interface Flags {
  full: boolean
  allowPrune: boolean
  forceOld: boolean
}

export function loadCommand(): Command {
  return new Command('load')
    .description('load a run folder (CSVs of a harvest) into the database')
    .argument('<folder>', 'the run folder, as harvest/erddap-example-org/20260101_050000')
    .option('--full', 'the folder is everything there is: what it does not hold leaves the index', false)
    .option('--allow-prune', 'remove more than the share of a source that the limits allow', false)
    .option('--force-old', 'let an older harvest overwrite a newer one', false)
    .action(async (folder: string, flags: Flags) => {
      process.exitCode = await load(folder, flags)
    })
}

async function load(folder: string, flags: Flags): Promise<number> {
  const environment = readEnvironment(process.env)
  const level = parseLogLevel(
    environment.LOG_LEVEL ?? environment.PREFECT_LOGGING_LEVEL ?? 'info',
    'the log level',
  )
  const { log } = createConsole({ level, time: true, progress: false })
  const stop = interruptible()
  const database = lazyDatabase(databaseSettings(process.env), log, stop.signal)
  try {
    const summary = await loadFolder(await database.open(), folder, {
      mode: flags.full ? 'full' : 'incremental',
      allowPrune: flags.allowPrune,
      forceOld: flags.forceOld,
      allowFullReload: environment.CDE_ALLOW_FULL_RELOAD,
      signal: stop.signal,
      log: (kind, message, facts = {}) => log[kind](facts, message),
    })
    const changes = Object.entries(changesOf(summary)).map(([what, n]) => `${what} ${n}`)
    sayLine(
      `Loaded ${folder} in ${(summary.milliseconds.total / 1000).toFixed(1)} s: ${changes.join(', ') || 'nothing changed'}`,
    )
    for (const line of loadNotes(summary)) sayLine(line)
    return summary.pruneRefused.length > 0 || summary.rejectedDatasets.length > 0
      ? exitCodes.failed
      : exitCodes.done
  } catch (error) {
    const code = stop.exitCode()
    if (code !== null) return code
    throw error
  } finally {
    stop.dispose()
    await database.close()
  }
}

/** What a person should know of a load beside its counts, a line each. */
export function loadNotes(
  summary: Pick<LoadSummary, 'pruned' | 'rejectedDatasets' | 'pruneRefused' | 'warnings'>,
): string[] {
  return [
    ...summary.pruned.map(({ datasetId, reasonCode }) => `  left the index: ${datasetId} (${reasonCode})`),
    ...summary.rejectedDatasets.map(({ datasetId, message }) => `  rows refused: ${datasetId}: ${message}`),
    ...summary.pruneRefused.map(({ message }) => `  ${message}`),
    ...summary.warnings.map((warning) => `  ! ${warning}`),
  ].map(visible)
}
