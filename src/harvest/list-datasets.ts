import type { Source } from '../config/source.ts'
import type { Database } from '../database/port.ts'
import { describeError, isHarvesterError } from '../errors.ts'
import { type KnownDataset, knownDatasets } from '../inventory/fingerprints.ts'
import { compareCodePoints } from '../inventory/order.ts'
import { believeListing } from '../rules/evidence/index.ts'
import { type RunFact, runFact, runSentence } from '../rules/reasons/run.ts'
import { type FlowContext, task } from '../runs/index.ts'
import { scrub, scrubJson } from '../secrets.ts'
import { kindOf, type Listed, type ListingWords, type OpenSource, requestFault } from '../sources/index.ts'
import type { HarvestRun, PendingListing, SourceListing } from './run.ts'
import { type HarvestServices, sourceParts } from './services.ts'

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
    const listings = input.sources.map((source) => listSource(input, source))
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

async function listSource(input: Input, source: Source): Promise<SourceListing> {
  const kind = kindOf(source)
  const opened = kind.open(source, sourceParts(input.services))
  const wanted = wantedOf(input, source)
  const nothing: SourceListing = {
    source,
    opened,
    datasets: [],
    listedIds: [],
    notListed: [],
    error: null,
    // A list from the disk may be of yesterday: nobody is to be missed because of it.
    restricted: wanted !== null || (kind.listing !== null && input.services.answersFromDisk),
    known: null,
  }
  const list = await askForList(input, source, opened, kind.listing)
  if ('error' in list) return { ...nothing, error: list.error }
  const datasets = list.datasets.sort((a, b) => compareCodePoints(a.datasetId, b.datasetId))
  const listedIds = datasets.map(({ datasetId }) => datasetId)
  const known = await knownOf(input, source)
  if (wanted === null) {
    const error = kind.listing && disbelief(input, source, kind.listing, { listedIds, known })
    return error === null ? { ...nothing, datasets, listedIds, known } : { ...nothing, error }
  }
  const ids = new Set(wanted)
  const there = new Set(listedIds)
  const notListed = [...ids].filter((id) => !there.has(id)).sort(compareCodePoints)
  const owes = input.sources.length === 1 || !isShared(input, source)
  return {
    ...nothing,
    listedIds,
    known,
    datasets: datasets.filter(({ datasetId }) => ids.has(datasetId)),
    notListed: owes ? notListed : [],
  }
}

/** The only ids that are wanted of a source, null for all. */
function wantedOf({ datasetIds }: Input, source: Source): readonly string[] | null {
  return datasetIds ?? kindOf(source).limitedTo(source)
}

/** The list as it came, or why there is none; an empty one of a server is none. */
async function askForList(
  { services, waits, run, flow: context }: Input,
  source: Source,
  opened: OpenSource,
  words: ListingWords | null,
): Promise<{ datasets: Listed[] } | { error: RunFact }> {
  const facts = { source: source.url }
  const startedAt = Date.now()
  try {
    await waits.get(source.url)
    const datasets = await opened.list({
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
    // Nobody was asked for a list that the configuration gives.
    if (words === null) return { datasets }
    if (datasets.length === 0) {
      context.log.error({ ...facts, remedy: words.emptyRemedy }, words.empty)
      return { error: runFact('LIST_EMPTY', { english: words.empty }) }
    }
    context.log.info({ ...facts, datasets: datasets.length, ms: Date.now() - startedAt }, 'listed')
    return { datasets }
  } catch (error) {
    if (context.signal.aborted || isHarvesterError(error, 'CANCELLED')) throw error
    // The task that waited has told the log.
    if (isHarvesterError(error, 'SOURCE_NOT_READY'))
      return { error: runFact('NOT_READY', { detail: scrub(error.message) }) }
    const remedy = (isHarvesterError(error) ? error.remedy : undefined) ?? words?.unreadableRemedy
    const fault = scrubJson(requestFault(error))
    context.log.error(
      { ...facts, error, remedy },
      runSentence('en', [runFact('NO_LIST', { fault, remedy: null })]),
    )
    return { error: runFact('NO_LIST', { fault, remedy: remedy ?? null }) }
  }
}

/** Why a list is not believed; null where it is. */
function disbelief(
  { allowPrune, services, flow }: Input,
  source: Source,
  words: ListingWords,
  { listedIds, known }: Pick<SourceListing, 'listedIds' | 'known'>,
): RunFact | null {
  const short = allowPrune || !known ? null : tooShort(listedIds, known, services.config.settings.prune)
  if (short !== null)
    flow.log.error({ source: source.url, remedy: words.shortRemedy }, runSentence('en', [short]))
  return short
}

/** Whether the ids that a source is limited to are those of all sources, which name datasets of other servers too. */
function isShared(input: Input, source: Source): boolean {
  const ofAll = input.datasetIds ?? input.services.config.settings.dataset_ids
  const own = wantedOf(input, source)
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
  const asked = wantedOf(input, first.source) ?? []
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
): RunFact | null {
  const listed = new Set(listedIds)
  let lost = 0
  for (const id of known.keys()) if (!listed.has(id)) lost += 1
  const belief = believeListing(
    { listed: listedIds.length, known: { total: known.size, lacking: lost } },
    { share: limits.max_share, count: limits.max_share_floor },
  )
  if (belief === 'complete') return null
  return runFact('LIST_SHORT', { listed: listedIds.length, lacking: lost, known: known.size })
}
