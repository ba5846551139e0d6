import { randomUUID } from 'node:crypto'
import { describeError } from '../../errors.ts'
import { createHttpClient } from '../../http/client.ts'
import { connections } from '../../http/connections.ts'
import { isCertificateFault } from '../../http/faults.ts'
import { retryAfterMs } from '../../http/retry.ts'
import type { HttpAnswer, HttpClient, HttpRequest } from '../../http/types.ts'
import { type Runtime, systemRuntime } from '../runtime.ts'
import { below, judged, mistrusted, refuseGarbage, unreachable } from './answers.ts'
import type { PrefectSettings } from './settings.ts'

/**
 * HTTP to a Prefect server, a layer over the one client: its patience, CSRF, login, and errors that say which of the
 * usual mistakes was made. Answers with a status are handed on; only what is no answer of a Prefect API throws.
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
  /**
   * Asked at each request; aborted: what is on its way is given up, and what is asked afterwards has only a moment.
   * @default nothing interrupts
   */
  readonly interruption?: () => AbortSignal | null
}

// The server takes any other User-Agent for an old client and takes away the leases of deployments.
const userAgent = 'prefect/3.8.8 (API 0.8.4)'
const apiVersion = '0.8.4'
const repeated: ReadonlySet<number> = new Set([408, 429, 502, 503])
const maxRepeats = 5
const longestWaitMs = 60_000
/** Far above any page of runs; an answer without end is not to fill the memory in the time it has. */
const mostAnswerBytes = 64 * 1024 * 1024
/** For what an interrupted process has to say yet: that a run is to end, that it is given back. */
const lastWordsMs = 2000
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
  readonly http: HttpClient
  readonly csrfClient: string
  csrf: { readonly token: string; readonly at: number } | 'off' | null
  aheadMs: number
}

interface Question {
  readonly method: string
  readonly url: string
  readonly body: string | null
  readonly signal: AbortSignal
}

export function prefectTransport(settings: PrefectSettings, options: TransportOptions = {}): Transport {
  const runtime = options.runtime ?? systemRuntime
  const longPatienceMs = options.longPatienceMs ?? 600_000
  const dispatcher = connections({
    connectMs: 10_000,
    perHost: 16,
    keepAliveMs: 4_000,
    proxies: settings.proxies,
    authority: settings.authority,
    insecure: settings.insecure,
  })
  const line: Line = {
    settings,
    runtime,
    timeoutMs: options.timeoutMs ?? 30_000,
    http: createHttpClient({ dispatcher, gate: null }),
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
      const { method, url } = input
      const body = input.body === null ? null : await input.text()
      const started = runtime.now().getTime()
      for (let repeat = 0; ; repeat++) {
        const { signal, isLast } = untilInterrupted(input.signal, options.interruption?.() ?? null)
        const worth =
          patience === 'long' ? left(started) > 0 : patience === 'normal' ? repeat < maxRepeats : false
        const again = worth && !isLast
        let answer: HttpAnswer | null = null
        let cause: unknown
        try {
          answer = await attempt(line, { method, url, body, signal })
          refuseGarbage(answer, url)
        } catch (error) {
          if (input.signal.aborted) throw input.signal.reason
          if (signal.aborted && !isLast) throw signal.reason
          if (isCertificateFault(error)) throw mistrusted(error, settings)
          if (!again) throw unreachable(error, method, url, settings)
          answer = null
          cause = below(error) ?? error
        }
        if (answer !== null) {
          const passes = repeated.has(answer.status) || (patience === 'long' && answer.status >= 500)
          if (!passes || !again) return judged(answer, method, url, settings)
          cause = `status ${answer.status}`
        }
        const wait = answer && retryAfterMs(answer.headers['retry-after'], runtime.now().getTime())
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
      // What is on its way is waited for.
      closing ??= dispatcher.close()
      return closing
    },
  }
}

/** Ends with the request itself, or with the process that makes it. */
function untilInterrupted(
  own: AbortSignal,
  interruption: AbortSignal | null,
): { signal: AbortSignal; isLast: boolean } {
  if (interruption === null) return { signal: own, isLast: false }
  const isLast = interruption.aborted
  return { signal: AbortSignal.any([own, isLast ? AbortSignal.timeout(lastWordsMs) : interruption]), isLast }
}

/** One try; where the server does not know our token any more, with a new one. */
async function attempt(line: Line, question: Question): Promise<HttpAnswer> {
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
  if (answer.status === 403 && mutating && /csrf/i.test(answer.body)) {
    line.csrf = null
    return ask(line, question, { ...headers, ...(await csrfHeaders(line, signal)) })
  }
  return answer
}

async function ask(
  line: Line,
  { method, url, body, signal }: Question,
  headers: Record<string, string>,
): Promise<HttpAnswer> {
  const { runtime, timeoutMs } = line
  const asked = runtime.now().getTime()
  const answer = await line.http.text({
    url,
    method: method as NonNullable<HttpRequest['method']>,
    headers,
    ...(body !== null && { body }),
    signal,
    accept: 'any',
    redirect: 'manual',
    retries: 0,
    maxBytes: mostAnswerBytes,
    timeouts: { headersMs: timeoutMs, bodyIdleMs: timeoutMs, totalMs: timeoutMs },
  })
  line.aheadMs = clockAhead(String(answer.headers.date), asked, runtime.now().getTime()) ?? line.aheadMs
  return answer
}

const baseHeaders = (settings: PrefectSettings): Record<string, string> => ({
  accept: '*/*',
  'user-agent': userAgent,
  ...authorization(settings),
})

async function csrfHeaders(line: Line, signal: AbortSignal): Promise<Record<string, string>> {
  const now = line.runtime.now().getTime()
  if (line.csrf === 'off') return {}
  if (line.csrf === null || now - line.csrf.at > csrfLifetimeMs) {
    const url = `${line.settings.apiUrl}/csrf-token?client=${line.csrfClient}`
    const headers = { ...baseHeaders(line.settings), 'x-prefect-api-version': apiVersion }
    const answer = await ask(line, { method: 'GET', url, body: null, signal }, headers)
    if (answer.status === 200) {
      refuseGarbage(answer, url)
      const { token } = JSON.parse(answer.body) as { token: string }
      line.csrf = { token, at: now }
    } else if (answer.status === 422 || answer.status === 404) {
      line.csrf = 'off'
      return {}
    } else return {} // the request itself will tell what is wrong
  }
  return { 'prefect-csrf-token': line.csrf.token, 'prefect-csrf-client': line.csrfClient }
}

function authorization(settings: PrefectSettings): Record<string, string> {
  if (settings.authString !== null)
    return { authorization: `Basic ${Buffer.from(settings.authString).toString('base64')}` }
  if (settings.apiKey !== null) return { authorization: `Bearer ${settings.apiKey}` }
  return {}
}
