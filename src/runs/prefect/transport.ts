import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { rootCertificates } from 'node:tls'
import { Agent, type Dispatcher, EnvHttpProxyAgent, request } from 'undici'
import { variables } from '../../config/variables.ts'
import { describeError, HarvesterError } from '../../errors.ts'
import { type Runtime, systemRuntime } from '../runtime.ts'
import type { PrefectSettings } from './settings.ts'

/**
 * HTTP to a Prefect server: time limits, retries, CSRF, login, and errors that say which of the usual mistakes was
 * made. Answers with a status are handed on; only what is no answer of a Prefect API throws.
 */

/** How long a request is worth repeating. */
export type Patience =
  /** A loop will ask again by itself: one try. */
  | 'once'
  /** At most 5 repeats. */
  | 'normal'
  /** For as long as {@link TransportOptions.longPatienceMs}: the state of a run must not be lost to a restart. */
  | 'long'

export interface Transport {
  fetch(request: Request, patience: Patience): Promise<Response>
  /** Whoever is stopping cannot wait long: from now on, long patience ends after this. */
  hurry(milliseconds: number): void
  /** How long something that was begun then is still worth repeating. */
  left(begunMs: number): number
  /** How far the clock of the server is ahead of ours; 0 where both agree. */
  readonly aheadMs: number
  close(): Promise<void>
}

export interface TransportOptions {
  readonly runtime?: Runtime
  /** @default 30 000 */
  readonly timeoutMs?: number
  /** @default 600 000 */
  readonly longPatienceMs?: number
  readonly onRetry?: (facts: Record<string, unknown>, text: string) => void
}

// The server takes any other User-Agent for an old client and takes away the leases of deployments.
const userAgent = 'prefect/3.8.8 (API 0.8.4)'
const apiVersion = '0.8.4'
const repeated: ReadonlySet<number> = new Set([408, 429, 502, 503])
const maxRepeats = 5
const longestWaitMs = 60_000
/** Far above any page of runs; an answer without end is not to fill the memory in the time it has. */
const mostAnswerBytes = 64 * 1024 * 1024
/** A token is good for an hour. */
const csrfLifetimeMs = 50 * 60_000

interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  text: string
}

/** Clocks that are closer agree: the header has whole seconds. */
const leastSkewMs = 2000

/**
 * How far the clock that wrote a Date header is ahead of the one that read the two moments around it (milliseconds).
 * Null where the header is no time.
 */
export function clockAhead(header: string, asked: number, answered: number): number | null {
  const from = Date.parse(header)
  if (Number.isNaN(from)) return null
  if (from <= answered && from + 1000 >= asked) return 0
  const ahead = from + 500 - (asked + answered) / 2
  return Math.abs(ahead) < leastSkewMs ? 0 : ahead
}

