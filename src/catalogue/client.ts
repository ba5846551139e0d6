/** The CKAN API: all records that have to do with ERDDAP, page by page. */

import { createHash } from 'node:crypto'
import { HarvesterError } from '../errors.ts'
import { badAnswer, readJson } from '../http/json.ts'
import { isWholeSnapshot } from '../rules/evidence/index.ts'
import { type CkanRecord, parseCkanRecord } from './record.ts'

/** What the client asks of an HTTP client: a body as text, an error for what is no success. */
export interface TextFetcher {
  text(request: {
    url: string
    headers?: Readonly<Record<string, string>>
    signal?: AbortSignal
    /** Statuses besides 2xx that are answers. */
    accept?: readonly number[]
    maxBytes?: number
    timeouts?: { totalMs: number }
  }): Promise<{
    status: number
    headers: { readonly [name: string]: string | undefined }
    body: string
  }>
}

/** One page of an answer, with what is needed to ask for it again only if it changed. */
export interface CkanPage {
  start: number
  etag: string | null
  lastModified: string | null
  /** Records that match in all, as the server said with this page. */
  count: number | null
  /** Records on this page, malformed ones included. */
  returned: number
  /** What tells the records of the page apart: their ids, or what they hold instead of one. */
  ids: string[]
  records: CkanRecord[]
  warnings: string[]
}

export interface CkanAnswer {
  pages: CkanPage[]
  /** Whether every record came that the server said it has. */
  complete: boolean
}

const remedy = 'Check that ckan_url is the address of a CKAN catalogue.'
const rowsAsked = 1000
/** Far above any catalogue; a server that pages on for ever ends here. */
const mostPages = 1000

/** Of one page, with records of a hundred kilobytes. */
const mostPageBytes = 100 * 1024 * 1024
/** Of what is kept of all pages, in characters: a million records that do not belong here are not. */
const mostKept = 64 * 1024 * 1024

/** The whole catalogue, page after page, is there by then or not at all. */
const defaultTotalTimeoutMs = 15 * 60_000

/** By default CKAN puts what was edited last in front: records would move from page to page while one reads. */
const stableOrder = encodeURIComponent('id asc')

/** The URL of a page. */
export function ckanPageUrl(ckanUrl: string, start: number): string {
  return `${ckanUrl.replace(/(?<!\/)\/+$/, '')}/api/3/action/package_search?q=erddap&sort=${stableOrder}&rows=${rowsAsked}&start=${start}`
}

/**
 * Asks for all pages. A record that is edited meanwhile may be missed or come twice: the evidence of all pages says
 * whether they are all there. If not, the walk is repeated once, since the next one mostly meets a catalogue at rest.
 * Pages of a `previous` answer are asked for conditionally. Throws what the HTTP client throws, and HTTP_BAD_ANSWER for
 * what is no answer of CKAN.
 */
export async function fetchCkan(
  http: TextFetcher,
  ckanUrl: string,
  {
    signal,
    previous = [],
    totalTimeoutMs = defaultTotalTimeoutMs,
  }: { signal?: AbortSignal; previous?: readonly CkanPage[]; totalTimeoutMs?: number } = {},
): Promise<CkanAnswer> {
  const endsAt = performance.now() + totalTimeoutMs
  const ask = (start: number) => {
    const known = previous.find((page) => page.start === start)
    return fetchPage(http, ckanPageUrl(ckanUrl, start), start, known, endsAt, signal)
  }
  const first = await walk(ask)
  // A server that pages on for ever would do so again.
  return first.complete || first.pages.length >= mostPages ? first : walk(ask)
}

/**
 * One walk through the catalogue. The next page starts where the records really ended, since some servers cap `rows`.
 * Ends at the server's count, at an empty page, or at a page without anything new.
 */
