/** Cheap questions whose answers change whenever those of expensive ones do. */
import type { Database, QueryOptions } from '../../database/port.ts'

/**
 * Changes with every insertion, update and deletion of rows, in the same moment for whoever reads them: PostgreSQL stamps
 * each version of a row with its transaction. Times would not do: those of a dataset are of its harvest, and a load that
 * comes late brings older ones.
 */
const stamps = `concat_ws(' ', count(*), sum(xmin::text::bigint))`

/**
 * Changes with every attempt at a source's datasets (or at one of them), when the run that made the newest ends, and
 * whenever a load changes what is indexed of them.
 */
export async function auditVersion(
  database: Database,
  erddapUrl: string,
  datasetId: string | null = null,
  options?: QueryOptions,
): Promise<string> {
  const dataset = (table: string) => (datasetId === null ? '' : `AND ${table}.dataset_id = $2`)
  const { rows } = await database.query<{ version: string }>(
    `SELECT concat_ws(' ',
       (SELECT concat_ws(' ', a.run_id, a.attempted_at, a.dataset_id, a.status, a.reason_code, r.status, r.finished_at)
        FROM cde.harvest_attempts a JOIN cde.harvest_runs r ON r.run_id = a.run_id
        WHERE a.erddap_url = $1 ${dataset('a')} AND a.attempted_at IS NOT NULL
        ORDER BY a.attempted_at DESC LIMIT 1),
       (SELECT ${stamps} FROM cde.datasets d WHERE d.erddap_url = $1 ${dataset('d')})) AS version`,
    datasetId === null ? [erddapUrl] : [erddapUrl, datasetId],
    options,
  )
  return rows[0]?.version ?? 'none'
}

/** Changes whenever a load changed what is indexed. */
export async function indexVersion(database: Database, options?: QueryOptions): Promise<string> {
  const { rows } = await database.query<{ version: string }>(
    `SELECT ${stamps} AS version FROM cde.datasets`,
    [],
    options,
  )
  return rows[0]?.version ?? 'none'
}
