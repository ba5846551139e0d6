import type { Database } from '../database/port.ts'
import { storableText } from '../rules/limits.ts'
import type { RunFilter, RunStore, StoredRun, WantedRun } from '../runs/index.ts'
import type { RunState } from '../runs/states.ts'
import { limitStore } from './limit-store.ts'
import { recordStore } from './record-store.ts'
import { json } from './stored-text.ts'
import { workerStore } from './worker-store.ts'

interface RunRow {
  id: string
  name: string
  flow: string
  deployment: string | null
  parameters: Record<string, unknown>
  tags: string[]
  state_type: RunState['type']
  state_name: string
  state_message: string
  state_at: Date
  state_scheduled_at: Date | null
  run_count: number
  created_at: Date
  created_by: string | null
  scheduled_at: Date
  started_at: Date | null
  ended_at: Date | null
  parent_run_id: string | null
  idempotency_key: string | null
  worker: string | null
  worker_instance: string | null
}

const columns = `id, name, flow, deployment, parameters, tags, state_type, state_name, state_message, state_at,
  state_scheduled_at, run_count, created_at, created_by, scheduled_at, started_at, ended_at, parent_run_id,
  idempotency_key, worker, worker_instance`
/** Two claims count runs one after the other. */
const claimLockClass = 738_825

/**
 * The next run that may go, in one statement: due, of a known flow, within every limit of its deployment, queue and
 * pool. A row that somebody is just changing is passed over.
 */
const claimStatement = `
  WITH member AS (SELECT * FROM unnest($7::int[], $8::text[]) AS member(grp, deployment)),
  held AS (
    SELECT deployment, count(*) AS n FROM harvester.flow_runs
    WHERE state_type = ANY($15::text[]) AND deployment IS NOT NULL
    GROUP BY deployment
  ),
  fulls AS (
    SELECT member.grp FROM member LEFT JOIN held USING (deployment)
    GROUP BY member.grp
    HAVING coalesce(sum(held.n), 0) >= ($9::int[])[member.grp]
  ),
  priority AS (SELECT * FROM unnest($10::text[], $11::int[]) AS priority(deployment, level))
  UPDATE harvester.flow_runs SET worker = $1, worker_instance = $2, state_type = $3, state_name = $4,
    state_message = $5, state_at = $6, state_scheduled_at = NULL
  WHERE id = (
    SELECT run.id FROM harvester.flow_runs run LEFT JOIN priority USING (deployment)
    WHERE run.state_type = 'SCHEDULED' AND run.ended_at IS NULL AND run.scheduled_at <= $6
      AND run.flow = ANY($12::text[])
      AND NOT EXISTS (
        SELECT FROM member JOIN fulls USING (grp) WHERE member.deployment = run.deployment
      )
      AND ($13::uuid[] IS NULL OR run.parent_run_id = ANY($13) OR $14::text = ANY(run.tags))
    ORDER BY priority.level NULLS LAST, run.scheduled_at, run.seq
    LIMIT 1
    FOR UPDATE OF run SKIP LOCKED
  )
  RETURNING ${columns}`

function claimValues({ worker, instance, flows, groups, held, priorities, only, to }: WantedRun): unknown[] {
  const members = groups.flatMap(({ deployments }, at) =>
    deployments.map((deployment) => ({ group: at + 1, deployment })),
  )
  return [
    worker,
    instance,
    to.type,
    to.name,
    storableText(to.message),
    to.at,
    members.map(({ group }) => group),
    members.map(({ deployment }) => deployment),
    groups.map(({ limit }) => limit),
    [...priorities.keys()],
    [...priorities.values()],
    flows,
    only === null ? null : only.childrenOf.filter(isUuid),
    only?.tag ?? null,
    held,
  ]
}

const settable = {
  name: 'name',
  runCount: 'run_count',
  scheduledAt: 'scheduled_at',
  startedAt: 'started_at',
  endedAt: 'ended_at',
  worker: 'worker',
  instance: 'worker_instance',
} as const

