/** What the queries of the API share: how an attempt is seen where datasets, not runs, are looked at. */

export type AttemptStatus = 'success' | 'skipped' | 'error'

/** An unchanged dataset is healthy: it is shown as a success without reason. Prefix is the table's alias. */
export function healthyStatus(alias: string): string {
  return `CASE WHEN ${alias}.reason_code = 'UNCHANGED' THEN 'success' ELSE ${alias}.status END`
}

export function healthyReason(alias: string): string {
  return `nullif(${alias}.reason_code, 'UNCHANGED')`
}

/** In words that match the partial index `harvest_attempts_well`. */
export function isWell(alias: string): string {
  return `(${alias}.status = 'success' OR ${alias}.reason_code = 'UNCHANGED')`
}

/**
 * The latest attempt of each dataset of the source `url`, as a sub-query for LATERAL: `harvester.latest_attempts`
 * knows which it is, so that the length of the history costs nothing.
 */
export function latestAttempts(url: string): string {
  return `
    SELECT a.* FROM harvester.latest_attempts l
    JOIN cde.harvest_attempts a ON a.run_id = l.run_id AND a.erddap_url = ${url} AND a.dataset_id = l.dataset_id
    WHERE l.erddap_url = ${url}`
}

/** Counts of a run from the index alone; unchanged datasets are counted apart. */
export const runCounts = `
  SELECT count(*) FILTER (WHERE a.status = 'success') AS n_success,
         count(*) FILTER (WHERE a.reason_code = 'UNCHANGED') AS n_unchanged,
         count(*) FILTER (WHERE a.status = 'skipped' AND a.reason_code IS DISTINCT FROM 'UNCHANGED') AS n_skipped,
         count(*) FILTER (WHERE a.status = 'error') AS n_error,
         count(*) AS n_total
  FROM cde.harvest_attempts a WHERE a.run_id = r.run_id`

/** Seconds from start to end; NULL while it runs. */
export const runSeconds = `round(extract(epoch FROM r.finished_at - r.started_at)::numeric, 3)::float8`

/** Joins what an attempt came to as codes and values; `told` is NULL for attempts of older versions. */
export function joinTold(alias: string): string {
  return `LEFT JOIN harvester.attempt_facts f
    ON f.run_id = ${alias}.run_id AND f.erddap_url = ${alias}.erddap_url AND f.dataset_id = ${alias}.dataset_id`
}
