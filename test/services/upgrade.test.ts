import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, expect, onTestFailed, test } from 'vitest'
import { type DemoSources, startDemoSources } from '../../src/demo/sources.ts'
import { type Running, start } from '../acceptance/run.ts'
import { type PrefectServer, waitUntil } from '../support/prefect.ts'
import { type SharedPostgres, sharedPostgres, startSharedPrefect } from '../support/shared.ts'

/**
 * An older program beside this one, on one Prefect server and one database, as they are for a while in every upgrade
 * and after a rollback. The older one is what this repository held when it had eleven migrations and three flows.
 */
const older = '6992a96'
const root = resolve(import.meta.dirname, '../..')
const hasHistory = (() => {
  try {
    execFileSync('git', ['-C', root, 'cat-file', '-e', `${older}^{commit}`], { stdio: 'ignore' })
    return true
  } catch {
    return false // a clone without history, or the files alone
  }
})()

let folder: string
let prefect: PrefectServer
let postgres: SharedPostgres
let sources: DemoSources
let url: string
let olderProgram: string
const open = new Map<string, Running>()
/** Each in a folder of its own, as on hosts of their own. */
const programs = { older: () => olderProgram, newer: () => root }
type Which = keyof typeof programs

beforeAll(async () => {
  if (!hasHistory) return
  folder = mkdtempSync(join(tmpdir(), 'upgrade-'))
  olderProgram = join(folder, 'program')
  for (const name of ['program', 'older', 'newer']) mkdirSync(join(folder, name))
  const archive = execFileSync('git', ['-C', root, 'archive', older], { maxBuffer: 1 << 28 })
  execFileSync('tar', ['-x', '-C', olderProgram], { input: archive })
  symlinkSync(join(root, 'node_modules'), join(olderProgram, 'node_modules'))
  ;[prefect, postgres, sources] = await Promise.all([
    startSharedPrefect(),
    sharedPostgres(),
    startDemoSources({ addresses: 'loopback' }),
  ])
  await postgres.createDatabase('cde')
  url = postgres.url('cde')
})
afterEach(async () => {
  for (const name of [...open.keys()]) await stop(name)
})
afterAll(async () => {
  await sources?.close()
  await prefect?.stop()
  await postgres?.stop()
  if (folder) rmSync(folder, { recursive: true, force: true })
})

function environment(which: Which): Record<string, string> {
  return {
    PREFECT_API_URL: prefect.apiUrl,
    DATABASE_URL: url,
    WORKER_NAME: which,
    WORKER_GRACE_SECONDS: '10',
    HARVEST_CONFIG_YAML: JSON.stringify({
      erddap_urls: [sources.pacific.url, { url: sources.atlantic.url, concurrency: 4 }],
      ckan_url: sources.ckan.url,
    }),
  }
}
async function run(which: Which, ...args: string[]) {
  const ended = await start(args, join(folder, which), environment(which), programs[which]()).ended
  expect(ended.code, `${which} ${args.join(' ')}: ${ended.stderr}`).toBe(0)
  return ended.stdout
}
async function work(which: Which): Promise<void> {
  const worker = start(['worker'], join(folder, which), environment(which), programs[which]())
  open.set(which, worker)
  onTestFailed(async () => {
    worker.kill('SIGKILL')
    console.error(which, (await worker.ended).stderr.slice(-5000))
  })
  await waitUntil(`the ${which} worker`, async () => (await online()).includes(which))
}
async function stop(which: string): Promise<void> {
  const worker = open.get(which)
  open.delete(which)
  worker?.kill('SIGTERM')
  const ended = await worker?.ended
  expect(ended?.code ?? 0, ended?.stderr.slice(-3000)).toBe(0)
}

