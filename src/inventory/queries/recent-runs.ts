import type { Database, QueryOptions } from '../../database/port.ts'
import type { StoredFact } from '../audit.ts'
import { runCounts, runSeconds } from './audit.ts'

export interface RunRow {
  run_id: string
  started_at: Date
  finished_at: Date | null
  git_sha: string | null
  status: 'running' | 'ok' | 'failed'
  error_message: string | null
  scope: string | null
  triggered_source: string | null
  triggered_by: string | null
  duration_s: number | null
  n_success: number
  n_unchanged: number
  n_skipped: number
  n_error: number
  n_total: number
  /** Of either engine; null for runs of older versions without Prefect. */
  flow_run_id: string | null
  /** What it says of itself; null where only its sentence is known. */
  facts: StoredFact[] | null
}

const sql = `
SELECT r.*, ${runSeconds} AS duration_s, counts.*, coalesce(p.flow_run_id::text, r.prefect_flow_run_id) AS flow_run_id,
       f.facts
FROM (
  SELECT run_id, started_at, finished_at, git_sha, status, error_message, scope, triggered_source, triggered_by,
         prefect_flow_run_id
  FROM cde.harvest_runs WHERE started_at IS NOT NULL ORDER BY started_at DESC, run_id LIMIT $1
) AS r
CROSS JOIN LATERAL (${runCounts}) AS counts
LEFT JOIN harvester.run_progress p ON p.run_id = r.run_id
LEFT JOIN harvester.run_facts f ON f.run_id = r.run_id
ORDER BY r.started_at DESC, r.run_id`

/** The last runs, newest first. */
export async function recentRuns(
  database: Database,
  limit: number,
  options?: QueryOptions,
): Promise<RunRow[]> {
  const { rows } = await database.query<RunRow & { prefect_flow_run_id: unknown }>(sql, [limit], options)
  return rows.map(({ prefect_flow_run_id: _, ...row }) => row)
}
