import type { CkanSnapshot } from '../catalogue/catalogue.ts'
import type { CkanRecord } from '../catalogue/record.ts'
import type { Source } from '../config/source.ts'
import type { Database } from '../database/port.ts'
import { type Breaker, createBreaker } from '../http/breaker.ts'
import { cellsOf, type TableRow } from '../inventory/contract.ts'
import type { SpoolPiece } from '../inventory/spool.ts'
import { catalogueChange } from '../rules/catalogue-change.ts'
import { sourceTypes } from '../rules/source-types.ts'
import { type TaskContext, task } from '../runs/index.ts'
import { type DatasetResult, kindOf, type Listed, type SourceHarvest } from '../sources/index.ts'
import { changeTerms } from './changes.ts'
import { defaultPatience } from './patience.ts'
import { Progress } from './progress.ts'
import { SourceRecorder } from './recorder.ts'
import type { HarvestRun, PendingListing, SourceListing, SourceResult } from './run.ts'
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
      input.pending.map(async ({ listing }) => harvestSource(input, await listing, context, progress)),
    )
    await bar.flush()
    return results
  },
})

async function harvestSource(
  input: HarvestInput,
  listing: SourceListing,
  context: TaskContext,
  progress: Progress,
): Promise<SourceResult> {
  const { services, run } = input
  const { source, opened } = listing
  const { signal } = context
  const patience = services.patience ?? defaultPatience
  const recorder = new SourceRecorder({ services, run, listing, context, progress })
  const breaker = kindOf(source).isPatient
    ? patientBreaker(input, source, context, progress)
    : createBreaker()
  const catalogue = catalogueLookup(input, listing)
  const harvest: SourceHarvest = {
    breaker,
    vocabularies: services.vocabularies,
    changes: changeTerms(input, listing, context),
    ...(catalogue && { catalogueChange: catalogue }),
    now: run.startedAt.getTime(),
    folder: run.spool.folder,
    signal,
  }
  const asker = await opened.asker(harvest)
  await recorder.notListed()
  await askForAll({
    datasets: listing.datasets,
    workers: opened.workers,
    host: new URL(source.url).host,
    breaker,
    patience,
    signal,
    ask: harvestOne,
  })
  return recorder.finish(breaker)

  async function harvestOne(
    listed: Listed,
    earlier: EarlierTry | null,
    isFinal: (result: DatasetResult) => boolean,
  ): Promise<DatasetResult | null> {
    let passing: DatasetResult | null = null
    await recorder.dataset(listed.datasetId, async (piece) => {
      const found = await asker.ask(listed, {
        onRows: rowWriter(piece, source, listed.datasetId),
        onRequest: recorder.onRequest,
      })
      const whole = earlier ? afterEarlier(earlier.result, found) : found
      if (whole.harvested?.told) {
        const { facts, text } = whole.harvested.told
        context.log.info({ source: source.url, dataset: listed.datasetId, ...facts }, text)
      }
      if (isFinal(whole)) return whole
      passing = whole
      return null
    })
    return passing
  }
}

/** Gives a host that does not answer its pauses, and tells of them. */
function patientBreaker(
  { services }: HarvestInput,
  source: Source,
  context: TaskContext,
  progress: Progress,
): Breaker {
  const patience = services.patience ?? defaultPatience
  return createBreaker({
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
  })
}

/** Rows of the table that the kind fills, with the columns that name source and dataset. */
function rowWriter(
  piece: SpoolPiece,
  source: Source,
  datasetId: string,
): (rows: readonly object[]) => Promise<void> {
  const table = sourceTypes[source.type].rows
  return (rows) =>
    piece.write(
      rows.map((row) =>
        cellsOf(table, { erddap_url: source.url, dataset_id: datasetId, ...row } as unknown as TableRow<
          typeof table
        >),
      ),
    )
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

/** What the catalogue changes of a dataset; without a complete snapshot it changes nothing. */
function catalogueLookup(
  { catalogue }: HarvestInput,
  { source, listedIds, known }: SourceListing,
): SourceHarvest['catalogueChange'] {
  if (!known) return undefined
  let records: Promise<ReadonlyMap<string, CkanRecord> | null> | undefined
  return async (own) => {
    records ??= Promise.resolve(catalogue).then((ckan) =>
      ckan?.complete ? kindOf(source).matchCatalogue(ckan.records, source, listedIds).records : null,
    )
    const found = await records
    const dataset = known.get(own.datasetId)
    if (!found || !dataset) return 'none'
    return catalogueChange(dataset, own, found.get(own.datasetId) ?? null)
  }
}
