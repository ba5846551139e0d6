/** A look-alike of OBIS on loopback: the API below `/v3`, and the published parquet files below `/occurrence`. */

import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { parquetWriteBuffer } from 'hyparquet-writer'
import type { ObisDemoDataset, ObisOccurrence } from './obis-datasets.ts'

export interface ObisOptions {
  datasets: readonly ObisDemoDataset[]
  host?: string
  port?: number
  latencyMs?: number
  /** Occurrences of a page at most, whatever was asked for. @default 10,000 */
  pageCap?: number
  /** Answers instead of the look-alike, if it returns true. */
  intercept?: (request: IncomingMessage, response: ServerResponse, url: URL) => boolean
}

export interface ObisServer {
  origin: string
  apiUrl: string
  parquetUrl: string
  requests: { path: string; range: string | null; status: number }[]
  /** May be changed while the server runs, by {@link publish}. */
  datasets: Map<string, ObisDemoDataset>
  /** Replaces a dataset and its file. */
  publish: (dataset: ObisDemoDataset) => void
  /** Puts any bytes in place of a dataset's file. */
  putFile: (id: string, bytes: Uint8Array) => void
  setIntercept: (intercept: ObisOptions['intercept']) => void
  close: () => Promise<void>
}

interface PublishedFile {
  bytes: Uint8Array
  etag: string
}

