/**
 * A look-alike ERDDAP on loopback, for the demo, the tests and the benchmarks. It answers as ERDDAP 2.31 was
 * recorded to (test/demo/calibration.test.ts), and its state and manners can be changed while it runs.
 *
 * Outside of ERDDAP's paths, for benchmarks that run it in a process of its own: `/demo-statistics` (requests, bytes,
 * maxConcurrent), `/demo-reset`, `/demo-latency?ms=20`, `/demo-touch?every=100` (touches a source file of every
 * hundredth dataset, and reads it anew).
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RoutedAnswer, ServerState } from './answers.ts'
import { dapHeaders, route } from './answers.ts'
import type { Attribute, Cell, DemoDataset, Row, SourceFile } from './dataset.ts'
import { setAttribute } from './dataset.ts'
import { keptAnswers, send } from './delivery.ts'
import type { HostileRule } from './hostile.ts'
import { misbehave, ruleFor } from './hostile.ts'
import { Refusal } from './query.ts'
import { containerPage, legacyRefusalAnswer, refusalAnswer } from './refusals.ts'

export interface ErddapOptions {
  datasets: Iterable<DemoDataset>
  /** @default 0, any free port */
  port?: number
  /** @default 127.0.0.1 */
  host?: string
  /** @default /erddap */
  basePath?: string
  /** The address that answers give, where it is not the one the server listens on. */
  publicUrl?: string
  institution?: string
  /** Before 2.1 the server answers as old ones do (`legacy`). @default 2.31.0 */
  version?: string
  /** Milliseconds before each answer. @default 0 */
  latencyMs?: number
  /** Milliseconds before a refusal; real servers wait 1,000 to 3,000. @default 0 */
  errorDelayMs?: number
  /** Requests in flight above which the server answers 429. @default no limit */
  maxActive?: number
  /** Whether non-ASCII text is escaped, else it is sent raw in UTF-8. @default true */
  escapes?: boolean
  /** Whether answers are compressed for those who accept it. @default true */
  gzip?: boolean
  /** Refuse unencoded quotes, brackets and the like, as the container does. @default true */
  strictUrls?: boolean
  /** Whether `requests` is filled; `/demo-statistics` counts without. @default true */
  logRequests?: boolean
  /** Bytes of answers kept ready. @default 64 MiB */
  keepBytes?: number
  /** @default Date.now */
  now?: () => number
}

export interface LoggedRequest {
  method: string
  /** Decoded, with its query, below the origin: `/erddap/tabledap/a.csv?x,y&distinct()`. */
  path: string
  /** 0 while it is not answered, or where the connection was broken off. */
  status: number
  /** Bytes of the body as sent. */
  bytes: number
  /** Epoch milliseconds. */
  at: number
  headers: Record<string, string | string[] | undefined>
}

/** `unknown`: right after a start even the list is; a number: so many datasets are known by now. */
export type StartPhase = 'unknown' | 'ready' | number

