import type { Database, QueryOptions } from '../database/port.ts'

/** How far a run is. */
export interface RunProgressState {
  /** Name of the task at work: `list-datasets`, `harvest-datasets`, `merge-and-write`, `load`, `finished`. */
  phase: string
  done: number
  /** Null until it is known how many datasets there are. */
  total: number | null
  /** The dataset that has been at work the longest; null where none is. */
  now: string | null
}

/** Says how far a run is. @throws HarvesterError DATABASE_… */
export async function saveProgress(
  database: Database,
  run: { runId: string; flowRunId: string; startedAt: Date },
  progress: RunProgressState,
): Promise<void> {
  await database.query(
    `INSERT INTO harvester.run_progress (run_id, flow_run_id, phase, done, total, at_work, started_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, now())
     ON CONFLICT (run_id) DO UPDATE SET
       phase = excluded.phase, done = excluded.done, total = excluded.total,
       at_work = excluded.at_work, updated_at = excluded.updated_at`,
    [run.runId, run.flowRunId, progress.phase, progress.done, progress.total, progress.now, run.startedAt],
  )
}

/** How far a run is; null where nobody said. */
export async function readProgress(
  database: Database,
  runId: string,
  options?: QueryOptions,
): Promise<RunProgressState | null> {
  const { rows } = await database.query<RunProgressState>(
    'SELECT phase, done, total, at_work AS now FROM harvester.run_progress WHERE run_id = $1::uuid',
    [runId],
    options,
  )
  return rows[0] ?? null
}
