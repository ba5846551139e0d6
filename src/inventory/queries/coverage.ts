import type { Database, QueryOptions } from '../../database/port.ts'

export interface CoverageCellRow {
  /** Numbers of the hexagon in PostGIS's grid. */
  grid_i: number
  grid_j: number
  n_profiles: number
  /** Cells of OBIS: they are no profiles. */
  n_cells: number
  n_datasets: number
}

export interface CoverageFilter {
  zoom: 0 | 1
  /** An ocean variable that the datasets must have. */
  variable: string | null
  erddapUrl: string | null
  /**
   * Hexagons of these columns and rows only; null for all. Columns that end before they begin are those across the
   * antimeridian. The totals stay those of the whole.
   */
  columns: readonly [first: number, last: number] | null
  rows: readonly [least: number, greatest: number] | null
  limit: number
}

export interface CoverageRows {
  cells: CoverageCellRow[]
  nProfiles: number
  nCells: number
  nDatasets: number
}

const chosen = `
  SELECT pk FROM cde.datasets
  WHERE ($1::text IS NULL OR eovs @> ARRAY[$1::text]) AND ($2::text IS NULL OR erddap_url = $2)`

/**
 * The fullest hexagons of those in `cells`, beside the totals of `whole`: a view without hexagons has one row, of totals
 * alone.
 * @param limit the parameter that says how many
 * @param where which of the hexagons `h` are asked for
 */
function shownSql(zoom: 0 | 1, limit: '$1' | '$3', where = ''): string {
  return `
SELECT shown.*, whole.*
FROM whole LEFT JOIN (
  SELECT h.grid_i, h.grid_j, cells.n_profiles, cells.n_cells, cells.n_datasets
  FROM cells JOIN cde.hexes_zoom_${zoom} h ON h.pk = cells.hex_pk ${where}
  ORDER BY cells.n_profiles + cells.n_cells DESC, h.grid_i, h.grid_j
  LIMIT ${limit}
) AS shown ON true
ORDER BY shown.n_profiles + shown.n_cells DESC, shown.grid_i, shown.grid_j`
}

const inView = `
WHERE ($4::int IS NULL OR CASE WHEN $4 <= $5::int THEN h.grid_i BETWEEN $4 AND $5 ELSE h.grid_i >= $4 OR h.grid_i <= $5 END)
  AND ($6::int IS NULL OR h.grid_j BETWEEN $6 AND $7)`

/** From the counts that loads keep: of all datasets the sums by hexagon, else the lists of those that are chosen. */
function keptSql(zoom: 0 | 1, filtered: boolean): string {
  const cells = filtered
    ? `
  SELECT u.hex_pk, sum(u.profiles)::int8 AS n_profiles, sum(u.cells)::int8 AS n_cells, count(*) AS n_datasets
  FROM kept c CROSS JOIN LATERAL unnest(c.hex_pks, c.profiles, c.cells) AS u (hex_pk, profiles, cells)
  GROUP BY u.hex_pk`
    : `
  SELECT hex_pk, n_profiles, n_cells, n_datasets FROM harvester.coverage_hexagons
  -- All are said to be wanted, so that the types of the parameters are known.
  WHERE zoom = ${zoom} AND $1::text IS NULL AND $2::text IS NULL`
  return `
WITH kept AS (
  SELECT c.* FROM harvester.coverage_datasets c
  WHERE c.zoom = ${zoom} ${filtered ? `AND c.dataset_pk IN (${chosen})` : ''}
), cells AS MATERIALIZED (${cells}
), whole AS (
  SELECT coalesce(sum(n_profiles), 0)::int8 AS all_profiles, coalesce(sum(n_cells), 0)::int8 AS all_cells,
         (SELECT count(*) FROM kept) AS all_datasets
  FROM cells
)${shownSql(zoom, '$3', inView)}`
}

/**
 * The fullest of all hexagons, from the sums that loads keep. They are chosen before they are looked up and sorted: of
 * hundreds of thousands most are not shown, and sorting them would go to the disk. Those that are as full as the last of
 * them come along until the end, which knows their places.
 */
