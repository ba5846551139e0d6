/** What a run may take over unasked: what earlier ones left in the database of a source. */

import type { Database } from '../database/port.ts'
import { type DiskView, noteDiskView, readDiskViews } from '../inventory/disk-views.ts'
import { lastDataHarvests } from '../inventory/fingerprints.ts'
import type { TaskContext } from '../runs/index.ts'
import { type ChangeTerms, type DiskViews, kindOf, type SourceMemory } from '../sources/index.ts'
import type { HarvestRun, SourceListing } from './run.ts'
import type { HarvestServices } from './services.ts'

interface Input {
  services: HarvestServices
  database: Database | null
  run: HarvestRun
  /** Neither forced nor a full harvest. */
  skipUnchanged: boolean
}

export function changeTerms(
  { services, database, run, skipUnchanged }: Input,
  { source, known }: SourceListing,
  context: TaskContext,
): ChangeTerms {
  const { settings } = services.config
  const maxAgeMs = settings.change_detection_max_age_days * 86_400_000
  const nothing: SourceMemory = { harvestedAt: () => null, diskViews: null }
  return {
    // What comes from the disk says nothing about the present, so that it is no part of a fingerprint either.
    mode: services.answersFromDisk ? 'off' : settings.change_detection,
    settleMs: settings.change_detection_settle * 3_600_000,
    maxAgeMs,
    knownHash: (datasetId) => (skipUnchanged ? (known?.get(datasetId)?.contentHash ?? null) : null),
    isKept: (datasetId) => skipUnchanged && known?.get(datasetId) !== undefined,
    async memory() {
      if (!known || !database) return nothing
      const oldest = new Date(run.startedAt.getTime() - maxAgeMs)
      let harvestedAt: ReadonlyMap<string, Date> = new Map()
      try {
        if (skipUnchanged)
          harvestedAt = await lastDataHarvests(database, source.url, kindOf(source).dataMark, oldest)
        const views = await readDiskViews(database, source.url)
        return {
          harvestedAt: (datasetId) => harvestedAt.get(datasetId)?.getTime() ?? null,
          diskViews: diskViews(database, source.url, views),
        }
      } catch (error) {
        if (context.signal.aborted) throw error
        context.log.warn(
          { source: source.url, error },
          'the last harvests cannot be read: nothing is skipped as unchanged',
        )
        return { ...nothing, harvestedAt: (datasetId) => harvestedAt.get(datasetId)?.getTime() ?? null }
      }
    },
  }
}

/** What manifests showed, remembered in the database. */
function diskViews(database: Database, erddapUrl: string, known: ReadonlyMap<string, DiskView>): DiskViews {
  return {
    get(datasetId) {
      const view = known.get(datasetId)
      return view && { digest: view.digest, sameSinceMs: view.sameSince.getTime() }
    },
    note: (datasetId, { digest, sameSinceMs }) =>
      noteDiskView(database, erddapUrl, datasetId, { digest, sameSince: new Date(sameSinceMs) }),
  }
}
