/**
 * The one HTTP client: every request of the product to another server goes through here. It keeps connections, asks
 * for gzip, waits at the host's gate, follows redirects, tries again what may pass by itself, and cuts off whatever
 * takes too long or gets too big.
 */

import { STATUS_CODES } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { Dispatcher } from 'undici'
import { loginOf } from '../config/percent.ts'
import { variables } from '../config/variables.ts'
import { HarvesterError, isHarvesterError } from '../errors.ts'
import { version } from '../package.ts'
import { amount } from '../text.ts'
import { inwardRefused, isInward, leadsInward, outwardLookup } from './address.ts'
import type { CachedAnswer } from './cache.ts'
import { decodeText } from './charset.ts'
import { connections, isProxied, proxiesOf } from './connections.ts'
import { Deadline, Exchange, hostOfUrl, tooLarge } from './exchange.ts'
import { abortReason, createHostGate } from './gate.ts'
import { redirectStatuses, redirectTarget, tidyUrl } from './redirect.ts'
import { backoffMs, isTransientStatus, retryAfterMs } from './retry.ts'
import { plainSentence } from './sentence.ts'
import {
  defaultMaxBytes,
  defaultTimeouts,
  type HttpClient,
  type HttpClientSettings,
  type HttpHeaders,
  type HttpRequest,
  type HttpStatusFacts,
} from './types.ts'

/** Of the body of an error this much is read: enough for its sentence. */
const errorBodyBytes = 64 * 1024
const maxRedirects = 5
const defaultRetries = 3
/** A server that asks for a longer pause than this is not waited for. */
const longestRetryAfterMs = 10 * 60_000

export type * from './types.ts'

