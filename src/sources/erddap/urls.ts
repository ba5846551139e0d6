/** Every address that is asked of an ERDDAP, as pure functions, percent-encoded; and back again for people. */

import { isAskable } from '../../rules/ids.ts'
import { formatTime } from '../../rules/time.ts'

/** Without trailing slashes. */
export function baseUrlOf(url: string): string {
  return url.trim().replace(/(?<!\/)\/+$/, '')
}

export interface TimeWindow {
  /** ISO 8601 or epoch seconds; both ends belong to it. */
  timeFrom?: string
  timeTo?: string
}

/** @param columns none for all that the server has */
export function allDatasetsUrl(
  base: string,
  structure: 'table' | 'grid',
  columns: readonly string[] = [],
): string {
  return tableUrl(base, 'allDatasets', columns, [
    `accessible=${quoted('public')}`,
    `dataStructure=${quoted(structure)}`,
  ])
}

/** The row of one dataset in the list, if a harvest would find it there. */
export function listedDatasetUrl(base: string, datasetId: string, columns: readonly string[]): string {
  return tableUrl(base, 'allDatasets', columns, [
    `datasetID=${quoted(datasetId)}`,
    `accessible=${quoted('public')}`,
    `dataStructure=${quoted('table')}`,
  ])
}

/**
 * The newest time of the data, one row. `max(time)` is what the server has on record: of files that end before nothing
 * is read, and a last file that has grown since is read to its end.
 */
export function newestTimeUrl(base: string, datasetId: string): string {
  return tableUrl(base, datasetId, ['time'], ['time%3E=max(time)', orderBy('orderByMax', ['time'])])
}

/**
 * Times of the data after `after`.
 * @param after ISO 8601
 * @param newestOnly one row, where the server has `orderByMax`
 */
export function timesAfterUrl(base: string, datasetId: string, after: string, newestOnly: boolean): string {
  const only = newestOnly ? [orderBy('orderByMax', ['time'])] : []
  return tableUrl(base, datasetId, ['time'], [`time%3E${encodeURIComponent(after)}`, ...only])
}

export function infoUrl(base: string, datasetId: string): string {
  return `${base}/info/${encodeURIComponent(datasetId)}/index.csv`
}

/** The page about a dataset, for people. */
export function infoPageUrl(base: string, datasetId: string): string {
  return `${base}/info/${encodeURIComponent(datasetId)}/index.html`
}

export function distinctUrl(base: string, datasetId: string, columns: readonly string[]): string {
  return tableUrl(base, datasetId, columns, ['distinct()'])
}

/** Minimum and maximum of a variable in each group, with other columns of these two rows. */
export function minMaxUrl(
  base: string,
  datasetId: string,
  groupBy: readonly string[],
  variable: string,
  also: readonly string[] = [],
): string {
  const columns = [...groupBy, ...also, variable]
  return tableUrl(base, datasetId, columns, [orderBy('orderByMinMax', [...groupBy, variable])])
}

/** How many values each column has in each group. */
export function countUrl(
  base: string,
  datasetId: string,
  columns: readonly string[],
  groupBy: readonly string[],
  window: TimeWindow = {},
): string {
  const constraints: string[] = []
  if (window.timeFrom !== undefined) constraints.push(`time%3E=${encodeURIComponent(window.timeFrom)}`)
  if (window.timeTo !== undefined) constraints.push(`time%3C=${encodeURIComponent(window.timeTo)}`)
  return tableUrl(base, datasetId, columns, [...constraints, orderBy('orderByCount', groupBy)])
}

/** A question that groups, by columns as they are or by steps of them (`time/1day`). */
export interface GroupedQuestion {
  columns: readonly string[]
  /** Only records that have a position. */
  positioned?: boolean
  order: 'orderByCount' | 'orderByMinMax' | 'orderByMin'
  /** What is grouped by; of `orderByMinMax` and `orderByMin` the last is the variable whose ends are asked for. */
  by: readonly string[]
}

