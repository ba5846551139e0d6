import type { Database, QueryOptions } from '../../database/port.ts'

export interface TrendRow {
  run_id: string
  started_at: Date
  duration_ms: number
  n_success: number
  n_unchanged: number
  n_skipped: number
  n_error: number
}

const sql = `
WITH RECURSIVE walk AS (
  (SELECT a.run_id, r.started_at, 1 AS nth
   FROM cde.harvest_attempts a JOIN cde.harvest_runs r ON r.run_id = a.run_id
   WHERE a.erddap_url = $1 AND a.attempted_at IS NOT NULL AND r.started_at IS NOT NULL
   ORDER BY a.attempted_at DESC LIMIT 1)
  UNION ALL
  SELECT next.run_id, next.started_at, walk.nth + 1 FROM walk CROSS JOIN LATERAL (
    SELECT a.run_id, r.started_at
    FROM cde.harvest_attempts a JOIN cde.harvest_runs r ON r.run_id = a.run_id
    WHERE a.erddap_url = $1 AND a.attempted_at < walk.started_at AND r.started_at < walk.started_at
    ORDER BY a.attempted_at DESC LIMIT 1
  ) AS next
  WHERE walk.nth < $2
)
SELECT walk.run_id, walk.started_at, counts.*
FROM walk CROSS JOIN LATERAL (
  SELECT coalesce(sum(a.duration_ms), 0)::float8 AS duration_ms,
         count(*) FILTER (WHERE a.status = 'success') AS n_success,
         count(*) FILTER (WHERE a.reason_code = 'UNCHANGED') AS n_unchanged,
         count(*) FILTER (WHERE a.status = 'skipped' AND a.reason_code IS DISTINCT FROM 'UNCHANGED') AS n_skipped,
         count(*) FILTER (WHERE a.status = 'error') AS n_error
  FROM cde.harvest_attempts a WHERE a.run_id = walk.run_id AND a.erddap_url = $1
) AS counts
ORDER BY walk.started_at DESC`

/** The last runs that met a source, newest first, with the time its datasets took. */
export async function sourceTrend(
  database: Database,
  erddapUrl: string,
  limit: number,
  options?: QueryOptions,
): Promise<TrendRow[]> {
  const { rows } = await database.query<TrendRow>(sql, [erddapUrl, limit], options)
  return rows
}
