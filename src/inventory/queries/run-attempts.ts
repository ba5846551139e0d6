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

/** What came of an attempt; one found unchanged counts by itself. */
export type Outcome = AttemptStatus | 'unchanged'

export interface AttemptPage {
  /** Only those from then on. */
  since?: Date | null
  outcome?: Outcome | undefined
  /** @default all */
  limit?: number | undefined
  offset?: number | undefined
}

const order = 'ORDER BY a.erddap_url, a.status, a.dataset_id'

const columns = `a.erddap_url, a.dataset_id, a.source, a.status, a.reason_code, a.error_message, a.duration_ms,
  a.attempted_at, a.query_urls`

// The page is chosen first: what is told of the others is not read.
const sql = `
SELECT ${columns}, f.told
FROM (
  SELECT a.run_id, ${columns}
  FROM cde.harvest_attempts a
  WHERE a.run_id = $1::uuid AND a.attempted_at IS NOT NULL AND ($2::timestamptz IS NULL OR a.attempted_at >= $2)
    AND ($3::text IS NULL OR CASE WHEN a.reason_code = 'UNCHANGED' THEN 'unchanged' ELSE a.status END = $3)
  ${order} LIMIT $4::int OFFSET $5::int
) a ${joinTold('a')}
${order}`

/** The attempts of a run by source, then status, then id. */
export async function runAttempts(
  database: Database,
  runId: string,
  { since = null, outcome, limit, offset = 0 }: AttemptPage = {},
  options?: QueryOptions,
): Promise<RunAttemptRow[]> {
  const { rows } = await database.query<RunAttemptRow>(
    sql,
    [runId, since, outcome ?? null, limit ?? null, offset],
    options,
  )
  return rows
}
