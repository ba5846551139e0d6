/**
 * The one HTTP client: every request of the product to another server goes through here. It keeps connections, asks
 * for gzip, waits at the host's gate, follows redirects, tries again what may pass by itself, and cuts off whatever
 * takes too long or gets too big.
 */

import { STATUS_CODES } from 'node:http'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { Agent, type Dispatcher, EnvHttpProxyAgent } from 'undici'
import { HarvesterError, isHarvesterError } from '../errors.ts'
import { decoded } from './body.ts'
import type { Breaker } from './breaker.ts'
import type { CachedAnswer, HttpCache } from './cache.ts'
import { connectionError, isConnectionFault } from './faults.ts'
import { abortReason, createHostGate, type GateLimits, type HostGate } from './gate.ts'
import { redirectStatuses, redirectTarget, tidyUrl } from './redirect.ts'
import { backoffMs, isTransientStatus, retryAfterMs } from './retry.ts'
import { plainSentence } from './sentence.ts'

export interface HttpTimeouts {
  /** Name, route and TLS. Fixed for a client. @default 10_000 */
  connectMs: number
  /** From the request to the answer's status line. @default 120_000 */
  headersMs: number
  /** Between two pieces of a body, while somebody waits for one. @default 120_000 */
  bodyIdleMs: number
  /** From the call to the last byte, with waits and retries. @default none */
  totalMs: number | null
}

export const defaultTimeouts: HttpTimeouts = {
  connectMs: 10_000,
  headersMs: 120_000,
  bodyIdleMs: 120_000,
  totalMs: null,
}

/** Metadata and listings are far below; a body of this size in memory is still no danger. */
export const defaultMaxBytes = 200 * 1024 * 1024
/** Of the body of an error this much is read: enough for its sentence. */
const errorBodyBytes = 64 * 1024
const maxRedirects = 5
const defaultRetries = 3
/** A server that asks for a longer pause than this is not waited for. */
const longestRetryAfterMs = 10 * 60_000

/** One exchange with a server: each attempt and each redirect is one. */
export interface HttpRecord {
  method: string
  url: string
  /** null if no answer came. */
  status: number | null
  /** Until the last byte was read or the exchange failed; without waits at the gate. */
  ms: number
  /** Decoded bytes of the body that were read. */
  bytes: number
  /** From 1. */
  attempt: number
  error?: string
  /** The answer came from the disk. */
  cached?: true
}

export interface HttpRequest {
  url: string
  /** @default 'GET' */
  method?: 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  body?: string
  headers?: Readonly<Record<string, string>>
  signal?: AbortSignal
  /** Limit of the decoded body; null for none. @default 200 MB for `text`, none for `stream` */
  maxBytes?: number | null
  timeouts?: Partial<Omit<HttpTimeouts, 'connectMs'>>
  /** @default 3 for GET and HEAD, else 0 */
  retries?: number
  /** Statuses besides 2xx that are answers and no errors, like 304. */
  accept?: readonly number[]
  /** Whether the body of an error says what is wrong, so that asking again is no use. */
  isFinal?: (status: number, body: string) => boolean
  /** What the body of an error says, in one sentence. */
  sentence?: (status: number, body: string) => string
  /** `manual` gives the redirect itself as the answer. @default 'follow' */
  redirect?: 'follow' | 'manual'
  /** Follow redirects from https to http (federated data only). @default false */
  allowDowngrade?: boolean
  onRequest?: (record: HttpRecord) => void
  breaker?: Breaker
}

export interface HttpHeaders {
  readonly [name: string]: string | undefined
}

export interface HttpAnswer {
  status: number
  /** Where the answer came from, after redirects. */
  url: string
  /** Names in lower case; several of one name joined by a comma. */
  headers: HttpHeaders
  body: string
  bytes: number
  ms: number
}

export interface HttpStream {
  status: number
  url: string
  headers: HttpHeaders
  /**
   * Decoded. The host's slot is held until the last byte was read, the loop was left or `cancel` was called: whoever
   * asks the same host from inside the loop waits for himself when only one request may be in flight.
   */
  body: AsyncIterable<Uint8Array>
  /** Ends the exchange if the body is not wanted. */
  cancel(): void
}

