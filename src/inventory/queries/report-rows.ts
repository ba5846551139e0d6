import type { Database, QueryOptions } from '../../database/port.ts'
import type { StoredTold } from '../audit.ts'
import { type AttemptStatus, healthyReason, healthyStatus, joinTold, latestAttempts } from './audit.ts'

/** A dataset as its latest attempt left it, for a report to its owner. */
export interface ReportRow {
  erddap_url: string
  dataset_id: string
  status: AttemptStatus
  reason_code: string | null
  error_message: string | null
  attempted_at: Date
  title: string | null
  title_fr: string | null
  in_index: boolean
  told: StoredTold | null
}

const sql = `
SELECT a.erddap_url, a.dataset_id, ${healthyStatus('a')} AS status, ${healthyReason('a')} AS reason_code,
       a.error_message, a.attempted_at, coalesce(d.title, nullif(f.told->>'title', '')) AS title, d.title_fr,
       d.pk IS NOT NULL AS in_index, f.told
FROM unnest($1::text[]) AS s (erddap_url)
CROSS JOIN LATERAL (${latestAttempts('s.erddap_url')}) AS a
LEFT JOIN cde.datasets d ON d.erddap_url = a.erddap_url AND d.dataset_id = a.dataset_id
${joinTold('a')}
WHERE $2::text IS NULL OR $2::text = ANY(d.organizations) OR f.told->'organizations' ? $2::text
ORDER BY a.erddap_url, a.dataset_id`

/** The datasets of the given sources, or of them those of an organization (by its name in the index or its metadata). */
export async function reportRows(
  database: Database,
  erddapUrls: readonly string[],
  organization: string | null = null,
  options?: QueryOptions,
): Promise<ReportRow[]> {
  const { rows } = await database.query<ReportRow>(sql, [erddapUrls, organization], options)
  return rows
}
