import { isTransient } from '../database/failure.ts'
import type { Database } from '../database/port.ts'
import { loadFolder } from '../inventory/load/load.ts'
import type { LoadSummary } from '../inventory/load/types.ts'
import { task } from '../runs/index.ts'
import type { HarvestRun, SourceListing } from './run.ts'
import type { HarvestServices } from './services.ts'

interface Input {
  services: HarvestServices
  database: Database
  run: HarvestRun
  folder: string
  listings: readonly SourceListing[]
  full: boolean
  allowPrune: boolean
}

/** Most faults are over in seconds. Delays double: a database may be away for about a quarter of an hour. */
const retries = 9
const firstRetrySeconds = 2

/** Loads the folder of the run into the database. */
export const loadRunFolder = task({
  name: 'load',
  tags: ['database'],
  retries,
  retryDelaySeconds: firstRetrySeconds,
  // A folder that is refused is refused again; a database that went away may come back.
  retryIf: (error) => isTransient(error),
  async run(input: Input, context): Promise<LoadSummary> {
    const { services, run, folder } = input
    const { prune } = services.config.settings
    run.tell({ type: 'load-started', runId: run.runId, folder })
    const summary = await loadFolder(input.database, folder, {
      mode: input.full ? 'full' : 'incremental',
      listings: input.listings.map((listing) => ({
        erddapUrl: listing.source.url,
        complete: listing.error === null,
        restricted: listing.restricted,
      })),
      flowRunId: run.flowRunId,
      allowPrune: input.allowPrune,
      allowFullReload: services.allowFullReload,
      limits: {
        missingRuns: prune.missing_runs,
        missingHours: services.config.settings.prune_after_hours,
        pruneShare: prune.max_share,
        pruneCount: prune.max_share_floor,
      },
      signal: context.signal,
      log: (level, message, facts = {}) => context.log[level](facts, message),
    })
    for (const warning of summary.warnings) context.log.warn({ folder }, warning)
    for (const { erddapUrl, datasetId, reasonCode } of summary.pruned)
      context.log.info(
        { source: erddapUrl, dataset: datasetId, reason: reasonCode },
        `${datasetId} left the index`,
      )
    for (const { message, erddapUrl } of summary.pruneRefused)
      context.log.error(
        { source: erddapUrl, remedy: 'Look at the server; if it is right, harvest with --allow-prune.' },
        message,
      )
    context.log.info(
      { folder, ...summary.milliseconds, datasets: summary.datasets, profiles: summary.profiles },
      'loaded',
    )
    run.tell({
      type: 'load-finished',
      runId: run.runId,
      ms: summary.milliseconds.total,
      changed: changesOf(summary),
      rejected: summary.rejectedDatasets,
    })
    return summary
  },
})

/** What a load changed, as a person wants to read it; what is zero is left out. */
export function changesOf(summary: LoadSummary): Record<string, number> {
  const counts = {
    'datasets new': summary.datasets.inserted,
    'datasets changed': summary.datasets.updated,
    'datasets removed': summary.datasets.deleted,
    'profiles new': summary.profiles.inserted,
    'profiles changed': summary.profiles.updated,
    'profiles removed': summary.profiles.deleted,
    'cells new': summary.cells.inserted,
    'cells changed': summary.cells.updated,
    'cells removed': summary.cells.deleted,
    'rows rejected': summary.rejectedRows,
    'datasets older than the index': summary.datasets.older,
  }
  return Object.fromEntries(Object.entries(counts).filter(([, n]) => n > 0))
}