export interface HttpClientSettings {
  /** Of this product, for the User-Agent. */
  version: string
  /** Address of a person or a page, for the User-Agent. */
  contact?: string
  timeouts?: Partial<HttpTimeouts>
  /** Limits of every host that has none of its own; null for no gate at all. */
  gate?: GateLimits | HostGate | null
  cache?: HttpCache
  /** For tests, and for sites that need an agent of their own. @default keep-alive, with the proxies of the environment */
  dispatcher?: Dispatcher
  sleep?: (ms: number, signal: AbortSignal | undefined) => Promise<void>
  random?: () => number
}

export interface HttpClient {
  /**
   * The whole answer as text, by the charset it states (UTF-8 if none).
   * @throws HTTP_STATUS (facts: method, url, status, body, headers), HTTP_CONNECT, HTTP_TIMEOUT, HTTP_TOO_LARGE,
   * HTTP_BAD_ANSWER, HOST_UNAVAILABLE, CANCELLED
   */
  text(request: HttpRequest): Promise<HttpAnswer>
  /** The answer as it arrives. Retries end with the first byte. @throws as `text`, also while reading */
  stream(request: HttpRequest): Promise<HttpStream>
  /** The gate, to set limits of hosts and to report waits; null if there is none. */
  readonly gate: HostGate | null
  /** Ends every connection. */
  close(): Promise<void>
}

