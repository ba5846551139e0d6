/** A CKAN on loopback that can be told to misbehave. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TextFetcher } from '../../src/catalogue/client.ts'
import { createHttpClient } from '../../src/http/client.ts'

export interface CkanServer {
  url: string
  /** Records it has; change them to change the catalogue. */
  records: unknown[]
  /** It never gives more than so many a page. */
  cap: number
  /** Overrides the normal answer; true when it answered. */
  instead: ((request: IncomingMessage, response: ServerResponse, start: number) => boolean) | null
  /** Answers with this ETag, and 304 to who has it. */
  etag: string | null
  /** `start` of every request, in order. */
  starts: number[]
  /** Statuses of every answer. */
  statuses: number[]
  http: TextFetcher
  close(): Promise<void>
}

export async function startCkanServer(): Promise<CkanServer> {
  const client = createHttpClient({ sleep: async () => {} })
  const server = createServer((request, response) => {
    const start = Number(new URL(request.url ?? '', ckan.url).searchParams.get('start'))
    ckan.starts.push(start)
    response.on('finish', () => ckan.statuses.push(response.statusCode))
    if (ckan.instead?.(request, response, start)) return
    if (ckan.etag !== null && request.headers['if-none-match'] === ckan.etag) {
      // Servers behind some proxies name a coding with the body that they do not send.
      response.writeHead(304, { etag: ckan.etag, 'content-encoding': 'gzip' }).end()
      return
    }
    const results = ckan.records.slice(start, start + ckan.cap)
    const headers = { 'content-type': 'application/json', ...(ckan.etag === null ? {} : { etag: ckan.etag }) }
    const body = { success: true, result: { count: ckan.records.length, results } }
    response.writeHead(200, headers).end(JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const ckan: CkanServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    records: [],
    cap: 1000,
    instead: null,
    etag: null,
    starts: [],
    statuses: [],
    http: client,
    async close() {
      await client.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return ckan
}

export function rawRecords(count: number, from = 0): { id: string; title_translated: { en: string } }[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `id-${String(from + index).padStart(5, '0')}`,
    title_translated: { en: `Title ${from + index}` },
  }))
}

export function answer(response: ServerResponse, body: unknown, status = 200): true {
  response
    .writeHead(status, { 'content-type': 'application/json' })
    .end(typeof body === 'string' ? body : JSON.stringify(body))
  return true
}