/** Runs of the standalone engine in the database: seen by the dashboard, and shared by several processes. */
export function databaseRunStore(database: Database): RunStore {
  return {
    ...recordStore(database),
    ...workerStore(database),
    ...limitStore(database),

    async createRun(run) {
      const inserted = await database.query<RunRow>(
        `INSERT INTO harvester.flow_runs (${columns})
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)
         ON CONFLICT (flow, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING
         RETURNING ${columns}`,
        [
          run.id,
          storableText(run.name),
          run.flow,
          run.deployment,
          json(run.parameters),
          run.tags,
          ...stateCells(run.state),
          run.runCount,
          run.createdAt,
          run.createdBy,
          run.scheduledAt,
          run.startedAt,
          run.endedAt,
          run.parentRunId,
          run.idempotencyKey,
          run.worker,
          run.instance ?? null,
        ],
      )
      const created = inserted.rows[0]
      if (created) return { run: runOf(created), created: true }
      const known = await database.query<RunRow>(
        `SELECT ${columns} FROM harvester.flow_runs WHERE flow = $1 AND idempotency_key = $2`,
        [run.flow, run.idempotencyKey],
      )
      return { run: runOf(known.rows[0]!), created: false }
    },

    async run(id) {
      if (!isUuid(id)) return null
      const { rows } = await database.query<RunRow>(
        `SELECT ${columns} FROM harvester.flow_runs WHERE id = $1`,
        [id],
      )
      return rows[0] ? runOf(rows[0]) : null
    },

    async runs(filter) {
      const { where, values } = conditionsOf(filter)
      const order = filter.dueBefore ? 'scheduled_at, seq' : 'created_at DESC, seq DESC'
      const { rows } = await database.query<RunRow>(
        `SELECT ${columns} FROM harvester.flow_runs ${where} ORDER BY ${order} LIMIT ${Math.trunc(filter.limit ?? 200)}`,
        values,
      )
      return rows.map(runOf)
    },

    claimNext(wanted) {
      return database.transaction(async (session) => {
        // Claims count the runs that others have: they come one after the other, each with a fresh view.
        await session.query('SELECT pg_advisory_xact_lock($1, 0)', [claimLockClass])
        const { rows } = await session.query<RunRow>(claimStatement, claimValues(wanted))
        return rows[0] ? runOf(rows[0]) : null
      })
    },

    async transition(id, from, to, set = {}, of = undefined) {
      if (!isUuid(id)) return null
      const values: unknown[] = [id, from, ...stateCells(to)]
      const extra = Object.entries(set)
        .filter(([, value]) => value !== undefined)
        .map(([field, value]) => `, ${settable[field as keyof typeof settable]} = $${values.push(value)}`)
      const ofAttempt = of
        ? ` AND run_count = $${values.push(of.runCount)} AND worker_instance IS NOT DISTINCT FROM $${values.push(of.instance ?? null)}`
        : ''
      const { rows } = await database.query<RunRow>(
        `UPDATE harvester.flow_runs SET state_type = $3, state_name = $4, state_message = $5, state_at = $6,
           state_scheduled_at = $7${extra.join('')}
         WHERE id = $1 AND state_type = ANY($2)${ofAttempt} RETURNING ${columns}`,
        values,
      )
      return rows[0] ? runOf(rows[0]) : null
    },
  }
}

/** Forgets runs that ended before a time, with their tasks, logs and artifacts. Returns how many. */
export function forgetRuns(database: Database, endedBefore: Date): Promise<number> {
  return database.transaction(async (session) => {
    const { rows } = await session.query<{ id: string }>(
      'DELETE FROM harvester.flow_runs WHERE ended_at < $1 RETURNING id',
      [endedBefore],
    )
    const ids = rows.map((row) => row.id)
    if (ids.length > 0)
      for (const table of ['task_runs', 'run_logs', 'artifacts'])
        await session.query(`DELETE FROM harvester.${table} WHERE flow_run_id = ANY($1)`, [ids])
    return ids.length
  })
}

function conditionsOf(filter: RunFilter): { where: string; values: unknown[] } {
  const values: unknown[] = []
  const conditions: string[] = []
  const add = (condition: (slot: string) => string, value: unknown) => {
    if (value !== undefined) conditions.push(condition(`$${values.push(value)}`))
  }
  add((slot) => `id = ANY(${slot}::uuid[])`, filter.ids?.filter(isUuid))
  add((slot) => `state_type = ANY(${slot}::text[])`, filter.types)
  add((slot) => `flow = ${slot}`, filter.flow)
  add((slot) => `deployment = ${slot}`, filter.deployment)
  add((slot) => `parent_run_id = ${slot}::uuid`, filter.parentRunId)
  add((slot) => `worker = ${slot}`, filter.worker)
  add((slot) => `${slot} = ANY(tags)`, filter.tag)
  add((slot) => `scheduled_at <= ${slot}`, filter.dueBefore)
  return { where: conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : '', values }
}

function runOf(row: RunRow): StoredRun {
  return {
    id: row.id,
    name: row.name,
    flow: row.flow,
    deployment: row.deployment,
    parameters: row.parameters,
    tags: row.tags,
    state: {
      type: row.state_type,
      name: row.state_name,
      message: row.state_message,
      at: row.state_at,
      ...(row.state_scheduled_at ? { scheduledAt: row.state_scheduled_at } : {}),
    },
    runCount: row.run_count,
    createdAt: row.created_at,
    createdBy: row.created_by,
    scheduledAt: row.scheduled_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    parentRunId: row.parent_run_id,
    idempotencyKey: row.idempotency_key,
    worker: row.worker,
    ...(row.worker_instance !== null && { instance: row.worker_instance }),
  }
}

function stateCells(state: RunState): unknown[] {
  return [state.type, state.name, storableText(state.message), state.at, state.scheduledAt ?? null]
}

function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)
}
