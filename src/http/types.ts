/** What is asked of the HTTP client and what it gives: requests, answers, records, settings. */

import type { Dispatcher } from 'undici'
import { httpDefaults } from '../config/http-defaults.ts'
import { isHarvesterError } from '../errors.ts'
import type { Breaker } from './breaker.ts'
import type { HttpCache } from './cache.ts'
import type { GateLimits, HostGate } from './gate.ts'

export interface HttpTimeouts {
  /** Name, route and TLS. Fixed for a client. @default 10_000 */
  connectMs: number
  /** From the request to the answer's status line. @default 120_000 */
  headersMs: number
  /** Between two pieces of a body, while somebody waits for one. @default 120_000 */
  bodyIdleMs: number
  /** From the call to the last byte, with waits and retries. @default none */
  totalMs: number | null
  /**
   * Of one attempt, from the request to the last byte, where no total is given: an answer that drips ends too. Null for
   * none. @default 15 minutes
   */
  answerMs: number | null
}

export const defaultTimeouts: HttpTimeouts = {
  connectMs: httpDefaults.connectSeconds * 1000,
  headersMs: httpDefaults.headersSeconds * 1000,
  bodyIdleMs: httpDefaults.idleSeconds * 1000,
  totalMs: null,
  answerMs: 15 * 60_000,
}

export const defaultMaxBytes = httpDefaults.answerMegabytes * 1024 * 1024

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
  body?: string | Uint8Array
  headers?: Readonly<Record<string, string>>
  signal?: AbortSignal
  /** Limit of the decoded body; null for none. @default 200 MB for `text`, none for `stream` */
  maxBytes?: number | null
  timeouts?: Partial<Omit<HttpTimeouts, 'connectMs'>>
  /** @default 3 for GET and HEAD, else 0 */
  retries?: number
  /** Statuses besides 2xx that are answers and no errors, like 304; `any` for all. */
  accept?: readonly number[] | 'any'
  /** Whether the body of an error says what is wrong, so that asking again is no use. */
  isFinal?: (status: number, body: string) => boolean
  /** What the body of an error says, in one sentence. */
  sentence?: (status: number, body: string) => string
  /** `manual` gives the redirect itself as the answer. @default 'follow' */
  redirect?: 'follow' | 'manual'
  /** Follow redirects from https to http (federated data only). @default false */
  allowDowngrade?: boolean
  /**
   * The configured address on whose behalf is asked. Where it is of the public network, no redirect of it and no link
   * may lead to loopback, private or link-local addresses; of other hosts nothing is quoted. @default `url` itself
   */
  home?: string
  /** Asked of the public network only, also where `home` is not there. @default false */
  outwardOnly?: boolean
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
  /** From another host than the configured one: nothing of it is quoted in messages. */
  foreign: boolean
  /** Names in lower case; several of one name joined by a comma. */
  headers: HttpHeaders
  body: string
  bytes: number
  ms: number
}

export interface HttpStream {
  status: number
  url: string
  /** As in {@link HttpAnswer}. */
  foreign: boolean
  headers: HttpHeaders
  /**
   * Decoded. The host's slot is held until the last byte was read, the loop was left or `cancel` was called: whoever
   * asks the same host from inside the loop over a long body waits for himself when only one request may be in flight.
   */
  body: AsyncIterable<Uint8Array>
  /** Ends the exchange if the body is not wanted. */
  cancel(): void
}

export interface HttpClientSettings {
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
  /**
   * The answer as it arrives. Its first 256 kB are read before it is handed out: up to there a broken connection is
   * tried again, behind that it is the reader's. @throws as `text`, also while reading
   */
  stream(request: HttpRequest): Promise<HttpStream>
  /** The gate, to set limits of hosts and to report waits; null if there is none. */
  readonly gate: HostGate | null
  /** Ends every connection. */
  close(): Promise<void>
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
