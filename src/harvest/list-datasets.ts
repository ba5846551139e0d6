import type { ErddapSource, ObisSource, Source } from '../config/source.ts'
import type { Database } from '../database/port.ts'
import { describeError, isHarvesterError } from '../errors.ts'
import { type KnownDataset, knownDatasets } from '../inventory/fingerprints.ts'
import { compareCodePoints } from '../inventory/order.ts'
import { believeListing } from '../rules/evidence/index.ts'
import { type FlowContext, task } from '../runs/index.ts'
import { createErddapClient } from '../sources/erddap/client.ts'
import type { ListedDataset } from '../sources/erddap/types.ts'
import type { HarvestRun, PendingListing, SourceListing } from './run.ts'
import type { HarvestServices } from './services.ts'

interface Input {
  services: HarvestServices
  database: Database | null
  run: HarvestRun
  /** The flow's own: a list may come after the task that asked for it has ended. */
  flow: Pick<FlowContext, 'log' | 'signal'>
  sources: readonly Source[]
  /** By address: what ends once a source is ready to be asked. */
  waits: ReadonlyMap<string, PromiseLike<unknown>>
  /** Limits every source to these, whatever its own settings. */
  datasetIds: readonly string[] | null
  /** Believe a list that lacks many of the known datasets. */
  allowPrune: boolean
}

/**
 * Asks every source of the run for its list, and ends with the first of them: one slow or dead server must not hold
 * up the others. A list that fails, is empty or suspiciously short is that source's error, never "no datasets".
 */
export const listDatasets = task({
  name: 'list-datasets',
  async run(input: Input): Promise<PendingListing[]> {
    const listings = input.sources.map((source) =>
      source.type === 'obis' ? listObis(input, source) : listErddap(input, source),
    )
    const pending = input.sources.map((source, at) => ({
      source,
      listing: at === 0 ? withUnlisted(input, listings) : listings[at]!,
    }))
    // Whoever waits for a list sees why it failed.
    for (const { listing } of pending) listing.catch(() => undefined)
    await Promise.race(pending.map(({ listing }) => listing))
    return pending
  },
})

async function listErddap(input: Input, source: ErddapSource): Promise<SourceListing> {
  const { services, run, flow: context } = input
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
  const nothing = {
    type: 'erddap' as const,
    source,
    client,
    datasets: [],
    listedIds: [],
    notListed: [],
    // A list from the disk may be of yesterday: nobody is to be missed because of it.
    restricted: wanted !== null || services.answersFromDisk,
    known: null,
  }
  const startedAt = Date.now()
  let listed: ListedDataset[]
  try {
    await input.waits.get(source.url)
    const scope = client.scope({
      signal: context.signal,
      timeoutMs: services.wholeAnswerMs,
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
    // The task that waited has told the log.
    if (isHarvesterError(error, 'SOURCE_NOT_READY'))
      return { ...nothing, error: `SOURCE_NOT_READY: ${error.message}` }
    const message = `the list of datasets could not be had: ${describeError(error)}`
    const remedy =
      (isHarvesterError(error) ? error.remedy : undefined) ??
      'Open the address in a browser: it should give a CSV. That of an ERDDAP mostly ends with /erddap.'
    context.log.error({ ...facts, error, remedy }, message)
    return { ...nothing, error: `${message}. ${remedy}` }
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
  const known = await knownOf(input, source)
  if (wanted === null) {
    const short = input.allowPrune || !known ? null : tooShort(listedIds, known, settings.prune)
    if (short === null) return { ...nothing, datasets: listed, listedIds, known, error: null }
    context.log.error(
      {
        ...facts,
        remedy:
          'See whether the server is still starting. If it really lost them, harvest with --allow-prune: each such run counts as one that missed them.',
      },
      short,
    )
    return { ...nothing, error: short }
  }
  const ids = new Set(wanted)
  const there = new Set(listedIds)
  const notListed = [...ids].filter((id) => !there.has(id)).sort(compareCodePoints)
  const owes = input.sources.length === 1 || !isShared(input, source)
  return {
    ...nothing,
    listedIds,
    known,
    datasets: listed.filter(({ datasetId }) => ids.has(datasetId)),
    notListed: owes ? notListed : [],
    error: null,
  }
}

/** The configuration names the datasets of OBIS; nobody is asked for a list. */
async function listObis(input: Input, source: ObisSource): Promise<SourceListing> {
  const listedIds = [...new Set(source.datasetIds)].sort(compareCodePoints)
  const there = new Set(listedIds)
  const wanted = input.datasetIds === null ? null : [...new Set(input.datasetIds)]
  const owes = input.sources.length === 1
  return {
    type: 'obis',
    source,
    listedIds,
    datasets: wanted === null ? listedIds : listedIds.filter((id) => wanted.includes(id)),
    notListed: owes ? (wanted ?? []).filter((id) => !there.has(id)).sort(compareCodePoints) : [],
    error: null,
    restricted: wanted !== null,
    known: await knownOf(input, source),
  }
}

/** Whether the ids that a source is limited to are those of all sources, which name datasets of other servers too. */
function isShared({ datasetIds, services }: Input, source: Source): boolean {
  const ofAll = datasetIds ?? services.config.settings.dataset_ids
  const own = datasetIds ?? (source.type === 'obis' ? null : source.datasetIds)
  return own !== null && ofAll !== undefined && own.join('\n') === ofAll.join('\n')
}

/**
 * The list of the first source, with the ids that were asked of all sources and that none of them lists: somebody has
 * to say so. While a list is missing nobody knows.
 */
async function withUnlisted(
  input: Input,
  listings: readonly Promise<SourceListing>[],
): Promise<SourceListing> {
  const first = await listings[0]!
  const asked = input.datasetIds ?? first.source.datasetIds ?? []
  const missing = asked.filter((id) => !first.listedIds.includes(id))
  if (listings.length === 1 || first.error !== null || missing.length === 0) return first
  if (!isShared(input, first.source)) return first
  const others = await Promise.all(listings.slice(1).map((listing) => listing.catch(() => null)))
  if (others.some((other) => other === null || other.error !== null)) return first
  const listed = new Set(others.flatMap((other) => other?.listedIds ?? []))
  const nowhere = new Set(missing.filter((id) => !listed.has(id)))
  return { ...first, notListed: [...nowhere].sort(compareCodePoints) }
}

/** Null as well where the database cannot be asked: then nothing is skipped. */
async function knownOf(
  { database, flow }: Input,
  source: Source,
): Promise<ReadonlyMap<string, KnownDataset> | null> {
  if (!database) return null
  try {
    return await knownDatasets(database, source.url)
  } catch (error) {
    if (flow.signal.aborted) throw error
    flow.log.warn(
      { source: source.url, error },
      `what the database knows of ${source.url} cannot be read (${describeError(error)}): everything is harvested`,
    )
    return null
  }
}

/** Right after a start a server lists only a part of its datasets: the limits of pruning say what is believed. */
function tooShort(
  listedIds: readonly string[],
  known: ReadonlyMap<string, KnownDataset>,
  limits: { max_share: number; max_share_floor: number },
): string | null {
  const listed = new Set(listedIds)
  let lost = 0
  for (const id of known.keys()) if (!listed.has(id)) lost += 1
  const belief = believeListing(
    { listed: listedIds.length, known: { total: known.size, lacking: lost } },
    { share: limits.max_share, count: limits.max_share_floor },
  )
  if (belief === 'complete') return null
  return `the list of datasets is suspiciously short and not believed: it has ${listedIds.length} and lacks ${lost} of the ${known.size} known ones`
}
