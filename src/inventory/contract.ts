/**
 * The column contract: which files a run folder has, which columns in which order, and all that is said of a column.
 * Types of rows, headers, writer, reader, COPY, comparisons of the merge, `explain` and docs/columns.md are made from
 * it. Portals and the loader read the files by name of column; the order is part of the contract too.
 */

import type { CopyColumn } from '../database/port.ts'
import { limits } from '../rules/limits.ts'
import { sourceTypeNames } from '../rules/source-types.ts'
import type { CellCheck } from './cell-check.ts'
import {
  bigCount,
  type Cell,
  type Column,
  choice,
  count,
  decimal,
  id,
  lines,
  list,
  type MergeRole,
  needed,
  text,
  time,
  url,
  uuid,
} from './column.ts'

const latitude = decimal(-limits.latitude, limits.latitude)
const longitude = decimal(-limits.longitude, limits.longitude)
const anyLongitude = longitude
const depth = decimal(limits.shallowestMetres, limits.deepestMetres)
const anyNumber = decimal(-Number.MAX_VALUE, Number.MAX_VALUE)

const source = needed(url('key', 'Address of the server that holds the dataset.'))
const dataset = needed(id('key', 'Id of the dataset on its server.'))

export const contract = {
  datasets: {
    erddap_url: source,
    dataset_id: dataset,
    cdm_data_type: text('data', 'TimeSeries, Profile or TimeSeriesProfile; Point for OBIS.'),
    platform: text(
      'data',
      'Kind of platform, of the vocabulary of platforms; `unknown` where nothing is said.',
    ),
    eovs: list('data', 'Ocean variables that its standard names count for.'),
    organizations: list('catalogue', 'Names of its organizations: of the catalogue, else of the dataset.'),
    n_profiles: count('counted', 'Rows of profiles (of cells, for OBIS) that the folder has of it.'),
    profile_variables: list('data', 'Variables with a cf_role.'),
    timeseries_id_variable: text('data', 'Variable with cf_role timeseries_id.'),
    profile_id_variable: text('data', 'Variable with cf_role profile_id.'),
    trajectory_id_variable: text('data', 'Variable with cf_role trajectory_id.'),
    num_columns: count('data', 'Number of its variables.'),
    first_eov_column: text('data', 'First variable that counts for an ocean variable.'),
    source_type: choice(...sourceTypeNames)('data', 'Kind of source.'),
    ckan_id: text('catalogue', 'Id of its record in the catalogue.'),
    title: text('catalogue', 'Title in English: of the catalogue, else of the dataset.'),
    title_fr: text('catalogue', 'Title in French, of the catalogue.'),
    obis_nodes: list('data', 'OBIS nodes that published it.'),
    content_hash: text('data', 'Fingerprint of what was harvested; empty where nothing proves it unchanged.'),
    content_hash_reason: text('data', 'Why there is no fingerprint.'),
    last_updated_at: time('changed', 'When a load last changed something of it; left to the loader.'),
    verified_at: time('seen', 'Time of the harvest that saw it.'),
  },
  profiles: {
    erddap_url: source,
    dataset_id: dataset,
    timeseries_id: id('identity', 'Id of the station; empty where the type has none.'),
    profile_id: id('identity', 'Id of the cast; empty where the type has none.'),
    latitude: needed(latitude('place', 'Degrees north, to four decimals.')),
    longitude: needed(longitude('place', 'Degrees east, to four decimals.')),
    depth_min: depth('data', 'Least depth in metres down; 0 where none is given.'),
    depth_max: depth('data', 'Greatest depth in metres down.'),
    time_min: needed(time('data', 'Time of the first record.')),
    time_max: needed(time('data', 'Time of the last record.')),
    n_records: bigCount(
      'data',
      'Number of records, as counted by the server or estimated from its resolution.',
    ),
    records_per_day: decimal(0, Number.MAX_VALUE)('data', 'Records a day over the whole days of its extent.'),
    n_profiles: bigCount('data', 'Number of casts of a station; 1 for a cast; empty where there are none.'),
  },
  obis_cells: {
    dataset_id: dataset,
    latitude: needed(latitude('place', 'Degrees north of the centre of the cell of 1/12 degree.')),
    longitude: needed(longitude('place', 'Degrees east of the centre of the cell.')),
    scientific_names: list('data', 'Names of the species that were seen in it.'),
    n_records: bigCount('data', 'Number of occurrences.'),
    time_min: time('data', 'Time of the first occurrence.'),
    time_max: time('data', 'Time of the last occurrence.'),
    depth_min: anyNumber('data', 'Least depth in metres down.'),
    depth_max: anyNumber('data', 'Greatest depth in metres down.'),
  },
  tracks: {
    erddap_url: source,
    dataset_id: dataset,
    trajectory_id: id('identity', 'Id of the platform or deployment; empty where there is none.'),
    time_min: needed(time('data', 'Time of the first record with a position.')),
    time_max: needed(time('data', 'Time of the last record with a position.')),
    n_records: bigCount('data', 'Number of records; empty where nobody could count.'),
    n_days: needed(count('data', 'Days (UTC) with a position.')),
    n_rows: needed(
      count('data', 'Rows of profiles of it; 0 where they had to be made without trajectories.'),
    ),
    west: needed(anyLongitude('data', 'Westernmost longitude; greater than `east` across the antimeridian.')),
    east: needed(anyLongitude('data', 'Easternmost longitude.')),
    south: needed(latitude('data', 'Southernmost latitude.')),
    north: needed(latitude('data', 'Northernmost latitude.')),
    geom: lines(
      'data',
      'The line as WKT (MultiLineString, EPSG:4326), cut at the antimeridian, at gaps and at impossible speeds, simplified; empty where no two positions follow one another.',
    ),
  },
  ckan: {
    erddap_url: source,
    dataset_id: dataset,
    ckan_id: text('catalogue', 'Id of the record.'),
    ckan_organizations: list('catalogue', 'Names of its organizations, in the order of the record.'),
    ckan_title: text('catalogue', 'Title in English.'),
    title_fr: text('catalogue', 'Title in French.'),
  },
  skipped: {
    erddap_url: source,
    dataset_id: dataset,
    reason_code: needed(id('data', 'Why the dataset is not in the folder.')),
  },
  verified: {
    erddap_url: source,
    dataset_id: dataset,
    verified_at: needed(time('seen', 'When the dataset was found unchanged.')),
  },
  harvest_runs: {
    run_id: needed(uuid('key', 'Id of the run.')),
    started_at: time('audit', 'When it started.'),
    finished_at: time('audit', 'When it ended.'),
    git_sha: text('audit', 'Commit of the program that ran.'),
    status: needed(choice('running', 'ok', 'failed')('audit', 'What became of it.')),
    error_message: text('audit', 'Why it failed.'),
    prefect_flow_run_id: text('audit', 'Id of the flow run on the Prefect server, where there is one.'),
    scope: choice('full', 'single')('audit', 'All sources, or one.'),
    triggered_source: text('audit', 'Address of the one source.'),
    triggered_by: text('audit', 'Who or what started it.'),
  },
  harvest_attempts: {
    run_id: needed(uuid('key', 'Id of the run.')),
    erddap_url: source,
    dataset_id: dataset,
    source: choice(...sourceTypeNames)('audit', 'Kind of source.'),
    status: needed(choice('success', 'skipped', 'error')('audit', 'What became of the dataset.')),
    reason_code: text('audit', 'Why it was skipped or failed.'),
    error_message: text('audit', 'The same for a person.'),
    duration_ms: count('audit', 'Milliseconds that it took.'),
    attempted_at: time('audit', 'When it was met.'),
    query_urls: text('audit', 'Addresses that were asked, a line each.'),
  },
} as const satisfies Record<string, Readonly<Record<string, Column>>>