export function createHttpClient(settings: HttpClientSettings = {}): HttpClient {
  const timeouts = { ...defaultTimeouts, ...settings.timeouts }
  const { dispatcher, outward } = createDispatchers(settings.dispatcher, timeouts.connectMs)
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
  const userAgent = `erddap-harvester/${version}${settings.contact ? ` (+${inHeader(settings.contact)})` : ''}`

  /** Asks until there is an answer whose beginning was read, or no hope. */
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
    const home = parseUrl(request.home ?? request.url)
    let headers: Record<string, string> = { ...lowerCased(request.headers ?? {}) }
    if (url.username && !headers.authorization) {
      headers.authorization = `Basic ${Buffer.from(loginOf(url)).toString('base64')}`
    }
    url.username = ''
    url.password = ''
    for (let redirects = 0; ; redirects += 1) {
      const foreign = url.host !== home.host
      const held = request.outwardOnly === true
      const way = foreign || held ? await outwards(url, held ? null : home) : dispatcher
      const exchange = await ask(request, method, url, headers, attempt, deadline, way)
      exchange.foreign = foreign
      const following =
        redirectStatuses.has(exchange.status) &&
        request.redirect !== 'manual' &&
        (method === 'GET' || method === 'HEAD')
      if (!following) return await judge(exchange, request)
      await exchange.drain()
      if (redirects >= maxRedirects)
        throw new HarvesterError(
          'HTTP_BAD_ANSWER',
          `${method} ${request.url}: redirected more than ${maxRedirects} times${foreign ? '' : `, last to ${exchange.headers.location}`}`,
          { facts: { url: url.href } },
        )
      const next = redirectTarget(url, exchange.headers.location, request.allowDowngrade ?? false, foreign)
      if (next.origin !== url.origin) {
        const { authorization: _, cookie: __, ...rest } = headers
        headers = rest
      }
      url = next
    }
  }

  /** The way to a host that somebody else named: not into the network of the harvester, unless home is there. */
  async function outwards(url: URL, home: URL | null): Promise<Dispatcher> {
    const plainly = isInward(url.hostname) || /(?:^|\.)localhost\.?$/.test(url.hostname)
    if (outward === 'given' && !plainly) return dispatcher
    if (home !== null && (await leadsInward(home.hostname))) return dispatcher
    if (plainly) throw inwardRefused(url.host, url.hostname)
    if (typeof outward !== 'string') return outward
    // A proxy looks names up itself: what we find may differ, but a plain trap is seen.
    if (await leadsInward(url.hostname)) throw inwardRefused(url.host, 'looked up')
    return dispatcher
  }

  /** One exchange, up to its headers. */
  async function ask(
    request: HttpRequest,
    method: string,
    url: URL,
    headers: Record<string, string>,
    attempt: number,
    deadline: Deadline,
    way: Dispatcher,
  ): Promise<Exchange> {
    const host = url.host
    request.breaker?.check(host)
    const release = gate ? await gate.acquire(host, deadline.signal) : () => {}
    try {
      // The breaker may have opened while we waited.
      request.breaker?.check(host)
    } catch (error) {
      release()
      throw error
    }
    const limits = { ...timeouts, ...request.timeouts }
    const exchange = new Exchange({ method, url: url.href, attempt, release, deadline, request })
    try {
      exchange.startTimer(limits.headersMs, 'headers')
      // Whoever gives a total, or wants none, has thought of the end himself.
      if (request.timeouts?.totalMs === undefined && limits.totalMs === null)
        exchange.endAfter(limits.answerMs)
      const answer = await way.request({
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

  /** Throws HTTP_STATUS for what is no success; else reads the beginning of the body. */
  async function judge(exchange: Exchange, request: HttpRequest): Promise<Exchange> {
    const { status } = exchange
    const wanted =
      (status >= 200 && status < 300) ||
      request.accept === 'any' ||
      (request.accept?.includes(status) ?? false) ||
      (request.redirect === 'manual' && redirectStatuses.has(status))
    if (wanted) {
      const declared = Number(exchange.headers['content-length'])
      if (request.method !== 'HEAD' && exchange.maxBytes !== null && declared > exchange.maxBytes)
        throw exchange.fail(tooLarge(exchange.method, exchange.url, exchange.maxBytes))
      await exchange.readAhead()
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
    // Of a host that somebody else named nothing is quoted: messages are public, its answers need not be.
    const said = exchange.foreign ? '' : (request.sentence ?? plainSentence)(status, body)
    const facts: HttpStatusFacts = { method, url, status, body, headers, sentence: said }
    return new HarvesterError(
      'HTTP_STATUS',
      `${method} ${url} answered ${status}${said ? `: ${said}` : ` ${STATUS_CODES[status] ?? ''}`.trimEnd()}`,
      { facts: quietly({ ...facts }) },
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
          return { ...answer, foreign: isForeign(request, answer.url), cancel() {} }
        }
        answer.whenOver(() => deadline.end())
        return {
          status: answer.status,
          url: answer.url,
          foreign: answer.foreign,
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
              foreign: isForeign(request, answer.url),
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
      if (typeof outward !== 'string') await outward.destroy()
    },
  }
}

/** Attempts of one call, counted across its parts. */
interface Tries {
  used: number
}

/**
 * Keep-alive without a limit of connections, since the gate is the limit; proxies as the environment says. `outward`
 * connects to the public network only, which behind a proxy or a dispatcher of somebody else cannot be told.
 */
function createDispatchers(
  given: Dispatcher | undefined,
  connectMs: number,
): { dispatcher: Dispatcher; outward: Dispatcher | 'given' | 'proxied' } {
  if (given) return { dispatcher: given, outward: 'given' }
  const proxies = proxiesOf(variables)
  const dispatcher = connections({ connectMs, proxies })
  if (isProxied(proxies)) return { dispatcher, outward: 'proxied' }
  return { dispatcher, outward: connections({ connectMs, proxies, lookup: outwardLookup }) }
}

function isForeign(request: HttpRequest, url: string): boolean {
  return hostOfUrl(url) !== hostOfUrl(request.home ?? request.url)
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

/** Facts whose body and headers can be read and are not written into logs, where a page of 64 kB is no help. */
function quietly(facts: Record<string, unknown>): Record<string, unknown> {
  for (const name of ['body', 'headers']) Object.defineProperty(facts, name, { enumerable: false })
  return facts
}

function withAttempts(error: unknown, attempts: number): unknown {
  if (!isHarvesterError(error) || error.facts.attempts !== undefined) return error
  return new HarvesterError(error.code, `${error.message} (${amount(attempts, 'attempt')})`, {
    ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
    ...(error.cause === undefined ? {} : { cause: error.cause }),
    facts: Object.defineProperties({ attempts }, Object.getOwnPropertyDescriptors(error.facts)),
  })
}

/** A text of the operator's in a header: what has no place there (line ends, an apostrophe of typography) is encoded. */
function inHeader(text: string): string {
  return text
    .trim()
    .replace(/\s+/g, ' ')
    .replace(/[^\x20-\x7e]/gu, (character) => encodeURIComponent(Buffer.from(character).toString()))
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