async function ask<T>(path: string, body?: unknown): Promise<T> {
  const answer = await fetch(`${prefect.apiUrl}${path}`, {
    ...(body !== undefined && {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  })
  expect(answer.status, path).toBeLessThan(300)
  return (await answer.json()) as T
}
const online = async () =>
  (await ask<{ name: string; status: string }[]>('/work_pools/harvest/workers/filter', {}).catch(() => []))
    .filter(({ status }) => status === 'ONLINE')
    .map(({ name }) => name)
interface Deployment {
  id: string
  name: string
  paused: boolean
  parameters: Record<string, unknown>
}
const deployment = (name: string) => ask<Deployment>(`/deployments/name/${name}`)
interface Run {
  id: string
  state_type: string
  state: { name: string; message: string }
  labels: Record<string, string>
}
const read = (id: string) => ask<Run>(`/flow_runs/${id}`)
async function trigger(name: string, parameters: Record<string, unknown> = {}): Promise<string> {
  const { id } = await deployment(name)
  return (
    await ask<{ id: string }>(`/deployments/${id}/create_flow_run`, {
      parameters,
      state: { type: 'SCHEDULED' },
    })
  ).id
}
/** Waits for the end; gives who did it. */
async function completed(id: string): Promise<string> {
  await waitUntil(`the run ${id}`, async () =>
    ['COMPLETED', 'FAILED', 'CRASHED', 'CANCELLED'].includes((await read(id)).state_type),
  )
  const { state_type, state, labels } = await read(id)
  expect(state_type, `${state.name}: ${state.message}`).toBe('COMPLETED')
  return labels['prefect.worker.name'] ?? ''
}
async function index(): Promise<{ datasets: number; profiles: number; keys: string }> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query(
      `SELECT (SELECT count(*)::int FROM cde.datasets) AS datasets, (SELECT count(*)::int FROM cde.profiles) AS profiles,
              (SELECT md5(string_agg(pk || erddap_url || dataset_id, ',' ORDER BY pk)) FROM cde.datasets) AS keys`,
    )
    return rows[0]
  } finally {
    await client.end()
  }
}
const perSource = async () => {
  const all = await ask<Deployment[]>('/deployments/filter', {})
  return all
    .filter(({ name }) => name.startsWith('harvest-') && name !== 'harvest-all')
    .map(({ name }) => name)
}

test.skipIf(!hasHistory)(
  'an older worker and a newer one work beside each other through an upgrade, a rollback and the way back',
  { timeout: 600_000 },
  async () => {
    // The site as it was.
    await run('older', 'migrate')
    await work('older')
    expect(await completed(await trigger('Harvest All Sources/harvest-all'))).toBe('older')
    const before = await index()
    expect(before.datasets).toBeGreaterThan(10)

    // The database is upgraded first; what runs goes on.
    await run('newer', 'migrate')
    expect(await completed(await trigger('Harvest All Sources/harvest-all', { force: true }))).toBe('older')
    expect(await index()).toEqual(before)

    // The newer worker registers its deployments and works beside the older one; either may take any run.
    await work('newer')
    const names = await perSource()
    expect(names.length).toBe(2)
    const takers = new Set<string>()
    for (let round = 0; takers.size < 2 && round < 10; round++)
      for (const name of names)
        takers.add(await completed(await trigger(`Harvest Source/${name}`, { force: true })))
    expect([...takers].sort()).toEqual(['newer', 'older'])
    expect(await index()).toEqual(before)

    // The older one alone runs what the newer one registered, but leaves alone a flow that it does not know.
    await stop('newer')
    const unknown = await trigger('Wait For Source/wait-for-source', { source: sources.pacific.url })
    for (const name of names)
      expect(await completed(await trigger(`Harvest Source/${name}`, { force: true }))).toBe('older')
    expect((await read(unknown)).state_type).toBe('SCHEDULED')
    await work('newer')
    expect(await completed(unknown)).toBe('newer')
    await stop('newer')

    // Rolled back: the older program starts on the newer schema, takes its deployments back, and harvests.
    await stop('older')
    await work('older')
    expect((await deployment('Wait For Source/wait-for-source')).paused).toBe(true)
    expect(await completed(await trigger('Harvest All Sources/harvest-all', { force: true }))).toBe('older')
    expect(await index()).toEqual(before)

    // And forward again: what the older one paused as vanished is back.
    await run('newer', 'migrate')
    await work('newer')
    expect((await deployment('Wait For Source/wait-for-source')).paused).toBe(false)
    await stop('older')
    expect(await completed(await trigger('Harvest All Sources/harvest-all', { force: true }))).toBe('newer')
    expect(await index()).toEqual(before)
  },
)
