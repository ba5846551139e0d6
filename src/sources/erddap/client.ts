/**
 * The ERDDAP client: one server, and scopes of it. A scope is one piece of work (the listing, one dataset) with its
 * own signal, its own time limit and its own list of requests. It knows the server's habits and no harvest rules.
 */

import { httpStatusFacts } from '../../http/types.ts'
import { type Croissant, readCroissant } from './croissant.ts'
import { listingColumns, readListing } from './listing.ts'
import { readMetadata } from './metadata.ts'
import { findOrigin, type Origin } from './origin.ts'
import {
  type Asking,
  askingOf,
  type ErddapClientSettings,
  explained,
  kindOf,
  listOf,
  requestOf,
  type ScopeSettings,
  tableOf,
} from './scope.ts'
import { listingReader, manifestReader, sourceFiles } from './source-files.ts'
import type { DatasetMetadata, ErddapTable, ListedDataset, SourceFiles } from './types.ts'
import {
  allDatasetsUrl,
  baseUrlOf,
  countUrl,
  croissantUrl,
  distinctUrl,
  filesUrl,
  type GroupedQuestion,
  groupedUrl,
  infoUrl,
  listedDatasetUrl,
  manifestUrl,
  minMaxUrl,
  newestTimeUrl,
  type TimeSpan,
  type TimeWindow,
  timesAfterUrl,
  versionUrl,
} from './urls.ts'

export type { Origin } from './origin.ts'
export type { ErddapClientSettings, ScopeSettings } from './scope.ts'

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

/** Of the metadata of one dataset; several datasets are asked about at once. */
const metadataBytes = 32 * 1024 * 1024
const metadataRows = 100_000

const infoColumns = ['Row Type', 'Variable Name', 'Attribute Name', 'Data Type', 'Value']

export function createErddapClient(settings: ErddapClientSettings): ErddapClient {
  const base = baseUrlOf(settings.baseUrl)
  return {
    baseUrl: base,
    scope: (scope = {}) => createScope(settings, base, scope),
    at: (baseUrl) => createErddapClient({ ...settings, home: settings.home ?? base, baseUrl }),
  }
}

function createScope(settings: ErddapClientSettings, base: string, scope: ScopeSettings): ErddapScope {
  const asking = askingOf(settings, base, scope)
  const data = (datasetId: string, url: string, columns: readonly string[]) =>
    dataOf(asking, datasetId, url, columns)
  return {
    listDatasets: () => listDatasets(asking),
    listed: (datasetId) => listed(asking, datasetId),
    newestTime: (datasetId, after) => newestTime(asking, datasetId, after),
    countGridded: () => countGridded(asking),
    metadata: (datasetId) => metadata(asking, datasetId),

    distinct: (datasetId, columns) => data(datasetId, distinctUrl(base, datasetId, columns), columns),

    minMax: (datasetId, groupBy, variable, also = []) =>
      data(datasetId, minMaxUrl(base, datasetId, groupBy, variable, also), [...groupBy, ...also, variable]),

    count: (datasetId, columns, groupBy, window) =>
      data(datasetId, countUrl(base, datasetId, columns, groupBy, window), columns),

    grouped: (datasetId, question, span) =>
      data(datasetId, groupedUrl(base, datasetId, question, span), question.columns),

    manifest: (datasetId) => sourceFiles(asking, datasetId, manifestUrl(base, datasetId), manifestReader),

    filesListing: (datasetId, folder) =>
      sourceFiles(asking, datasetId, filesUrl(base, datasetId, folder), listingReader(folder ?? '')),

    croissant: (datasetId) => croissant(asking, datasetId),
    origin: askedOnce((datasetId) => findOrigin(asking, datasetId)),
    version: () => version(asking),
  }
}

/** A table of the data of a dataset, read as it comes. */
function dataOf(
  asking: Asking,
  datasetId: string,
  url: string,
  columns: readonly string[],
): Promise<ErddapTable | null> {
  return tableOf(asking, datasetId, url, columns, { unitsRow: true })
}