export interface ErddapServer {
  /** Where it listens, with the base path: `http://127.0.0.1:40123/erddap`. */
  url: string
  origin: string
  port: number
  requests: LoggedRequest[]
  /** The most requests that were in flight at once. */
  maxConcurrent: () => number
  clearRequests: () => void
  dataset: (id: string) => DemoDataset
  addDataset: (dataset: DemoDataset) => void
  removeDataset: (id: string) => void
  /**
   * Inserts into the data and touches the (last) source file: the manifest shows it at once, and so do the data, since
   * a file that is known is read as it is; the listing and the metadata stay as they were.
   */
  insertRow: (id: string, row: readonly Cell[], at?: number) => void
  /** Rewrites the (last) source file, so that the data are these; as `insertRow` otherwise. */
  rewriteFile: (id: string, rows: () => Iterable<Row>, name?: string, growth?: number) => void
  touchFile: (id: string, name?: string, lastModified?: number) => void
  /** A new source file: in the manifest at once, in the listing and in the data once the dataset is read anew. */
  addFile: (id: string, file: SourceFile, rows?: readonly Row[]) => void
  /** `undefined` removes the attribute; the variable `NC_GLOBAL` means the dataset. */
  setAttribute: (id: string, variable: string, name: string, value: string | undefined) => void
  setTitle: (id: string, title: string) => void
  /** Lets the server read the dataset anew: files listing, data, the table of `subsetVariables` and Croissant follow. */
  reread: (id: string) => void
  /** The server begins to read the dataset anew: until `reread` it is listed and unknown. */
  startReading: (id: string) => void
  setPhase: (phase: StartPhase) => void
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
  const { host = '127.0.0.1', basePath = '/erddap', now = Date.now } = options
  const version = options.version ?? '2.31.0'
  const legacy = Number.parseFloat(version) < 2.1
  const datasets = new Map<string, DemoDataset>()
  const filesRead = new Map<string, readonly SourceFile[]>()
  const rowsRead = new Map<string, () => Iterable<Row>>()
  /** Rows of files that the server has not read yet. */
  const unread = new Map<string, Row[]>()
  const changed = new Map<string, number>()
  const kept = keptAnswers(options.keepBytes ?? 64 * 1024 * 1024)
  const requests: LoggedRequest[] = []
  let rules: HostileRule[] = []
  let listener: ((request: LoggedRequest) => void) | undefined
  let phase: StartPhase = 'ready'
  let latencyMs = options.latencyMs ?? 0
  let maxActive = options.maxActive
  let active = 0
  let mostActive = 0
  let base = ''
  const totals = { requests: 0, bytes: 0 }

  const readFiles = (dataset: DemoDataset) => {
    if (dataset.files !== undefined) filesRead.set(dataset.id, [...dataset.files])
    const rows = unread.get(dataset.id)
    if (rows !== undefined && rows.length > 0) {
      const before = dataset.rows
      dataset.rows = function* () {
        yield* before()
        yield* rows
      }
    }
    unread.delete(dataset.id)
  }
  const read = (dataset: DemoDataset) => {
    readFiles(dataset)
    rowsRead.set(dataset.id, dataset.rows)
  }
  const rewrite = (dataset: DemoDataset, rows: () => Iterable<Row>, name?: string, growth?: number) => {
    dataset.rows = rows
    touch(dataset, name, now(), growth)
    if (dataset.updates === true) readFiles(dataset)
  }
  const changes = (id: string): DemoDataset => {
    const dataset = datasets.get(id)
    if (dataset === undefined) throw new Error(`The look-alike ERDDAP has no dataset ${id}.`)
    changed.set(id, now())
    kept.drop(id)
    return dataset
  }
  const add = (dataset: DemoDataset) => {
    datasets.set(dataset.id, dataset)
    kept.drop(dataset.id)
    read(dataset)
  }
  for (const dataset of options.datasets) add(dataset)

  function* listed(): Generator<DemoDataset> {
    let left = typeof phase === 'number' ? phase : Number.POSITIVE_INFINITY
    for (const dataset of datasets.values()) {
      if (left-- <= 0) return
      if (dataset.private !== true) yield dataset
    }
  }
  const state = (): ServerState => ({
    publisher: { base, institution: options.institution ?? 'Loopback test', now: now() },
    version,
    legacy,
    escapes: options.escapes ?? true,
    knowsList: phase !== 'unknown',
    find: (id) => {
      if (typeof phase !== 'number') return datasets.get(id)
      for (const dataset of listed()) if (dataset.id === id) return dataset
      return undefined
    },
    listed,
    filesWhenRead: (dataset) => filesRead.get(dataset.id),
    rowsWhenRead: (dataset) => (rowsRead.get(dataset.id) ?? dataset.rows)(),
    changedAt: (dataset) => changed.get(dataset.id) ?? now(),
  })

