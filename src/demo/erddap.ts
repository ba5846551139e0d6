/**
 * A look-alike ERDDAP on loopback, for the demo, the tests and the benchmarks. It answers as ERDDAP 2.31 was
 * recorded to (test/demo/calibration.test.ts), and its state and manners can be changed while it runs.
 *
 * Outside of ERDDAP's paths, for benchmarks that run it in a process of its own: `/demo-statistics` (requests, bytes,
 * maxConcurrent), `/demo-reset`, `/demo-latency?ms=20`, `/demo-touch?every=100` (touches a source file of every
 * hundredth dataset, and reads it anew).
 */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type ContentsControl, contentsOf, controlContents } from './contents.ts'
import type { DemoDataset } from './dataset.ts'
import type { HostileRule } from './hostile.ts'
import { clearRequests, handle, type LoggedRequest, type ServingOptions, servingOf } from './serving.ts'

export interface ErddapOptions extends ServingOptions {
  datasets: Iterable<DemoDataset>
  /** @default 0, any free port */
  port?: number
  /** @default 127.0.0.1 */
  host?: string
  /** The address that answers give, where it is not the one the server listens on. */
  publicUrl?: string
  /** Bytes of answers kept ready. @default 64 MiB */
  keepBytes?: number
  /** @default Date.now */
  now?: () => number
}

export interface ErddapServer extends ContentsControl {
  /** Where it listens, with the base path: `http://127.0.0.1:40123/erddap`. */
  url: string
  origin: string
  port: number
  requests: LoggedRequest[]
  /** The most requests that were in flight at once. */
  maxConcurrent: () => number
  clearRequests: () => void
  setLatency: (ms: number) => void
  setMaxActive: (limit: number | undefined) => void
  /** Called before a request is answered: lets a test change the state in the middle of a harvest. */
  onRequest: (listener: ((request: LoggedRequest) => void) | undefined) => void
  /** Rules are tried in order; an empty list is a well-behaved server. */
  setHostile: (rules: HostileRule[]) => void
  close: () => Promise<void>
}

/** Starts a server; it listens when the promise resolves. */
export async function startErddap(options: ErddapOptions): Promise<ErddapServer> {
  const { host = '127.0.0.1', keepBytes = 64 * 1024 * 1024, now = Date.now } = options
  const contents = contentsOf(options.datasets, { keepBytes, now })
  const serving = servingOf(options, contents)
  const { basePath, requests } = serving
  const server = createServer((request, response) => {
    handle(serving, request, response).catch(() => response.destroy())
  })
  server.keepAliveTimeout = 20_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, host, resolve)
  })
  const { port } = server.address() as AddressInfo
  const origin = `http://${host}:${port}`
  serving.origin = origin
  serving.base = (options.publicUrl ?? `${origin}${basePath}`).replace(/(?<!\/)\/+$/, '')

  return {
    ...controlContents(contents),
    url: `${origin}${basePath}`,
    origin,
    port,
    requests,
    maxConcurrent: () => serving.mostActive,
    clearRequests: () => clearRequests(serving),
    setLatency: (ms) => {
      serving.latencyMs = ms
    },
    setMaxActive: (limit) => {
      serving.maxActive = limit
    },
    onRequest: (next) => {
      serving.listener = next
    },
    setHostile: (next) => {
      serving.rules = next
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
