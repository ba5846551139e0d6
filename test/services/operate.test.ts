import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openParts } from '../../src/app/open.ts'
import { examine } from '../../src/cli/doctor.ts'
import { cancelRun, retryRun, tellLog } from '../../src/cli/runs.ts'
import { openStatus } from '../../src/cli/status.ts'
import { migrate } from '../../src/database/migrate.ts'
import type { Finding } from '../../src/operate/doctor/types.ts'
import { findRun } from '../../src/operate/runs/find.ts'
import {
  createPrefectBackend,
  flowRegistry,
  type PrefectBackend,
  type PrefectSettings,
  prefectOrchestrator,
  prefectSettings,
  registerDeployments,
  startWorker,
  triggerDeployment,
} from '../../src/runs/index.ts'
import { type PrefectServer, waitUntil } from '../support/prefect.ts'
import { deployments, flows, harvestPool, maintenancePool } from '../support/prefect-flows.ts'
import { type SharedPostgres, sharedPostgres, startSharedPrefect } from '../support/shared.ts'

let prefect: PrefectServer
let postgres: SharedPostgres
let backend: PrefectBackend
let folder: string
let env: Record<string, string>
const signal = new AbortController().signal

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'operate-'))
  prefect = await startSharedPrefect()
  postgres = sharedPostgres()
  await postgres.createDatabase('cde')
  const database = await postgres.open('cde')
  await migrate(database)
  await database.close()
  const settings = prefectSettings({ PREFECT_API_URL: prefect.apiUrl }) as PrefectSettings
  backend = createPrefectBackend({ settings, namespaceTag: 'erddap-harvester:tests' })
  await registerDeployments(backend, {
    namespace: 'tests',
    pools: [harvestPool, maintenancePool].map((name) => ({ name, concurrencyLimit: null })),
    deployments,
    tagLimits: { database: 1 },
  })
  env = {
    PREFECT_API_URL: prefect.apiUrl,
    DATABASE_URL: postgres.url('cde'),
    HARVESTER_NAMESPACE: 'tests',
    HARVEST_POOL: harvestPool,
    MAINTENANCE_POOL: maintenancePool,
    HARVESTER_DATA_DIR: folder,
    HARVESTER_CACHE_DIR: folder,
    HARVESTER_LOG_DIR: folder,
    HARVEST_CONFIG_YAML: 'erddap_urls: []',
  }
})
afterAll(async () => {
  await backend?.close()
  await prefect?.stop()
  await postgres?.stop()
  rmSync(folder, { recursive: true, force: true })
})

test('status shows the pools, the worker, the run at work, the deployments and the limits of a Prefect server', async () => {
  const worker = await startWorker({
    backend,
    flows: flowRegistry(flows),
    pools: [harvestPool, maintenancePool],
    limit: 2,
    name: 'operate-1',
    slotFolder: folder,
    registration: null,
    graceSeconds: 0,
    pollMs: 500,
  })
  const parts = openParts({ env, onStop: 'end' })
  const look = await openStatus(parts, undefined)
  try {
    const { id } = await triggerDeployment(backend, 'slow', { seconds: 300 })
    await waitUntil('the run', async () => (await backend.readRun(id))?.state.type === 'RUNNING')
    const report = await look()
    expect(report.problems).toEqual([])
    expect(report.engine).toMatchObject({ kind: 'prefect', version: expect.stringMatching(/^3\./) })
    expect(report.state?.workers).toContainEqual(
      expect.objectContaining({ name: 'operate-1', alive: true, pool: harvestPool }),
    )
    expect(report.state?.pools.map(({ name }) => name)).toEqual([harvestPool, maintenancePool])
    expect(report.state?.running).toContainEqual(
      expect.objectContaining({ id, state: 'Running', worker: 'operate-1' }),
    )
    expect(report.state?.deployments.map(({ name }) => name)).toContain('slow')
    expect(report.state?.limits).toContainEqual(expect.objectContaining({ name: 'tag:database', limit: 1 }))
    expect(report.database?.bytes).toBeGreaterThan(1e6)

    const runs = prefectOrchestrator({
      backend,
      namespace: 'tests',
      declaration: { deployments, pools: [], tagLimits: {} },
    })
    expect((await runs.list({ limit: 20, deployment: 'slow' })).map((run) => run.id)).toContain(id)
    expect((await findRun(runs, id.slice(0, 13))).id).toBe(id)
    expect((await runs.tasks([id])).length).toBeGreaterThan(0)
    const isCancelled = async () => (await backend.readRun(id))?.state.type === 'CANCELLED'
    await cancelRun(runs, id)
    await waitUntil('the cancellation', isCancelled)
    await retryRun(runs, id)
    await waitUntil('the second attempt', async () => {
      const run = await backend.readRun(id)
      return run?.state.type === 'RUNNING' && run.runCount === 2
    })
    await cancelRun(runs, id)
    await waitUntil('the second cancellation', isCancelled)

    const { id: quick } = await triggerDeployment(backend, 'source', {})
    const lines: string[] = []
    await tellLog(runs, quick, {
      follow: true,
      signal,
      everyMs: 200,
      print: ({ message }) => lines.push(message),
    })
    const server = await runs.lastLog(quick, 100)
    // Each line that the server has, once.
    expect([...lines].sort()).toEqual(server.map(({ message }) => message).sort())
    expect(lines.filter((text) => /^harvested/.test(text))).toHaveLength(3)
  } finally {
    await parts.close()
    await worker.stop()
  }
})

test('doctor finds a healthy database and a healthy server', async () => {
  // One that waits beside those that have ended: in what order they are given tells the database.
  const { id } = await triggerDeployment(backend, 'slow', {})
  const found: Finding[] = []
  for await (const finding of examine(undefined, env, signal)) found.push(finding)
  const ofLevel = (what: string) => found.find((finding) => finding.what === what)?.level
  expect(
    ['database', 'migrations', 'database rights', 'Prefect', 'Prefect login', 'clock'].map(ofLevel),
  ).toEqual(['ok', 'ok', 'ok', 'ok', 'ok', 'ok'])
  expect(found.find(({ what }) => what === 'Prefect database')).toMatchObject({
    level: 'ok',
    text: 'PostgreSQL',
  })
  await backend.cancelRun(id)
})
