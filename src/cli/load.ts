import { Command } from 'commander'
import { action, logLevelOf, type Parts } from '../app/open.ts'
import { exitCodes } from '../errors.ts'
import { changesOf } from '../harvest/load.ts'
import { loadFolder } from '../inventory/load/load.ts'
import type { LoadSummary } from '../inventory/load/types.ts'
import { visible } from '../text.ts'
import { sayLine } from './console.ts'

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
    .action(action(load))
}

async function load(parts: Parts, folder: string, flags: Flags): Promise<number> {
  const { environment, signal } = parts
  const { log } = parts.console({ level: logLevelOf(environment) })
  const database = parts.database(log)
  const summary = await loadFolder(await database(), folder, {
    mode: flags.full ? 'full' : 'incremental',
    allowPrune: flags.allowPrune,
    forceOld: flags.forceOld,
    allowFullReload: environment.CDE_ALLOW_FULL_RELOAD,
    signal,
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
