import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { rootCertificates } from 'node:tls'
import { Agent, type Dispatcher, EnvHttpProxyAgent, request } from 'undici'
import { variables } from '../../config/variables.ts'
import { describeError, HarvesterError } from '../../errors.ts'
import { type Runtime, systemRuntime } from '../runtime.ts'
import {
  type Answer,
  isCertificateFault,
  judged,
  mistrusted,
  refuseGarbage,
  textOf,
  unreachable,
} from './answers.ts'
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
/** A token is good for an hour. */
const csrfLifetimeMs = 50 * 60_000

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

/** What requests to one server share. */
interface Line {
  readonly settings: PrefectSettings
  readonly runtime: Runtime
  readonly timeoutMs: number
  readonly dispatcher: Dispatcher
  readonly csrfClient: string
  csrf: { readonly token: string; readonly at: number } | 'off' | null
  aheadMs: number
}

interface Question {
  readonly method: string
  readonly url: string
  readonly body: string | null
  readonly signal: AbortSignal | null
}

export function prefectTransport(settings: PrefectSettings, options: TransportOptions = {}): Transport {
  const runtime = options.runtime ?? systemRuntime
  const longPatienceMs = options.longPatienceMs ?? 600_000
  const line: Line = {
    settings,
    runtime,
    timeoutMs: options.timeoutMs ?? 30_000,
    dispatcher: makeDispatcher(settings),
    csrfClient: randomUUID(),
    csrf: null,
    aheadMs: 0,
  }
  let closing: Promise<void> | null = null
  let hurryUntil = Number.POSITIVE_INFINITY
  const left = (begunMs: number) => Math.min(begunMs + longPatienceMs, hurryUntil) - runtime.now().getTime()

  return {
    left,
    get aheadMs() {
      return line.aheadMs
    },
    async fetch(input, patience) {
      const { method, url, signal } = input
      const body = input.body === null ? null : await input.text()
      const started = runtime.now().getTime()
      for (let repeat = 0; ; repeat++) {
        const again =
          patience === 'long' ? left(started) > 0 : patience === 'normal' ? repeat < maxRepeats : false
        let wait: number | null = null
        let cause: unknown = null
        try {
          const answer = await attempt(line, { method, url, body, signal })
          refuseGarbage(answer, url)
          const passes = repeated.has(answer.status) || (patience === 'long' && answer.status >= 500)
          if (!passes || !again) return judged(answer, method, url, settings)
          wait = retryAfterMs(answer.headers['retry-after'], runtime.now())
          cause = `status ${answer.status}`
        } catch (error) {
          if (error instanceof HarvesterError) throw error
          if (signal.aborted) throw signal.reason
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
        await runtime.sleep(waitMs, signal)
      }
    },
    hurry(milliseconds) {
      hurryUntil = runtime.now().getTime() + milliseconds
    },
    close() {
      closing ??= line.dispatcher.close()
      return closing
    },
  }
}

/** One try; where the server does not know our token any more, with a new one. */
async function attempt(line: Line, question: Question): Promise<Answer> {
  const { method, url, body, signal } = question
  const mutating = method !== 'GET' && method !== 'HEAD'
  const headers: Record<string, string> = {
    ...baseHeaders(line.settings),
    // A Prefect 2 server refuses our API version, and must be able to say that it is one.
    ...(url.endsWith('/admin/version') ? {} : { 'x-prefect-api-version': apiVersion }),
    ...(body === null ? {} : { 'content-type': 'application/json' }),
  }
  const answer = await ask(line, question, {
    ...headers,
    ...(mutating ? await csrfHeaders(line, signal) : {}),
  })
  if (answer.status === 403 && mutating && /csrf/i.test(answer.text)) {
    line.csrf = null
    return ask(line, question, { ...headers, ...(await csrfHeaders(line, signal)) })
  }
  return answer
}

async function ask(
  line: Line,
  { method, url, body, signal }: Question,
  headers: Record<string, string>,
): Promise<Answer> {
  const { runtime, timeoutMs } = line
  const limit = AbortSignal.timeout(timeoutMs)
  const asked = runtime.now().getTime()
  const answer = await request(url, {
    method: method as Dispatcher.HttpMethod,
    headers,
    body,
    dispatcher: line.dispatcher,
    signal: signal ? AbortSignal.any([signal, limit]) : limit,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  })
  line.aheadMs = clockAhead(String(answer.headers.date), asked, runtime.now().getTime()) ?? line.aheadMs
  return { status: answer.statusCode, headers: answer.headers, text: await textOf(answer.body) }
}

const baseHeaders = (settings: PrefectSettings): Record<string, string> => ({
  accept: '*/*',
  'user-agent': userAgent,
  ...authorization(settings),
})

async function csrfHeaders(line: Line, signal: AbortSignal | null): Promise<Record<string, string>> {
  const now = line.runtime.now().getTime()
  if (line.csrf === 'off') return {}
  if (line.csrf === null || now - line.csrf.at > csrfLifetimeMs) {
    const url = `${line.settings.apiUrl}/csrf-token?client=${line.csrfClient}`
    const headers = { ...baseHeaders(line.settings), 'x-prefect-api-version': apiVersion }
    const answer = await ask(line, { method: 'GET', url, body: null, signal }, headers)
    if (answer.status === 200) {
      refuseGarbage(answer, url)
      const { token } = JSON.parse(answer.text) as { token: string }
      line.csrf = { token, at: now }
    } else if (answer.status === 422 || answer.status === 404) {
      line.csrf = 'off'
      return {}
    } else return {} // the request itself will tell what is wrong
  }
  return { 'prefect-csrf-token': line.csrf.token, 'prefect-csrf-client': line.csrfClient }
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

/** Setting authorities replaces all of Node's, also those that its user added. */
function extraAuthorities(): string[] {
  const file = variables.NODE_EXTRA_CA_CERTS
  try {
    return file ? [readFileSync(file, 'utf8')] : []
  } catch {
    return [] // Node has warned of it already
  }
}
