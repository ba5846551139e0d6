import type { Database, QueryOptions } from '../../database/port.ts'
import type { StoredTold } from '../audit.ts'
import {
  type AttemptStatus,
  healthyReason,
  healthyStatus,
  isWell,
  joinTold,
  latestAttempts,
} from './audit.ts'

export interface SourceDatasetRow {
  erddap_url: string
  dataset_id: string
  source: string | null
  status: AttemptStatus
  reason_code: string | null
  error_message: string | null
  duration_ms: number | null
  attempted_at: Date
  run_id: string
  query_urls: string | null
  last_success_at: Date | null
  history_statuses: AttemptStatus[]
  history_times: Date[]
  title: string | null
  title_fr: string | null
  content_hash: string | null
  content_hash_reason: string | null
  last_updated_at: Date | null
  verified_at: Date | null
  in_index: boolean
  /** Of the index, as are the rows: null where it does not have the dataset. */
  cdm_data_type: string | null
  n_profiles: number | null
  n_tracks: number
  told: StoredTold | null
}

const sql = `
SELECT latest.*, well.last_success_at, history.history_statuses, history.history_times,
       coalesce(d.title, nullif(f.told->>'title', '')) AS title, d.title_fr, d.pk IS NOT NULL AS in_index, f.told,
       d.content_hash, d.content_hash_reason, d.last_updated_at, d.verified_at, d.cdm_data_type, d.n_profiles,
       (SELECT count(*) FROM harvester.tracks t
        WHERE t.erddap_url = $1::text AND t.dataset_id = latest.dataset_id) AS n_tracks
FROM (
  SELECT a.erddap_url, a.dataset_id, a.source, ${healthyStatus('a')} AS status, ${healthyReason('a')} AS reason_code,
         a.error_message, a.duration_ms, a.attempted_at, a.run_id, a.query_urls
  FROM LATERAL (${latestAttempts('$1::text')}) AS a
) AS latest
CROSS JOIN LATERAL (
  SELECT array_agg(h.status ORDER BY h.attempted_at DESC) AS history_statuses,
         array_agg(h.attempted_at ORDER BY h.attempted_at DESC) AS history_times
  FROM (
    SELECT ${healthyStatus('a')} AS status, a.attempted_at FROM cde.harvest_attempts a
    WHERE a.erddap_url = $1::text AND a.dataset_id = latest.dataset_id AND a.attempted_at IS NOT NULL
    ORDER BY a.attempted_at DESC LIMIT 10
  ) AS h
) AS history
LEFT JOIN LATERAL (
  SELECT a.attempted_at AS last_success_at FROM cde.harvest_attempts a
  WHERE a.erddap_url = $1::text AND a.dataset_id = latest.dataset_id AND a.attempted_at IS NOT NULL AND ${isWell('a')}
  ORDER BY a.attempted_at DESC LIMIT 1
) AS well ON true
LEFT JOIN cde.datasets d ON d.erddap_url = $1::text AND d.dataset_id = latest.dataset_id
${joinTold('latest')}
WHERE ($2::text IS NULL OR latest.status = $2)
ORDER BY CASE latest.status WHEN 'error' THEN 0 WHEN 'skipped' THEN 1 ELSE 2 END, latest.dataset_id`

/** The datasets of a source as their latest attempt left them: errors first, then skipped, then success, by id. */
export async function sourceDatasets(
  database: Database,
  erddapUrl: string,
  filter: { status?: AttemptStatus | undefined } = {},
  options?: QueryOptions,
): Promise<SourceDatasetRow[]> {
  const { rows } = await database.query<SourceDatasetRow>(sql, [erddapUrl, filter.status ?? null], options)
  return rows
}
