/** One attempt of a request: the hops of its redirects, each one an exchange, and what its status means. */

import { STATUS_CODES } from 'node:http'
import type { Dispatcher } from 'undici'
import { loginOf } from '../config/percent.ts'
import { HarvesterError, isHarvesterError } from '../errors.ts'
import { inwardRefused, isInward, leadsInward } from './address.ts'
import { decodeText } from './charset.ts'
import { type Deadline, Exchange, tooLarge } from './exchange.ts'
import type { HostGate } from './gate.ts'
import { redirectStatuses, redirectTarget, tidyUrl } from './redirect.ts'
import { plainSentence } from './sentence.ts'
import type { HttpHeaders, HttpRequest, HttpStatusFacts, HttpTimeouts } from './types.ts'

/** Of the body of an error this much is read: enough for its sentence. */
const errorBodyBytes = 64 * 1024
const maxRedirects = 5

/** What every exchange of a client goes through. */
export interface Line {
  readonly dispatcher: Dispatcher
  /** Connects to the public network only; behind a proxy or a dispatcher of somebody else that cannot be told. */
  readonly outward: Dispatcher | 'given' | 'proxied'
  /** Null where nobody waits. */
  readonly gate: HostGate | null
  readonly timeouts: HttpTimeouts
  readonly userAgent: string
}

/** One attempt: asks, follows redirects, and judges the status of what comes in the end. */
export async function attemptRequest(
  line: Line,
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
    const way = foreign || held ? await outwards(line, url, held ? null : home) : line.dispatcher
    const exchange = await ask(line, request, { method, url, headers, attempt, deadline, way })
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
async function outwards({ dispatcher, outward }: Line, url: URL, home: URL | null): Promise<Dispatcher> {
  const plainly = isInward(url.hostname) || /(?:^|\.)localhost\.?$/.test(url.hostname)
  if (outward === 'given' && !plainly) return dispatcher
  if (home !== null && (await leadsInward(home.hostname))) return dispatcher
  if (plainly) throw inwardRefused(url.host, url.hostname)
  if (typeof outward !== 'string') return outward
  // A proxy looks names up itself: what we find may differ, but a plain trap is seen.
  if (await leadsInward(url.hostname)) throw inwardRefused(url.host, 'looked up')
  return dispatcher
}

interface Hop {
  method: string
  url: URL
  headers: Record<string, string>
  attempt: number
  deadline: Deadline
  way: Dispatcher
}

/** One exchange, up to its headers. */
async function ask(
  { gate, timeouts, userAgent }: Line,
  request: HttpRequest,
  { method, url, headers, attempt, deadline, way }: Hop,
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
    if (request.timeouts?.totalMs === undefined && limits.totalMs === null) exchange.endAfter(limits.answerMs)
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

/** Facts whose body and headers can be read and are not written into logs, where a page of 64 kB is no help. */
function quietly(facts: Record<string, unknown>): Record<string, unknown> {
  for (const name of ['body', 'headers']) Object.defineProperty(facts, name, { enumerable: false })
  return facts
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
