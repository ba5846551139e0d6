/** OBIS: what a dataset is, and its occurrences from the published parquet file or from the paged API. */

import { isHarvesterError } from '../../errors.ts'
import type { Breaker } from '../../http/breaker.ts'
import type { HttpClient, HttpRecord } from '../../http/client.ts'
import { badAnswer, readJson } from '../../http/json.ts'
import { httpStatusFacts } from '../../http/types.ts'
import { type KeptAnswer, readKept, writeKept } from './kept-answers.ts'
import {
  type NameTable,
  nameColumn,
  numericColumnNames,
  numericColumns,
  type OccurrenceBatch,
} from './occurrences.ts'
import type { ParquetOccurrences } from './parquet.ts'
import type { ByteSource } from './parquet-column.ts'
import { openRemoteFile, type RemoteFile } from './remote-file.ts'

/** What the harvest needs of OBIS's description of a dataset. */
export interface ObisDataset {
  id: string
  title: string | null
  institutes: string[]
  nodes: { id: string; name: string | null }[]
  /** The area of its occurrences, as WKT. */
  extent: string | null
  /** How many occurrences OBIS says that it has. */
  records: number | null
}

export interface ObisClientSettings {
  http: HttpClient
  /** As `https://api.obis.org/v3`. */
  apiUrl: string
  /** As `https://obis-open-data.s3.amazonaws.com/occurrence`. */
  parquetUrl: string
  /** Where answers are kept between runs. */
  cacheDir: string
}

/** What belongs to the work on one dataset. */
export interface ObisScope {
  signal: AbortSignal
  breaker?: Breaker
  onRequest?: (record: HttpRecord) => void
}

export interface ObisClient {
  datasetUrl(id: string): string
  parquetFileUrl(id: string): string
  /** The description; null if OBIS has no such dataset. @throws as the HTTP client; HTTP_BAD_ANSWER */
  dataset(id: string, scope: ObisScope): Promise<ObisDataset | null>
  /** The published file, opened by its end. To be closed. @throws as the HTTP client; HTTP_BAD_ANSWER */
  openParquet(id: string, scope: ObisScope): Promise<RemoteFile>
  /** The occurrences of an open file. @throws HTTP_BAD_ANSWER for what is no such parquet */
  readParquet(file: RemoteFile, signal: AbortSignal): Promise<ParquetOccurrences>
  /** All occurrences, page by page, in the order of their ids. @throws as the HTTP client; HTTP_BAD_ANSWER */
  pages(id: string, names: NameTable, scope: ObisScope): AsyncGenerator<OccurrenceBatch>
}

const pageSize = 10_000
/** Of a page of so many occurrences, or of a description with its outline: far above any. */
const mostBytes = 64 * 1024 * 1024
/** Of one dataset, on disk. */
const keptBytes = 512 * 1024 * 1024

