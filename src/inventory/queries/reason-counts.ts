import type { Database, QueryOptions } from '../../database/port.ts'

export interface ReasonCountRow {
  reason_code: string
  n: number
}

const sql = `
SELECT latest.reason_code, count(*) AS n
FROM harvester.latest_attempts latest
WHERE latest.erddap_url = ANY($1::text[]) AND latest.status <> 'success' AND latest.reason_code <> 'UNCHANGED'
GROUP BY latest.reason_code
ORDER BY n DESC, latest.reason_code`

/** Why the datasets of the given sources are not well, over the latest attempt of each, most frequent first. */
export async function reasonCounts(
  database: Database,
  erddapUrls: readonly string[],
  options?: QueryOptions,
): Promise<ReasonCountRow[]> {
  const { rows } = await database.query<ReasonCountRow>(sql, [erddapUrls], options)
  return rows
}