/** A part of a dataset's time; epoch milliseconds, `to` does not belong to it, null is open. */
export interface TimeSpan {
  from: number | null
  to: number | null
}

export function groupedUrl(
  base: string,
  datasetId: string,
  { columns, positioned, order, by }: GroupedQuestion,
  { from, to }: TimeSpan = { from: null, to: null },
): string {
  const constraints = positioned ? ['latitude!=NaN', 'longitude!=NaN'] : []
  if (from !== null) constraints.push(`time%3E=${encodeURIComponent(formatTime(from))}`)
  if (to !== null) constraints.push(`time%3C${encodeURIComponent(formatTime(to))}`)
  return tableUrl(base, datasetId, columns, [...constraints, orderBy(order, by)])
}

export function manifestUrl(base: string, datasetId: string): string {
  return `${base}/files/${encodeURIComponent(datasetId)}.manifest`
}

/** @param folder below the dataset's own, '' for that; with or without slashes at its ends */
export function filesUrl(base: string, datasetId: string, folder = ''): string {
  // A folder is within the dataset's own, whatever a server calls it.
  const steps = folder.split('/').filter((step) => !['', '.', '..'].includes(step))
  return `${base}/files/${[datasetId, ...steps].map(encodeURIComponent).join('/')}/.csv`
}

export function croissantUrl(base: string, datasetId: string): string {
  return `${base}/tabledap/${encodeURIComponent(datasetId)}.croissant`
}

export function versionUrl(base: string): string {
  return `${base}/version`
}

function tableUrl(
  base: string,
  datasetId: string,
  columns: readonly string[],
  constraints: readonly string[],
): string {
  // A column that is asked for twice is refused; one with a role may be a coordinate too.
  const query = [[...new Set(columns)].map(encodeURIComponent).join(','), ...constraints].join('&')
  return `${base}/tabledap/${encodeURIComponent(datasetId)}.csv?${query}`
}

function orderBy(name: string, columns: readonly string[]): string {
  return `${name}(${quoted(columns.join(','))})`
}

/** A string of a constraint: quoted, escaped as ERDDAP reads it, encoded. */
function quoted(value: string): string {
  return encodeURIComponent(`"${value.replace(/[\\"]/g, '\\$&')}"`)
}

/** The address as people read it: as `query_urls` holds it. What is no proper encoding is left as it is. */
export function decodeUrl(url: string): string {
  return url.replace(/(?:%[0-9a-f]{2})+/gi, (encoded) => {
    try {
      return decodeURIComponent(encoded)
    } catch {
      return encoded
    }
  })
}

export interface DatasetAddress {
  /** Without trailing slash. */
  baseUrl: string
  datasetId: string
}

/** Whose data an address is: that of a federated dataset's origin, from where a request was redirected to. */
export function datasetAddress(url: string): DatasetAddress | null {
  const match =
    /^(https?:\/\/[^?#]+?)(?:(?<=\/erddap)\/[a-z]{2}(?:-[A-Za-z]{2})?)?\/tabledap\/([^/?#]+)/.exec(url)
  if (!match) return null
  // The type of file follows the last dot; ids may hold dots of their own.
  const datasetId = decodeUrl(match[2]!).replace(/\.[A-Za-z0-9]+$/, '')
  return datasetId === '' || !isAskable(datasetId) ? null : { baseUrl: baseUrlOf(match[1]!), datasetId }
}

/** Whether two addresses are those of one dataset; a server that only sends from http to https is no other server. */
export function isSameDataset(a: DatasetAddress, b: DatasetAddress): boolean {
  return a.datasetId === b.datasetId && withoutScheme(a.baseUrl) === withoutScheme(b.baseUrl)
}

export function withoutScheme(url: string): string {
  return url.replace(/^https?:/, '').toLowerCase()
}
