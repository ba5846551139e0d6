/**
 * The catalogue as a harvest sees it: all records of a CKAN at once, from memory, disk or the server, asked for once
 * however many flows of the process want them at the same moment. A CKAN that is down does not stop a harvest.
 */

import { LRUCache } from 'lru-cache'
import { describeError } from '../errors.ts'
import { Tally } from '../text.ts'
import { type CachedCkan, readCkanCache, writeCkanCache } from './cache.ts'
import { type CkanPage, fetchCkan, type TextFetcher } from './client.ts'
import type { CkanRecord } from './record.ts'

export interface CkanSnapshot {
  records: readonly CkanRecord[]
  /** When the catalogue last confirmed these records; null if it never did. */
  fetchedAt: Date | null
  ageSeconds: number | null
  /** Whether these are all records. If not, what the database knows of CKAN must be left alone. */
  complete: boolean
  warnings: readonly string[]
}

export interface CkanCatalogue {
  /**
   * All records of a catalogue that have to do with ERDDAP. Never fails because of the catalogue or the disk: the
   * snapshot's `complete` and `warnings` tell. Throws only the reason of an aborted `signal`.
   */
  snapshot(ckanUrl: string, options?: { signal?: AbortSignal }): Promise<CkanSnapshot>
}

export interface CkanCatalogueSettings {
  http: TextFetcher
  /** Folder of all caches (`HARVESTER_CACHE_DIR`). */
  cacheDir: string
  /** How long an answer is used without asking again. @default 3600 */
  freshSeconds?: number
  /** A catalogue that has not come whole by then is not awaited. @default 15 minutes */
  totalTimeoutMs?: number
  /** Epoch milliseconds. @default Date.now */
  now?: () => number
}

const defaultFreshSeconds = 3600
/** After a failure the catalogue is left alone for so long: each of many flows would wait for its time-outs. */
const pauseAfterFailureMs = 60_000
/** Catalogues kept in memory; a site has one or two. */
const mostCatalogues = 8

interface Remembered {
  cached: CachedCkan | null
  /** Set when the server could not be asked: why, and until when it is left alone. */
  failure: { why: string; until: number } | null
  /** The answer of a server that did not give all its records; it is never stored. */
  partial: CkanPage[] | null
  warnings: string[]
}

interface Flight {
  result: Promise<Remembered>
  abort: AbortController
  waiting: number
}

