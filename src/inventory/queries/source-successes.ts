import type { Database, QueryOptions } from '../../database/port.ts'

export interface SourceSuccessRow {
  erddap_url: string
  /** End of the newest run that succeeded and met datasets of the source; null where none did. */
  succeeded_at: Date | null
  datasets: number
}

const sql = `
SELECT s.erddap_url,
       (SELECT coalesce(r.finished_at, r.started_at) FROM cde.harvest_runs r
        WHERE r.status = 'ok' AND EXISTS (
          SELECT 1 FROM cde.harvest_attempts a WHERE a.run_id = r.run_id AND a.erddap_url = s.erddap_url)
        ORDER BY r.started_at DESC LIMIT 1) AS succeeded_at,
       (SELECT count(*) FROM cde.datasets d WHERE d.erddap_url = s.erddap_url)::int AS datasets
FROM unnest($1::text[]) AS s (erddap_url)
ORDER BY s.erddap_url`

/** When each of the given sources was last harvested with success, and how many datasets the index has of it. */
export async function sourceSuccesses(
  database: Database,
  erddapUrls: readonly string[],
  options?: QueryOptions,
): Promise<SourceSuccessRow[]> {
  const { rows } = await database.query<SourceSuccessRow>(sql, [erddapUrls], options)
  return rows
}

/** Bytes that the database takes on its disk. */
export async function databaseBytes(database: Database, options?: QueryOptions): Promise<number> {
  const { rows } = await database.query<{ bytes: string | number }>(
    'SELECT pg_database_size(current_database()) AS bytes',
    [],
    options,
  )
  return Number(rows[0]!.bytes)
}