function fullestSql(zoom: 0 | 1): string {
  const sums = `harvester.coverage_hexagons WHERE zoom = ${zoom}`
  return `
WITH whole AS (
  SELECT coalesce(sum(n_profiles), 0)::int8 AS all_profiles, coalesce(sum(n_cells), 0)::int8 AS all_cells,
         (SELECT count(*) FROM harvester.coverage_datasets WHERE zoom = ${zoom}) AS all_datasets
  FROM ${sums}
), cells AS MATERIALIZED (
  SELECT hex_pk, n_profiles, n_cells, n_datasets FROM ${sums}
    AND n_profiles + n_cells >= coalesce(
      (SELECT n_profiles + n_cells FROM ${sums} ORDER BY n_profiles + n_cells DESC OFFSET $1 - 1 LIMIT 1), 0)
)${shownSql(zoom, '$1')}`
}

/**
 * From the rows themselves, where somebody else wrote them. First by hexagon and dataset, then by hexagon: distinct
 * datasets are counted without sorting every profile. A dataset has profiles or cells, never both, so that each pair is
 * there once.
 */
function countedSql(zoom: 0 | 1, filtered: boolean): string {
  const wanted = filtered ? 'AND p.dataset_pk IN (SELECT pk FROM chosen)' : ''
  return `
WITH chosen AS (${chosen}
), parts AS MATERIALIZED (
  SELECT p.hex_${zoom}_pk AS hex_pk, p.dataset_pk, count(*) AS n, 0::int8 AS cells
  FROM cde.profiles p WHERE p.hex_${zoom}_pk IS NOT NULL ${wanted} GROUP BY 1, 2
  UNION ALL
  SELECT p.hex_${zoom}_pk, p.dataset_pk, 0::int8, count(*)
  FROM cde.obis_cells p WHERE p.hex_${zoom}_pk IS NOT NULL ${wanted} GROUP BY 1, 2
), cells AS (
  SELECT hex_pk, sum(n)::int8 AS n_profiles, sum(cells)::int8 AS n_cells, count(*) AS n_datasets
  FROM parts GROUP BY hex_pk
), whole AS (
  SELECT coalesce(sum(n), 0)::int8 AS all_profiles, coalesce(sum(cells), 0)::int8 AS all_cells,
         (SELECT count(*) FROM (SELECT dataset_pk FROM parts GROUP BY dataset_pk) AS counted) AS all_datasets
  FROM parts
)${shownSql(zoom, '$3', inView)}`
}

/** Hexagons with the number of profiles (and OBIS cells) and of datasets in them, the fullest first. */
export async function coverage(
  database: Database,
  filter: CoverageFilter,
  options?: QueryOptions,
): Promise<CoverageRows> {
  const filtered = filter.variable !== null || filter.erddapUrl !== null
  const state = await database.query<{ stale: boolean }>(
    'SELECT stale FROM harvester.coverage_state',
    [],
    options,
  )
  const isKept = state.rows[0]?.stale === false
  const isPart = filter.columns !== null || filter.rows !== null
  const choice = [
    filter.variable,
    filter.erddapUrl,
    filter.limit,
    filter.columns?.[0] ?? null,
    filter.columns?.[1] ?? null,
    filter.rows?.[0] ?? null,
    filter.rows?.[1] ?? null,
  ]
  const [sql, parameters] =
    isKept && !filtered && !isPart
      ? [fullestSql(filter.zoom), [filter.limit]]
      : [(isKept ? keptSql : countedSql)(filter.zoom, filtered), choice]
  const { rows } = await database.query<
    (CoverageCellRow | Record<keyof CoverageCellRow, null>) & {
      all_profiles: number
      all_cells: number
      all_datasets: number
    }
  >(sql, parameters, options)
  const [{ all_profiles, all_cells, all_datasets }] = rows as [(typeof rows)[number]]
  return {
    cells: rows.flatMap(({ grid_i, grid_j, n_profiles, n_cells, n_datasets }) =>
      grid_i === null ? [] : { grid_i, grid_j, n_profiles, n_cells, n_datasets },
    ),
    nProfiles: all_profiles,
    nCells: all_cells,
    nDatasets: all_datasets,
  }
}
