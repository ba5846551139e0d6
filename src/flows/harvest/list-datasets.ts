import type { ErddapSource } from '../../config/source.ts'
import { createErddapClient } from '../../erddap/client.ts'
import type { ListedDataset } from '../../erddap/types.ts'
import { describeError, isHarvesterError } from '../../errors.ts'
import { type TaskContext, task } from '../../orchestration/index.ts'
import { compareCodePoints } from '../../tables/order.ts'
import type { HarvestServices } from '../services.ts'
import type { HarvestRun, SourceListing } from './run.ts'

interface Input {
  services: HarvestServices
  run: HarvestRun
  sources: readonly ErddapSource[]
  /** Limits every source to these, whatever its own settings. */
  datasetIds: readonly string[] | null
}

/** Asks every source of the run for its list. A list that fails or is empty is that source's error, never "no datasets". */
export const listDatasets = task({
  name: 'list-datasets',
  run: (input: Input, context): Promise<SourceListing[]> =>
    Promise.all(input.sources.map((source) => listSource(input, source, context))),
})

async function listSource(input: Input, source: ErddapSource, context: TaskContext): Promise<SourceListing> {
  const { services, run } = input
  const { settings } = services.config
  services.http.gate?.limit(new URL(source.url).host, {
    inFlight: source.concurrency,
    ...(source.requestsPerSecond !== null && { requestsPerSecond: source.requestsPerSecond }),
  })
  const client = createErddapClient({
    http: services.http,
    baseUrl: source.url,
    maxBytes: settings.max_answer_megabytes * 1024 * 1024,
    maxRows: settings.max_table_rows,
  })
  const wanted = input.datasetIds ?? source.datasetIds
  const facts = { source: source.url }
  const nothing = { source, client, datasets: [], listedIds: [], notListed: [], restricted: wanted !== null }
  const startedAt = Date.now()
  let listed: ListedDataset[]
  try {
    const scope = client.scope({
      signal: context.signal,
      onWarning: (sentence) => context.log.warn(facts, sentence),
      onRequest: (record) =>
        run.tell({
          type: 'request-made',
          host: new URL(record.url).host,
          status: record.status,
          ms: record.ms,
          bytes: record.bytes,
        }),
    })
    listed = await scope.listDatasets()
  } catch (error) {
    if (context.signal.aborted || isHarvesterError(error, 'CANCELLED')) throw error
    const message = `the list of datasets could not be had: ${describeError(error)}`
    context.log.error(
      { ...facts, error, remedy: isHarvesterError(error) ? error.remedy : undefined },
      message,
    )
    return { ...nothing, error: message }
  }
  if (listed.length === 0) {
    const message = 'the server lists no public tabular dataset, which is not believed'
    context.log.error(
      {
        ...facts,
        remedy:
          'See whether the server is still starting; an ERDDAP without tables is to be removed from the configuration.',
      },
      message,
    )
    return { ...nothing, error: message }
  }
  listed.sort((a, b) => compareCodePoints(a.datasetId, b.datasetId))
  context.log.info({ ...facts, datasets: listed.length, ms: Date.now() - startedAt }, 'listed')
  const listedIds = listed.map(({ datasetId }) => datasetId)
  if (wanted === null) return { ...nothing, datasets: listed, listedIds, error: null }
  const ids = new Set(wanted)
  const known = new Set(listedIds)
  const notListed = [...ids].filter((id) => !known.has(id)).sort(compareCodePoints)
  // A list of ids for all sources names datasets of other servers too: only what is asked of one source must be there.
  const owes = input.sources.length === 1
  return {
    ...nothing,
    listedIds,
    datasets: listed.filter(({ datasetId }) => ids.has(datasetId)),
    notListed: owes ? notListed : [],
    error: null,
  }
}
