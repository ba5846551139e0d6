/** Cheap questions whose answers change whenever those of expensive ones do. */
import type { Database, QueryOptions } from '../../database/port.ts'

/**
 * Changes with every attempt at a source's datasets (or at one of them), and when the run that made the newest ends:
 * its load is then done.
 */
export async function auditVersion(
  database: Database,
  erddapUrl: string,
  datasetId: string | null = null,
  options?: QueryOptions,
): Promise<string> {
  const dataset = datasetId === null ? '' : 'AND a.dataset_id = $2'
  const { rows } = await database.query<{ version: string }>(
    `SELECT concat_ws(' ', a.run_id, a.attempted_at, a.dataset_id, a.status, a.reason_code, r.status, r.finished_at) AS version
     FROM cde.harvest_attempts a JOIN cde.harvest_runs r ON r.run_id = a.run_id
     WHERE a.erddap_url = $1 ${dataset} AND a.attempted_at IS NOT NULL
     ORDER BY a.attempted_at DESC LIMIT 1`,
    datasetId === null ? [erddapUrl] : [erddapUrl, datasetId],
    options,
  )
  return rows[0]?.version ?? 'none'
}

/** Changes whenever a load changed what is indexed. */
export async function indexVersion(database: Database, options?: QueryOptions): Promise<string> {
  const { rows } = await database.query<{ version: string }>(
    `SELECT concat_ws(' ', count(*), max(pk), max(last_updated_at)) AS version FROM cde.datasets`,
    [],
    options,
  )
  return rows[0]?.version ?? 'none'
}