async function walk(ask: (start: number) => Promise<CkanPage>): Promise<CkanAnswer> {
  const pages: CkanPage[] = []
  const seen = new Set<string>()
  let kept = 0
  const counts: (number | null)[] = []
  const isWhole = (ended: boolean) => isWholeSnapshot({ distinct: seen.size, counts, ended })
  for (let start = 0; pages.length < mostPages; ) {
    const page = await ask(start)
    counts.push(page.count)
    // Without a count, an empty page is the end; a repeated one is a server that does not page.
    if (page.ids.every((id) => seen.has(id))) return { pages, complete: isWhole(page.returned === 0) }
    pages.push(page)
    kept += sizeOf(page)
    if (kept > mostKept)
      throw new HarvesterError(
        'HTTP_TOO_LARGE',
        `the catalogue is larger than any that can be held: ${seen.size} records came before it was left`,
        { remedy },
      )
    for (const id of page.ids) seen.add(id)
    start += page.returned
    if (page.count !== null && start >= page.count) return { pages, complete: isWhole(false) }
  }
  return { pages, complete: false }
}

async function fetchPage(
  http: TextFetcher,
  url: string,
  start: number,
  known: CkanPage | undefined,
  endsAt: number,
  signal: AbortSignal | undefined,
): Promise<CkanPage> {
  const headers: Record<string, string> = { accept: 'application/json' }
  if (known?.etag) headers['if-none-match'] = known.etag
  if (known?.lastModified) headers['if-modified-since'] = known.lastModified
  const answer = await http.text({
    url,
    headers,
    accept: known ? [304] : [],
    maxBytes: mostPageBytes,
    timeouts: { totalMs: Math.max(1, endsAt - performance.now()) },
    ...(signal ? { signal } : {}),
  })
  if (answer.status === 304 && known) return known
  return {
    start,
    etag: answer.headers.etag ?? null,
    lastModified: answer.headers['last-modified'] ?? null,
    ...parsePage(answer, url),
  }
}

function parsePage(
  answer: { body: string; foreign?: boolean },
  url: string,
): Pick<CkanPage, 'count' | 'returned' | 'ids' | 'records' | 'warnings'> {
  const result = resultOf(answer, url)
  const records: CkanRecord[] = []
  const warnings: string[] = []
  for (const raw of result.results) {
    const record = parseCkanRecord(raw)
    if ('malformed' in record) warnings.push(record.malformed)
    else records.push(record)
  }
  const ids = result.results.map((raw) => {
    const id: unknown = (raw as { id?: unknown } | null)?.id
    return typeof id === 'string' && id !== '' ? id : `without id: ${digest(JSON.stringify(raw))}`
  })
  return { count: result.count, returned: result.results.length, ids, records, warnings }
}

/** About what a page takes when it is kept: its characters, and the objects that hold them. */
function sizeOf({ ids, records, warnings }: CkanPage): number {
  const text = (value: string | null) => 50 + (value?.length ?? 0)
  const texts = (values: readonly string[]) => values.reduce((size, value) => size + text(value), 0)
  return records.reduce(
    (size, { id, titleEn, titleFr, organizations, resourceUrls, xmlLocationUrl }) =>
      size +
      texts(organizations) +
      texts(resourceUrls) +
      [id, titleEn, titleFr, xmlLocationUrl].reduce((sum, value) => sum + text(value), 0),
    texts(ids) + texts(warnings),
  )
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

function resultOf(
  answer: { body: string; foreign?: boolean },
  url: string,
): { count: number | null; results: readonly unknown[] } {
  const { success, error, result } = (readJson(answer, url, remedy) ?? {}) as Record<string, unknown>
  if (success === false) {
    const said = answer.foreign ? '' : `: ${JSON.stringify(error ?? null).slice(0, 200)}`
    throw badAnswer(url, `CKAN refuses${said}`, { remedy })
  }
  const { count, results } = (result ?? {}) as Record<string, unknown>
  if (!Array.isArray(results)) throw badAnswer(url, 'the answer has no list result.results', { remedy })
  return { count: typeof count === 'number' && Number.isFinite(count) ? count : null, results }
}
