import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { small } from '../../bench/worker/flow.ts'
import {
  createPrefectBackend,
  flowRegistry,
  type PrefectSettings,
  prefectSettings,
  registerDeployments,
  startWorker,
} from '../../src/runs/index.ts'
import type { AnyFlow } from '../../src/runs/registry.ts'
import { waitUntil } from '../support/prefect.ts'
import { startFakePrefect } from '../support/prefect-fake.ts'
import { harvestPool, spec } from '../support/prefect-flows.ts'

const runs = 40

/** What a run of two trivial tasks costs a server: three states, its labels and its name, and what many share. */
test('a small run asks a server for little more than its states', async () => {
  const fake = await startFakePrefect()
  const folder = mkdtempSync(join(tmpdir(), 'calls-'))
  const settings = prefectSettings({ PREFECT_API_URL: fake.apiUrl }) as PrefectSettings
  const backend = createPrefectBackend({ settings })
  const flow = small as unknown as AnyFlow
  await registerDeployments(backend, {
    namespace: 'tests',
    pools: [{ name: harvestPool, concurrencyLimit: null }],
    deployments: [spec('small', flow)],
  })
  for (let n = 0; n < runs; n++) await backend.submit({ deployment: 'small', parameters: {} })
  const begun = fake.requests.length
  const worker = await startWorker({
    backend: createPrefectBackend({ settings }),
    flows: flowRegistry([flow]),
    pools: [harvestPool],
    name: 'calls',
    slotFolder: folder,
    registration: null,
  })
  await waitUntil('all', async () => [...fake.runs.values()].every(({ state }) => state.type === 'COMPLETED'))
  await waitUntil(
    'tasks',
    async () => [...fake.taskRuns.values()].filter(({ state }) => state.type === 'COMPLETED').length === 80,
  )
  const events = fake.requests
    .filter(({ path }) => path === '/events')
    .flatMap(({ body }) => body as { event: string }[])
    .filter(({ event }) => event.startsWith('prefect.task-run')).length
  const counts = new Map<string, number>()
  for (const { method, path } of fake.requests.slice(begun)) {
    const name = `${method} ${path.replace(/[0-9a-f-]{36}/g, '{id}')}`
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  await worker.stop()
  await fake.close()
  rmSync(folder, { recursive: true })
  const ofRun = (name: string) => (counts.get(name) ?? 0) / runs
  // A busy machine asks once more now and then, and shares less: twice as much is what would be wrong.
  expect(ofRun('POST /flow_runs/{id}/set_state')).toBeLessThan(3.5)
  expect(ofRun('PATCH /flow_runs/{id}/labels')).toBe(1)
  expect(ofRun('PATCH /flow_runs/{id}')).toBe(1)
  // A run that begins for the first time is not read again.
  expect(counts.get('GET /flow_runs/{id}') ?? 0).toBe(0)
  expect(counts.get('GET /flows/{id}') ?? 0).toBe(1)
  // A page of twenty is kept: runs that end at once are not each followed by a look.
  expect(ofRun('POST /work_pools/test-harvest/get_scheduled_flow_runs')).toBeLessThan(0.5)
  // Both states of a task that ended at once are one event, and runs share their batches.
  expect(ofRun('POST /events')).toBeLessThan(1.5)
  expect(events).toBe(2 * runs)
  expect(ofRun('POST /logs/')).toBeLessThan(1.5)
})