async function listDatasets(asking: Asking): Promise<ListedDataset[]> {
  const url = (columns: readonly string[]) => allDatasetsUrl(asking.base, 'table', columns)
  return listOf(asking, url, listingColumns, (found) => readListing(found, asking.scope.onWarning))
}

async function listed(asking: Asking, datasetId: string): Promise<{ maxTime: string } | null> {
  const url = (columns: readonly string[]) => listedDatasetUrl(asking.base, datasetId, columns)
  const row = await listOf(asking, url, ['datasetID', 'maxTime'], firstRow)
  return row && { maxTime: row.maxTime ?? '' }
}

async function newestTime(asking: Asking, datasetId: string, after: string): Promise<string | null> {
  const { base } = asking
  const questions = [
    newestTimeUrl(base, datasetId),
    timesAfterUrl(base, datasetId, after, true),
    timesAfterUrl(base, datasetId, after, false),
  ]
  let refusal: unknown
  for (const url of questions) {
    try {
      const row = await dataOf(asking, datasetId, url, ['time']).then(firstRow)
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
}

async function countGridded(asking: Asking): Promise<number> {
  const url = allDatasetsUrl(asking.base, 'grid', ['datasetID'])
  const found = await tableOf(asking, null, url, ['datasetID'], {
    unitsRow: true,
    held: { bytes: asking.maxBytes },
  })
  const ids = new Set<string>()
  if (found) {
    const at = found.columns.indexOf('datasetID')
    for await (const row of found.rows) ids.add(row[at]!)
  }
  ids.delete('allDatasets')
  return ids.size
}

async function metadata(asking: Asking, datasetId: string): Promise<DatasetMetadata> {
  const url = infoUrl(asking.base, datasetId)
  const found = await tableOf(asking, datasetId, url, infoColumns, {
    unitsRow: false,
    held: { bytes: Math.min(asking.maxBytes, metadataBytes), rows: metadataRows },
  })
  return readMetadata(datasetId, url, found)
}

async function croissant(asking: Asking, datasetId: string): Promise<Croissant | null> {
  const url = croissantUrl(asking.base, datasetId)
  try {
    const answer = await asking.settings.http.text(
      requestOf(asking, url, { maxBytes: Math.min(asking.maxBytes, metadataBytes), allowDowngrade: true }),
    )
    return readCroissant(answer.url, answer.body)
  } catch (error) {
    const kind = kindOf(error)
    if (kind === 'unsupported' || (kind === 'unknown' && httpStatusFacts(error)?.status === 404)) return null
    throw explained(asking, error, datasetId)
  }
}

async function version(asking: Asking): Promise<string | null> {
  try {
    const { body } = await asking.settings.http.text(
      requestOf(asking, versionUrl(asking.base), { maxBytes: 64 * 1024 }),
    )
    return /^\s*ERDDAP_version=(\S+)/.exec(body)?.[1] ?? null
  } catch (error) {
    if (httpStatusFacts(error)?.status === 404) return null
    throw explained(asking, error, null)
  }
}

/** What is asked of a dataset once, whoever wants to know; what failed may be asked again. */
function askedOnce<T>(ask: (datasetId: string) => Promise<T>): (datasetId: string) => Promise<T> {
  const answers = new Map<string, Promise<T>>()
  return (datasetId) => {
    const known = answers.get(datasetId)
    if (known) return known
    const asked = ask(datasetId)
    answers.set(datasetId, asked)
    asked.catch(() => answers.delete(datasetId))
    return asked
  }
}

/** The first row by column, and no more of the answer. */
async function firstRow(table: ErddapTable | null): Promise<Readonly<Record<string, string>> | null> {
  if (!table) return null
  for await (const cells of table.rows)
    return Object.fromEntries(table.columns.map((column, at) => [column, cells[at] ?? '']))
  return null
}