export function createHttpClient(settings: HttpClientSettings): HttpClient {
  const timeouts = { ...defaultTimeouts, ...settings.timeouts }
  const dispatcher = settings.dispatcher ?? createDispatcher(timeouts.connectMs)
  const gate =
    settings.gate === null
      ? null
      : settings.gate && 'acquire' in settings.gate
        ? settings.gate
        : createHostGate(settings.gate)
  const sleep =
    settings.sleep ??
    ((ms: number, signal: AbortSignal | undefined) => delay(ms, undefined, signal ? { signal } : {}))
  const random = settings.random ?? Math.random
  const userAgent = `erddap-harvester/${settings.version}${settings.contact ? ` (+${settings.contact})` : ''}`

  /** Asks until there is an answer whose first byte was seen, or no hope. */
  async function open(request: HttpRequest, deadline: Deadline, tries: Tries): Promise<Exchange> {
    for (;;) {
      tries.used += 1
      try {
        return await follow(request, request.method ?? 'GET', tries.used, deadline)
      } catch (error) {
        await pauseOrThrow(error, request, deadline, tries)
      }
    }
  }

  /** Waits as long as the error asks for before the next attempt; throws it if there must be none. */
  async function pauseOrThrow(error: unknown, request: HttpRequest, deadline: Deadline, tries: Tries) {
    const idempotent = request.method === undefined || request.method === 'GET' || request.method === 'HEAD'
    const retries = request.retries ?? (idempotent ? defaultRetries : 0)
    const wait = tries.used > retries ? null : pauseBefore(error, tries.used, request)
    if (wait === null) throw tries.used > 1 ? withAttempts(error, tries.used) : error
    gate?.backedOff(hostOf(error, request.url), wait)
    try {
      await sleep(wait, deadline.signal)
    } catch (cause) {
      throw deadline.signal.aborted ? abortReason(deadline.signal) : cause
    }
  }

  /** Milliseconds to wait before the next attempt, or null if there must be none. */
  function pauseBefore(error: unknown, attempt: number, request: HttpRequest): number | null {
    if (!isHarvesterError(error)) return null
    const wait = backoffMs(attempt, random())
    if (error.code === 'HTTP_CONNECT') return error.facts.permanent ? null : wait
    if (error.code === 'HTTP_TIMEOUT') return error.facts.phase === 'connect' ? wait : null
    if (error.code !== 'HTTP_STATUS') return null
    const { status, body, headers, url } = error.facts as unknown as HttpStatusFacts
    if (!isTransientStatus(status) || request.isFinal?.(status, body)) return null
    const asked = retryAfterMs(headers['retry-after'], Date.now())
    if (asked !== null && asked > longestRetryAfterMs) return null
    const pause = asked === null ? wait : Math.max(asked, 1)
    // The others who want this host wait as well, if it said that it wants less of us.
    if (asked !== null || status === 429) gate?.pause(new URL(url).host, pause)
    return pause
  }

  async function follow(
    request: HttpRequest,
    method: string,
    attempt: number,
    deadline: Deadline,
  ): Promise<Exchange> {
    let url = parseUrl(request.url)
    let headers: Record<string, string> = { ...lowerCased(request.headers ?? {}) }
    if (url.username && !headers.authorization) {
      const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
      headers.authorization = `Basic ${Buffer.from(pair).toString('base64')}`
    }
    url.username = ''
    url.password = ''
    for (let redirects = 0; ; redirects += 1) {
      const exchange = await ask(request, method, url, headers, attempt, deadline)
      const following =
        redirectStatuses.has(exchange.status) &&
        request.redirect !== 'manual' &&
        (method === 'GET' || method === 'HEAD')
      if (!following) return await judge(exchange, request)
      exchange.finish()
      if (redirects >= maxRedirects)
        throw new HarvesterError(
          'HTTP_BAD_ANSWER',
          `${method} ${request.url}: redirected more than ${maxRedirects} times, last to ${exchange.headers.location}`,
          { facts: { url: url.href } },
        )
      const next = redirectTarget(url, exchange.headers.location, request.allowDowngrade ?? false)
      if (next.origin !== url.origin) {
        const { authorization: _, cookie: __, ...rest } = headers
        headers = rest
      }
      url = next
    }
  }

  /** One exchange, up to its headers and the first piece of its body. */
  async function ask(
    request: HttpRequest,
    method: string,
    url: URL,
    headers: Record<string, string>,
    attempt: number,
    deadline: Deadline,
  ): Promise<Exchange> {
    const host = url.host
    request.breaker?.check(host)
    const release = gate ? await gate.acquire(host, deadline.signal) : () => {}
    const limits = { ...timeouts, ...request.timeouts }
    const exchange = new Exchange({ method, url: url.href, attempt, release, deadline, request })
    try {
      // The breaker may have opened while we waited.
      request.breaker?.check(host)
      exchange.startTimer(limits.headersMs, 'headers')
      const answer = await dispatcher.request({
        origin: url.origin,
        path: url.pathname + url.search,
        method: method as Dispatcher.HttpMethod,
        headers: { 'user-agent': userAgent, 'accept-encoding': 'gzip', accept: '*/*', ...headers },
        body: request.body ?? null,
        signal: exchange.controller.signal,
        headersTimeout: 0,
        bodyTimeout: 0,
      })
      exchange.stopTimer()
      gate?.answered(host, answer.statusCode)
      request.breaker?.reportReachable(host)
      exchange.answered(answer.statusCode, flatHeaders(answer.headers), answer.body, limits.bodyIdleMs)
      return exchange
    } catch (error) {
      throw exchange.fail(error)
    }
  }

  /** Throws HTTP_STATUS for what is no success; else waits for the first byte. */
  async function judge(exchange: Exchange, request: HttpRequest): Promise<Exchange> {
    const { status } = exchange
    const wanted =
      (status >= 200 && status < 300) ||
      (request.accept?.includes(status) ?? false) ||
      (request.redirect === 'manual' && redirectStatuses.has(status))
    if (wanted) {
      const declared = Number(exchange.headers['content-length'])
      if (request.method !== 'HEAD' && exchange.maxBytes !== null && declared > exchange.maxBytes)
        throw exchange.fail(tooLarge(exchange.method, exchange.url, exchange.maxBytes))
      await exchange.peek()
      return exchange
    }
    throw await statusError(exchange, request)
  }

  async function statusError(exchange: Exchange, request: HttpRequest): Promise<HarvesterError> {
    const pieces: Uint8Array[] = []
    let bytes = 0
    exchange.maxBytes = null
    try {
      for (let piece = await exchange.read(); piece; piece = await exchange.read()) {
        pieces.push(piece)
        bytes += piece.length
        if (bytes >= errorBodyBytes) break
      }
    } catch (error) {
      // Its status is what matters; a body that breaks off takes nothing from it.
      if (isHarvesterError(error, 'CANCELLED')) return error
    }
    exchange.finish()
    const { method, url, status, headers } = exchange
    const body = decodeText(Buffer.concat(pieces).subarray(0, errorBodyBytes), headers['content-type'])
    const said = (request.sentence ?? plainSentence)(status, body)
    const facts: HttpStatusFacts = { method, url, status, body, headers, sentence: said }
    return new HarvesterError(
      'HTTP_STATUS',
      `${method} ${url} answered ${status}${said ? `: ${said}` : ` ${STATUS_CODES[status] ?? ''}`.trimEnd()}`,
      { facts: { ...facts } },
    )
  }

  async function openCached(
    request: HttpRequest,
    deadline: Deadline,
    tries: Tries = { used: 0 },
  ): Promise<Exchange | CachedAnswer> {
    if (!settings.cache || (request.method ?? 'GET') !== 'GET') return open(request, deadline, tries)
    const hit = await settings.cache.get(request.url)
    if (hit) {
      request.onRequest?.({
        method: 'GET',
        url: request.url,
        status: hit.status,
        ms: 0,
        bytes: hit.bytes,
        attempt: 1,
        cached: true,
      })
      return hit
    }
    const exchange = await open(request, deadline, tries)
    if (exchange.status === 200) exchange.keepIn(settings.cache, request.url)
    return exchange
  }

  return {
    gate,

    async stream(request) {
      const deadline = new Deadline(request, timeouts.totalMs)
      try {
        const answer = await openCached({ maxBytes: null, ...request }, deadline)
        if (!(answer instanceof Exchange)) {
          deadline.end()
          return { ...answer, cancel() {} }
        }
        return {
          status: answer.status,
          url: answer.url,
          headers: answer.headers,
          body: answer,
          cancel: () => answer.finish(),
        }
      } catch (error) {
        deadline.end()
        throw error
      }
    },

    async text(request) {
      const started = performance.now()
      const deadline = new Deadline(request, timeouts.totalMs)
      const tries: Tries = { used: 0 }
      try {
        for (;;) {
          const answer = await openCached({ maxBytes: defaultMaxBytes, ...request }, deadline, tries)
          try {
            const pieces: Uint8Array[] = []
            for await (const piece of answer instanceof Exchange ? answer : answer.body) pieces.push(piece)
            const bytes = Buffer.concat(pieces)
            return {
              status: answer.status,
              url: answer.url,
              headers: answer.headers,
              body: decodeText(bytes, answer.headers['content-type']),
              bytes: bytes.length,
              ms: performance.now() - started,
            }
          } catch (error) {
            // The connection broke inside the body: nobody has seen any of it yet, it can be asked for again.
            await pauseOrThrow(error, request, deadline, tries)
          }
        }
      } finally {
        deadline.end()
      }
    },

    async close() {
      await dispatcher.destroy()
    },
  }
}