export function prefectTransport(settings: PrefectSettings, options: TransportOptions = {}): Transport {
  const runtime = options.runtime ?? systemRuntime
  const timeoutMs = options.timeoutMs ?? 30_000
  const longPatienceMs = options.longPatienceMs ?? 600_000
  const dispatcher = makeDispatcher(settings)
  const csrfClient = randomUUID()
  let closing: Promise<void> | null = null
  let aheadMs = 0
  let hurryUntil = Number.POSITIVE_INFINITY
  let csrf: { token: string; at: number } | 'off' | null = null

  const once = async (
    method: string,
    url: string,
    headers: Record<string, string>,
    body: string | null,
    signal: AbortSignal | null,
  ): Promise<Answer> => {
    const limit = AbortSignal.timeout(timeoutMs)
    const asked = runtime.now().getTime()
    const answer = await request(url, {
      method: method as Dispatcher.HttpMethod,
      headers,
      body,
      dispatcher,
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    })
    aheadMs = clockAhead(String(answer.headers.date), asked, runtime.now().getTime()) ?? aheadMs
    return { status: answer.statusCode, headers: answer.headers, text: await textOf(answer.body) }
  }

  const baseHeaders = (): Record<string, string> => ({
    accept: '*/*',
    'user-agent': userAgent,
    ...authorization(settings),
  })

  const csrfHeaders = async (signal: AbortSignal | null): Promise<Record<string, string>> => {
    if (csrf === 'off') return {}
    if (csrf === null || runtime.now().getTime() - csrf.at > csrfLifetimeMs) {
      const url = `${settings.apiUrl}/csrf-token?client=${csrfClient}`
      const answer = await once(
        'GET',
        url,
        { ...baseHeaders(), 'x-prefect-api-version': apiVersion },
        null,
        signal,
      )
      if (answer.status === 200) {
        refuseGarbage(answer, url)
        const { token } = JSON.parse(answer.text) as { token: string }
        csrf = { token, at: runtime.now().getTime() }
      } else if (answer.status === 422 || answer.status === 404) {
        csrf = 'off'
        return {}
      } else return {} // the request itself will tell what is wrong
    }
    return { 'prefect-csrf-token': csrf.token, 'prefect-csrf-client': csrfClient }
  }

  const attempt = async (
    method: string,
    url: string,
    body: string | null,
    signal: AbortSignal | null,
  ): Promise<Answer> => {
    const mutating = method !== 'GET' && method !== 'HEAD'
    const headers: Record<string, string> = {
      ...baseHeaders(),
      // A Prefect 2 server refuses our API version, and must be able to say that it is one.
      ...(url.endsWith('/admin/version') ? {} : { 'x-prefect-api-version': apiVersion }),
      ...(body === null ? {} : { 'content-type': 'application/json' }),
    }
    const answer = await once(
      method,
      url,
      { ...headers, ...(mutating ? await csrfHeaders(signal) : {}) },
      body,
      signal,
    )
    if (answer.status === 403 && mutating && /csrf/i.test(answer.text)) {
      csrf = null
      return once(method, url, { ...headers, ...(await csrfHeaders(signal)) }, body, signal)
    }
    return answer
  }

  const left = (begunMs: number) => Math.min(begunMs + longPatienceMs, hurryUntil) - runtime.now().getTime()

  return {
    left,
    get aheadMs() {
      return aheadMs
    },
    async fetch(input, patience) {
      const { method, url } = input
      const body = input.body === null ? null : await input.text()
      const started = runtime.now().getTime()
      for (let repeat = 0; ; repeat++) {
        const again =
          patience === 'long' ? left(started) > 0 : patience === 'normal' ? repeat < maxRepeats : false
        let wait: number | null = null
        let cause: unknown = null
        try {
          const answer = await attempt(method, url, body, input.signal)
          refuseGarbage(answer, url)
          const passes = repeated.has(answer.status) || (patience === 'long' && answer.status >= 500)
          if (!passes || !again) return judged(answer, method, url, settings)
          wait = retryAfterMs(answer.headers['retry-after'], runtime.now())
          cause = `status ${answer.status}`
        } catch (error) {
          if (error instanceof HarvesterError) throw error
          if (input.signal.aborted) throw input.signal.reason
          if (isCertificateFault(error)) throw mistrusted(error, settings)
          if (!again) throw unreachable(error, method, url, settings)
          cause = error
        }
        const backoff = Math.min(2 ** repeat * 1000, patience === 'long' ? 10_000 : longestWaitMs)
        const waitMs = Math.min(wait ?? backoff, longestWaitMs) * (1 + 0.2 * runtime.random())
        options.onRetry?.(
          { method, path: new URL(url).pathname, cause: describeError(cause), waitMs: Math.round(waitMs) },
          'A request to Prefect is repeated',
        )
        await runtime.sleep(waitMs, input.signal)
      }
    },
    hurry(milliseconds) {
      hurryUntil = runtime.now().getTime() + milliseconds
    },
    close() {
      closing ??= dispatcher.close()
      return closing
    },
  }
}