export type TableName = keyof typeof contract
export type ColumnOf<T extends TableName> = Extract<keyof (typeof contract)[T], string>
type ValueOf<C> = C extends Column<infer Value> ? Value : never
/** A row of a table, by column. */
export type TableRow<T extends TableName> = {
  [C in ColumnOf<T>]: ValueOf<(typeof contract)[T][C]>
}
/** The columns with one of these parts in a merge. */
export type ColumnWith<T extends TableName, Role extends MergeRole> = {
  [C in ColumnOf<T>]: (typeof contract)[T][C] extends { readonly role: Role } ? C : never
}[ColumnOf<T>]

export interface CheckedColumn extends CopyColumn {
  readonly check: CellCheck
}

function each<Out>(make: <T extends TableName>(table: T) => Out): Readonly<Record<TableName, Out>> {
  return Object.fromEntries(
    Object.keys(contract).map((table) => [table, make(table as TableName)]),
  ) as Record<TableName, Out>
}

/** Names of columns, in the order of the file. */
export const tableColumns = each((table) => Object.keys(contract[table])) as {
  readonly [T in TableName]: readonly ColumnOf<T>[]
}

/** The columns with the SQL type and the check of their cells, in the order of the file. */
export const checkedColumns: Readonly<Record<TableName, readonly CheckedColumn[]>> = each((table) =>
  Object.entries<Column>(contract[table]).map(([name, { type, check }]) => ({ name, type, check })),
)

const places = each((table) => Object.fromEntries(tableColumns[table].map((name, index) => [name, index])))

/** Where each column stands in a record of the table. */
export function placesOf<T extends TableName>(table: T): Readonly<Record<ColumnOf<T>, number>> {
  return places[table] as Readonly<Record<ColumnOf<T>, number>>
}

/** The columns with one of these parts in a merge, in the order of the file. */
export function columnsWith<T extends TableName, Role extends MergeRole>(
  table: T,
  ...roles: Role[]
): ColumnWith<T, Role>[] {
  return Object.entries<Column>(contract[table])
    .filter(([, { role }]) => (roles as MergeRole[]).includes(role))
    .map(([name]) => name as ColumnWith<T, Role>)
}

/** The cells of a row, in the order of the file. */
export function cellsOf<T extends TableName>(table: T, row: TableRow<T>): Cell[] {
  const record = row as Readonly<Record<string, Cell | undefined>>
  return tableColumns[table].map((column) => record[column] ?? null)
}