/** The facts of an HTTP_STATUS error. */
export interface HttpStatusFacts {
  method: string
  url: string
  status: number
  /** The first 64 kB. */
  body: string
  headers: HttpHeaders
  sentence: string
}

/** The facts of an HTTP_STATUS error, or null for any other. */
export function httpStatusFacts(error: unknown): HttpStatusFacts | null {
  return isHarvesterError(error, 'HTTP_STATUS') ? (error.facts as unknown as HttpStatusFacts) : null
}

/** Attempts of one call, counted across its parts. */
interface Tries {
  used: number
}

/** Ends a call when its caller gives up or its total time is over. */
class Deadline {
  readonly signal: AbortSignal
  readonly #controller = new AbortController()
  readonly #timer: NodeJS.Timeout | undefined
  readonly #caller: AbortSignal | undefined
  readonly #onAbort: () => void

  constructor(request: HttpRequest, defaultTotalMs: number | null) {
    this.signal = this.#controller.signal
    this.#caller = request.signal
    this.#onAbort = () => this.#controller.abort(abortReason(this.#caller!))
    if (this.#caller?.aborted) this.#onAbort()
    else this.#caller?.addEventListener('abort', this.#onAbort, { once: true })
    const total = request.timeouts?.totalMs === undefined ? defaultTotalMs : request.timeouts.totalMs
    if (total !== null)
      this.#timer = setTimeout(
        () => this.#controller.abort(timeoutError(request.method ?? 'GET', request.url, 'total', total)),
        Math.max(0, total),
      )
  }

