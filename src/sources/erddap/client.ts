/**
 * The ERDDAP client: one server, and scopes of it. A scope is one piece of work (the listing, one dataset) with its
 * own signal, its own time limit and its own list of requests. It knows the server's habits and no harvest rules.
 */

import { HarvesterError, isHarvesterError } from '../../errors.ts'
import type { Breaker } from '../../http/breaker.ts'
import { isConnectionFault } from '../../http/faults.ts'
import { redirectTarget } from '../../http/redirect.ts'
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
import { type Croissant, readCroissant } from './croissant.ts'
import { readCsv } from './csv.ts'
import { listingColumns, readListing } from './listing.ts'
import { readMetadata } from './metadata.ts'
import type { DatasetMetadata, ErddapTable, ListedDataset, SourceFile, SourceFiles } from './types.ts'
import {
  allDatasetsUrl,
  baseUrlOf,
  countUrl,
  croissantUrl,
  type DatasetAddress,
  datasetAddress,
  decodeUrl,
  distinctUrl,
  filesUrl,
  type GroupedQuestion,
  groupedUrl,
  infoUrl,
  isSameDataset,
  listedDatasetUrl,
  manifestUrl,
  minMaxUrl,
  newestTimeUrl,
  type TimeSpan,
  type TimeWindow,
  timesAfterUrl,
  versionUrl,
  withoutScheme,
} from './urls.ts'

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

export interface ErddapClient {
  /** Without trailing slash: what every table and file calls this server. */
  readonly baseUrl: string
  scope(settings?: ScopeSettings): ErddapScope
  /** The client of another server with the same settings: a federated dataset's origin. */
  at(baseUrl: string): ErddapClient
}

/**
 * All calls throw HTTP_STATUS with method, URL, status and the server's sentence, HTTP_CONNECT, HTTP_TIMEOUT,
 * HTTP_TOO_LARGE, HTTP_BAD_ANSWER, HOST_UNAVAILABLE and CANCELLED; those on a dataset also ERDDAP_UNKNOWN_DATASET
 * and ERDDAP_UNSUPPORTED. Tables are null if the server says that there are no rows.
 */
export interface ErddapScope {
  /** Public tabular datasets without `allDatasets`, each id once, in the server's order. @throws LISTING_FAILED */
  listDatasets(): Promise<ListedDataset[]>
  /**
   * One dataset of that list, asked for alone; null where the list lacks it. `maxTime` is what the list says, '' where
   * it says nothing: it may be stale, or a promise (`allDatasets` itself has none). @throws LISTING_FAILED
   */
  listed(datasetId: string): Promise<{ maxTime: string } | null>
  /**
   * The newest time of the data, as the data has it and not the list; null where there is none after `after`. Servers
   * that know no maximum or lack a function are asked for times after `after`, and may give any of those.
   * @param after ISO 8601
   */
  newestTime(datasetId: string, after: string): Promise<string | null>
  /** How many public gridded datasets the server has. */
  countGridded(): Promise<number>
  /** @throws ERDDAP_BAD_METADATA */
  metadata(datasetId: string): Promise<DatasetMetadata>
  distinct(datasetId: string, columns: readonly string[]): Promise<ErddapTable | null>
  /** Up to two rows a group, in no order that could be relied on; `also` names further columns of these rows. */
  minMax(
    datasetId: string,
    groupBy: readonly string[],
    variable: string,
    also?: readonly string[],
  ): Promise<ErddapTable | null>
  /** A row a group; the columns of the group hold its values, the others how many values there are. */
  count(
    datasetId: string,
    columns: readonly string[],
    groupBy: readonly string[],
    window?: TimeWindow,
  ): Promise<ErddapTable | null>
  /** Rows of groups; see {@link GroupedQuestion}. */
  grouped(datasetId: string, question: GroupedQuestion, span?: TimeSpan): Promise<ErddapTable | null>
  /** The source files, from the manifest: as they lie on the disk now, which the server may not have read yet. */
  manifest(datasetId: string): Promise<SourceFiles>
  /** One folder of the source files, as of when the server last read them: of these its data come. */
  filesListing(datasetId: string, folder?: string): Promise<SourceFiles>
  /** The Croissant description, or null where the server is too old for it. */
  croissant(datasetId: string): Promise<Croissant | null>
  /**
   * Where data requests of the dataset end after at most 3 redirects. To be asked of federated datasets only
   * (`class` EDDTableFromErddap in the list): for others the server may have to read data. A scope asks once.
   */
  origin(datasetId: string): Promise<Origin>
  /** Like `2.31`; null for servers too old to say. */
  version(): Promise<string | null>
}