export async function startObis(options: ObisOptions): Promise<ObisServer> {
  const { host = '127.0.0.1', latencyMs = 0, pageCap = 10_000 } = options
  let { intercept } = options
  const datasets = new Map<string, ObisDemoDataset>()
  const files = new Map<string, PublishedFile>()
  const requests: ObisServer['requests'] = []

  function putFile(id: string, bytes: Uint8Array) {
    files.set(id, { bytes, etag: `"${createHash('md5').update(bytes).digest('hex')}"` })
  }

  function publish(dataset: ObisDemoDataset) {
    datasets.set(dataset.id, dataset)
    files.delete(dataset.id)
    if (dataset.isPublished !== false) putFile(dataset.id, parquetOf(dataset.occurrences))
  }
  for (const dataset of options.datasets) publish(dataset)

  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://obis')
    const entry = {
      path: decodeURIComponent(request.url ?? '/'),
      range: request.headers.range ?? null,
      status: 0,
    }
    requests.push(entry)
    response.on('close', () => {
      entry.status = response.statusCode
    })
    if (latencyMs > 0) await sleep(latencyMs)
    if (intercept?.(request, response, url)) return
    const file = /^\/occurrence\/([^/]+)\.parquet$/.exec(url.pathname)
    if (file) return sendFile(request, response, files.get(decodeURIComponent(file[1]!)))
    const dataset = /^\/v3\/dataset\/([^/]+)$/.exec(url.pathname)
    if (dataset) return sendJson(request, response, describe(datasets.get(decodeURIComponent(dataset[1]!))))
    if (url.pathname === '/v3/occurrence') return sendJson(request, response, page(url.searchParams))
    sendJson(request, response, { error: 'Not found' }, 404)
  })

  function page(query: URLSearchParams): unknown {
    // The services show neither absences nor what was dropped; the files hold both.
    const all = (datasets.get(query.get('datasetid') ?? '')?.occurrences ?? []).filter(
      ({ absence, dropped }) => absence !== true && dropped !== true,
    )
    const after = query.get('after')
    const from = after === null ? 0 : all.findIndex(({ id }) => id === after) + 1
    const size = Math.min(Number(query.get('size') ?? 10), pageCap)
    return { total: all.length, results: all.slice(from, from + size) }
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, host, resolve)
  })
  const origin = `http://${host}:${(server.address() as AddressInfo).port}`
  return {
    origin,
    apiUrl: `${origin}/v3`,
    parquetUrl: `${origin}/occurrence`,
    requests,
    datasets,
    publish,
    putFile,
    setIntercept: (next) => {
      intercept = next
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** OBIS answers for an unknown dataset as for a known one, with no result. */
function describe(dataset: ObisDemoDataset | undefined): unknown {
  if (!dataset) return { total: 0, results: [] }
  const { id, title, institutes, nodes, occurrences, stated = occurrences.length } = dataset
  return {
    total: 1,
    results: [
      {
        id,
        title,
        url: `https://ipt.demo.example/resource?r=${id}`,
        institutes: institutes.map((name, at) => ({ id: at + 1, name })),
        nodes,
        extent: dataset.extent ?? extentOf(occurrences),
        statistics: { Occurrence: stated },
        records: stated,
      },
    ],
  }
}

function extentOf(occurrences: readonly ObisOccurrence[]): string | null {
  const placed = occurrences.filter(({ decimalLatitude }) => decimalLatitude !== null)
  if (placed.length === 0) return null
  const latitudes = placed.map(({ decimalLatitude }) => decimalLatitude!)
  const longitudes = placed.map(({ decimalLongitude }) => decimalLongitude!)
  const [south, north] = [Math.min(...latitudes), Math.max(...latitudes)]
  const [west, east] = [Math.min(...longitudes), Math.max(...longitudes)]
  return `POLYGON((${west} ${south},${west} ${north},${east} ${north},${east} ${south},${west} ${south}))`
}

/** A file as OBIS publishes it: what was interpreted in a struct, among columns that nobody here asks for. */
export function parquetOf(
  occurrences: readonly ObisOccurrence[],
  { without = [], rowGroupSize = 1000 }: { without?: readonly string[]; rowGroupSize?: number } = {},
): Uint8Array {
  const optional = { repetition_type: 'OPTIONAL' } as const
  const text = { type: 'BYTE_ARRAY', converted_type: 'UTF8', ...optional } as const
  const fields = [
    { name: 'basisOfRecord', ...text },
    ...['decimalLatitude', 'decimalLongitude', 'minimumDepthInMeters', 'maximumDepthInMeters'].map(
      (name) => ({ name, type: 'DOUBLE', ...optional }) as const,
    ),
    ...['date_start', 'date_end'].map((name) => ({ name, type: 'INT64', ...optional }) as const),
    { name: 'scientificName', ...text },
    { name: 'phylum', ...text },
  ].filter(({ name }) => !without.includes(name))
  const flags = (['dropped', 'absence'] as const).filter((name) => !without.includes(name))
  const whole = (value: number | null) => (value === null ? null : BigInt(value))
  const buffer = parquetWriteBuffer({
    schema: [
      { name: 'schema', num_children: 2 + flags.length },
      { name: '_id', ...text },
      { name: 'interpreted', num_children: fields.length, ...optional },
      ...fields,
      ...flags.map((name) => ({ name, type: 'BOOLEAN', ...optional }) as const),
    ],
    columnData: [
      { name: '_id', data: occurrences.map(({ id }) => id) },
      {
        name: 'interpreted',
        data: occurrences.map((occurrence) => ({
          basisOfRecord: 'HumanObservation',
          ...occurrence,
          date_start: whole(occurrence.date_start),
          date_end: whole(occurrence.date_end),
          phylum: null,
        })),
      },
      ...flags.map((name) => ({
        name,
        data: occurrences.map((occurrence) => occurrence[name] ?? false),
      })),
    ],
    rowGroupSize,
  })
  return new Uint8Array(buffer)
}

function sendJson(request: IncomingMessage, response: ServerResponse, body: unknown, status = 200): void {
  const text = JSON.stringify(body)
  const etag = `W/"${createHash('md5').update(text).digest('hex')}"`
  if (status === 200 && request.headers['if-none-match'] === etag) {
    response.writeHead(304, { ETag: etag }).end()
    return
  }
  response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8', ETag: etag }).end(text)
}

/** Ranges as the object store of the real files gives them. */
function sendFile(request: IncomingMessage, response: ServerResponse, file: PublishedFile | undefined): void {
  const { headers } = request
  if (!file) {
    response.writeHead(404, { 'Content-Type': 'application/xml' })
    response.end('<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>')
    return
  }
  if (headers['if-match'] !== undefined && headers['if-match'] !== file.etag) {
    response.writeHead(412).end()
    return
  }
  const total = file.bytes.length
  const common = { ETag: file.etag, 'Accept-Ranges': 'bytes', 'Content-Type': 'binary/octet-stream' }
  const range = /^bytes=(\d*)-(\d*)$/.exec(headers.range ?? '')
  if (!range) {
    response.writeHead(200, { ...common, 'Content-Length': total }).end(file.bytes)
    return
  }
  const [, first = '', last = ''] = range
  const start = first === '' ? Math.max(0, total - Number(last)) : Number(first)
  const end = first === '' || last === '' ? total : Math.min(total, Number(last) + 1)
  if (start >= end) {
    response.writeHead(416, { 'Content-Range': `bytes */${total}` }).end()
    return
  }
  response.writeHead(206, {
    ...common,
    'Content-Range': `bytes ${start}-${end - 1}/${total}`,
    'Content-Length': end - start,
  })
  response.end(file.bytes.subarray(start, end))
}
