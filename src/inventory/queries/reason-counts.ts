import type { Database, QueryOptions } from '../../database/port.ts'
import { latestAttempts } from './audit.ts'

export interface ReasonCountRow {
  reason_code: string
  n: number
}

const sql = `
SELECT latest.reason_code, count(*) AS n
FROM unnest($1::text[]) AS s (erddap_url)
CROSS JOIN LATERAL (${latestAttempts('s.erddap_url')}) AS latest
WHERE latest.status <> 'success' AND latest.reason_code <> 'UNCHANGED'
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
