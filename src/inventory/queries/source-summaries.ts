import type { Database, QueryOptions } from '../../database/port.ts'
import type { StoredFact } from '../audit.ts'
import { isWell } from './audit.ts'

export interface SourceSummaryRow {
  erddap_url: string
  source: string | null
  last_attempted_at: Date | null
  last_run_id: string | null
  n_success: number
  n_skipped: number
  n_error: number
  n_total: number
  /** Of n_success, those found unchanged. */
  n_unchanged: number
  /** Datasets that are in the index, whatever the latest run did. */
  n_indexed: number
  /** Datasets of the source that were ever met, as their latest attempt left them. */
  n_datasets: number
  n_left_out: number
  n_failing: number
  last_error: string | null
  /** The same as codes and values; null where only the sentence is known. */
  last_error_facts: StoredFact[] | null
  configured: boolean | null
  gridded_datasets: number | null
}

const sql = `
SELECT s.erddap_url, latest.source, latest.attempted_at AS last_attempted_at,
       coalesce(latest.run_id, asked.run_id) AS last_run_id,
       counts.n_success, counts.n_unchanged, counts.n_skipped, counts.n_error, counts.n_total,
       (SELECT count(*) FROM cde.datasets d WHERE d.erddap_url = s.erddap_url) AS n_indexed,
       now_is.n_datasets, now_is.n_left_out, now_is.n_failing,
       CASE WHEN asked.status = 'failed'
             AND (latest.run_id IS NULL OR asked.run_id = latest.run_id OR asked.started_at >= latest.started_at)
            THEN coalesce(asked.error_message, 'failed') END AS last_error,
       (SELECT f.facts FROM harvester.run_facts f WHERE f.run_id = asked.run_id) AS last_error_facts,
       known.configured, known.gridded_datasets
FROM unnest($1::text[]) AS s (erddap_url)
LEFT JOIN LATERAL (
  SELECT a.run_id, a.source, a.attempted_at, r.started_at
  FROM cde.harvest_attempts a JOIN cde.harvest_runs r ON r.run_id = a.run_id
  WHERE a.erddap_url = s.erddap_url AND a.attempted_at IS NOT NULL
  ORDER BY a.attempted_at DESC LIMIT 1
) AS latest ON true
LEFT JOIN LATERAL (
  SELECT r.run_id, r.status, r.error_message, r.started_at FROM cde.harvest_runs r
  WHERE r.triggered_source = s.erddap_url AND r.status <> 'running'
  ORDER BY r.started_at DESC LIMIT 1
) AS asked ON true
CROSS JOIN LATERAL (
  SELECT count(*) FILTER (WHERE ${isWell('a')}) AS n_success,
         count(*) FILTER (WHERE a.reason_code = 'UNCHANGED') AS n_unchanged,
         count(*) FILTER (WHERE a.status = 'skipped' AND a.reason_code IS DISTINCT FROM 'UNCHANGED') AS n_skipped,
         count(*) FILTER (WHERE a.status = 'error') AS n_error,
         count(*) AS n_total
  FROM cde.harvest_attempts a WHERE a.run_id = latest.run_id AND a.erddap_url = s.erddap_url
) AS counts
CROSS JOIN LATERAL (
  SELECT count(*) AS n_datasets,
         count(*) FILTER (WHERE a.status = 'skipped' AND a.reason_code IS DISTINCT FROM 'UNCHANGED') AS n_left_out,
         count(*) FILTER (WHERE a.status = 'error') AS n_failing
  FROM harvester.latest_attempts a WHERE a.erddap_url = s.erddap_url
) AS now_is
LEFT JOIN harvester.sources known ON known.erddap_url = s.erddap_url
ORDER BY s.erddap_url`

/** Each of the given sources with the counts of its latest run, ordered by URL. */
export async function sourceSummaries(
  database: Database,
  erddapUrls: readonly string[],
  options?: QueryOptions,
): Promise<SourceSummaryRow[]> {
  const { rows } = await database.query<SourceSummaryRow>(sql, [erddapUrls], options)
  return rows
}
