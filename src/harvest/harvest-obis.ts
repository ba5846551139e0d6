import { dirname } from 'node:path'
import pLimit from 'p-limit'
import type { CkanRecord } from '../catalogue/record.ts'
import { createBreaker } from '../http/breaker.ts'
import { cellsOf } from '../inventory/contract.ts'
import { catalogueChangeOf } from '../rules/catalogue-change.ts'
import { matchObisCkan, obisRulesVersion } from '../rules/obis-dataset.ts'
import { distinctNames } from '../rules/organizations.ts'
import type { TaskContext } from '../runs/index.ts'
import { createObisClient } from '../sources/obis/client.ts'
import { harvestObisDataset, type ObisHarvest } from '../sources/obis/dataset.ts'
import { loadObisFilter } from '../sources/obis/filter.ts'
import type { HarvestInput } from './harvest-datasets.ts'
import { type Progress, SourceRecorder } from './recorder.ts'
import type { ObisListing, SourceResult } from './run.ts'

/** Datasets at once: each may hold some hundred megabytes while its occurrences are gathered. */
const datasetsAtOnce = 2
/** Requests in flight to the API, and to the store of the files, whose columns are read side by side. */
const apiRequests = 2
const fileRequests = 8

/** Harvests the configured datasets of OBIS. */
export async function harvestObis(
  input: HarvestInput,
  listing: ObisListing,
  context: TaskContext,
  progress: Progress,
): Promise<SourceResult> {
  const { services, run } = input
  const { settings } = services.config
  const recorder = new SourceRecorder({
    services,
    run,
    listing,
    context,
    progress,
    rulesVersion: obisRulesVersion,
  })
  const filter = settings.obis_geo_filter
  const gate = services.http.gate
  gate?.limit(new URL(settings.obis_api_url).host, { inFlight: apiRequests })
  gate?.limit(new URL(settings.obis_parquet_url).host, { inFlight: fileRequests })
  const client = createObisClient({
    http: services.http,
    apiUrl: settings.obis_api_url,
    parquetUrl: settings.obis_parquet_url,
    cacheDir: services.obisCacheDir,
  })
  const harvest: ObisHarvest = {
    client,
    filter: await loadObisFilter({
      mode: filter?.mode ?? 'canada',
      polygonFile: filter?.polygon_file,
      exemptNodeIds: filter?.exempt_node_ids,
      // Beside the configuration, or where the program was started.
      folders: [dirname(services.config.origin), process.cwd()],
    }),
    breaker: createBreaker(),
    datasetTimeoutMs: settings.timeouts.dataset_seconds * 1000,
    ...(listing.known && { catalogueChange: catalogueLookup(input, listing, listing.known) }),
    signal: context.signal,
  }

  await recorder.notListed((datasetId) => client.datasetUrl(datasetId))
  const limit = pLimit(datasetsAtOnce)
  await Promise.all(
    listing.datasets.map((datasetId) =>
      limit(() =>
        recorder.dataset(datasetId, async (piece) => {
          const known =
            input.skipUnchanged && settings.change_detection !== 'off' && !services.answersFromDisk
          const { harvested, ...result } = await harvestObisDataset(
            harvest,
            datasetId,
            known ? (listing.known?.get(datasetId)?.contentHash ?? null) : null,
            {
              onCells: (cells) =>
                piece.write(cells.map((cell) => cellsOf('obis_cells', { dataset_id: datasetId, ...cell }))),
              onRequest: recorder.onRequest,
            },
          )
          return {
            ...result,
            harvested: harvested && {
              rows: harvested.cells,
              obis: harvested.description,
              contentHash: harvested.content.hash,
              contentHashReason: harvested.content.reason,
            },
          }
        }),
      ),
    ),
  )
  return recorder.finish(harvest.breaker)
}

/** What the catalogue changes of a dataset; without a complete snapshot it changes nothing. */
function catalogueLookup(
  input: HarvestInput,
  listing: ObisListing,
  known: NonNullable<ObisListing['known']>,
): NonNullable<ObisHarvest['catalogueChange']> {
  let records: Promise<ReadonlyMap<string, CkanRecord> | null> | undefined
  return async (dataset) => {
    records ??= Promise.resolve(input.catalogue).then((ckan) =>
      ckan?.complete ? matchObisCkan(ckan.records, listing.listedIds).records : null,
    )
    const found = await records
    const before = known.get(dataset.id)
    if (!found || !before) return 'none'
    const own = {
      datasetId: dataset.id,
      title: dataset.title ?? '',
      organizations: distinctNames(dataset.institutes),
    }
    return catalogueChangeOf(before, own, found.get(dataset.id) ?? null)
  }
}
