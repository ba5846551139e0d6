import type { Database, QueryOptions } from '../../database/port.ts'
import type { RunningRow } from './audit-metrics.ts'

export interface LastRunRow extends Omit<RunningRow, 'status'> {
  /** Null: the newest of all sources. */
  source: string | null
  started_at: Date
  status: 'running' | 'ok' | 'failed'
}

const sql = `
SELECT s.erddap_url AS source, r.run_id, r.started_at, r.status, r.error_message,
       coalesce(p.flow_run_id::text, r.prefect_flow_run_id) AS flow_run_id
FROM unnest($1::text[]) AS s (erddap_url)
CROSS JOIN LATERAL (
  SELECT found.* FROM (
    (SELECT a.run_id FROM cde.harvest_attempts a
     WHERE a.erddap_url = s.erddap_url AND a.attempted_at IS NOT NULL ORDER BY a.attempted_at DESC LIMIT 1)
    UNION
    -- A run whose list failed attempted nothing.
    (SELECT h.run_id FROM cde.harvest_runs h
     WHERE h.triggered_source = s.erddap_url AND h.started_at IS NOT NULL ORDER BY h.started_at DESC LIMIT 1)
    UNION
    (SELECT h.run_id FROM cde.harvest_runs h
     WHERE s.erddap_url IS NULL AND h.scope = 'full' AND h.started_at IS NOT NULL ORDER BY h.started_at DESC LIMIT 1)
  ) AS newest JOIN cde.harvest_runs found USING (run_id)
  WHERE found.started_at IS NOT NULL AND found.status IS NOT NULL
  ORDER BY found.started_at DESC LIMIT 1
) AS r
LEFT JOIN harvester.run_progress p ON p.run_id = r.run_id`

/** The newest run of each of the given sources (null: of all), whoever started it: the command line has no deployment. */
export async function lastRuns(
  database: Database,
  sources: readonly (string | null)[],
  options?: QueryOptions,
): Promise<LastRunRow[]> {
  const { rows } = await database.query<LastRunRow>(sql, [sources], options)
  return rows
}