  end() {
    clearTimeout(this.#timer)
    this.#caller?.removeEventListener('abort', this.#onAbort)
  }
}

type TimedPhase = 'headers' | 'body' | 'total'

function timeoutError(method: string, url: string, phase: TimedPhase, ms: number): HarvesterError {
  const what = {
    headers: 'no answer came',
    body: 'nothing more of the body came',
    total: 'the answer was not complete',
  }[phase]
  return new HarvesterError('HTTP_TIMEOUT', `${method} ${url}: ${what} within ${ms / 1000} s`, {
    remedy: 'Ask for less, or raise timeout_seconds of the source.',
    facts: { method, url, host: hostOfUrl(url), phase },
  })
}

function tooLarge(method: string, url: string, maxBytes: number): HarvesterError {
  return new HarvesterError(
    'HTTP_TOO_LARGE',
    `${method} ${url}: the answer is larger than ${Math.round(maxBytes / 1024 / 1024)} MB and was cut off`,
    { facts: { method, url, maxBytes } },
  )
}

interface ExchangeSetup {
  method: string
  url: string
  attempt: number
  release: () => void
  deadline: Deadline
  request: HttpRequest
}

/** One request and its answer. Whatever ends it, the slot is given back and the record written, once. */
class Exchange implements AsyncIterable<Uint8Array> {
  readonly method: string
  readonly url: string
  readonly controller = new AbortController()
  status = 0
  headers: HttpHeaders = {}
  maxBytes: number | null
  readonly #setup: ExchangeSetup
  readonly #startedAt = performance.now()
  readonly #onDeadline: () => void
  #timer: NodeJS.Timeout | undefined
  #raw: Readable | undefined
  #body: Readable | undefined
  #pieces: AsyncIterator<Uint8Array> | undefined
  #peeked: Uint8Array | null | undefined
  #idleMs = 0
  #bytes = 0
  #ended = false
  #keeper: { write(piece: Uint8Array): Promise<void>; commit(): Promise<void>; discard(): void } | undefined

