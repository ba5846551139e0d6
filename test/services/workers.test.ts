import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { migrate } from '../../src/database/migrate.ts'
import type { Database } from '../../src/database/port.ts'
import { type ErddapServer, startErddap } from '../../src/demo/erddap.ts'
import { scaleDatasets } from '../../src/demo/scale.ts'
import { databaseRunStore } from '../../src/inventory/run-store.ts'
import {
  createPrefectBackend,
  type PrefectBackend,
  type PrefectSettings,
  prefectSettings,
} from '../../src/runs/index.ts'
import { harvester, type Running, start } from '../acceptance/run.ts'
import { type PrefectServer, waitUntil } from '../support/prefect.ts'
import { type SharedPostgres, sharedPostgres, startSharedPrefect } from '../support/shared.ts'

/** Workers as commands start them: several of one host on one database. */
let postgres: SharedPostgres
let erddap: ErddapServer
let database: Database
let databaseUrl: string
let folder: string
let running: Running[] = []

beforeAll(async () => {
  postgres = sharedPostgres()
  erddap = await startErddap({ datasets: scaleDatasets({ kind: 'mixed', datasets: 2 }) })
  await postgres.createDatabase('cde')
  databaseUrl = postgres.url('cde')
  database = await postgres.open('cde')
  await migrate(database)
})
afterAll(async () => {
  await database?.close()
  await erddap?.close()
  await postgres?.stop()
})
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'workers-'))
})
afterEach(async () => {
  for (const { kill } of running) kill('SIGKILL')
  await Promise.all(running.map(({ ended }) => ended))
  running = []
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})

const environment = (more: Record<string, string> = {}): Record<string, string> => ({
  DATABASE_URL: databaseUrl,
  HARVESTER_DATA_DIR: join(folder, 'data'),
  HARVESTER_CACHE_DIR: join(folder, 'cache'),
  HARVESTER_LOG_DIR: join(folder, 'logs'),
  HARVESTER_NAMESPACE: 'workers',
  WORKER_GRACE_SECONDS: '20',
  HARVEST_CONFIG_YAML: JSON.stringify({
    erddap_urls: [erddap.url],
    ckan_url: 'http://127.0.0.1:9',
    folder: join(folder, 'harvest'),
  }),
  ...more,
})

function run(args: string[], more: Record<string, string> = {}): Running {
  const process = start(args, folder, environment(more))
  running.push(process)
  return process
}

const first = `${hostname()}-1`
const second = `${hostname()}-2`

describe('standalone processes on one PostgreSQL', () => {
  const names = async () => (await databaseRunStore(database).workers()).map(({ name }) => name).sort()

  it('take what a command enqueues; where none lives, or a name is wrong, the command says so', async () => {
    const trigger = (...args: string[]) => run(['trigger', 'harvest-all', ...args]).ended
    expect(await trigger()).toMatchObject({ code: 2, stderr: expect.stringContaining('no process lives') })
    const worker = run(['worker'])
    await waitUntil('the worker', async () => (await names()).includes(first))
    expect(await trigger('--param', 'forse=true')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('there is no parameter forse'),
    })
    expect(await trigger('--param', 'force=true', '--wait')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^enqueued: .*\nCompleted: /),
    })
    worker.kill('SIGTERM')
    expect((await worker.ended).code).toBe(0)
  })

  it('have names of their own, and one that starts leaves the runs of the other alone', async () => {
    const store = databaseRunStore(database)
    const one = run(['worker'])
    await waitUntil('the first', async () => (await names()).includes(first))
    const now = new Date()
    const { run: stored } = await store.createRun({
      id: crypto.randomUUID(),
      name: 'of the first',
      flow: 'Harvest Source',
      deployment: null,
      parameters: {},
      tags: [],
      state: { type: 'RUNNING', name: 'Running', message: '', at: now },
      runCount: 1,
      createdAt: now,
      createdBy: 'cli',
      scheduledAt: now,
      startedAt: now,
      endedAt: null,
      parentRunId: null,
      idempotencyKey: null,
      worker: first,
    })
    const two = run(['worker'])
    await waitUntil('the second', async () => (await names()).length === 2)
    expect(await names()).toEqual([first, second])
    // A lock and a sign of life each.
    await waitUntil('their signs of life', () => readdirSync(join(folder, 'data/workers')).length === 4)
    expect((await store.run(stored.id))?.state.type).toBe('RUNNING')

    // Its successor has its name, and settles what it left, at once.
    one.kill('SIGKILL')
    await one.ended
    run(['worker'])
    await waitUntil('the settled run', async () => (await store.run(stored.id))?.state.type === 'CRASHED')
    expect(await names()).toEqual([first, second])
    two.kill('SIGTERM')
    expect((await two.ended).code).toBe(0)
    expect(await names()).toEqual([first])
  })

  it('make one run of a start and one of a tick of the schedule, however many they are', async () => {
    const store = databaseRunStore(database)
    const supervisor = run(['workers', 'start', '-n', '3'], {
      HARVESTER_CRON: '* * * * *',
      RUN_ON_DEPLOY: 'true',
    })
    const runs = async (createdBy: string) =>
      (await store.runs({ deployment: 'harvest-all-workers' })).filter((one) => one.createdBy === createdBy)
    await waitUntil('the run of the start', async () => (await runs('deploy')).length > 0)
    await waitUntil('the run of a tick', async () => (await runs('schedule')).length > 0)
    await waitUntil('three workers', async () => (await names()).length >= 3)
    await waitUntil('the end of both', async () => {
      const all = [...(await runs('deploy')), ...(await runs('schedule'))]
      return all.every(({ state }) => state.type === 'COMPLETED')
    })
    expect(await runs('deploy')).toHaveLength(1)
    const ticks = (await runs('schedule')).map(({ idempotencyKey }) => idempotencyKey)
    expect(new Set(ticks).size).toBe(ticks.length)
    supervisor.kill('SIGTERM')
    const { code, stderr } = await supervisor.ended
    expect(code, stderr).toBe(0)
    // The folder of ends stays, and holds none that was not told.
    const left = readdirSync(join(folder, 'data/workers'), { recursive: true, withFileTypes: true })
    expect(left.filter((entry) => entry.isFile()).map(({ name }) => name)).toEqual([])
  })
})