/** @throws Garbled for one that is too long */
async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of body) {
    pieces.push(piece)
    bytes += piece.length
    if (bytes > mostAnswerBytes)
      throw new Garbled(`the answer is longer than ${mostAnswerBytes / 1024 / 1024} MB`)
  }
  return new TextDecoder().decode(Buffer.concat(pieces))
}

function makeDispatcher(settings: PrefectSettings): Dispatcher {
  const trust = {
    // Beside those that everybody believes, and those of NODE_EXTRA_CA_CERTS.
    ...(settings.authority !== null && {
      ca: [...rootCertificates, ...extraAuthorities(), settings.authority],
    }),
    ...(settings.insecure && { rejectUnauthorized: false }),
  }
  const pool = {
    connections: 16,
    keepAliveTimeout: 4_000,
    connect: { timeout: 10_000, ...trust },
    requestTls: trust,
  }
  if (settings.httpProxy === null && settings.httpsProxy === null) return new Agent(pool)
  return new EnvHttpProxyAgent({
    ...pool,
    ...(settings.httpProxy === null ? {} : { httpProxy: settings.httpProxy }),
    ...(settings.httpsProxy === null ? {} : { httpsProxy: settings.httpsProxy }),
    noProxy: settings.noProxy ?? '',
  })
}

function authorization(settings: PrefectSettings): Record<string, string> {
  if (settings.authString !== null)
    return { authorization: `Basic ${Buffer.from(settings.authString).toString('base64')}` }
  if (settings.apiKey !== null) return { authorization: `Bearer ${settings.apiKey}` }
  return {}
}

/** Seconds (a float is possible) or a date. */
export function retryAfterMs(value: string | string[] | undefined, now: Date): number | null {
  const text = (Array.isArray(value) ? value[0] : value)?.trim()
  if (!text) return null
  const seconds = Number(text)
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000)
  const date = Date.parse(text)
  return Number.isNaN(date) ? null : Math.max(0, date - now.getTime())
}

/** Of a wire or a proxy that breaks an answer: the next one may be whole. */
class Garbled extends Error {
  override readonly name = 'Garbled'
}

/** @throws Garbled for what is neither a page nor JSON, or no list where a filter gives one */
function refuseGarbage({ status, text }: Answer, url: string): void {
  if (status >= 300 || isPage(text)) return
  const isList = new URL(url).pathname.endsWith('/filter')
  if (text === '' && !isList) return
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new Garbled(`the answer is no JSON, it starts with ${JSON.stringify(text.slice(0, 60))}`, { cause })
  }
  if (isList && !Array.isArray(value)) throw new Garbled('the answer is no list')
}

const isPage = (text: string): boolean => /^\s*<(!doctype|html)/i.test(text)

