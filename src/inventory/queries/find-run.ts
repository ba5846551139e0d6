import type { Database, QueryOptions } from '../../database/port.ts'
import { runCounts, runSeconds } from './audit.ts'
import type { RunRow } from './recent-runs.ts'

export interface RunDetailRow extends RunRow {
  prefect_flow_run_id: string | null
}

const sql = `
SELECT r.*, ${runSeconds} AS duration_s, counts.*, coalesce(p.flow_run_id::text, r.prefect_flow_run_id) AS flow_run_id,
       f.facts
FROM (
  SELECT run_id, started_at, finished_at, git_sha, status, error_message, scope, triggered_source, triggered_by,
         prefect_flow_run_id
  FROM (
    SELECT 0 AS preference, h.* FROM cde.harvest_runs h
    WHERE h.run_id IN (SELECT p.run_id FROM harvester.run_progress p WHERE p.flow_run_id = $1::uuid)
    UNION ALL
    SELECT 1, h.* FROM cde.harvest_runs h WHERE h.run_id = $1::uuid
    UNION ALL
    SELECT 2, h.* FROM cde.harvest_runs h WHERE h.prefect_flow_run_id = $2::text
  ) AS found
  ORDER BY preference, started_at DESC LIMIT 1
) AS r
CROSS JOIN LATERAL (${runCounts}) AS counts
LEFT JOIN harvester.run_progress p ON p.run_id = r.run_id
LEFT JOIN harvester.run_facts f ON f.run_id = r.run_id`

/** The newest run of the flow run with this id, or the run with this id. `id` is a UUID. */
export async function findRun(
  database: Database,
  id: string,
  options?: QueryOptions,
): Promise<RunDetailRow | null> {
  const { rows } = await database.query<RunDetailRow>(sql, [id, id.toLowerCase()], options)
  return rows[0] ?? null
}
