/**
 * How a scope asks: a piece of work (the listing, one dataset) with its own signal, its own time limit and its own
 * list of requests. What fails is said in the words of ERDDAP.
 */

import { HarvesterError, isHarvesterError } from '../../errors.ts'
import type { Breaker } from '../../http/breaker.ts'
import { isConnectionFault } from '../../http/faults.ts'
import {
  defaultMaxBytes,
  type HttpClient,
  type HttpRecord,
  type HttpRequest,
  type HttpTimeouts,
  httpStatusFacts,
} from '../../http/types.ts'
import { limits } from '../../rules/limits.ts'
import { type AnswerKind, classifyAnswer, isFinalAnswer, serverSentence } from './answers.ts'
import { readCsv } from './csv.ts'
import type { ErddapTable } from './types.ts'
import { withoutScheme } from './urls.ts'

export interface ErddapClientSettings {
  http: HttpClient
  /** The configured address, with or without trailing slash. */
  baseUrl: string
  /** The configured address that led here, where this is another server. @default baseUrl */
  home?: string
  /** Limit of listings, and of metadata up to 32 MB; tables have a limit of rows, and 2 GB. @default 200 MB */
  maxBytes?: number
  /** @default 10 million */
  maxRows?: number
  timeouts?: Partial<Omit<HttpTimeouts, 'connectMs' | 'totalMs'>>
}

export interface ScopeSettings {
  signal?: AbortSignal
  /** Every exchange, when it ends. */
  onRequest?: (record: HttpRecord) => void
  /** All requests of the scope together, from its start, waits included. @default none */
  timeoutMs?: number
  /** The breaker of the run: asked before each request, told once a scope that the host cannot be reached. */
  breaker?: Breaker
  /** How often a question is asked again that failed for what may pass. @default that of the HTTP client */
  retries?: number
  /** What is odd and not wrong, as a sentence. */
  onWarning?: (sentence: string) => void
}

/** A scope at work. */
export interface Asking {
  readonly settings: ErddapClientSettings
  /** The server, without trailing slash. */
  readonly base: string
  readonly scope: ScopeSettings
  readonly maxBytes: number
  /** By the clock of `performance`; null without a time limit. */
  readonly endsAt: number | null
  /** The breaker is told once. */
  toldUnreachable: boolean
}

export function askingOf(settings: ErddapClientSettings, base: string, scope: ScopeSettings): Asking {
  return {
    settings,
    base,
    scope,
    maxBytes: settings.maxBytes ?? defaultMaxBytes,
    endsAt: scope.timeoutMs === undefined ? null : performance.now() + scope.timeoutMs,
    toldUnreachable: false,
  }
}

/** Rows of what is held in memory, beyond any server and any dataset: its list, its files, its attributes. */
const mostHeldRows = 500_000
/** Of a table, which is not held: its rows have ids, places and times, ten million of them. */
const tableBytes = 2 * 1024 ** 3
const tableRowCharacters = 1024 * 1024
/** A request of the scope, with what is left of its time. */
export function requestOf(
  { settings, base, scope, endsAt }: Asking,
  url: string,
  more: Partial<HttpRequest> = {},
): HttpRequest {
  return {
    url,
    home: settings.home ?? base,
    isFinal: isFinalAnswer,
    sentence: serverSentence,
    ...(scope.signal && { signal: scope.signal }),
    ...(scope.onRequest && { onRequest: scope.onRequest }),
    ...(scope.breaker && { breaker: scope.breaker }),
    ...(scope.retries !== undefined && { retries: scope.retries }),
    timeouts: {
      ...settings.timeouts,
      ...(endsAt !== null && { totalMs: Math.max(1, endsAt - performance.now()) }),
    },
    ...more,
  }
}