export function createObisClient(settings: ObisClientSettings): ObisClient {
  const { http } = settings
  const apiUrl = settings.apiUrl.replace(/(?<!\/)\/+$/, '')
  const parquetUrl = settings.parquetUrl.replace(/(?<!\/)\/+$/, '')
  const datasetUrl = (id: string) => `${apiUrl}/dataset/${encodeURIComponent(id)}`
  const parquetFileUrl = (id: string) => `${parquetUrl}/${encodeURIComponent(id)}.parquet`

  async function text(url: string, scope: ObisScope, known: KeptAnswer | null = null) {
    const headers: Record<string, string> = { accept: 'application/json' }
    if (known?.etag) headers['if-none-match'] = known.etag
    if (known?.lastModified) headers['if-modified-since'] = known.lastModified
    return http.text({ url, headers, accept: known ? [304] : [], maxBytes: mostBytes, ...scope })
  }

  return {
    datasetUrl,
    parquetFileUrl,

    async dataset(id, scope) {
      const url = datasetUrl(id)
      const known = await readKept(settings.cacheDir, id, url)
      try {
        const answer = await text(url, scope, known)
        if (answer.status === 304 && known) return parseDataset(parseJson(known, url), id, url)
        const parsed = parseJson(answer, url)
        const found = parsed === null ? null : parseDataset(parsed, id, url)
        const { etag = null, 'last-modified': lastModified = null } = answer.headers
        if (found && (etag !== null || lastModified !== null))
          await writeKept(settings.cacheDir, id, { url, etag, lastModified, body: answer.body })
        return found
      } catch (error) {
        if (httpStatusFacts(error)?.status === 404) return null
        throw error
      }
    },

    openParquet: (id, scope) =>
      openRemoteFile({
        http,
        url: parquetFileUrl(id),
        folder: settings.cacheDir,
        keep: { name: id, maxBytes: keptBytes },
        ...scope,
      }),

    async readParquet(file, signal) {
      // Most processes never meet such a file, and its reader is a third of the program.
      const { openOccurrences } = await import('./parquet.ts')
      const bytes: ByteSource = {
        name: file.url,
        bytes: file.validators.bytes,
        slice: (start, end) => file.slice(start, end),
      }
      const parquet = await openOccurrences(bytes)
      const { batchesByThread, mayUseThread } = await import('./parquet-thread.ts')
      if (!mayUseThread(parquet.rows)) return parquet
      return { ...parquet, batches: (names) => batchesByThread({ file: bytes, names, signal }) }
    },

    async *pages(id, names, scope) {
      for (let after: string | null = null; ; ) {
        // Half of a surrogate pair has no place in an address.
        const query: string =
          after === null ? '' : `&after=${encodeURIComponent(Buffer.from(after).toString())}`
        const url: string = `${apiUrl}/occurrence?datasetid=${encodeURIComponent(id)}&size=${pageSize}${query}`
        const results = resultsOf(parseJson(await text(url, scope), url), url)
        if (results.length === 0) return
        const last: unknown = (results.at(-1) as Record<string, unknown> | null)?.id
        if (typeof last !== 'string' || last === after)
          throw badAnswer(
            url,
            'the last occurrence of the page has no id of its own, so that no next page can be asked for',
          )
        after = last
        yield batchOf(results, names)
      }
    },
  }
}

/** Null for an answer without content. */
function parseJson(answer: { body: string; foreign?: boolean }, url: string): unknown {
  return answer.body.trim() === '' ? null : readJson(answer, url)
}

function parseDataset(body: unknown, id: string, url: string): ObisDataset | null {
  const results = resultsOf(body, url)
  const found = results.find((result) => recordOf(result).id === id) ?? results[0]
  if (found === undefined) return null
  const { title, institutes, nodes, extent, statistics, records } = recordOf(found)
  const count = recordOf(statistics).Occurrence ?? records
  return {
    id,
    title: textOf(title),
    institutes: listOf(institutes).flatMap((institute) => textOf(recordOf(institute).name) ?? []),
    nodes: listOf(nodes).flatMap((node) => {
      const { id: nodeId, name } = recordOf(node)
      return typeof nodeId === 'string' ? [{ id: nodeId, name: textOf(name) }] : []
    }),
    extent: textOf(extent),
    records: typeof count === 'number' && Number.isFinite(count) ? count : null,
  }
}

function batchOf(results: readonly unknown[], names: NameTable): OccurrenceBatch {
  const rows = results.length
  const numbers = Object.fromEntries(
    numericColumnNames.map((column) => [column, new Float64Array(rows)]),
  ) as Record<(typeof numericColumnNames)[number], Float64Array>
  const name = new Int32Array(rows)
  results.forEach((result, row) => {
    const record = recordOf(result)
    for (const column of numericColumnNames) {
      const value = record[numericColumns[column]]
      numbers[column][row] =
        typeof value === 'number' || typeof value === 'boolean'
          ? Number(value)
          : typeof value === 'string' && value.trim() !== ''
            ? Number(value)
            : Number.NaN
    }
    const text = record[nameColumn]
    name[row] = names.id(typeof text === 'string' ? text : null)
  })
  return { rows, ...numbers, name }
}

function resultsOf(body: unknown, url: string): unknown[] {
  if (body === null) return []
  const { results } = recordOf(body)
  if (!Array.isArray(results)) throw badAnswer(url, 'the answer has no list `results`')
  return results
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : null
}

/** Whether the published file is at fault or cannot be had, so that the paged API is worth asking. */
export function isParquetFault(error: unknown): boolean {
  return isHarvesterError(
    error,
    'HTTP_STATUS',
    'HTTP_BAD_ANSWER',
    'HTTP_CONNECT',
    'HTTP_TIMEOUT',
    'HTTP_TOO_LARGE',
    'HOST_UNAVAILABLE',
  )
}