/** Rows of what is held in memory, beyond any server and any dataset: its list, its files, its attributes. */
const mostHeldRows = 500_000
/** Of a table, which is not held: its rows have ids, places and times, ten million of them. */
const tableBytes = 2 * 1024 ** 3
const tableRowCharacters = 1024 * 1024
/** Of the metadata of one dataset; several datasets are asked about at once. */
const metadataBytes = 32 * 1024 * 1024
const metadataRows = 100_000

export function createErddapClient(settings: ErddapClientSettings): ErddapClient {
  const base = baseUrlOf(settings.baseUrl)
  return {
    baseUrl: base,
    scope: (scope = {}) => createScope(settings, base, scope),
    at: (baseUrl) => createErddapClient({ ...settings, home: settings.home ?? base, baseUrl }),
  }
}

function createScope(settings: ErddapClientSettings, base: string, scope: ScopeSettings): ErddapScope {
  const { http } = settings
  const maxBytes = settings.maxBytes ?? defaultMaxBytes
  const endsAt = scope.timeoutMs === undefined ? null : performance.now() + scope.timeoutMs
  let toldUnreachable = false
  const origins = new Map<string, Promise<Origin>>()

  function request(url: string, more: Partial<HttpRequest> = {}): HttpRequest {
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
  function explained(error: unknown, datasetId: string | null): unknown {
    if (isConnectionFault(error) && !toldUnreachable) {
      toldUnreachable = true
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
      return again(
        error,
        'ERDDAP_UNKNOWN_DATASET',
        'The dataset was removed, or the server is still starting.',
      )
    if (kind === 'unsupported') {
      const unsupported = again(error, 'ERDDAP_UNSUPPORTED', 'The server is too old for it.')
      // What the origin of a federated dataset lacks says nothing of this server.
      unsupported.facts.elsewhere = !isBelow(String(unsupported.facts.url), base)
      return unsupported
    }
    return error
  }

  async function table(
    datasetId: string | null,
    url: string,
    columns: readonly string[],
    { unitsRow, held = null }: { unitsRow: boolean; held?: { bytes: number; rows?: number } | null },
  ): Promise<ErddapTable | null> {
    const { maxRows = limits.tableRows } = settings
    try {
      const answer = await http.stream(
        request(url, held ? { maxBytes: held.bytes } : { maxBytes: tableBytes, allowDowngrade: true }),
      )
      return await readCsv(answer, {
        unitsRow,
        columns,
        // A breach while the rows are read reaches the reader in the same words as one before.
        explain: (error) => explained(error, datasetId),
        ...(held
          ? { maxRows: Math.min(maxRows, held.rows ?? mostHeldRows) }
          : { maxRows, maxRowCharacters: tableRowCharacters }),
      })
    } catch (error) {
      if (kindOf(error) === 'no-rows') return null
      throw explained(error, datasetId)
    }
  }

  /** Rows of the list of datasets. @throws LISTING_FAILED where there is none as yet */
  async function list<T>(
    url: (columns: readonly string[]) => string,
    wanted: readonly string[],
    take: (found: ErddapTable | null) => Promise<T>,
  ): Promise<T> {
    const read = (columns: readonly string[]) =>
      table(null, url(columns), ['datasetID'], { unitsRow: true, held: { bytes: maxBytes } })
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

  const data = (datasetId: string, url: string, columns: readonly string[]) =>
    table(datasetId, url, columns, { unitsRow: true })

  async function sourceFiles(datasetId: string, url: string, read: FileReader): Promise<SourceFiles> {
    try {
      const found = await table(datasetId, url, read.columns, { unitsRow: false, held: { bytes: maxBytes } })
      const files: SourceFile[] = []
      if (found) for await (const row of found.rows) files.push(read.file(row))
      return { kind: 'files', files, url: found?.url ?? url }
    } catch (error) {
      const kind = kindOf(error)
      const why = httpStatusFacts(error)?.sentence ?? ''
      if (kind === 'files-not-accessible' || kind === 'not-authorized') return { kind: 'not-accessible', why }
      // A server without this address says 404 in its own or its container's words.
      if (kind === 'unsupported' || (httpStatusFacts(error)?.status === 404 && kind !== 'unknown-dataset'))
        return { kind: 'unsupported', why }
      throw error
    }
  }

  async function findOrigin(datasetId: string): Promise<Origin> {
    const here: DatasetAddress = { baseUrl: base, datasetId }
    let url = distinctUrl(base, datasetId, ['time'])
    let at = here
    try {
      // HEAD of a data request: a redirect comes before any data is read, so that nothing has to be computed.
      for (let hops = 0; ; hops += 1) {
        const answer = await http.text(request(url, { method: 'HEAD', redirect: 'manual', maxBytes }))
        const { location } = answer.headers
        if (answer.status < 300 || location === undefined) break
        if (hops === maxOriginHops)
          return { kind: 'unresolved', why: `${datasetId} is redirected more than ${maxOriginHops} times` }
        url = redirectTarget(new URL(answer.url), location, true).href
        const next = datasetAddress(url)
        if (!next)
          return { kind: 'unresolved', why: `${datasetId} is redirected to ${url}, which is no dataset` }
        at = next
      }
    } catch (error) {
      throw explained(error, datasetId)
    }
    // A server that only sends from http to https is no other server.
    return isSameDataset(at, here) ? { kind: 'local' } : { kind: 'origin', ...at }
  }

  return {
    async listDatasets() {
      const url = (columns: readonly string[]) => allDatasetsUrl(base, 'table', columns)
      return list(url, listingColumns, (found) => readListing(found, scope.onWarning))
    },

    async listed(datasetId) {
      const url = (columns: readonly string[]) => listedDatasetUrl(base, datasetId, columns)
      const row = await list(url, ['datasetID', 'maxTime'], firstRow)
      return row && { maxTime: row.maxTime ?? '' }
    },

    async newestTime(datasetId, after) {
      const questions = [
        newestTimeUrl(base, datasetId),
        timesAfterUrl(base, datasetId, after, true),
        timesAfterUrl(base, datasetId, after, false),
      ]
      let refusal: unknown
      for (const url of questions) {
        try {
          const row = await data(datasetId, url, ['time']).then(firstRow)
          if (row) return row.time ?? null
          refusal = undefined
          // To the first question "no rows" says nothing: the maximum on record need not be one of the data.
          if (url !== questions[0]) return null
        } catch (error) {
          const kind = kindOf(error)
          const refused =
            kind === 'unsupported' ||
            kind === 'bad-query' ||
            kind === 'too-much-data' ||
            (kind === 'unknown' && httpStatusFacts(error)?.status === 400)
          if (!refused) throw error
          refusal = error
        }
      }
      if (refusal !== undefined) throw refusal
      return null
    },

    async countGridded() {
      const url = allDatasetsUrl(base, 'grid', ['datasetID'])
      const found = await table(null, url, ['datasetID'], { unitsRow: true, held: { bytes: maxBytes } })
      const ids = new Set<string>()
      if (found) {
        const at = found.columns.indexOf('datasetID')
        for await (const row of found.rows) ids.add(row[at]!)
      }
      ids.delete('allDatasets')
      return ids.size
    },

    async metadata(datasetId) {
      const url = infoUrl(base, datasetId)
      const found = await table(datasetId, url, infoColumns, {
        unitsRow: false,
        held: { bytes: Math.min(maxBytes, metadataBytes), rows: metadataRows },
      })
      return readMetadata(datasetId, url, found)
    },

    distinct: (datasetId, columns) => data(datasetId, distinctUrl(base, datasetId, columns), columns),

    minMax: (datasetId, groupBy, variable, also = []) =>
      data(datasetId, minMaxUrl(base, datasetId, groupBy, variable, also), [...groupBy, ...also, variable]),

    count: (datasetId, columns, groupBy, window) =>
      data(datasetId, countUrl(base, datasetId, columns, groupBy, window), columns),

    grouped: (datasetId, question, span) =>
      data(datasetId, groupedUrl(base, datasetId, question, span), question.columns),

    manifest: (datasetId) => sourceFiles(datasetId, manifestUrl(base, datasetId), manifestReader),

    filesListing: (datasetId, folder) =>
      sourceFiles(datasetId, filesUrl(base, datasetId, folder), listingReader(folder ?? '')),

    async croissant(datasetId) {
      const url = croissantUrl(base, datasetId)
      try {
        const answer = await http.text(
          request(url, { maxBytes: Math.min(maxBytes, metadataBytes), allowDowngrade: true }),
        )
        return readCroissant(answer.url, answer.body)
      } catch (error) {
        const kind = kindOf(error)
        if (kind === 'unsupported' || (kind === 'unknown' && httpStatusFacts(error)?.status === 404))
          return null
        throw explained(error, datasetId)
      }
    },

    origin(datasetId) {
      const known = origins.get(datasetId)
      if (known) return known
      const asked = findOrigin(datasetId)
      origins.set(datasetId, asked)
      // What failed may be asked again.
      asked.catch(() => origins.delete(datasetId))
      return asked
    },

    async version() {
      try {
        const { body } = await http.text(request(versionUrl(base), { maxBytes: 64 * 1024 }))
        return /^\s*ERDDAP_version=(\S+)/.exec(body)?.[1] ?? null
      } catch (error) {
        if (httpStatusFacts(error)?.status === 404) return null
        throw explained(error, null)
      }
    },
  }
}

/** The first row by column, and no more of the answer. */
async function firstRow(table: ErddapTable | null): Promise<Readonly<Record<string, string>> | null> {
  if (!table) return null
  for await (const cells of table.rows)
    return Object.fromEntries(table.columns.map((column, at) => [column, cells[at] ?? '']))
  return null
}

/** Whose data a dataset is: the server's own, or that of another one; `why` says what could not be followed. */
export type Origin =
  | { kind: 'local' }
  | ({ kind: 'origin' } & DatasetAddress)
  | { kind: 'unresolved'; why: string }

const maxOriginHops = 3

function isBelow(url: string, base: string): boolean {
  return withoutScheme(url).startsWith(`${withoutScheme(base)}/`)
}

const infoColumns = ['Row Type', 'Variable Name', 'Attribute Name', 'Data Type', 'Value']

interface FileReader {
  columns: readonly string[]
  file(row: readonly string[]): SourceFile
}

/** What follows `/files/{dataset}/` in an address. */
function pathBelowFiles(address: string): string | undefined {
  const files = '/files/'
  const at = address.indexOf(files)
  const end = at < 0 ? -1 : address.indexOf('/', at + files.length)
  return end < 0 ? undefined : address.slice(end + 1) || undefined
}

/** The header says `directory,name`, the rows hold name and address: both together are the name. */
const manifestReader: FileReader = {
  columns: ['directory', 'name', 'lastModified', 'size'],
  file: ([directory = '', name = '', lastModified = '', size = '']) => ({
    name: `${directory} ${name}`,
    lastModified,
    size,
    isFolder: false,
    path: decodeUrl(pathBelowFiles(name) ?? directory),
  }),
}

function listingReader(folder: string): FileReader {
  const prefix = folder.replace(/^\/+|(?<!\/)\/+$/g, '')
  return {
    columns: ['Name', 'Last modified', 'Size'],
    file: ([name = '', lastModified = '', size = '']) => ({
      name: prefix === '' ? name : `${prefix}/${name}`,
      lastModified: lastModified === 'NaN' ? '' : lastModified,
      size: size === 'NaN' ? '' : size,
      isFolder: name.endsWith('/'),
    }),
  }
}

/** What ERDDAP means by an error, if it is one of its answers. */
function kindOf(error: unknown): AnswerKind | null {
  if (isHarvesterError(error, 'ERDDAP_UNKNOWN_DATASET')) return 'unknown-dataset'
  if (isHarvesterError(error, 'ERDDAP_UNSUPPORTED')) return 'unsupported'
  const facts = httpStatusFacts(error)
  return facts && classifyAnswer(facts.status, facts.body)
}

function again(
  error: unknown,
  code: 'ERDDAP_UNKNOWN_DATASET' | 'ERDDAP_UNSUPPORTED' | 'LISTING_FAILED',
  remedy: string,
) {
  const { message, facts } = error as HarvesterError
  return new HarvesterError(code, message, { remedy, facts, cause: error })
}
