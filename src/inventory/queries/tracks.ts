import type { Database } from '../../database/port.ts'

export interface TrackOfIndex {
  erddap_url: string
  dataset_id: string
  trajectory_id: string
  time_min: Date
  time_max: Date
  n_records: number | null
  n_days: number
  n_rows: number
  west: number
  east: number
  south: number
  north: number
  /** As GeoJSON; null where nothing can be drawn. */
  geometry: string | null
}

export interface TracksFilter {
  erddapUrl: string | null
  datasetId: string | null
  /** An ocean variable that the datasets must have. */
  variable: string | null
  /** Only what meets this view, drawn as finely as the view can show; null for all, as fine as it is stored. */
  view: readonly [west: number, south: number, east: number, north: number] | null
  limit: number
}

/** A view is shown on some two thousand pixels: what is finer is not seen. */
const viewPixels = 2000

// The ends of a track are looked at first: they are small, and most tracks lie elsewhere.
const inView = `
  south <= $7 AND north >= $5
  AND CASE WHEN (west <= east) AND ($4::float8 <= $6::float8) THEN west <= $6 AND east >= $4
           WHEN (west > east) AND ($4 > $6) THEN true
           ELSE west <= $6 OR east >= $4 END
  AND (geom IS NULL OR ST_Intersects(geom, CASE WHEN $4 <= $6
        THEN ST_MakeEnvelope($4, $5, $6, $7, 4326)
        ELSE ST_Collect(ST_MakeEnvelope($4, $5, 180, $7, 4326), ST_MakeEnvelope(-180, $5, $6, $7, 4326)) END))`

const sql = `
SELECT erddap_url, dataset_id, trajectory_id, time_min, time_max, n_records, n_days, n_rows, west, east, south, north,
  ST_AsGeoJSON(CASE WHEN $9::float8 IS NULL THEN geom ELSE ST_Simplify(geom, $9, true) END, 4) AS geometry
FROM (
  SELECT * FROM harvester.tracks
  WHERE ($1::text IS NULL OR erddap_url = $1) AND ($2::text IS NULL OR dataset_id = $2)
    AND ($3::text IS NULL OR (erddap_url, dataset_id) IN (
      SELECT erddap_url, dataset_id FROM cde.datasets WHERE eovs @> ARRAY[$3::text]))
    AND ($4::float8 IS NULL OR (${inView}))
  ORDER BY n_rows DESC, erddap_url COLLATE "C", dataset_id COLLATE "C", trajectory_id COLLATE "C"
  LIMIT $8
) AS most
ORDER BY n_rows DESC, erddap_url COLLATE "C", dataset_id COLLATE "C", trajectory_id COLLATE "C"`

/** Tracks of platforms that move, those with the most rows first. */
export async function tracksOfIndex(database: Database, wanted: TracksFilter): Promise<TrackOfIndex[]> {
  const { erddapUrl, datasetId, variable, view, limit } = wanted
  const { rows } = await database.query<TrackOfIndex>(sql, [
    erddapUrl,
    datasetId,
    variable,
    ...(view ?? [null, null, null, null]),
    limit,
    view === null ? null : degreesWide(view) / viewPixels,
  ])
  return rows
}

function degreesWide([west, , east]: readonly [number, number, number, number]): number {
  return west <= east ? east - west : east - west + 360
}
