/** What comes over a wire, before anybody asks what it says: answers of a Prefect server, HTTP itself, small texts. */
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { gzipSync } from 'node:zlib'
import { normaliseSourceUrl } from '../../../src/config/source.ts'
import { decodeText } from '../../../src/http/charset.ts'
import { createHttpClient, type HttpClient } from '../../../src/http/client.ts'
import { redirectTarget } from '../../../src/http/redirect.ts'
import { retryAfterMs } from '../../../src/http/retry.ts'
import { readingsPerDay } from '../../../src/rules/duration.ts'
import { parseTime } from '../../../src/rules/time.ts'
import {
  createPrefectBackend,
  type PrefectBackend,
  type PrefectSettings,
  prefectSettings,
  systemRuntime,
} from '../../../src/runs/index.ts'
import { scrub } from '../../../src/secrets.ts'
import { decodeEscapes } from '../../../src/sources/erddap/escapes.ts'
import { bytesOf, type Target, utf8 } from '../target.ts'

const run = {
  id: '5b0e7a0e-0000-4000-8000-000000000001',
  name: 'harvest-erddap',
  flow_id: '5b0e7a0e-0000-4000-8000-000000000002',
  deployment_id: '5b0e7a0e-0000-4000-8000-000000000003',
  parameters: { source: null },
  run_count: 1,
  tags: ['harvest'],
  start_time: '2026-01-01T00:00:00Z',
  end_time: null,
  created_by: { type: 'SCHEDULE', display_value: 'x' },
  state: {
    type: 'RUNNING',
    name: 'Running',
    message: 'x',
    timestamp: '2026-01-01T00:00:00Z',
    state_details: { scheduled_time: null },
  },
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return (server.address() as AddressInfo).port
}

let body: Uint8Array = new Uint8Array(0)
let prefectServer: { close: () => void; backend: PrefectBackend } | null = null
async function prefectBackend(): Promise<PrefectBackend> {
  if (prefectServer === null) {
    const server = createHttpServer((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(body)
    })
    const port = await listening(server)
    const backend = createPrefectBackend({
      settings: prefectSettings({ PREFECT_API_URL: `http://127.0.0.1:${port}/api` }) as PrefectSettings,
      // What is tried is reading, not patience.
      runtime: { ...systemRuntime, sleep: async () => {} },
    })
    prefectServer = {
      backend,
      close() {
        server.closeAllConnections()
        server.close()
      },
    }
  }
  return prefectServer.backend
}

const prefect: Target = {
  name: 'prefect',
  what: 'answers of a Prefect server',
  corpus: [
    bytesOf(JSON.stringify(run)),
    bytesOf(JSON.stringify([run])),
    bytesOf(JSON.stringify({ id: run.id, name: 'x', status: 'READY', active_slots: 1, limit: 2 })),
    bytesOf(JSON.stringify({ detail: 'Not found' })),
    bytesOf('<html><title>Login</title></html>'),
  ],
  tokens: [
    'null',
    '[]',
    '{}',
    '"state"',
    '"type"',
    '"CRASHED"',
    '"timestamp"',
    '"state_details"',
    '"scheduled_time"',
    '"parameters"',
    '"run_count"',
    '1e999',
    '"detail"',
  ],
  errors: ['PREFECT_REFUSED', 'PREFECT_UNREACHABLE', 'PARAMETERS_INVALID', 'USAGE'],
  weight: 2,
  async parse(input, random) {
    const backend = await prefectBackend()
    body = input
    if (random() < 0.7) await backend.readRun(run.id)
    else await backend.submit({ deployment: 'harvest-erddap', parameters: {} })
  },
  async close() {
    await prefectServer?.backend.close()
    prefectServer?.close()
  },
}

