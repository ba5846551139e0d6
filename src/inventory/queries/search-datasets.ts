import type { Database, QueryOptions } from '../../database/port.ts'
import type { StoredTold } from '../audit.ts'
import { type AttemptStatus, healthyReason, healthyStatus, joinTold, latestAttempts } from './audit.ts'

export interface FoundDatasetRow {
  erddap_url: string
  dataset_id: string
  source: string | null
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
SELECT * FROM (
  SELECT a.erddap_url, a.dataset_id, a.source, ${healthyStatus('a')} AS status, ${healthyReason('a')} AS reason_code,
         a.error_message, a.attempted_at, coalesce(d.title, nullif(f.told->>'title', '')) AS title, d.title_fr,
         d.pk IS NOT NULL AS in_index, f.told
  FROM unnest($1::text[]) AS s (erddap_url)
  CROSS JOIN LATERAL (${latestAttempts('s.erddap_url')}) AS a
  LEFT JOIN cde.datasets d ON d.erddap_url = a.erddap_url AND d.dataset_id = a.dataset_id
  ${joinTold('a')}
) AS found
WHERE position($2 IN lower(dataset_id)) > 0 OR position($2 IN lower(coalesce(title, ''))) > 0
   OR position($2 IN lower(coalesce(title_fr, ''))) > 0 OR position($2 IN lower(coalesce(reason_code, ''))) > 0
   OR position($2 IN lower(coalesce(error_message, ''))) > 0 OR reason_code = ANY($4::text[])
ORDER BY CASE status WHEN 'error' THEN 0 WHEN 'skipped' THEN 1 ELSE 2 END, dataset_id, erddap_url
LIMIT $3`

/**
 * Datasets of the given sources whose id, title, reason or message holds the text, without regard to case, as their
 * latest attempt left them: failing first, then by id. `reasons` are codes whose words hold it.
 */
export async function searchDatasets(
  database: Database,
  erddapUrls: readonly string[],
  search: { text: string; reasons: readonly string[]; limit: number },
  options?: QueryOptions,
): Promise<FoundDatasetRow[]> {
  const { rows } = await database.query<FoundDatasetRow>(
    sql,
    [erddapUrls, search.text.trim().toLowerCase(), search.limit, search.reasons],
    options,
  )
  return rows
}
