import type { Database } from '../database/port.ts'
import { storableText } from '../rules/limits.ts'
import type { TaskRun } from '../runs/backend.ts'
import type { RunStore, StoredArtifact, StoredLogLine } from '../runs/index.ts'
import type { RunState } from '../runs/states.ts'
import { json } from './stored-text.ts'

/** What a run of the standalone engine leaves behind: its tasks, its log and its artifacts. */
export function recordStore(
  database: Database,
): Pick<RunStore, 'saveTaskRuns' | 'taskRuns' | 'appendLogs' | 'logs' | 'saveArtifact' | 'artifacts'> {
  return {
    async saveTaskRuns(tasks) {
      const latest = [...new Map(tasks.map((task) => [task.id, task])).values()]
      if (latest.length === 0) return
      await database.query(
        `INSERT INTO harvester.task_runs (id, flow_run_id, task_run)
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::jsonb[])
         ON CONFLICT (id) DO UPDATE SET task_run = excluded.task_run`,
        [latest.map((task) => task.id), latest.map((task) => task.flowRunId), latest.map(json)],
      )
    },

    async taskRuns(flowRunId) {
      const { rows } = await database.query<{ task_run: JsonOf<TaskRun> }>(
        'SELECT task_run FROM harvester.task_runs WHERE flow_run_id = $1 ORDER BY seq',
        [flowRunId],
      )
      return rows.map((row) => taskRunOf(row.task_run))
    },

    async appendLogs(lines) {
      if (lines.length === 0) return
      await database.query(
        `INSERT INTO harvester.run_logs (flow_run_id, task_run_id, task, level, message, logged_at)
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::timestamptz[])`,
        [
          lines.map((line) => line.flowRunId),
          lines.map((line) => line.taskRunId),
          lines.map((line) => line.task),
          lines.map((line) => line.level),
          lines.map((line) => storableText(line.message)),
          lines.map((line) => line.at.toISOString()),
        ],
      )
    },

    async logs(flowRunId, { last, skip = 0 } = {}) {
      const { rows } = await database.query<{
        flow_run_id: string
        task_run_id: string | null
        task: string | null
        level: StoredLogLine['level']
        message: string
        logged_at: Date
      }>(
        `SELECT * FROM (
           SELECT * FROM harvester.run_logs WHERE flow_run_id = $1 ORDER BY seq DESC ${last === undefined ? '' : `LIMIT ${Math.trunc(last)}`}
         ) newest ORDER BY seq OFFSET ${last === undefined ? Math.trunc(skip) : 0}`,
        [flowRunId],
      )
      return rows.map((row) => ({
        flowRunId: row.flow_run_id,
        taskRunId: row.task_run_id,
        task: row.task,
        level: row.level,
        message: row.message,
        at: row.logged_at,
      }))
    },

    async saveArtifact({ id, flowRunId, taskRunId, artifact, at }) {
      await database.query(
        `INSERT INTO harvester.artifacts (id, flow_run_id, task_run_id, artifact, made_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (id) DO UPDATE SET artifact = excluded.artifact, made_at = excluded.made_at`,
        [id, flowRunId, taskRunId, json(artifact), at],
      )
    },

    async artifacts(flowRunId) {
      const { rows } = await database.query<{
        id: string
        flow_run_id: string
        task_run_id: string | null
        artifact: StoredArtifact['artifact']
        made_at: Date
      }>(
        'SELECT id, flow_run_id, task_run_id, artifact, made_at FROM harvester.artifacts WHERE flow_run_id = $1 ORDER BY seq',
        [flowRunId],
      )
      return rows.map((row) => ({
        id: row.id,
        flowRunId: row.flow_run_id,
        taskRunId: row.task_run_id,
        artifact: row.artifact,
        at: row.made_at,
      }))
    },
  }
}

/** A value as JSON writes it: dates are texts. */
type JsonOf<T> = {
  [K in keyof T]: T[K] extends Date ? string : T[K] extends Date | null ? string | null : T[K]
}

function taskRunOf(stored: JsonOf<TaskRun>): TaskRun {
  const state = stored.state as unknown as JsonOf<RunState> & { scheduledAt?: string }
  const { scheduledAt, ...plain } = state
  return {
    ...stored,
    state: {
      ...plain,
      at: new Date(state.at),
      ...(scheduledAt ? { scheduledAt: new Date(scheduledAt) } : {}),
    },
    expectedStartAt: new Date(stored.expectedStartAt),
    startedAt: stored.startedAt === null ? null : new Date(stored.startedAt),
    endedAt: stored.endedAt === null ? null : new Date(stored.endedAt),
  }
}
