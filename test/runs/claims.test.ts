import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import {
  completed,
  createPrefectBackend,
  flow,
  flowRegistry,
  type PrefectBackend,
  type PrefectSettings,
  prefectSettings,
  registerDeployments,
  startWorker,
} from '../../src/runs/index.ts'
import { newInstance } from '../../src/runs/instance.ts'
import { prefectInstances } from '../../src/runs/prefect/instances.ts'
import { prefectQueue } from '../../src/runs/prefect/queue.ts'
import type { AnyFlow } from '../../src/runs/registry.ts'
import { systemRuntime } from '../../src/runs/runtime.ts'
import { waitUntil } from '../support/prefect.ts'
import { type FakePrefect, startFakePrefect } from '../support/prefect-fake.ts'
import { harvestPool, maintenancePool, spec } from '../support/prefect-flows.ts'

const runs = 20

/** How often each run was executed. */
let executed: Map<string, number>
const brief = flow({
  name: 'Test Brief',
  description: 'Is over at once.',
  parameters: z.object({}),
  runName: () => 'brief',
  run: async (_, run) => {
    executed.set(run.id, (executed.get(run.id) ?? 0) + 1)
    await sleep(60)
    return completed('')
  },
}) as unknown as AnyFlow

let fake: FakePrefect
let folder: string
beforeEach(async () => {
  executed = new Map()
  fake = await startFakePrefect()
  folder = mkdtempSync(join(tmpdir(), 'claims-'))
})
afterEach(async () => {
  await fake.close()
  rmSync(folder, { recursive: true })
})

const settings = () => prefectSettings({ PREFECT_API_URL: fake.apiUrl }) as PrefectSettings

async function submit(): Promise<void> {
  const backend = createPrefectBackend({ settings: settings() })
  await registerDeployments(backend, {
    namespace: 'tests',
    pools: [{ name: harvestPool, concurrencyLimit: null }],
    deployments: [spec('brief', brief)],
  })
  for (let n = 0; n < runs; n++) await backend.submit({ deployment: 'brief', parameters: {} })
  await backend.close()
}

const worker = (name: string, limit: number) =>
  startWorker({
    backend: createPrefectBackend({ settings: settings() }),
    flows: flowRegistry([brief]),
    pools: [harvestPool],
    name,
    limit,
    slotFolder: folder,
    registration: null,
  })

const allEnded = async () => {
  await waitUntil('all', () => [...fake.runs.values()].every(({ state }) => state.type === 'COMPLETED'))
  // An answer about what was due may still come.
  await sleep(2500)
}

/** The queue of the pool, which tells nobody of its troubles. */
const quietQueue = (backend: PrefectBackend) =>
  prefectQueue({
    backend,
    pools: [harvestPool],
    runtime: systemRuntime,
    onProblem() {},
    onInfo() {},
  })

/** As one whose PREFECT_SERVER_API_DEFAULT_LIMIT somebody lowered. */
test('a server that gives few rows at a time is asked page by page', async () => {
  await fake.close()
  fake = await startFakePrefect({ mostRows: 25 })
  for (let times = 0; times < 3; times++) await submit()
  const backend = createPrefectBackend({ settings: settings() })
  const queue = quietQueue(backend)
  for (const run of fake.runs.values()) run.state = { ...run.state, type: 'RUNNING' }
  expect(await queue.held()).toHaveLength(3 * runs)
  const states = await queue.states([...fake.runs.keys()])
  expect([...states.values()]).toEqual(Array(3 * runs).fill(expect.objectContaining({ type: 'RUNNING' })))
  expect(await queue.workers()).toEqual([])
  for (const run of fake.runs.values()) run.state = { ...run.state, type: 'SCHEDULED' }
  await backend.close()
  const one = await worker('one', 4)
  await allEnded()
  await one.stop()
  expect([...executed.values()]).toEqual(Array.from({ length: 3 * runs }, () => 1))
})

test('a pool that somebody deleted keeps no other from being polled, and is made again by who registers', async () => {
  const registration = {
    namespace: 'tests',
    pools: [harvestPool, maintenancePool].map((name) => ({ name, concurrencyLimit: null })),
    deployments: [spec('brief', brief), spec('other', brief, { workPool: maintenancePool })],
  }
  const backend = createPrefectBackend({ settings: settings() })
  await registerDeployments(backend, registration)
  const told: string[] = []
  const note = (text: string, { pool }: Record<string, unknown>) => told.push(`${text}: ${String(pool)}`)
  let registered = 0
  const queue = prefectQueue({
    backend,
    pools: [maintenancePool, harvestPool],
    runtime: systemRuntime,
    onProblem: note,
    onInfo: note,
    async registerAgain(gone) {
      expect([...gone]).toEqual([maintenancePool])
      registered++
      await registerDeployments(backend, registration)
    },
  })
  await queue.enter(newInstance('one'), new AbortController().signal)
  await fetch(`${fake.apiUrl}/work_pools/${maintenancePool}`, { method: 'DELETE' })
  const due = async (deployment: string) => {
    const { id } = await backend.submit({ deployment, parameters: {} })
    await waitUntil('the offer', async () => {
      const offer = await queue.next({ flows: new Set([brief.name]), isHeld: (other) => other !== id })
      return offer?.id === id
    })
  }
  await due('brief')
  await due('brief')
  expect(await queue.workers()).toMatchObject([{ name: 'one' }])
  expect(registered).toBe(0)
  await queue.beat()
  await queue.beat()
  await due('other')
  expect(registered).toBe(1)
  expect(told).toEqual([
    `A work pool is gone: nothing runs there until it is registered again: ${maintenancePool}`,
    `A work pool is there again: ${maintenancePool}`,
  ])
  await queue.leave()
  await backend.close()
})

