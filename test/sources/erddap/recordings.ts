/** The answers recorded from a real ERDDAP, as values, and a server that replays them. */

import { readdirSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { decodeUrl } from '../../../src/sources/erddap/urls.ts'

const folder = new URL('../../recorded/erddap/', import.meta.url)

export interface Recording {
  name: string
  /** As asked; '' for those seen by chance. */
  url: string
  status: number
  headers: Record<string, string>
  body: Buffer
}

export const recordingNames = readdirSync(folder)
  .filter((name) => name.endsWith('.headers'))
  .map((name) => name.slice(0, -'.headers'.length))

export function recording(name: string): Recording {
  const read = (ending: string) => readFileSync(new URL(`${name}.${ending}`, folder))
  // A followed redirect has two blocks of headers: the first is the answer to the request.
  const blocks = read('headers')
    .toString('latin1')
    .trim()
    .split(/\r?\n\r?\n/)
  const [line = '', ...lines] = blocks.at(-1)!.split(/\r?\n/)
  const headers = Object.fromEntries(
    lines.map((header) => {
      const at = header.indexOf(':')
      return [header.slice(0, at).toLowerCase(), header.slice(at + 1).trim()]
    }),
  )
  let url = ''
  try {
    url = read('req').toString('utf8').trim()
  } catch {
    // `err_429` and `starting_*`
  }
  return { name, url, status: Number(line.split(' ')[1]), headers, body: read('body') }
}

/** The body in one piece, as the HTTP client would give it. */
export function answerOf(name: string) {
  const { url, headers, body } = recording(name)
  return {
    url,
    headers,
    body: (async function* () {
      yield body as Uint8Array
    })(),
    cancel() {},
  }
}

const comparable = (url: string) => decodeUrl(url).replace(/^https?:\/\/[^/]+/, '')

/** Replays recorded answers; `extra` answers what was not recorded, by decoded path and query. */
export async function replayServer(
  extra: Record<string, { status?: number; headers?: Record<string, string>; body: string }> = {},
): Promise<{ server: Server; baseUrl: string; asked: string[] }> {
  const byPath = new Map<string, Recording>()
  for (const name of recordingNames) {
    const found = recording(name)
    if (found.url !== '' && !name.startsWith('head_') && !name.endsWith('_followed'))
      byPath.set(comparable(found.url), found)
  }
  const asked: string[] = []
  const server = createServer((request, response) => {
    const path = comparable(request.url!)
    asked.push(path)
    const own = extra[path]
    if (own) {
      response.writeHead(own.status ?? 200, { 'content-type': 'text/csv;charset=ISO-8859-1', ...own.headers })
      return response.end(own.body)
    }
    const found = byPath.get(path)
    if (!found) {
      response.writeHead(404, { 'content-type': 'text/plain' })
      return response.end(`not recorded: ${path}`)
    }
    const headers: Record<string, string> = { 'content-type': found.headers['content-type'] ?? 'text/plain' }
    if (found.headers['content-encoding'] === 'gzip') headers['content-encoding'] = 'gzip'
    const address = server.address() as AddressInfo
    if (found.headers.location)
      headers.location = found.headers.location.replace('localhost:8180', `127.0.0.1:${address.port}`)
    response.writeHead(found.status, headers)
    response.end(request.method === 'HEAD' ? undefined : found.body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { server, baseUrl: `http://127.0.0.1:${port}/erddap`, asked }
}
