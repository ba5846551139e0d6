import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { small } from '../../bench/worker/flow.ts'
import {
  completed,
  createPrefectBackend,
  flow,
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

async function rig(flow: AnyFlow, more: { limit?: number; beforehand?: number } = {}) {
  const fake = await startFakePrefect()
  const folder = mkdtempSync(join(tmpdir(), 'calls-'))
  const settings = prefectSettings({ PREFECT_API_URL: fake.apiUrl }) as PrefectSettings
  const backend = createPrefectBackend({ settings })
  await registerDeployments(backend, {
    namespace: 'tests',
    pools: [{ name: harvestPool, concurrencyLimit: null }],
    deployments: [spec('flow', flow)],
  })
  const submit = async () => (await backend.submit({ deployment: 'flow', parameters: {} })).id
  for (let n = 0; n < (more.beforehand ?? 0); n++) await submit()
  const begun = fake.requests.length
  const worker = await startWorker({
    backend: createPrefectBackend({ settings }),
    flows: flowRegistry([flow]),
    pools: [harvestPool],
    name: 'calls',
    slotFolder: folder,
    registration: null,
    ...(more.limit !== undefined && { limit: more.limit }),
  })
  return {
    fake,
    submit,
    stateOf: (id: string) => fake.runs.get(id)?.state.type,
    /** Since the worker started, by method and path. */
    calls() {
      const counts = new Map<string, number>()
      for (const { method, path } of fake.requests.slice(begun)) {
        const name = `${method} ${path.replace(/[0-9a-f-]{36}/g, '{id}')}`
        counts.set(name, (counts.get(name) ?? 0) + 1)
      }
      return counts
    },
    async end() {
      await worker.stop()
      await backend.close()
      await fake.close()
      rmSync(folder, { recursive: true })
    },
  }
}

/** What a run of two trivial tasks costs a server: three states, its labels and its name, and what many share. */
test('a small run asks a server for little more than its states', async () => {
  const { fake, calls, end } = await rig(small as unknown as AnyFlow, { beforehand: runs })
  await waitUntil('all', async () => [...fake.runs.values()].every(({ state }) => state.type === 'COMPLETED'))
  await waitUntil(
    'tasks',
    async () => [...fake.taskRuns.values()].filter(({ state }) => state.type === 'COMPLETED').length === 80,
  )
  const events = fake.requests
    .filter(({ path }) => path === '/events')
    .flatMap(({ body }) => body as { event: string }[])
    .filter(({ event }) => event.startsWith('prefect.task-run')).length
  const counts = calls()
  await end()
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
  // What began a moment ago is not watched.
  expect(ofRun('POST /flow_runs/filter')).toBeLessThan(0.5)
  // Both states of a task that ended at once are one event, and runs share their batches.
  expect(ofRun('POST /events')).toBeLessThan(0.8)
  expect(events / runs).toBeGreaterThanOrEqual(2)
  expect(events / runs).toBeLessThan(3)
  expect(ofRun('POST /logs/')).toBeLessThan(0.8)
})

test('a full worker asks for what is due only to be seen, and takes it when it has room again', async () => {
  let go = () => {}
  const gone = new Promise<void>((resolve) => {
    go = resolve
  })
  const waiting = flow({
    name: 'Test Waiting',
    description: 'Waits until it may go.',
    parameters: z.object({}),
    runName: () => 'waiting',
    run: async () => {
      await gone
      return completed('')
    },
  }) as unknown as AnyFlow
  const { calls, submit, stateOf, end } = await rig(waiting, { limit: 1 })
  const looks = () => calls().get('POST /work_pools/test-harvest/get_scheduled_flow_runs') ?? 0
  const first = await submit()
  await waitUntil('the first', () => stateOf(first) === 'RUNNING')
  const next = await submit()
  const before = looks()
  await sleep(3500)
  expect(looks() - before).toBeLessThan(2)
  go()
  await waitUntil('the next', () => stateOf(next) === 'COMPLETED', 240_000, 10)
  expect(looks() - before).toBeGreaterThan(0)
  await end()
})