test('a worker whose name another took while it was out of reach has it no more, and leaves it alone', async () => {
  await submit()
  const backend = createPrefectBackend({ settings: settings() })
  const queue = quietQueue(backend)
  const instances = prefectInstances(backend.client, () => {})
  const before = { ...newInstance('same'), started: '1' }
  await instances.beat(before)
  expect(await queue.enter(newInstance('same'), new AbortController().signal)).toEqual(before)
  await queue.beat()
  // One that ended takes it from nobody.
  await instances.beat(before)
  await queue.beat()
  const other = { ...newInstance('same'), host: 'far', machine: 'far' }
  await instances.beat(other)
  await expect(queue.beat()).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringContaining('same lives already: on far'),
  })
  await queue.leave()
  expect((await instances.find('same'))?.instance).toEqual(other)
  await backend.close()
})

test('a run that is just being claimed is of who claims it, not of who had it before', async () => {
  await submit()
  const [id = ''] = [...fake.runs.keys()]
  const backend = createPrefectBackend({ settings: settings() })
  const enter = async (name: string) => {
    const queue = prefectQueue({
      backend,
      pools: [harvestPool],
      runtime: systemRuntime,
      onProblem() {},
      onInfo() {},
    })
    const me = newInstance(name)
    await queue.enter(me, new AbortController().signal)
    return { queue, me, whole: { worker: name, instance: me.id } }
  }
  const take = async ({ queue }: Awaited<ReturnType<typeof enter>>) =>
    (await queue.next({ flows: new Set([brief.name]), isHeld: (other) => other !== id }))?.claim()
  const [one, two] = [await enter('one'), await enter('two (2)')]
  expect(await (await take(one))?.begin({ name: 'brief', retries: 0, retryDelaySeconds: 0 })).toMatchObject({
    kind: 'running',
  })
  expect(await two.queue.held()).toMatchObject([one.whole])
  await one.queue.end({ flowRunId: id, runName: 'brief', runCount: 1, to: { kind: 'back', message: '' } })
  fake.fail('/labels', { status: 429, headers: { 'retry-after': '2' } })
  const claim = take(two)
  await waitUntil('the claim', () => fake.runs.get(id)?.state.type === 'PENDING')
  expect(await one.queue.held()).toMatchObject([two.whole])
  await (await claim)?.begin({ name: 'brief', retries: 0, retryDelaySeconds: 0 })
  expect(await one.queue.held()).toMatchObject([two.whole])
  await backend.close()
})

test('a run whose claim fails for good is not claimed again and again', async () => {
  await submit()
  const [refused] = [...fake.runs.keys()]
  fake.fail(`/flow_runs/${refused}/labels`, { status: 422, body: { detail: 'no' } }, 100)
  const one = await worker('one', 1)
  await waitUntil('the others', () => executed.size === runs - 1)
  await sleep(2500)
  const claims = fake.requests.filter(
    ({ path, body }) =>
      path === `/flow_runs/${refused}/set_state` &&
      (body as { state: { type: string } }).state.type === 'PENDING',
  )
  await one.stop()
  expect(claims.length).toBeLessThan(10)
  expect(fake.runs.get(refused as string)?.state).toMatchObject({
    type: 'SCHEDULED',
    message: 'The claim failed half-way',
  })
})

/** A server takes a claim of a run that has ended, and lists what was due a moment ago. */
test('a run that ends before the answer that lists it comes is not executed again', async () => {
  await submit()
  const one = await worker('one', 2)
  fake.fail('/get_scheduled_flow_runs', { laterMs: 500 }, 100)
  await allEnded()
  await one.stop()
  expect([...executed.values()]).toEqual(Array.from({ length: runs }, () => 1))
})

test('a run that another worker has executed meanwhile is not executed again', async () => {
  await submit()
  const workers = await Promise.all([worker('one', 1), worker('two', 1), worker('three', 1)])
  await allEnded()
  await Promise.all(workers.map((each) => each.stop()))
  expect([...executed.values()]).toEqual(Array.from({ length: runs }, () => 1))
})

test('a claim whose answer was lost is known again, and not taken for that of another', async () => {
  await submit()
  fake.fail('/set_state', 'lose', 6)
  const workers = await Promise.all([worker('one', 1), worker('two', 1)])
  await allEnded()
  await Promise.all(workers.map((each) => each.stop()))
  expect([...executed.values()]).toEqual(Array.from({ length: runs }, () => 1))
})
