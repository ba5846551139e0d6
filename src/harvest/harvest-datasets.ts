import type { CkanSnapshot } from '../catalogue/catalogue.ts'
import type { CkanRecord } from '../catalogue/record.ts'
import type { Database } from '../database/port.ts'
import { createBreaker } from '../http/breaker.ts'
import { cellsOf } from '../inventory/contract.ts'
import { type DiskView, noteDiskView, readDiskViews } from '../inventory/disk-views.ts'
import { type KnownDataset, lastDataHarvests } from '../inventory/fingerprints.ts'
import { catalogueChange } from '../rules/catalogue-change.ts'
import { matchCkan } from '../rules/ckan.ts'
import { rulesVersion } from '../rules/fingerprint.ts'
import { type TaskContext, task } from '../runs/index.ts'
import type { ChangeDetection, DiskViews } from '../sources/erddap/change.ts'
import { type DatasetResult, harvestDataset, type ServerHarvest } from '../sources/erddap/dataset.ts'
import { unknownAbilities } from '../sources/erddap/server-abilities.ts'
import type { ListedDataset } from '../sources/erddap/types.ts'
import { decodeUrl, infoPageUrl } from '../sources/erddap/urls.ts'
import { harvestObis } from './harvest-obis.ts'
import { defaultPatience } from './patience.ts'
import { Progress, SourceRecorder } from './recorder.ts'
import type { ErddapListing, HarvestRun, PendingListing, SourceResult } from './run.ts'
import { askForAll, type EarlierTry } from './second-chance.ts'
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
  const patience = services.patience ?? defaultPatience
  const recorder = new SourceRecorder({ services, run, listing, context, progress, rulesVersion })
  const timeoutSeconds = source.timeoutSeconds ?? services.config.settings.timeouts.dataset_seconds
  const server: ServerHarvest = {
    client: listing.client,
    skipList: new Set(source.skipDatasetIds),
    vocabularies: services.vocabularies,
    abilities: unknownAbilities(),
    breaker: createBreaker({
      pausesMs: patience.hostPausesMs,
      sleep: patience.sleep,
      onPause: ({ host, ms, message }) => {
        const seconds = Math.round(ms / 1000)
        progress.note(`${host} does not answer, it is asked again in ${seconds} s`)
        context.log.warn(
          { source: source.url, host, seconds },
          `${host} does not answer (${message}): it is asked again in ${seconds} s`,
        )
      },
    }),
    change: await changeDetection(input, listing, context),
    ...(listing.known && { catalogueChange: catalogueLookup(listing, listing.known, input.catalogue) }),
    datasetTimeoutMs: timeoutSeconds * 1000,
    now: run.startedAt.getTime(),
    folder: run.spool.folder,
    signal: context.signal,
  }

  await recorder.notListed((datasetId) => decodeUrl(infoPageUrl(source.url, datasetId)))
  await askForAll({
    datasets: listing.datasets,
    // The gate lets so many requests through as the source allows; one dataset more is under way, so that the server
    // need not wait while an answer is worked on.
    workers: source.concurrency + 1,
    host: new URL(source.url).host,
    breaker: server.breaker,
    patience,
    signal: context.signal,
    ask: harvestOne,
  })
  return recorder.finish(server.breaker)

  async function harvestOne(
    listed: ListedDataset,
    earlier: EarlierTry | null,
    isFinal: (result: DatasetResult) => boolean,
  ): Promise<DatasetResult | null> {
    let passing: DatasetResult | null = null
    await recorder.dataset(listed.datasetId, async (piece) => {
      const found = await harvestDataset(server, listed, {
        onRows: (rows) =>
          piece.write(
            rows.map((row) =>
              cellsOf('profiles', { erddap_url: source.url, dataset_id: listed.datasetId, ...row }),
            ),
          ),
        onRequest: recorder.onRequest,
      })
      const whole = earlier ? afterEarlier(earlier.result, found) : found
      if (!isFinal(whole)) {
        passing = whole
        return null
      }
      const { harvested, passing: _, ...result } = whole
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
    return passing
  }
}

/** Both tries as one attempt. What was wrong at first says more than that the host was given up in the meantime. */
function afterEarlier(earlier: DatasetResult, found: DatasetResult): DatasetResult {
  const { outcome } =
    found.outcome.reason === 'HOST_UNAVAILABLE' && earlier.outcome.status === 'error' ? earlier : found
  return {
    ...found,
    outcome,
    queryUrls: [...earlier.queryUrls, ...found.queryUrls],
    requests: earlier.requests + found.requests,
    bytes: earlier.bytes + found.bytes,
  }
}

async function changeDetection(
  { services, database, run, skipUnchanged }: HarvestInput,
  { source, known }: ErddapListing,
  context: TaskContext,
): Promise<ChangeDetection> {
  const { settings } = services.config
  // What comes from the disk says nothing about the present, so that it is no part of a fingerprint either.
  const mode = services.answersFromDisk ? 'off' : settings.change_detection
  const maxAgeMs = settings.change_detection_max_age_days * 86_400_000
  let harvestedAt: ReadonlyMap<string, Date> = new Map()
  let views: Map<string, DiskView> | null = null
  if (mode !== 'off' && known && database) {
    try {
      if (skipUnchanged)
        harvestedAt = await lastDataHarvests(
          database,
          source.url,
          new Date(run.startedAt.getTime() - maxAgeMs),
        )
      views = await readDiskViews(database, source.url)
    } catch (error) {
      if (context.signal.aborted) throw error
      context.log.warn(
        { source: source.url, error },
        'the last harvests cannot be read: nothing is skipped as unchanged',
      )
    }
  }
  return {
    mode,
    settleMs: settings.change_detection_settle * 3_600_000,
    maxAgeMs,
    abilities: new Map(),
    diskViews: views && database && diskViews(database, source.url, views),
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
