import type { Database, QueryOptions } from '../../database/port.ts'
import type { StateType } from '../../runs/index.ts'
import { isWell } from './audit.ts'

export interface RunStatusRow {
  status: string
  n: number
}

/** How many runs the audit holds by status. */
export async function runsByStatus(database: Database, options?: QueryOptions): Promise<RunStatusRow[]> {
  const { rows } = await database.query<RunStatusRow>(
    'SELECT status, count(*) AS n FROM cde.harvest_runs WHERE status IS NOT NULL GROUP BY status ORDER BY status',
    [],
    options,
  )
  return rows
}

export interface RunningRow {
  run_id: string
  status: 'running'
  error_message: string | null
  /** Of either engine; null for runs of older versions without Prefect. */
  flow_run_id: string | null
}

/** The newest runs that the audit takes for running; a process that was killed could not write that its run ended. */
export async function runningRuns(
  database: Database,
  limit: number,
  options?: QueryOptions,
): Promise<RunningRow[]> {
  const { rows } = await database.query<RunningRow>(
    `SELECT r.run_id, r.status, r.error_message, coalesce(p.flow_run_id::text, r.prefect_flow_run_id) AS flow_run_id
     FROM cde.harvest_runs r LEFT JOIN harvester.run_progress p ON p.run_id = r.run_id
     WHERE r.status = 'running' ORDER BY r.started_at DESC LIMIT $1`,
    [limit],
    options,
  )
  return rows
}

export interface DatasetStateRow {
  erddap_url: string
  status: string
  reason_code: string | null
  n: number
}

/** Datasets by source, status and reason of their latest attempt. */
export async function datasetsByState(
  database: Database,
  erddapUrls: readonly string[],
  options?: QueryOptions,
): Promise<DatasetStateRow[]> {
  const { rows } = await database.query<DatasetStateRow>(
    `SELECT erddap_url, status, reason_code, count(*) AS n
     FROM harvester.latest_attempts WHERE erddap_url = ANY($1::text[])
     GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`,
    [erddapUrls],
    options,
  )
  return rows
}

export interface LastSuccessRow {
  erddap_url: string
  last_success_at: Date
}

/** When a dataset of each source was last harvested or found unchanged. */
export async function lastSuccesses(
  database: Database,
  erddapUrls: readonly string[],
  options?: QueryOptions,
): Promise<LastSuccessRow[]> {
  const { rows } = await database.query<LastSuccessRow>(
    `SELECT s.erddap_url, latest.last_success_at FROM unnest($1::text[]) AS s (erddap_url)
     CROSS JOIN LATERAL (
       SELECT a.attempted_at AS last_success_at FROM cde.harvest_attempts a
       WHERE a.erddap_url = s.erddap_url AND a.attempted_at IS NOT NULL AND ${isWell('a')}
       ORDER BY a.attempted_at DESC LIMIT 1
     ) AS latest ORDER BY 1`,
    [erddapUrls],
    options,
  )
  return rows
}

export interface QueueRow {
  state: string
  n: number
}

/** Runs of the standalone engine in one of the states, by state; a Prefect server keeps its own. */
export async function queuedRuns(
  database: Database,
  states: readonly StateType[],
  options?: QueryOptions,
): Promise<QueueRow[]> {
  const { rows } = await database.query<QueueRow>(
    `SELECT lower(state_type) AS state, count(*) AS n FROM harvester.flow_runs
     WHERE ended_at IS NULL AND state_type = ANY($1::text[])
     GROUP BY 1 ORDER BY 1`,
    [states],
    options,
  )
  return rows
}
