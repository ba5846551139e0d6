import { LRUCache } from 'lru-cache'
import pLimit from 'p-limit'
import type { Database } from '../database/port.ts'
import { describeError, isHarvesterError } from '../errors.ts'
import { httpStatusFacts } from '../http/types.ts'
import { writeNames } from '../inventory/vernaculars/write-names.ts'
import {
  batchesOfNames,
  countNames,
  type NameCounts,
  type NameRow,
  noNames,
  unknownName,
} from '../rules/vernaculars.ts'
import type { RunLog } from '../runs/index.ts'
import { Tally } from '../text.ts'
import type { WormsClient, WormsMatch, WormsScope } from './client.ts'

export interface FetchNames {
  worms: WormsClient
  database: Database
  /** Most wanted first. */
  names: readonly string[]
  batchSize: number
  signal: AbortSignal
  log: RunLog
  /** After each batch that was stored. */
  onProgress(done: number, counts: Readonly<NameCounts>): void
  now(): Date
}

export interface FetchedNames {
  counts: NameCounts
  /** Names that were not asked for to the end: the next run takes them up. */
  left: number
  /** Why the run ended before its time; null if it did not. */
  outage: string | null
}

/** Batches under way at once: while one ends and is stored, the others keep WoRMS busy. */
const batchesAtOnce = 4
/** Taxa that are remembered; names that mean one taxon mostly stand close to each other. */
const mostTaxa = 5_000
/** So many failures in a row, without an answer in between, and WoRMS is down. */
const failuresOfAnOutage = 8

/**
 * Asks WoRMS for names, batch by batch, and stores each batch in a transaction of its own, so that whatever ends the
 * run takes nothing with it. How many requests are in flight is the matter of the HTTP client's gate.
 *
 * @throws HarvesterError CANCELLED, DATABASE_FAILED and the like; what is wrong with a name is its status
 */
export async function fetchNames(work: FetchNames): Promise<FetchedNames> {
  const asking: Asking = {
    work,
    scope: { signal: work.signal },
    outage: new Outage(),
    taxa: new LRUCache({ max: mostTaxa }),
    suspects: [],
    refused: new Tally(),
    lacking: new Tally(),
  }
  const { outage, suspects } = asking
  const counts: NameCounts = { ...noNames }
  let done = 0
  const store = async (rows: NameRow[]) => {
    await writeNames(work.database, rows, work.now(), { signal: work.signal })
    countNames(counts, rows)
    done += rows.length
    work.onProgress(done, counts)
  }
  const limit = pLimit(batchesAtOnce)
  try {
    await Promise.all(
      batchesOfNames(work.names, work.batchSize).map((batch) =>
        limit(async () => {
          work.signal.throwIfAborted()
          if (outage.message === null) await store(await namesOf(asking, batch))
        }),
      ),
    )
  } finally {
    tellFaults(asking)
  }
  if (outage.message === null && outage.hasAnswered && suspects.length > 0)
    await store(suspects.map((name) => unknownName(name, 'error')))
  if (done === 0 && work.names.length > 0) outage.message ??= 'none of the names was answered'
  return { counts, left: work.names.length - done, outage: outage.message }
}

/** What a run knows of WoRMS and of what it asks there. */
interface Asking {
  readonly work: FetchNames
  readonly scope: WormsScope
  readonly outage: Outage
  /** One classification an accepted id, however many names mean it; likewise its vernacular names. */
  readonly taxa: LRUCache<number, Promise<Taxon>>
  /** Names that were refused before WoRMS had answered anything: what they are shows at the end. */
  readonly suspects: string[]
  /** Names that WoRMS chokes on. */
  readonly refused: Tally
  /** What it cannot say of taxa. */
  readonly lacking: Tally
}

function tellFaults({ work, refused, lacking }: Asking): void {
  const told = [
    refused.sentence(
      (example) => example,
      (count, examples) => `${count} names cannot be asked for, for example ${examples}`,
    ),
    lacking.sentence(
      (example) => example,
      (count, examples) => `${count} answers on taxa cannot be had, for example: ${examples}`,
    ),
  ]
  for (const said of told) if (said !== null) work.log.warn({}, said)
}