function judged(answer: Answer, method: string, url: string, settings: PrefectSettings): Response {
  const path = new URL(url).pathname
  if (answer.status === 401 || (answer.status === 403 && !/csrf/i.test(answer.text))) {
    const how = settings.authString === null ? 'PREFECT_API_KEY' : 'PREFECT_API_AUTH_STRING'
    const given = settings.apiKey !== null || settings.authString !== null
    if (answer.status === 401 || !answer.text.includes('detail'))
      throw new HarvesterError(
        'PREFECT_REFUSED',
        `The Prefect server at ${settings.apiUrl} refuses the login (${method} ${path}: ${answer.status})`,
        {
          remedy: given ? `Check ${how}.` : 'Set PREFECT_API_AUTH_STRING (user:password) or PREFECT_API_KEY.',
        },
      )
  }
  const type = String(answer.headers['content-type'] ?? '')
  const page = /text\/html/i.test(type) || isPage(answer.text)
  // Of the proxy before it: the server may be back in a moment, and what it is to be told is told again.
  if (page && answer.status >= 500)
    throw new HarvesterError(
      'PREFECT_UNREACHABLE',
      `The Prefect server at ${settings.apiUrl} cannot be reached (${method} ${path}): what stands before it answers ${answer.status}`,
      { remedy: 'Check that the server runs behind its proxy.' },
    )
  if (page)
    throw new HarvesterError(
      'PREFECT_REFUSED',
      `${settings.apiUrl} is not the address of a Prefect API: it answers with a web page (${method} ${path}: ${answer.status})`,
      { remedy: 'PREFECT_API_URL usually ends with /api, as http://127.0.0.1:4200/api.' },
    )
  if (answer.status >= 300 && answer.status < 400)
    throw new HarvesterError(
      'PREFECT_REFUSED',
      `The Prefect server redirects ${method} ${path} to ${String(answer.headers.location ?? '?')}`,
      { remedy: 'Set PREFECT_API_URL to the address that it redirects to, with https if it says so.' },
    )
  if ((answer.status === 404 || answer.status === 405) && !new URL(settings.apiUrl).pathname.includes('/api'))
    throw new HarvesterError(
      'PREFECT_REFUSED',
      `${settings.apiUrl} is not the address of a Prefect API (${method} ${path}: ${answer.status})`,
      { remedy: 'PREFECT_API_URL usually ends with /api, as http://127.0.0.1:4200/api.' },
    )
  const empty = answer.status === 204 || answer.text === ''
  // A Response with status 204 must have no body, and other empty ones must not be parsed as JSON.
  return new Response(empty ? null : answer.text, {
    status: answer.status,
    headers: {
      'content-type': 'application/json',
      ...(empty ? { 'content-length': '0' } : {}),
      ...(answer.headers['retry-after'] === undefined
        ? {}
        : { 'retry-after': String(answer.headers['retry-after']) }),
      // Tells how far the clocks are apart.
      ...(answer.headers.date === undefined ? {} : { date: String(answer.headers.date) }),
    },
  })
}

const certificateCodes =
  /^(CERT_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT|UNABLE_TO_|ERR_TLS_CERT|ERR_SSL|EPROTO|HOSTNAME_MISMATCH)/

/** No second attempt mends it: the certificate is wrong, not the line. */
function isCertificateFault(error: unknown): boolean {
  for (let at = error as { code?: string; cause?: unknown } | undefined; at; at = at.cause as typeof at)
    if (typeof at.code === 'string' && certificateCodes.test(at.code)) return true
  return false
}

function mistrusted(error: unknown, settings: PrefectSettings): HarvesterError {
  return new HarvesterError(
    'PREFECT_REFUSED',
    `The certificate of the Prefect server at ${settings.apiUrl} is not believed: ${describeError(error)}`,
    {
      remedy:
        'Name the authority that signed it with PREFECT_API_SSL_CERT_FILE (or NODE_EXTRA_CA_CERTS); for a trial, PREFECT_API_TLS_INSECURE_SKIP_VERIFY=true believes any.',
      cause: error,
    },
  )
}

/** Setting authorities replaces all of Node's, also those that its user added. */
function extraAuthorities(): string[] {
  const file = variables.NODE_EXTRA_CA_CERTS
  try {
    return file ? [readFileSync(file, 'utf8')] : []
  } catch {
    return [] // Node has warned of it already
  }
}

function unreachable(error: unknown, method: string, url: string, settings: PrefectSettings): HarvesterError {
  const cause = error as { code?: string; name?: string }
  const what =
    cause.name === 'TimeoutError' || /TIMEOUT/.test(cause.code ?? '')
      ? 'does not answer in time'
      : error instanceof Garbled
        ? 'sends what cannot be read'
        : 'cannot be reached'
  return new HarvesterError(
    'PREFECT_UNREACHABLE',
    `The Prefect server at ${settings.apiUrl} ${what} (${method} ${new URL(url).pathname}): ${cause.code ?? (error instanceof Garbled ? error.message : describeError(error))}`,
    { remedy: 'Check that the server runs and that PREFECT_API_URL names it.', cause: error },
  )
}
