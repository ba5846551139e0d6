import type { CkanSnapshot } from '../catalogue/catalogue.ts'
import type { CkanRecord } from '../catalogue/record.ts'
import type { Database } from '../database/port.ts'
import { createBreaker } from '../http/breaker.ts'
import { cellsOf } from '../inventory/contract.ts'
import { type KnownDataset, lastDataHarvests } from '../inventory/fingerprints.ts'
import { catalogueChange } from '../rules/catalogue-change.ts'
import { matchCkan } from '../rules/ckan.ts'
import { rulesVersion } from '../rules/fingerprint.ts'
import { type TaskContext, task } from '../runs/index.ts'
import type { ChangeDetection } from '../sources/erddap/change.ts'
import { harvestDataset, type ServerHarvest } from '../sources/erddap/dataset.ts'
import type { ListedDataset } from '../sources/erddap/types.ts'
import { decodeUrl, infoPageUrl } from '../sources/erddap/urls.ts'
import { harvestObis } from './harvest-obis.ts'
import { Progress, SourceRecorder } from './recorder.ts'
import type { ErddapListing, HarvestRun, PendingListing, SourceResult } from './run.ts'
import type { HarvestServices } from './services.ts'

export interface HarvestInput {
  services: HarvestServices
  database: Database | null
  run: HarvestRun
  pending: readonly PendingListing[]
  /** Waited for when an unchanged dataset is met, not before. */
  catalogue: PromiseLike<CkanSnapshot | null>
  /** Neither forced nor a full harvest. */
  skipUnchanged: boolean
}

/** Harvests the listed datasets of all sources side by side. One task run, whatever the number of datasets. */
export const harvestDatasets = task({
  name: 'harvest-datasets',
  async run(input: HarvestInput, context): Promise<SourceResult[]> {
    const bar = await context.artifact.progress({
      key: `harvest-progress-${input.run.slug}`,
      description: 'datasets',
    })
    const progress = new Progress(bar, input.pending.length)
    const { leftover } = input.run.spool
    if (leftover > 0)
      context.log.info(
        { leftover },
        `an interrupted run left ${leftover} datasets, which are not asked again`,
      )
    const results = await Promise.all(
      input.pending.map(async (pending) => {
        const listing = await pending.listing
        return listing.type === 'obis'
          ? harvestObis(input, listing, context, progress)
          : harvestErddap(input, listing, context, progress)
      }),
    )
    await bar.flush()
    return results
  },
})

async function harvestErddap(
  input: HarvestInput,
  listing: ErddapListing,
  context: TaskContext,
  progress: Progress,
): Promise<SourceResult> {
  const { services, run } = input
  const { source } = listing
  const recorder = new SourceRecorder({ services, run, listing, context, progress, rulesVersion })
  const timeoutSeconds = source.timeoutSeconds ?? services.config.settings.timeouts.dataset_seconds
  const server: ServerHarvest = {
    client: listing.client,
    skipList: new Set(source.skipDatasetIds),
    vocabularies: services.vocabularies,
    abilities: { counts: true },
    breaker: createBreaker(),
    change: await changeDetection(input, listing, context),
    ...(listing.known && { catalogueChange: catalogueLookup(listing, listing.known, input.catalogue) }),
    datasetTimeoutMs: timeoutSeconds * 1000,
    now: run.startedAt.getTime(),
    folder: run.spool.folder,
    signal: context.signal,
  }

  await recorder.notListed((datasetId) => decodeUrl(infoPageUrl(source.url, datasetId)))
  // The gate lets so many requests through as the source allows; one dataset more is under way, so that the server
  // need not wait while an answer is worked on.
  const waiting = listing.datasets.values()
  const workers = Array.from({ length: source.concurrency + 1 }, async () => {
    // All take from one iterator: a promise for each of 20,000 datasets would weigh more than the list.
    for (const listed of waiting) await harvestOne(listed)
  })
  await Promise.all(workers)
  return recorder.finish(server.breaker)

  function harvestOne(listed: ListedDataset): Promise<void> {
    return recorder.dataset(listed.datasetId, async (piece) => {
      const { harvested, ...result } = await harvestDataset(server, listed, {
        onRows: (rows) =>
          piece.write(
            rows.map((row) =>
              cellsOf('profiles', { erddap_url: source.url, dataset_id: listed.datasetId, ...row }),
            ),
          ),
        onRequest: recorder.onRequest,
      })
      return {
        ...result,
        harvested: harvested && {
          rows: harvested.rows,
          description: {
            plan: harvested.plan,
            globals: [...harvested.metadata.globals],
            title: listed.title,
          },
          contentHash: harvested.content.hash,
          contentHashReason: harvested.content.reason,
        },
      }
    })
  }
}

async function changeDetection(
  { services, database, skipUnchanged }: HarvestInput,
  { source, known }: ErddapListing,
  context: TaskContext,
): Promise<ChangeDetection> {
  const { settings } = services.config
  // What comes from the disk says nothing about the present, so that it is no part of a fingerprint either.
  const mode = services.answersFromDisk ? 'off' : settings.change_detection
  let harvestedAt: ReadonlyMap<string, Date> = new Map()
  if (mode === 'metadata' && skipUnchanged && known && database) {
    try {
      harvestedAt = await lastDataHarvests(database, source.url)
    } catch (error) {
      if (context.signal.aborted) throw error
      context.log.warn({ source: source.url, error }, 'the last harvests cannot be read')
    }
  }
  return {
    mode,
    settleMs: settings.change_detection_settle * 3_600_000,
    maxAgeMs: settings.change_detection_max_age_days * 86_400_000,
    abilities: new Map(),
    known: {
      get(datasetId) {
        const dataset = skipUnchanged ? known?.get(datasetId) : undefined
        return (
          dataset && {
            contentHash: dataset.contentHash,
            harvestedAt: harvestedAt.get(datasetId)?.getTime() ?? null,
          }
        )
      },
    },
  }
}

/** What the catalogue changes of a dataset; without a complete snapshot it changes nothing. */
function catalogueLookup(
  listing: ErddapListing,
  known: ReadonlyMap<string, KnownDataset>,
  catalogue: PromiseLike<CkanSnapshot | null>,
): NonNullable<ServerHarvest['catalogueChange']> {
  let records: Promise<ReadonlyMap<string, CkanRecord> | null> | undefined
  return async (listed, metadata) => {
    records ??= Promise.resolve(catalogue).then((ckan) =>
      ckan?.complete ? matchCkan(ckan.records, listing.source.url, listing.listedIds).records : null,
    )
    const found = await records
    const dataset = known.get(listed.datasetId)
    if (!found || !dataset) return 'none'
    return catalogueChange(dataset, { listed, metadata }, found.get(listed.datasetId) ?? null)
  }
}