/** What WoRMS knows of some names; those that it could not be asked for are left out. */
async function namesOf(asking: Asking, names: readonly string[]): Promise<NameRow[]> {
  const { work, scope, outage } = asking
  let matches: (WormsMatch | null)[]
  try {
    matches = await work.worms.match(names, scope)
    outage.answered()
  } catch (error) {
    if (isOver(work, error)) throw error
    if (isUnavailable(error)) {
      outage.failed(error)
      const refused = isRefusedBatch(error)
      // Gone, or a name of its own that it always refuses: while it answers others, it is the name.
      if (refused && names.length === 1 && !outage.hasAnswered) asking.suspects.push(names[0]!)
      if (!refused || outage.message !== null || (names.length === 1 && !outage.hasAnswered)) {
        work.log.warn(
          { names: names.length, error },
          `${names.length} ${names.length === 1 ? 'name is' : 'names are'} left: ${describeError(error)}`,
        )
        return []
      }
    }
    if (names.length === 1) {
      asking.refused.add(`${names[0]}: ${describeError(error)}`)
      return [unknownName(names[0]!, 'error')]
    }
    // One name that WoRMS chokes on must not cost the others theirs.
    const half = Math.ceil(names.length / 2)
    return [...(await namesOf(asking, names.slice(0, half))), ...(await namesOf(asking, names.slice(half)))]
  }
  const rows = await Promise.all(
    names.map(async (name, at): Promise<NameRow | null> => {
      const match = matches[at]
      if (!match) return unknownName(name, 'not_found')
      const taxon = await taxonOf(asking, match.aphiaId)
      // It is not the name's fault when WoRMS has gone.
      if (taxon.failed && outage.message !== null) return null
      return {
        scientificName: name,
        aphiaId: match.aphiaId,
        rank: match.rank,
        ancestorAphiaIds: taxon.ancestors,
        vernacularsEn: taxon.en,
        vernacularsFr: taxon.fr,
        status: taxon.failed ? 'error' : 'ok',
      }
    }),
  )
  return rows.filter((row) => row !== null)
}

function taxonOf(asking: Asking, aphiaId: number): Promise<Taxon> {
  let taxon = asking.taxa.get(aphiaId)
  if (!taxon) {
    taxon = askTaxon(asking, aphiaId)
    asking.taxa.set(aphiaId, taxon)
  }
  return taxon
}

async function askTaxon(asking: Asking, aphiaId: number): Promise<Taxon> {
  const { work, scope } = asking
  const [vernaculars, ancestors] = await Promise.all([
    attempt(asking, aphiaId, 'vernacular names', () => work.worms.vernaculars(aphiaId, scope)),
    attempt(asking, aphiaId, 'classification', () => work.worms.ancestors(aphiaId, scope)),
  ])
  return {
    en: vernaculars?.en ?? [],
    fr: vernaculars?.fr ?? [],
    ancestors,
    // A name without its place in the tree is of use all the same.
    failed: vernaculars === null,
  }
}

async function attempt<T>(
  { work, outage, lacking }: Asking,
  aphiaId: number,
  what: string,
  ask: () => Promise<T>,
): Promise<T | null> {
  if (outage.message !== null) return null
  try {
    const answer = await ask()
    outage.answered()
    return answer
  } catch (error) {
    if (isOver(work, error)) throw error
    if (isUnavailable(error)) outage.failed(error)
    lacking.add(`the ${what} of ${aphiaId} cannot be had: ${describeError(error)}`)
    return null
  }
}

function isOver({ signal }: FetchNames, error: unknown): boolean {
  return signal.aborted || isHarvesterError(error, 'CANCELLED')
}

interface Taxon {
  en: string[]
  fr: string[]
  ancestors: number[] | null
  failed: boolean
}

class Outage {
  /** Set once WoRMS is given up for this run. */
  message: string | null = null
  /** Whether there was any answer in this run. */
  hasAnswered = false
  #failures = 0

  failed(error: unknown): void {
    this.#failures += 1
    if (this.#failures >= failuresOfAnOutage) this.message ??= describeError(error)
  }

  answered(): void {
    this.#failures = 0
    this.hasAnswered = true
  }
}

/**
 * The server was there and said that it cannot: one name that it chokes on does that to a whole batch, whatever the
 * status. A server that does not answer at all says nothing of any name.
 */
function isRefusedBatch(error: unknown): boolean {
  const status = httpStatusFacts(error)?.status
  // 429 says that there were too many questions, not which.
  return status !== undefined && status !== 429
}

/** The server did not answer, or said that it cannot: nothing is said about the names. */
function isUnavailable(error: unknown): boolean {
  const status = httpStatusFacts(error)?.status
  if (status !== undefined) return status >= 500 || status === 429 || status === 403
  return isHarvesterError(error, 'HTTP_CONNECT', 'HTTP_TIMEOUT', 'HOST_UNAVAILABLE')
}
