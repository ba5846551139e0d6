/**
 * The one HTTP client: every request of the product to another server goes through here. It keeps connections, asks
 * for gzip, waits at the host's gate, follows redirects, tries again what may pass by itself, and cuts off whatever
 * takes too long or gets too big.
 */

import { setTimeout as delay } from 'node:timers/promises'
import type { Dispatcher } from 'undici'
import { variables } from '../config/variables.ts'
import { HarvesterError, isHarvesterError } from '../errors.ts'
import { version } from '../package.ts'
import { amount } from '../text.ts'
import { outwardLookup } from './address.ts'
import { attemptRequest, type Line } from './attempt.ts'
import type { CachedAnswer, HttpCache } from './cache.ts'
import { decodeText } from './charset.ts'
import { connections, isProxied, proxiesOf } from './connections.ts'
import { Deadline, Exchange, hostOfUrl } from './exchange.ts'
import { abortReason, createHostGate, type HostGate } from './gate.ts'
import { backoffMs, defaultRetries, isTransientStatus, longestRetryAfterMs, retryAfterMs } from './retry.ts'
import {
  defaultMaxBytes,
  defaultTimeouts,
  type HttpAnswer,
  type HttpClient,
  type HttpClientSettings,
  type HttpRequest,
  type HttpStatusFacts,
  type HttpStream,
} from './types.ts'

export type * from './types.ts'

/** A client: its line, and what else asks again and remembers. */
interface Client extends Line {
  readonly cache: HttpCache | undefined
  readonly sleep: NonNullable<HttpClientSettings['sleep']>
  readonly random: () => number
}

export function createHttpClient(settings: HttpClientSettings = {}): HttpClient {
  const timeouts = { ...defaultTimeouts, ...settings.timeouts }
  const client: Client = {
    ...createDispatchers(settings.dispatcher, timeouts.connectMs),
    gate: gateOf(settings.gate),
    timeouts,
    userAgent: `erddap-harvester/${version}${settings.contact ? ` (+${inHeader(settings.contact)})` : ''}`,
    cache: settings.cache,
    sleep: settings.sleep ?? ((ms, signal) => delay(ms, undefined, signal ? { signal } : {})),
    random: settings.random ?? Math.random,
  }
  return {
    gate: client.gate,
    stream: (request) => stream(client, request),
    text: (request) => text(client, request),
    async close() {
      const { dispatcher, outward } = client
      await dispatcher.destroy()
      if (typeof outward !== 'string') await outward.destroy()
    },
  }
}

async function stream(client: Client, request: HttpRequest): Promise<HttpStream> {
  const deadline = new Deadline(request, client.timeouts.totalMs)
  try {
    const answer = await openCached(client, { maxBytes: null, ...request }, deadline)
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
}

async function text(client: Client, request: HttpRequest): Promise<HttpAnswer> {
  const started = performance.now()
  const deadline = new Deadline(request, client.timeouts.totalMs)
  const tries: Tries = { used: 0 }
  try {
    for (;;) {
      const answer = await openCached(client, { maxBytes: defaultMaxBytes, ...request }, deadline, tries)
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
        await pauseOrThrow(client, error, request, deadline, tries)
      }
    }
  } finally {
    deadline.end()
  }
}

async function openCached(
  client: Client,
  request: HttpRequest,
  deadline: Deadline,
  tries: Tries = { used: 0 },
): Promise<Exchange | CachedAnswer> {
  if (!client.cache || (request.method ?? 'GET') !== 'GET') return open(client, request, deadline, tries)
  const hit = await client.cache.get(request.url)
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
  const exchange = await open(client, request, deadline, tries)
  if (exchange.status === 200) exchange.keepIn(client.cache, request.url)
  return exchange
}

/** Asks until there is an answer whose beginning was read, or no hope. */
async function open(
  client: Client,
  request: HttpRequest,
  deadline: Deadline,
  tries: Tries,
): Promise<Exchange> {
  for (;;) {
    tries.used += 1
    try {
      return await attemptRequest(client, request, request.method ?? 'GET', tries.used, deadline)
    } catch (error) {
      await pauseOrThrow(client, error, request, deadline, tries)
    }
  }
}

/** Waits as long as the error asks for before the next attempt; throws it if there must be none. */
async function pauseOrThrow(
  client: Client,
  error: unknown,
  request: HttpRequest,
  deadline: Deadline,
  tries: Tries,
): Promise<void> {
  const idempotent = request.method === undefined || request.method === 'GET' || request.method === 'HEAD'
  const retries = request.retries ?? (idempotent ? defaultRetries : 0)
  const wait = tries.used > retries ? null : pauseBefore(client, error, tries.used, request)
  if (wait === null) throw tries.used > 1 ? withAttempts(error, tries.used) : error
  client.gate?.backedOff(hostOf(error, request.url), wait)
  try {
    await client.sleep(wait, deadline.signal)
  } catch (cause) {
    throw deadline.signal.aborted ? abortReason(deadline.signal) : cause
  }
}

/** Milliseconds to wait before the next attempt, or null if there must be none. */
function pauseBefore(
  { gate, random }: Client,
  error: unknown,
  attempt: number,
  request: HttpRequest,
): number | null {
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

/** Attempts of one call, counted across its parts. */
interface Tries {
  used: number
}

function gateOf(given: HttpClientSettings['gate']): HostGate | null {
  if (given === null) return null
  return given && 'acquire' in given ? given : createHostGate(given)
}

/**
 * Keep-alive without a limit of connections, since the gate is the limit; proxies as the environment says. `outward`
 * connects to the public network only, which behind a proxy or a dispatcher of somebody else cannot be told.
 */
function createDispatchers(
  given: Dispatcher | undefined,
  connectMs: number,
): Pick<Line, 'dispatcher' | 'outward'> {
  if (given) return { dispatcher: given, outward: 'given' }
  const proxies = proxiesOf(variables)
  const dispatcher = connections({ connectMs, proxies })
  if (isProxied(proxies)) return { dispatcher, outward: 'proxied' }
  return { dispatcher, outward: connections({ connectMs, proxies, lookup: outwardLookup }) }
}

function isForeign(request: HttpRequest, url: string): boolean {
  return hostOfUrl(url) !== hostOfUrl(request.home ?? request.url)
}

function hostOf(error: unknown, url: string): string {
  const at = isHarvesterError(error) && typeof error.facts.url === 'string' ? error.facts.url : url
  return hostOfUrl(at)
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
