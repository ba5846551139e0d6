import type { Database, QueryOptions } from '../../database/port.ts'
import type { StoredTold } from '../audit.ts'
import { isWell, latestAttempts } from './audit.ts'

/** A dataset that was well and is not, or the other way round, from one attempt to the next. */
export interface HealthChangeRow {
  dataset_id: string
  run_id: string
  attempted_at: Date
  well: boolean
  reason_code: string | null
  error_message: string | null
  told: StoredTold | null
}

const sql = `
SELECT seen.dataset_id, seen.run_id, seen.attempted_at, seen.well, seen.reason_code, seen.error_message, f.told
FROM (${latestAttempts('$1::text')}) AS latest
CROSS JOIN LATERAL (
  SELECT h.*, lead(h.well) OVER (ORDER BY h.attempted_at DESC) AS well_before
  FROM (
    SELECT a.dataset_id, a.run_id, a.attempted_at, a.reason_code, a.error_message, coalesce(${isWell('a')}, false) AS well
    FROM cde.harvest_attempts a
    WHERE a.erddap_url = $1::text AND a.dataset_id = latest.dataset_id AND a.attempted_at IS NOT NULL
    ORDER BY a.attempted_at DESC LIMIT 30
  ) AS h
) AS seen
LEFT JOIN harvester.attempt_facts f
  ON f.run_id = seen.run_id AND f.erddap_url = $1::text AND f.dataset_id = seen.dataset_id
WHERE seen.well_before IS NOT NULL AND seen.well <> seen.well_before
ORDER BY seen.attempted_at DESC, seen.dataset_id
LIMIT $2`

/** The last changes of health of a source's datasets (each over its last 30 attempts), newest first. */
export async function sourceChanges(
  database: Database,
  erddapUrl: string,
  limit: number,
  options?: QueryOptions,
): Promise<HealthChangeRow[]> {
  const { rows } = await database.query<HealthChangeRow>(sql, [erddapUrl, limit], options)
  return rows
}