/** Makes the catalogue of a process. */
export function createCkanCatalogue(settings: CkanCatalogueSettings): CkanCatalogue {
  const { http, cacheDir, freshSeconds = defaultFreshSeconds, totalTimeoutMs, now = Date.now } = settings
  const memory = new LRUCache<string, Remembered>({ max: mostCatalogues })
  const flights = new Map<string, Flight>()

  function isUsable({ cached, failure }: Remembered): boolean {
    if (failure) return now() < failure.until
    const age = cached ? now() - cached.fetchedAt : Number.POSITIVE_INFINITY
    return age >= 0 && age < freshSeconds * 1000
  }

  async function recall(ckanUrl: string, signal: AbortSignal): Promise<Remembered> {
    const cached = memory.get(ckanUrl)?.cached ?? (await readCkanCache(cacheDir, ckanUrl))
    const kept: Remembered = { cached, failure: null, partial: null, warnings: [] }
    return isUsable(kept) ? kept : ask(ckanUrl, cached, signal)
  }

  async function ask(ckanUrl: string, cached: CachedCkan | null, signal: AbortSignal): Promise<Remembered> {
    const failed = (why: string, partial: CkanPage[] | null = null): Remembered => ({
      cached,
      failure: { why, until: now() + pauseAfterFailureMs },
      partial,
      warnings: [],
    })
    try {
      const { pages, complete } = await fetchCkan(http, ckanUrl, {
        signal,
        previous: cached?.pages ?? [],
        ...(totalTimeoutMs !== undefined && { totalTimeoutMs }),
      })
      if (!complete) return failed('it did not give all the records that it says it has', pages)
      if (recordsOf(pages).length === 0 && cached && recordsOf(cached.pages).length > 0)
        return failed('it says that it has no records, although it had some')
      const confirmed = { ckanUrl, fetchedAt: now(), pages }
      return { cached: confirmed, failure: null, partial: null, warnings: await store(confirmed) }
    } catch (error) {
      if (signal.aborted) throw error
      return failed(describeError(error))
    }
  }

  async function store(confirmed: CachedCkan): Promise<string[]> {
    try {
      await writeCkanCache(cacheDir, confirmed)
      return []
    } catch (error) {
      return [`the CKAN answer could not be cached in ${cacheDir}: ${describeError(error)}`]
    }
  }

  function takeOff(ckanUrl: string): Flight {
    const abort = new AbortController()
    const result = recall(ckanUrl, abort.signal)
      .then((remembered) => {
        memory.set(ckanUrl, remembered)
        return remembered
      })
      .finally(() => {
        if (flights.get(ckanUrl) === flight) flights.delete(ckanUrl)
      })
    const flight: Flight = { result, abort, waiting: 0 }
    // Everyone may have left before it ends; its failure is then nobody's.
    result.catch(() => {})
    flights.set(ckanUrl, flight)
    return flight
  }

  async function join(flight: Flight, ckanUrl: string, signal?: AbortSignal): Promise<Remembered> {
    flight.waiting += 1
    let leave = () => {}
    const left = new Promise<never>((_, reject) => {
      leave = () => reject(signal?.reason)
    })
    left.catch(() => {})
    signal?.addEventListener('abort', leave, { once: true })
    try {
      return await Promise.race([flight.result, left])
    } finally {
      signal?.removeEventListener('abort', leave)
      flight.waiting -= 1
      if (flight.waiting === 0 && flights.get(ckanUrl) === flight) {
        // The last one left before the answer came: nobody wants it, and who comes now starts afresh.
        flights.delete(ckanUrl)
        flight.abort.abort(signal?.reason)
      }
    }
  }

  return {
    async snapshot(address, { signal } = {}) {
      const ckanUrl = address.trim().replace(/(?<!\/)\/+$/, '')
      signal?.throwIfAborted()
      const known = memory.get(ckanUrl)
      const remembered =
        known && isUsable(known)
          ? known
          : await join(flights.get(ckanUrl) ?? takeOff(ckanUrl), ckanUrl, signal)
      return snapshotOf(ckanUrl, remembered, now())
    },
  }
}

function snapshotOf(
  ckanUrl: string,
  { cached, failure, partial, warnings }: Remembered,
  now: number,
): CkanSnapshot {
  const pages = cached?.pages ?? partial ?? []
  const ageSeconds = cached ? Math.max(0, Math.round((now - cached.fetchedAt) / 1000)) : null
  const malformed = new Tally()
  for (const what of pages.flatMap((page) => page.warnings)) malformed.add(what)
  const skipped = malformed.sentence(
    (what) => `CKAN record skipped: ${what}`,
    (count, examples) => `${count} CKAN records skipped, for example: ${examples}`,
  )
  return {
    records: recordsOf(pages),
    fetchedAt: cached ? new Date(cached.fetchedAt) : null,
    ageSeconds,
    complete: cached !== null,
    warnings: [
      ...(failure ? [failureWarning(ckanUrl, failure.why, ageSeconds)] : []),
      ...warnings,
      ...(skipped === null ? [] : [skipped]),
    ],
  }
}

function failureWarning(ckanUrl: string, why: string, ageSeconds: number | null): string {
  const instead =
    ageSeconds === null
      ? 'nothing is cached, so that CKAN ids, titles and organizations stay as they are'
      : `its answer of ${ageInWords(ageSeconds)} ago is used`
  return `CKAN ${ckanUrl} cannot be used (${why}); ${instead}`
}

function ageInWords(seconds: number): string {
  const [amount, unit] =
    seconds < 120
      ? [seconds, 'second']
      : seconds < 7200
        ? [Math.floor(seconds / 60), 'minute']
        : seconds < 172_800
          ? [Math.floor(seconds / 3600), 'hour']
          : [Math.floor(seconds / 86_400), 'day']
  return `${amount} ${unit}${amount === 1 ? '' : 's'}`
}

/** Each record once: pages may overlap when the catalogue changes between them, and the later one is newer. */
function recordsOf(pages: readonly CkanPage[]): CkanRecord[] {
  return [...new Map(pages.flatMap(({ records }) => records).map((record) => [record.id, record])).values()]
}
