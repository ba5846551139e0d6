import type { Database, QueryOptions } from '../../database/port.ts'

const sql = `
WITH RECURSIVE tried AS (
  (SELECT a.erddap_url FROM cde.harvest_attempts a ORDER BY a.erddap_url LIMIT 1)
  UNION ALL
  SELECT next.erddap_url FROM tried CROSS JOIN LATERAL (
    SELECT a.erddap_url FROM cde.harvest_attempts a
    WHERE a.erddap_url > tried.erddap_url ORDER BY a.erddap_url LIMIT 1) AS next
), asked AS (
  (SELECT r.triggered_source FROM cde.harvest_runs r
   WHERE r.triggered_source IS NOT NULL ORDER BY r.triggered_source LIMIT 1)
  UNION ALL
  SELECT next.triggered_source FROM asked CROSS JOIN LATERAL (
    SELECT r.triggered_source FROM cde.harvest_runs r
    WHERE r.triggered_source > asked.triggered_source ORDER BY r.triggered_source LIMIT 1) AS next
)
SELECT erddap_url FROM tried WHERE erddap_url IS NOT NULL
UNION
SELECT triggered_source FROM asked
ORDER BY 1`

/** URLs of all sources that a run has met or was asked for. */
export async function listSources(database: Database, options?: QueryOptions): Promise<string[]> {
  const { rows } = await database.query<{ erddap_url: string }>(sql, [], options)
  return rows.map((row) => row.erddap_url)
}