describe('workers of a Prefect server', () => {
  let prefect: PrefectServer
  let backend: PrefectBackend
  beforeAll(async () => {
    prefect = await startSharedPrefect()
    backend = createPrefectBackend({
      settings: prefectSettings({ PREFECT_API_URL: prefect.apiUrl }) as PrefectSettings,
      namespaceTag: 'erddap-harvester:workers',
    })
  })
  afterAll(async () => {
    await backend?.close()
    await prefect?.stop()
  })

  const ask = async <T>(path: string, body: object = {}): Promise<T> => {
    const answer = await fetch(`${prefect.apiUrl}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    return (await answer.json()) as T
  }
  const online = async () =>
    (await ask<{ name: string; status: string }[]>('/work_pools/harvest-workers/workers/filter'))
      .filter(({ status }) => status === 'ONLINE')
      .map(({ name }) => name)
      .sort()

  it('are online under two names, run one harvest of the deploy, and leave together at one stop', async () => {
    const more = { PREFECT_API_URL: prefect.apiUrl, RUN_ON_DEPLOY: 'true', DEPLOY_ID: 'one' }
    const supervisor = run(['workers', 'start', '-n', '2'], more)
    await waitUntil('both workers', async () => (await online()).length === 2)
    expect(await online()).toEqual([first, second])
    type Run = { name: string; state_type: string; idempotency_key: string | null }
    const ofDeploy = async () =>
      (await ask<Run[]>('/flow_runs/filter', { sort: 'ID_DESC', limit: 50 })).filter(
        ({ idempotency_key: key }) => key?.startsWith('run-on-deploy:') === true,
      )
    await waitUntil('the harvest of the deploy', async () =>
      (await ofDeploy()).some(({ state_type: type }) => type === 'COMPLETED'),
    )
    expect(await ofDeploy()).toHaveLength(1)

    const status = await harvester(['workers', 'status', '--json'], folder, environment(more))
    expect(status.code).toBe(0)
    const told = JSON.parse(status.stdout) as {
      supervisor: { workers: number }
      workers: { name: string; lives: boolean }[]
    }
    expect(told.supervisor.workers).toBe(2)
    expect(told.workers.map(({ name, lives }) => [name, lives])).toEqual([
      [first, true],
      [second, true],
    ])
    const check = await harvester(['worker', '--check', '--name', second], folder, environment(more))
    expect(check.code, check.stderr).toBe(0)

    const stopped = await harvester(['workers', 'stop'], folder, environment(more))
    expect(stopped.code, stopped.stderr).toBe(0)
    const { code, stderr } = await supervisor.ended
    expect(code).toBe(0)
    expect(await online()).toEqual([])
    for (const line of stderr.trim().split('\n')) JSON.parse(line)
  })
})