const gzipped = gzipSync('a,b\n1,2\n')
let httpServer: { close: () => void; url: string; http: HttpClient } | null = null
async function rawServer(): Promise<{ url: string; http: HttpClient }> {
  if (httpServer === null) {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => socket.end(body))
    })
    const url = `http://127.0.0.1:${await listening(server)}/x`
    const http = createHttpClient({
      gate: null,
      sleep: async () => {},
      timeouts: { connectMs: 5000, headersMs: 5000, bodyIdleMs: 5000 },
    })
    httpServer = { url, http, close: () => server.close() }
  }
  return httpServer
}

const http: Target = {
  name: 'http',
  what: 'HTTP answers as bytes: heads, codings, lengths, compressed bodies',
  corpus: [
    bytesOf('HTTP/1.1 200 OK\r\nContent-Type: text/csv;charset=UTF-8\r\nContent-Length: 8\r\n\r\na,b\n1,2\n'),
    bytesOf('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\na,b\n1,2\n\r\n0\r\n\r\n'),
    Buffer.concat([
      bytesOf(`HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${gzipped.length}\r\n\r\n`),
      gzipped,
    ]),
    bytesOf('HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 4\r\n\r\nbusy'),
    bytesOf('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'),
    bytesOf('HTTP/1.1 302 Found\r\nLocation: ftp://a.example/\r\nContent-Length: 0\r\n\r\n'),
  ],
  tokens: [
    'HTTP/1.1 ',
    '\r\n',
    'Content-Encoding: br',
    'Content-Encoding: deflate',
    'Content-Length: 99',
    'Transfer-Encoding: chunked',
    'Location: ',
    'Retry-After: ',
    'ffffffff\r\n',
    '0\r\n\r\n',
    'Connection: close',
    ' 204 ',
    ' 101 ',
    ' 100 ',
    ' 999 ',
  ],
  errors: [
    'HTTP_STATUS',
    'HTTP_CONNECT',
    'HTTP_TIMEOUT',
    'HTTP_TOO_LARGE',
    'HTTP_BAD_ANSWER',
    'HOST_UNAVAILABLE',
  ],
  weight: 1,
  async parse(input) {
    const { url, http: client } = await rawServer()
    body = input
    const { body: text } = await client.text({
      url,
      retries: 0,
      redirect: 'manual',
      maxBytes: 1_000_000,
      accept: [302],
    })
    decodeEscapes(text)
  },
  async close() {
    await httpServer?.http.close()
    httpServer?.close()
  },
}

const texts: Target = {
  name: 'texts',
  what: 'small texts: addresses, redirects, times, durations, charsets, what is redacted',
  corpus: [
    'https://erddap.example.org:8443/erddap/',
    '//other.example/x?a"b',
    'PT1H30M',
    'P0Y0M1DT0H',
    '2020-01-01T00:00:00.123+02:00',
    'Wed, 21 Oct 2015 07:28:00 GMT',
    'text/csv; charset="utf-8"',
    'a\\u00e9\\n\\"',
    'password=secret&token=abc https://u:p@h/x Bearer abc.def',
  ].map(bytesOf),
  tokens: [
    'charset=',
    'http://',
    'P1D',
    '%2e%2e',
    '@',
    'password=',
    'Authorization: Basic ',
    'token',
    '\\u',
    'T24:00',
    '+14:00',
  ],
  errors: ['HTTP_BAD_ANSWER', 'CONFIG_INVALID', 'USAGE'],
  weight: 30,
  parse(input) {
    const text = utf8(input)
    const faults: unknown[] = []
    const readers: ((text: string) => unknown)[] = [
      (one) => retryAfterMs(one, 0),
      readingsPerDay,
      parseTime,
      (one) => decodeText(input, one),
      decodeEscapes,
      scrub,
      normaliseSourceUrl,
      (one) => redirectTarget(new URL('https://a.example/'), one, false),
    ]
    for (const read of readers)
      try {
        read(text)
      } catch (error) {
        faults.push(error)
      }
    const unknown = faults.find((fault) => !(fault instanceof Error) || fault.name !== 'HarvesterError')
    if (unknown ?? faults[0]) throw unknown ?? faults[0]
  },
}

export const wireTargets: readonly Target[] = [prefect, http, texts]
