import type { Database, QueryOptions } from '../../database/port.ts'
import type { StoredTold } from '../audit.ts'
import { type AttemptStatus, joinTold } from './audit.ts'

export interface RunAttemptRow {
  erddap_url: string
  dataset_id: string
  source: string | null
  status: AttemptStatus
  reason_code: string | null
  error_message: string | null
  duration_ms: number | null
  attempted_at: Date
  query_urls: string | null
  told: StoredTold | null
}

const sql = `
SELECT a.erddap_url, a.dataset_id, a.source, a.status, a.reason_code, a.error_message, a.duration_ms,
       a.attempted_at, a.query_urls, f.told
FROM cde.harvest_attempts a ${joinTold('a')}
WHERE a.run_id = $1::uuid AND a.attempted_at IS NOT NULL AND ($2::timestamptz IS NULL OR a.attempted_at >= $2)
ORDER BY a.erddap_url, a.status, a.dataset_id`

/** The attempts of a run by source, then status, then id; with `since`, only those from then on. */
export async function runAttempts(
  database: Database,
  runId: string,
  since: Date | null = null,
  options?: QueryOptions,
): Promise<RunAttemptRow[]> {
  const { rows } = await database.query<RunAttemptRow>(sql, [runId, since], options)
  return rows
}
