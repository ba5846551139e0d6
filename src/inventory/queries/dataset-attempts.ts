import type { Database, QueryOptions } from '../../database/port.ts'
import type { StoredTold } from '../audit.ts'
import { type AttemptStatus, healthyReason, healthyStatus, joinTold } from './audit.ts'

export interface DatasetAttemptRow {
  run_id: string
  attempted_at: Date
  status: AttemptStatus
  reason_code: string | null
  error_message: string | null
  duration_ms: number | null
  source: string | null
  query_urls: string | null
  git_sha: string | null
  run_started_at: Date | null
  told: StoredTold | null
}

const sql = `
SELECT a.run_id, a.attempted_at, ${healthyStatus('a')} AS status, ${healthyReason('a')} AS reason_code,
       a.error_message, a.duration_ms, a.source, a.query_urls, r.git_sha, r.started_at AS run_started_at, f.told
FROM cde.harvest_attempts a JOIN cde.harvest_runs r ON r.run_id = a.run_id ${joinTold('a')}
WHERE a.erddap_url = $1 AND a.dataset_id = $2 AND a.attempted_at IS NOT NULL
ORDER BY a.attempted_at DESC, a.run_id`

/** Every attempt at a dataset, newest first. */
export async function datasetAttempts(
  database: Database,
  erddapUrl: string,
  datasetId: string,
  options?: QueryOptions,
): Promise<DatasetAttemptRow[]> {
  const { rows } = await database.query<DatasetAttemptRow>(sql, [erddapUrl, datasetId], options)
  return rows
}
