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

/** Tracks of platforms that move, those with the most rows first. */
export async function tracksOfIndex(
  database: Database,
  wanted: { erddapUrl: string | null; datasetId: string | null; limit: number },
): Promise<TrackOfIndex[]> {
  const { rows } = await database.query<TrackOfIndex>(
    `SELECT erddap_url, dataset_id, trajectory_id, time_min, time_max, n_records, n_days, n_rows,
       west, east, south, north, ST_AsGeoJSON(geom, 4) AS geometry
     FROM harvester.tracks
     WHERE ($1::text IS NULL OR erddap_url = $1) AND ($2::text IS NULL OR dataset_id = $2)
     ORDER BY n_rows DESC, erddap_url COLLATE "C", dataset_id COLLATE "C", trajectory_id COLLATE "C"
     LIMIT $3`,
    [wanted.erddapUrl, wanted.datasetId, wanted.limit],
  )
  return rows
}
