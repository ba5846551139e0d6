/** How a look-alike ERDDAP meets a request: counted, held back, refused or answered. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RoutedAnswer, ServerState } from './answers.ts'
import { dapHeaders, route } from './answers.ts'
import { type Contents, knownOf, touchEvery } from './contents.ts'
import { send } from './delivery.ts'
import type { Answer, HostileRule } from './hostile.ts'
import { misbehave, ruleFor } from './hostile.ts'
import { Refusal } from './query.ts'
import { containerPage, legacyRefusalAnswer, refusalAnswer } from './refusals.ts'

export interface ServingOptions {
  /** @default /erddap */
  basePath?: string
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

/** A server at work. */
export interface Serving {
  readonly options: ServingOptions
  readonly contents: Contents
  readonly basePath: string
  readonly requests: LoggedRequest[]
  /** Counted also where `requests` is not filled. */
  readonly totals: { requests: number; bytes: number }
  rules: HostileRule[]
  listener: ((request: LoggedRequest) => void) | undefined
  latencyMs: number
  maxActive: number | undefined
  active: number
  mostActive: number
  /** Where it listens; empty until it does. */
  origin: string
  /** The address that answers give. */
  base: string
}

export function servingOf(options: ServingOptions, contents: Contents): Serving {
  return {
    options,
    contents,
    basePath: options.basePath ?? '/erddap',
    requests: [],
    totals: { requests: 0, bytes: 0 },
    rules: [],
    listener: undefined,
    latencyMs: options.latencyMs ?? 0,
    maxActive: options.maxActive,
    active: 0,
    mostActive: 0,
    origin: '',
    base: '',
  }
}

export function clearRequests(serving: Serving): void {
  serving.requests.length = 0
  serving.mostActive = serving.active
}

export async function handle(
  serving: Serving,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const target = request.url ?? '/'
  if (target.startsWith('/demo-')) return control(serving, target, response)
  const entry = entryOf(serving, request)
  if (serving.options.logRequests !== false) serving.requests.push(entry)
  const tooMany = countIn(serving, entry, response)
  response.setHeader('Server', 'Apache')
  serving.listener?.(entry)
  const rule = ruleFor(serving.rules, entry.path)
  if (serving.latencyMs > 0) await sleep(serving.latencyMs)
  if (rule?.behave.kind === 'latency') await sleep(rule.behave.ms)
  const question = target.indexOf('?')
  const path = question < 0 ? target : target.slice(0, question)
  const query = question < 0 ? '' : target.slice(question + 1)
  const refusal = tooMany ? tooManyRequests(serving) : refusedByContainer(serving, target, path)
  if (refusal !== undefined) return send(refusal, response, entry, { gzip: false })
  const { basePath } = serving
  if (path === basePath || path === `${basePath}/`) {
    response.writeHead(302, { Location: `${serving.base}/index.html`, 'Content-Length': '0' }).end()
    return
  }
  const gzip =
    (serving.options.gzip ?? true) && /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))
  const key = `${gzip ? 'gzip' : 'plain'} ${target}`
  const { kept } = serving.contents
  const ready = rule === undefined && request.method !== 'HEAD' ? kept.get(key) : undefined
  if (ready !== undefined) {
    entry.bytes = ready.body.length
    response.writeHead(200, ready.headers).end(ready.body)
    return
  }
  const { answer, delayMs } = answerTo(serving, path.slice(basePath.length), query)
  if (delayMs > 0) await sleep(delayMs)
  if (rule !== undefined && rule.behave.kind !== 'latency') return misbehave(rule.behave, answer, response)
  const { keepFor } = answer
  await send(answer, response, entry, {
    gzip: gzip && answer.status === 200,
    ...(keepFor === undefined ? {} : { keep: (headers, body) => kept.put(key, keepFor.id, headers, body) }),
  })
}

function entryOf({ contents }: Serving, { method, url, headers }: IncomingMessage): LoggedRequest {
  return {
    method: method ?? 'GET',
    path: decoded(url ?? '/'),
    status: 0,
    bytes: 0,
    at: contents.now(),
    headers: { ...headers },
  }
}

/** Counts a request until it is over; says whether it is one too many. */
function countIn(serving: Serving, entry: LoggedRequest, response: ServerResponse): boolean {
  const { totals, maxActive } = serving
  serving.active += 1
  serving.mostActive = Math.max(serving.mostActive, serving.active)
  response.once('close', () => {
    serving.active -= 1
    totals.requests += 1
    totals.bytes += entry.bytes
  })
  response.once('finish', () => {
    entry.status = response.statusCode
  })
  return maxActive !== undefined && serving.active > maxActive
}

function tooManyRequests(serving: Serving): Answer {
  const refusal = new Refusal(429, 'Please make just one request at a time.')
  return refusalAnswer(refusal, dapHeaders(stateOf(serving)))
}

/** What the container in front of ERDDAP says of an address before ERDDAP sees it. */
function refusedByContainer(
  { options, basePath }: Serving,
  target: string,
  path: string,
): Answer | undefined {
  if ((options.strictUrls ?? true) && /[^\x21-\x7e]|["<>|[\]{}^`\\]/.test(target))
    return containerPage(
      400,
      'Invalid character found in the request target. The valid characters are defined in RFC 7230 and RFC 3986',
    )
  if (path !== basePath && !path.startsWith(`${basePath}/`))
    return containerPage(404, `The requested resource [${path}] is not available`)
  return undefined
}

/** Routes, or words the refusal; says how long a refusal is held back. */
function answerTo(serving: Serving, path: string, query: string): { answer: RoutedAnswer; delayMs: number } {
  const current = stateOf(serving)
  try {
    return { answer: route(current, path, query), delayMs: 0 }
  } catch (error) {
    const refusal = error instanceof Refusal ? error : new Refusal(500, String(error))
    const headers = dapHeaders(current)
    const answer = current.legacy ? legacyRefusalAnswer(refusal, headers) : refusalAnswer(refusal, headers)
    return { answer, delayMs: serving.options.errorDelayMs ?? 0 }
  }
}

function stateOf({ options, contents, base }: Serving): ServerState {
  const version = options.version ?? '2.31.0'
  return {
    publisher: { base, institution: options.institution ?? 'Loopback test', now: contents.now() },
    version,
    legacy: Number.parseFloat(version) < 2.1,
    escapes: options.escapes ?? true,
    ...knownOf(contents),
  }
}

/** For the parent of a server that runs in a process of its own. */
function control(serving: Serving, target: string, response: ServerResponse): void {
  const url = new URL(target, serving.origin)
  if (url.pathname === '/demo-touch') touchEvery(serving.contents, Number(url.searchParams.get('every') ?? 1))
  else if (url.pathname === '/demo-reset') {
    Object.assign(serving.totals, { requests: 0, bytes: 0 })
    clearRequests(serving)
  } else if (url.pathname === '/demo-latency') serving.latencyMs = Number(url.searchParams.get('ms') ?? 0)
  response.writeHead(200, { 'Content-Type': 'application/json' })
  response.end(JSON.stringify({ ...serving.totals, maxConcurrent: serving.mostActive }))
}

function decoded(target: string): string {
  try {
    return decodeURIComponent(target)
  } catch {
    return target
  }
}