/** Tells the breaker, and says in the words of ERDDAP what a status means. */
export function explained(asking: Asking, error: unknown, datasetId: string | null): unknown {
  const { scope, base } = asking
  if (isConnectionFault(error) && !asking.toldUnreachable) {
    asking.toldUnreachable = true
    if (typeof error.facts.host === 'string')
      scope.breaker?.reportUnreachable(error.facts.host, error.message)
  }
  if (
    isHarvesterError(error, 'HTTP_TIMEOUT') &&
    error.facts.phase === 'total' &&
    scope.timeoutMs !== undefined &&
    datasetId !== null
  )
    return new HarvesterError(
      'HTTP_TIMEOUT',
      `${datasetId} took longer than ${scope.timeoutMs / 1000} s, at ${error.facts.method} ${error.facts.url}`,
      {
        cause: error,
        facts: { ...error.facts, phase: 'dataset', seconds: scope.timeoutMs / 1000 },
        remedy: 'Raise timeout_seconds of the source.',
      },
    )
  if (datasetId === null) return error
  const kind = kindOf(error)
  if (kind === 'unknown-dataset')
    return again(error, 'ERDDAP_UNKNOWN_DATASET', 'The dataset was removed, or the server is still starting.')
  if (kind === 'unsupported') {
    const unsupported = again(error, 'ERDDAP_UNSUPPORTED', 'The server is too old for it.')
    // What the origin of a federated dataset lacks says nothing of this server.
    unsupported.facts.elsewhere = !isBelow(String(unsupported.facts.url), base)
    return unsupported
  }
  return error
}

/** A table of the server; null if it says that there are no rows. */
export async function tableOf(
  asking: Asking,
  datasetId: string | null,
  url: string,
  columns: readonly string[],
  { unitsRow, held = null }: { unitsRow: boolean; held?: { bytes: number; rows?: number } | null },
): Promise<ErddapTable | null> {
  const { http, maxRows = limits.tableRows } = asking.settings
  try {
    const answer = await http.stream(
      requestOf(
        asking,
        url,
        held ? { maxBytes: held.bytes } : { maxBytes: tableBytes, allowDowngrade: true },
      ),
    )
    return await readCsv(answer, {
      unitsRow,
      columns,
      // A breach while the rows are read reaches the reader in the same words as one before.
      explain: (error) => explained(asking, error, datasetId),
      ...(held
        ? { maxRows: Math.min(maxRows, held.rows ?? mostHeldRows) }
        : { maxRows, maxRowCharacters: tableRowCharacters }),
    })
  } catch (error) {
    if (kindOf(error) === 'no-rows') return null
    throw explained(asking, error, datasetId)
  }
}

/** Rows of the list of datasets. @throws LISTING_FAILED where there is none as yet */
export async function listOf<T>(
  asking: Asking,
  url: (columns: readonly string[]) => string,
  wanted: readonly string[],
  take: (found: ErddapTable | null) => Promise<T>,
): Promise<T> {
  const read = (columns: readonly string[]) =>
    tableOf(asking, null, url(columns), ['datasetID'], { unitsRow: true, held: { bytes: asking.maxBytes } })
  try {
    let found: ErddapTable | null
    try {
      found = await read(wanted)
    } catch (error) {
      // An old server lacks one of the columns: all that it has are asked for.
      const kind = kindOf(error)
      const refused = httpStatusFacts(error)?.status === 400
      if (kind !== 'unknown-variable' && kind !== 'bad-query' && !refused) throw error
      found = await read([])
    }
    return await take(found)
  } catch (error) {
    if (kindOf(error) !== 'unknown-dataset') throw error
    throw again(
      error,
      'LISTING_FAILED',
      'The server is still starting, or this is no ERDDAP: try again later.',
    )
  }
}

/** What ERDDAP means by an error, if it is one of its answers. */
export function kindOf(error: unknown): AnswerKind | null {
  if (isHarvesterError(error, 'ERDDAP_UNKNOWN_DATASET')) return 'unknown-dataset'
  if (isHarvesterError(error, 'ERDDAP_UNSUPPORTED')) return 'unsupported'
  const facts = httpStatusFacts(error)
  return facts && classifyAnswer(facts.status, facts.body)
}

function isBelow(url: string, base: string): boolean {
  return withoutScheme(url).startsWith(`${withoutScheme(base)}/`)
}

function again(
  error: unknown,
  code: 'ERDDAP_UNKNOWN_DATASET' | 'ERDDAP_UNSUPPORTED' | 'LISTING_FAILED',
  remedy: string,
) {
  const { message, facts } = error as HarvesterError
  return new HarvesterError(code, message, { remedy, facts, cause: error })
}
