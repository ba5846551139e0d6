/** What the audit and the engine know of runs is told as one: by metrics, schedules, lists and pages alike. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Database } from '../../src/database/port.ts'
import type { RunControl, RunView, ScheduleView } from '../../src/serve/ports.ts'
import { type ApiServer, createServer } from '../../src/serve/server.ts'
import { openMigrated } from '../support/engine.ts'
import { alpha, at, beta, runId, seedRun } from './audit.ts'

const killed = '11111111-2222-4333-8444-555555555555'
const alive = '22222222-2222-4333-8444-555555555555'
const ofAll = '33333333-2222-4333-8444-555555555555'
let database: Database
let server: ApiServer
let base: string

const view = (id: string, state: string, final: boolean): RunView => ({
  runId: id,
  state,
  final,
  source: alpha,
  createdAt: at(1),
  startedAt: at(1),
  endedAt: final ? at(1, 20) : null,
  triggeredBy: 'schedule',
  message: final ? 'the process that ran it is gone' : null,
})
const scheduled = (name: string, source: string | null, lastRun: ScheduleView['lastRun']): ScheduleView => ({
  name,
  flow: 'f',
  source,
  cron: '0 0 * * *',
  timezone: 'UTC',
  paused: false,
  nextRunAt: null,
  lastRun,
})
const engine: RunControl = {
  schedules: async () => [
    scheduled('all', null, null),
    scheduled('alpha', alpha, { runId: killed, startedAt: at(1), state: 'Crashed' }),
    scheduled('beta', beta, { runId: alive, startedAt: at(4), state: 'Running' }),
    scheduled('never', 'https://never.example/erddap', null),
  ],
  trigger: async () => ({ outcome: 'unknown-source' }),
  find: async (id) =>
    id === killed
      ? view(id, 'Crashed', true)
      : id === alive
        ? view(id, 'Running', false)
        : id === ofAll
          ? { ...view(id, 'Failed', true), source: null, startedAt: at(5), endedAt: at(5, 30) }
          : null,
}

beforeAll(async () => {
  database = await openMigrated()
  // A process that was killed wrote nothing more of its run.
  await seedRun(database, { hour: 1, source: alpha, status: 'running', flowRun: killed })
  await seedRun(database, { hour: 2, source: alpha, by: 'cli', attempts: [{ url: alpha, id: 'a' }] })
  await seedRun(database, {
    hour: 3,
    by: 'cli',
    status: 'failed',
    error: 'Cancelled: by ana',
    attempts: [{ url: beta, id: 'b' }],
  })
  await seedRun(database, { hour: 4, source: beta, status: 'running', flowRun: alive })
  server = createServer({
    database,
    port: 0,
    cacheSeconds: 0,
    runs: engine,
    configuredSources: [alpha, beta],
  })
  base = await server.listen()
})

afterAll(async () => {
  await server?.close()
  await database?.close()
})

const json = async (path: string) => (await fetch(`${base}${path}`)).json()

test('a run that was killed and settled runs nowhere: not in metrics, lists, its own answer or its events', async () => {
  const metrics = await (await fetch(`${base}/metrics`)).text()
  expect(metrics).toContain('erddap_harvester_audit_runs{status="running"} 1')
  expect(metrics).toContain('erddap_harvester_audit_runs{status="failed"} 2')
  expect(metrics).toContain('erddap_harvester_audit_runs{status="ok"} 1')
  const recent = (await json('/api/harvest/runs/recent')) as Array<{ run_id: string; status: string }>
  expect(recent.map(({ run_id, status }) => [run_id, status])).toEqual([
    [runId(4), 'running'],
    [runId(3), 'failed'],
    [runId(2), 'ok'],
    [runId(1), 'failed'],
  ])
  for (const id of [runId(1), killed])
    expect(await json(`/api/harvest/runs/${id}`)).toMatchObject({
      run: {
        run_id: runId(1),
        status: 'failed',
        error_message: 'Crashed: the process that ran it is gone',
      },
    })
  const events = await (await fetch(`${base}/api/harvest/runs/${killed}/events`)).text()
  expect(events).toContain('event: end\ndata: {"status":"failed"}')
})

test('a run over all sources, which has no row in the audit, has its end and its duration', async () => {
  expect(await json(`/api/harvest/runs/${ofAll}`)).toMatchObject({
    run: {
      run_id: ofAll,
      status: 'failed',
      scope: 'full',
      finished_at: at(5, 30).toISOString(),
      duration_s: 1800,
    },
  })
})

test('the last run of a deployment is the newest of its sources, whoever started it', async () => {
  const schedules = (await json('/api/harvest/schedules')) as Array<{ name: string; last_run: unknown }>
  expect(Object.fromEntries(schedules.map(({ name, last_run }) => [name, last_run]))).toEqual({
    all: { run_id: runId(3), started_at: at(3).toISOString(), state: 'Cancelled' },
    alpha: { run_id: runId(2), started_at: at(2).toISOString(), state: 'Completed' },
    // The engine's own word for a run that both know.
    beta: { run_id: alive, started_at: at(4).toISOString(), state: 'Running' },
    never: null,
  })
})
