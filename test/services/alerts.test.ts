import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { migrate } from '../../src/database/migrate.ts'
import type { Database } from '../../src/database/port.ts'
import { startCkan } from '../../src/demo/ckan.ts'
import { type ErddapServer, startErddap } from '../../src/demo/erddap.ts'
import { scaleDatasets } from '../../src/demo/scale.ts'
import { openTroubles } from '../../src/inventory/alert-store.ts'
import {
  createPrefectBackend,
  isFinal,
  type PrefectBackend,
  type PrefectSettings,
  prefectSettings,
  triggerDeployment,
} from '../../src/runs/index.ts'
import { emptyDatabase } from '../support/database.ts'
import { type Listener, startListener } from '../support/listener.ts'
import { type PrefectServer, waitUntil } from '../support/prefect.ts'
import { sharedPostgres, startSharedPrefect } from '../support/shared.ts'
import { startWorkerCommand, type WorkerCommand } from '../support/worker-command.ts'

/** `harvester worker` on a real Prefect server and a real PostgreSQL. */
const ends: (() => unknown)[] = []
const workers: WorkerCommand[] = []
let prefect: PrefectServer
let backend: PrefectBackend
let database: Database
let erddap: ErddapServer
let hook: Listener
let folder: string
let env: Record<string, string>
let deployment: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'alerts-services-'))
  ends.push(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  prefect = await startSharedPrefect()
  ends.push(() => prefect.stop())
  const postgres = sharedPostgres()
  ends.push(() => postgres.stop())
  await postgres.createDatabase('cde')
  database = await postgres.open('cde')
  ends.push(() => database.close())
  await migrate(database)
  erddap = await startErddap({ datasets: scaleDatasets({ kind: 'mixed', datasets: 3, profiles: 2 }) })
  ends.push(() => erddap.close())
  const ckan = await startCkan({ records: [] })
  ends.push(() => ckan.close())
  deployment = `harvest-127-0-0-1-${erddap.port}-alerts`
  env = {
    PREFECT_API_URL: prefect.apiUrl,
    DATABASE_URL: postgres.url('cde'),
    HARVESTER_NAMESPACE: 'alerts',
    WORKER_GRACE_SECONDS: '1',
    HARVEST_CONFIG_YAML: JSON.stringify({
      erddap_urls: [erddap.url],
      ckan_url: ckan.url,
      folder: join(folder, 'harvest'),
      // Half a minute is waited for in another test.
      alerts: { digest_seconds: 2 },
    }),
  }
  backend = createPrefectBackend({
    settings: prefectSettings({ PREFECT_API_URL: prefect.apiUrl }) as PrefectSettings,
    namespaceTag: 'erddap-harvester:alerts',
  })
  ends.push(() => backend.close())
})

beforeEach(async () => {
  await emptyDatabase(database)
  erddap.setHostile([])
  hook = await startListener()
  return async () => {
    for (const worker of workers.splice(0)) await worker.kill('SIGKILL')
    await hook.close()
  }
})

afterAll(async () => {
  for (const end of ends.reverse()) await end()
})

async function startWorker(name: string): Promise<WorkerCommand> {
  const own = join(folder, name)
  mkdirSync(own, { recursive: true })
  const worker = await startWorkerCommand(['worker'], {
    folder: own,
    env: { ...env, WORKER_NAME: name, ALERT_WEBHOOK_URL: hook.url },
  })
  workers.push(worker)
  return worker
}

async function ended(id: string): Promise<string> {
  await waitUntil(`the end of ${id}`, async () => isFinal((await backend.readRun(id))!.state.type))
  return (await backend.readRun(id))!.state.name
}

const told = () =>
  (hook.json() as { alerts: { kind: string; status: string; occurrences: number }[] }[]).flatMap(
    ({ alerts }) => alerts.map(({ kind, status, occurrences }) => `${kind} ${status} ${occurrences}`),
  )

test('a harvest that fails is told with a link to its run, then that it is well; a failed harvest of all adds nothing', async () => {
  const worker = await startWorker('alerts-a')
  erddap.setHostile([{ match: /allDatasets/, behave: { kind: 'status', status: 404 } }])
  const { id: all } = await triggerDeployment(backend, 'harvest-all', {})
  expect(await ended(all)).toBe('Failed')
  await waitUntil('the alert', () => hook.heard.length > 0)
  const [message] = hook.json() as { alerts: { run: { id: string }; links: { prefect: string } }[] }[]
  expect(message).toMatchObject({
    namespace: 'alerts',
    alerts: [{ kind: 'failed', source: erddap.url, deployment, links: { run: null, source: null } }],
  })
  const { run, links } = message!.alerts[0]!
  expect(links.prefect).toBe(`${prefect.apiUrl.replace(/\/api$/, '')}/runs/flow-run/${run.id}`)
  expect((await backend.readRun(run.id))?.deployment).toBe(deployment)

  erddap.setHostile([])
  const { id: good } = await triggerDeployment(backend, deployment, {})
  expect(await ended(good)).toBe('Completed')
  await waitUntil('the recovery', () => hook.heard.length > 1)
  await worker.kill('SIGTERM')
  expect(told()).toEqual(['failed open 1', 'failed recovered 0'])
  expect(await openTroubles(database)).toEqual([])
})

test('a run whose worker was killed is told as crashed, once, by the worker that settles it', async () => {
  const killed = await startWorker('alerts-b')
  erddap.setHostile([{ match: /tabledap\/(?!allDatasets)/, behave: { kind: 'silent' } }])
  const { id } = await triggerDeployment(backend, deployment, {})
  await waitUntil('the run', async () => (await backend.readRun(id))?.state.type === 'RUNNING')
  await waitUntil('a request to hang', () =>
    erddap.requests.some(({ path }) => /tabledap\/(?!allDatasets)/.test(path)),
  )
  const other = await startWorker('alerts-c')
  await killed.kill('SIGKILL')
  const next = await startWorker('alerts-b')
  expect(await ended(id)).toBe('Crashed')
  await waitUntil('the alert', () => hook.heard.length > 0)
  // Two clean stops send whatever still waits anywhere.
  await next.kill('SIGTERM')
  await other.kill('SIGTERM')
  expect(told()).toEqual(['crashed open 1'])
  expect(hook.json()[0]).toMatchObject({ alerts: [{ deployment, source: erddap.url, run: { id } }] })
})

test('a failing database fails the run, which is told though nothing can be remembered', async () => {
  const worker = await startWorker('alerts-d')
  await database.query('ALTER SCHEMA harvester RENAME TO taken_away')
  try {
    const { id } = await triggerDeployment(backend, deployment, {})
    expect(await ended(id)).toBe('Failed')
    await waitUntil('the alert', () => hook.heard.length > 0)
    expect(told()).toEqual(['failed open 1'])
    expect(worker.output()).toContain('alerts cannot be remembered in the database')
  } finally {
    await database.query('ALTER SCHEMA taken_away RENAME TO harvester')
  }
})