  /** Routes, or words the refusal; says how long a refusal is held back. */
  const answerTo = (path: string, query: string): { answer: RoutedAnswer; delayMs: number } => {
    const current = state()
    try {
      return { answer: route(current, path, query), delayMs: 0 }
    } catch (error) {
      const refusal = error instanceof Refusal ? error : new Refusal(500, String(error))
      const headers = dapHeaders(current)
      const answer = legacy ? legacyRefusalAnswer(refusal, headers) : refusalAnswer(refusal, headers)
      return { answer, delayMs: options.errorDelayMs ?? 0 }
    }
  }

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const target = request.url ?? '/'
    if (target.startsWith('/demo-')) return control(request, response)
    const entry: LoggedRequest = {
      method: request.method ?? 'GET',
      path: decoded(target),
      status: 0,
      bytes: 0,
      at: now(),
      headers: { ...request.headers },
    }
    if (options.logRequests !== false) requests.push(entry)
    active += 1
    mostActive = Math.max(mostActive, active)
    const tooMany = maxActive !== undefined && active > maxActive
    response.once('close', () => {
      active -= 1
      totals.requests += 1
      totals.bytes += entry.bytes
    })
    response.once('finish', () => {
      entry.status = response.statusCode
    })
    response.setHeader('Server', 'Apache')
    listener?.(entry)
    const rule = ruleFor(rules, entry.path)
    if (latencyMs > 0) await sleep(latencyMs)
    if (rule?.behave.kind === 'latency') await sleep(rule.behave.ms)
    if (tooMany) {
      const refusal = new Refusal(429, 'Please make just one request at a time.')
      return send(refusalAnswer(refusal, dapHeaders(state())), response, entry, { gzip: false })
    }
    if ((options.strictUrls ?? true) && /[^\x21-\x7e]|["<>|[\]{}^`\\]/.test(target))
      return send(
        containerPage(
          400,
          'Invalid character found in the request target. The valid characters are defined in RFC 7230 and RFC 3986',
        ),
        response,
        entry,
        { gzip: false },
      )
    const question = target.indexOf('?')
    const path = question < 0 ? target : target.slice(0, question)
    const query = question < 0 ? '' : target.slice(question + 1)
    if (path === basePath || path === `${basePath}/`) {
      response.writeHead(302, { Location: `${base}/index.html`, 'Content-Length': '0' }).end()
      return
    }
    if (!path.startsWith(`${basePath}/`))
      return send(containerPage(404, `The requested resource [${path}] is not available`), response, entry, {
        gzip: false,
      })
    const gzip = (options.gzip ?? true) && /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))
    const key = `${gzip ? 'gzip' : 'plain'} ${target}`
    const ready = rule === undefined && request.method !== 'HEAD' ? kept.get(key) : undefined
    if (ready !== undefined) {
      entry.bytes = ready.body.length
      response.writeHead(200, ready.headers).end(ready.body)
      return
    }
    const { answer, delayMs } = answerTo(path.slice(basePath.length), query)
    if (delayMs > 0) await sleep(delayMs)
    if (rule !== undefined && rule.behave.kind !== 'latency') return misbehave(rule.behave, answer, response)
    const { keepFor } = answer
    await send(answer, response, entry, {
      gzip: gzip && answer.status === 200,
      ...(keepFor === undefined ? {} : { keep: (headers, body) => kept.put(key, keepFor.id, headers, body) }),
    })
  }

  /** For the parent of a server that runs in a process of its own. */
  const control = (request: IncomingMessage, response: ServerResponse): void => {
    const url = new URL(request.url ?? '/', origin)
    if (url.pathname === '/demo-touch') {
      const every = Number(url.searchParams.get('every') ?? 1)
      let at = 0
      for (const dataset of datasets.values())
        if (at++ % every === 0) {
          touch(changes(dataset.id), undefined, now())
          read(dataset)
        }
    } else if (url.pathname === '/demo-reset') {
      Object.assign(totals, { requests: 0, bytes: 0 })
      requests.length = 0
      mostActive = active
    } else if (url.pathname === '/demo-latency') latencyMs = Number(url.searchParams.get('ms') ?? 0)
    response.writeHead(200, { 'Content-Type': 'application/json' })
    response.end(JSON.stringify({ ...totals, maxConcurrent: mostActive }))
  }

  let origin = ''
  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy())
  })
  server.keepAliveTimeout = 20_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, host, resolve)
  })
  const { port } = server.address() as AddressInfo
  origin = `http://${host}:${port}`
  base = (options.publicUrl ?? `${origin}${basePath}`).replace(/(?<!\/)\/+$/, '')

  return {
    url: `${origin}${basePath}`,
    origin,
    port,
    requests,
    maxConcurrent: () => mostActive,
    clearRequests: () => {
      requests.length = 0
      mostActive = active
    },
    dataset: (id) => {
      const dataset = datasets.get(id)
      if (dataset === undefined) throw new Error(`The look-alike ERDDAP has no dataset ${id}.`)
      return dataset
    },
    addDataset: add,
    removeDataset: (id) => {
      changes(id)
      datasets.delete(id)
    },
    insertRow: (id, row, at = 0) => {
      const dataset = changes(id)
      const before = [...dataset.rows()]
      const after = [...before.slice(0, at), row, ...before.slice(at)]
      rewrite(dataset, () => after, undefined, rowBytes)
    },
    rewriteFile: (id, rows, name, growth) => rewrite(changes(id), rows, name, growth),
    touchFile: (id, name, lastModified) => {
      const dataset = changes(id)
      touch(dataset, name, lastModified ?? now())
      if (dataset.updates === true) readFiles(dataset)
    },
    addFile: (id, file, rows = []) => {
      const dataset = changes(id)
      dataset.files = [...(dataset.files ?? []), file]
      unread.set(id, [...(unread.get(id) ?? []), ...rows])
      if (dataset.updates === true) readFiles(dataset)
    },
    setAttribute: (id, variable, name, value) => {
      const dataset = changes(id)
      const changed = (attributes: readonly Attribute[]) => {
        const copy = [...attributes]
        setAttribute(copy, name, value)
        return copy
      }
      if (variable === 'NC_GLOBAL') dataset.globals = changed(dataset.globals)
      else if (dataset.variables.some((one) => one.name === variable))
        dataset.variables = dataset.variables.map((one) =>
          one.name === variable ? { ...one, attributes: changed(one.attributes) } : one,
        )
      else throw new Error(`Dataset ${id} of the look-alike ERDDAP has no variable ${variable}.`)
    },
    setTitle: (id, title) => {
      const dataset = changes(id)
      const globals = [...dataset.globals]
      setAttribute(globals, 'title', title)
      dataset.globals = globals
    },
    reread: (id) => {
      const dataset = changes(id)
      dataset.gone = false
      read(dataset)
    },
    startReading: (id) => {
      changes(id).gone = true
    },
    setPhase: (next) => {
      phase = next
      kept.clear()
    },
    setLatency: (ms) => {
      latencyMs = ms
    },
    setMaxActive: (limit) => {
      maxActive = limit
    },
    onRequest: (next) => {
      listener = next
    },
    setHostile: (next) => {
      rules = next
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** What a line of a source file is taken to weigh. */
const rowBytes = 40

function touch(dataset: DemoDataset, name: string | undefined, lastModified: number, growth = 0): void {
  const { files } = dataset
  if (files === undefined) return
  const at = name === undefined ? files.length - 1 : files.findIndex((file) => file.name === name)
  const file = files[at]
  if (file === undefined)
    throw new Error(`Dataset ${dataset.id} of the look-alike ERDDAP has no file ${name}.`)
  // A time that is already taken would hide the change.
  files[at] = {
    ...file,
    lastModified: Math.max(lastModified, file.lastModified + 1),
    size: file.size + growth,
  }
}

function decoded(target: string): string {
  try {
    return decodeURIComponent(target)
  } catch {
    return target
  }
}