  constructor(setup: ExchangeSetup) {
    this.#setup = setup
    this.method = setup.method
    this.url = setup.url
    this.maxBytes = setup.request.maxBytes ?? null
    const { signal } = setup.deadline
    this.#onDeadline = () => {
      this.controller.abort(signal.reason)
      // Also when nobody is reading: the slot must not wait for a reader who has gone.
      if (this.#raw) this.#end(abortReason(signal))
    }
    if (signal.aborted) this.controller.abort(signal.reason)
    else signal.addEventListener('abort', this.#onDeadline, { once: true })
  }

  startTimer(ms: number, phase: TimedPhase) {
    this.#timer = setTimeout(() => this.controller.abort(timeoutError(this.method, this.url, phase, ms)), ms)
  }

  stopTimer() {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  answered(status: number, headers: HttpHeaders, body: Readable, idleMs: number) {
    this.status = status
    this.headers = headers
    this.#raw = body
    this.#idleMs = idleMs
    this.#body = this.method === 'HEAD' ? body : decoded(body, headers['content-encoding'])
    // Errors reach the reader through the iterator; without a listener an early one would end the process.
    this.#raw.on('error', () => {})
    this.#body.on('error', () => {})
    this.#pieces = this.#body[Symbol.asyncIterator]()
  }

  keepIn(cache: HttpCache, url: string) {
    this.#keeper = cache.writer(url, { status: this.status, url: this.url, headers: this.headers })
  }

  /** Waits for the first piece, so that what fails before it can be tried again. */
  async peek(): Promise<void> {
    this.#peeked = await this.#pull()
  }

  /** The next piece, or null at the end. */
  async read(): Promise<Uint8Array | null> {
    let piece = this.#peeked
    this.#peeked = undefined
    if (piece === undefined) piece = await this.#pull()
    if (piece) await this.#keeper?.write(piece)
    else {
      await this.#keeper?.commit()
      this.#keeper = undefined
    }
    return piece
  }

  async #pull(): Promise<Uint8Array | null> {
    if (this.#ended || !this.#pieces) {
      if (this.#setup.deadline.signal.aborted) throw abortReason(this.#setup.deadline.signal)
      return null
    }
    this.startTimer(this.#idleMs, 'body')
    try {
      // A piece may be empty: that is not the end.
      for (;;) {
        const next = await this.#pieces.next()
        if (next.done) {
          this.#end(null)
          return null
        }
        this.#bytes += next.value.length
        if (this.maxBytes !== null && this.#bytes > this.maxBytes)
          throw tooLarge(this.method, this.url, this.maxBytes)
        if (next.value.length > 0) return next.value
      }
    } catch (error) {
      throw this.fail(error)
    } finally {
      this.stopTimer()
    }
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return {
      next: async () => {
        const piece = await this.read()
        return piece ? { done: false, value: piece } : { done: true, value: undefined }
      },
      return: async () => {
        this.finish()
        return { done: true, value: undefined }
      },
    }
  }

  /** Ends the exchange, and what of the body was not read is not. */
  finish() {
    this.#end(null)
  }

  /** Ends the exchange for a failure, and says it in our words. */
  fail(error: unknown): HarvesterError {
    const { signal } = this.controller
    const reason = signal.aborted
      ? abortReason(signal)
      : isHarvesterError(error)
        ? error
        : connectionError(error, this.method, this.url, this.status === 0 ? null : this.#bytes)
    this.#end(reason)
    return reason
  }

  #end(error: HarvesterError | null) {
    if (this.#ended) return
    this.#ended = true
    this.stopTimer()
    const { deadline, release, request, attempt } = this.#setup
    deadline.signal.removeEventListener('abort', this.#onDeadline)
    if (this.status !== 0) deadline.end()
    const unread = this.#raw !== undefined && !this.#raw.readableEnded
    if (unread) {
      this.#body?.destroy()
      this.#raw?.destroy()
    }
    if (error || unread) {
      this.#keeper?.discard()
      this.#keeper = undefined
    }
    release()
    request.onRequest?.({
      method: this.method,
      url: this.url,
      status: this.status === 0 ? null : this.status,
      ms: performance.now() - this.#startedAt,
      bytes: this.#bytes,
      attempt,
      ...(error ? { error: error.message } : {}),
    })
  }
}

/** Keep-alive without a limit of connections, since the gate is the limit; proxies as the environment says. */
function createDispatcher(connectMs: number): Dispatcher {
  const options = { connect: { timeout: connectMs }, keepAliveTimeout: 30_000 }
  const proxied = ['http_proxy', 'https_proxy'].some(
    (name) => process.env[name] || process.env[name.toUpperCase()],
  )
  return proxied ? new EnvHttpProxyAgent(options) : new Agent(options)
}

function parseUrl(url: string): URL {
  try {
    const parsed = new URL(url)
    if (parsed.protocol === 'http:' || parsed.protocol === 'https:') return tidyUrl(parsed)
  } catch {
    // said below
  }
  throw new HarvesterError('HTTP_CONNECT', `"${url}" is not an http or https URL`, {
    remedy: 'Write the address as https://host/erddap.',
    facts: { url, permanent: true },
  })
}

function hostOf(error: unknown, url: string): string {
  const at = isHarvesterError(error) && typeof error.facts.url === 'string' ? error.facts.url : url
  return hostOfUrl(at)
}

function hostOfUrl(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url
}

function withAttempts(error: unknown, attempts: number): unknown {
  if (!isHarvesterError(error) || error.facts.attempts !== undefined) return error
  return new HarvesterError(error.code, `${error.message} (${attempts} attempts)`, {
    ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
    ...(error.cause === undefined ? {} : { cause: error.cause }),
    facts: { ...error.facts, attempts },
  })
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}

function flatHeaders(headers: Record<string, string | string[] | undefined>): HttpHeaders {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name.toLowerCase(),
      Array.isArray(value) ? value.join(', ') : value,
    ]),
  )
}

/** The text of a body, by the charset that its type states. */
export function decodeText(bytes: Uint8Array, contentType: string | undefined): string {
  const charset = charsetOf(contentType)
  if (charset === 'latin1')
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
  return new TextDecoder(charset).decode(bytes)
}

/** The charset of a Content-Type: `latin1`, or a label that TextDecoder knows; UTF-8 where it says nothing known. */
export function charsetOf(contentType: string | undefined): string {
  const label = /charset\s*=\s*"?([^\s";]+)/i.exec(contentType ?? '')?.[1]?.toLowerCase()
  if (label === undefined) return 'utf-8'
  // For TextDecoder this label means windows-1252; ERDDAP means the real one.
  if (label === 'iso-8859-1' || label === 'latin1' || label === 'iso8859-1') return 'latin1'
  try {
    return new TextDecoder(label).encoding
  } catch {
    return 'utf-8'
  }
}

export { isConnectionFault }
