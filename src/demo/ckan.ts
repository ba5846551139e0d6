/** A look-alike CKAN on loopback: `package_search` over records that point at ERDDAP datasets. */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export interface CkanResource {
  url?: unknown
  name?: string
  format?: string
}

/** What the harvest reads of a record. Everything but the id may be missing or malformed, as in life. */
export interface CkanRecord {
  id: string
  name?: string
  title?: unknown
  title_translated?: unknown
  'cited-responsible-party'?: unknown
  resources?: unknown
  xml_location_url?: string
  [field: string]: unknown
}

/** `error`: status 503; `html`: a page with 200; `reset`: the connection breaks; `silent`: no answer ever. */
export type CkanMode = 'up' | 'error' | 'html' | 'reset' | 'silent'

export interface CkanOptions {
  /** Records; a value that is no record at all (null, text) stands for a broken one. */
  records: readonly unknown[]
  port?: number
  host?: string
  /** The server's own limit of rows in an answer. @default 1000 */
  rowsCap?: number
  latencyMs?: number
  mode?: CkanMode
}

export interface CkanServer {
  url: string
  origin: string
  port: number
  requests: {
    path: string
    status: number
    at: number
    headers: Record<string, string | string[] | undefined>
  }[]
  /** May be changed while the server runs. */
  records: unknown[]
  setMode: (mode: CkanMode) => void
  setLatency: (ms: number) => void
  setRowsCap: (rows: number) => void
  /** Replaces fields of the record with this id. */
  changeRecord: (id: string, fields: Partial<CkanRecord>) => void
  close: () => Promise<void>
}

export async function startCkan(options: CkanOptions): Promise<CkanServer> {
  const { host = '127.0.0.1' } = options
  const records = [...options.records]
  const requests: CkanServer['requests'] = []
  let { mode = 'up', latencyMs = 0, rowsCap = 1000 } = options

  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://ckan')
    const entry = {
      path: decodeURIComponent(request.url ?? '/'),
      status: 0,
      at: Date.now(),
      headers: { ...request.headers },
    }
    requests.push(entry)
    const reply = (status: number, body: unknown) => {
      entry.status = status
      response.writeHead(status, { 'Content-Type': 'application/json;charset=utf-8' })
      response.end(JSON.stringify(body))
    }
    if (latencyMs > 0) await sleep(latencyMs)
    switch (mode) {
      case 'error':
        entry.status = 503
        response.writeHead(503, { 'Content-Type': 'text/html' }).end('<h1>503 Service Unavailable</h1>')
        return
      case 'html':
        entry.status = 200
        response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!DOCTYPE html><h1>Maintenance</h1>')
        return
      case 'reset':
        response.socket?.resetAndDestroy()
        return
      case 'silent':
        return
      case 'up':
        break
    }
    const help = `http://${request.headers.host ?? host}/api/3/action/help_show?name=package_search`
    if (url.pathname !== '/api/3/action/package_search') {
      reply(404, { help, success: false, error: { __type: 'Not Found Error', message: 'Not found' } })
      return
    }
    const start = Number(url.searchParams.get('start') ?? 0)
    const rows = Number(url.searchParams.get('rows') ?? 10)
    if (!(Number.isInteger(start) && Number.isInteger(rows) && start >= 0 && rows >= 0)) {
      reply(409, { help, success: false, error: { __type: 'Validation Error', rows: ['Invalid integer'] } })
      return
    }
    const found = records.filter((record) => mentions(record, url.searchParams.get('q') ?? ''))
    const results = found.slice(start, start + Math.min(rows, rowsCap))
    reply(200, {
      help,
      success: true,
      result: {
        count: found.length,
        facets: {},
        results,
        sort: 'score desc, metadata_modified desc',
        search_facets: {},
      },
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, host, resolve)
  })
  const { port } = server.address() as AddressInfo
  const origin = `http://${host}:${port}`
  return {
    url: origin,
    origin,
    port,
    requests,
    records,
    setMode: (next) => {
      mode = next
    },
    setLatency: (ms) => {
      latencyMs = ms
    },
    setRowsCap: (rows) => {
      rowsCap = rows
    },
    changeRecord: (id, fields) => {
      const at = records.findIndex((record) => (record as CkanRecord | null)?.id === id)
      if (at < 0) throw new Error(`The look-alike CKAN has no record ${id}.`)
      records[at] = { ...(records[at] as CkanRecord), ...fields }
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Every word of the question occurs somewhere; a broken record is found by anything, as in a bad index. */
function mentions(record: unknown, question: string): boolean {
  if (record === null || typeof record !== 'object') return true
  const text = JSON.stringify(record).toLowerCase()
  return question
    .toLowerCase()
    .split(/\s+/)
    .every((word) => word === '' || word === '*:*' || text.includes(word))
}
