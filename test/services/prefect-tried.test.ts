/** What people do with our runs by Prefect's own means, on a real server. */
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { WebSocket } from 'undici'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import {
  type AnyFlow,
  completed,
  createPrefectBackend,
  flow,
  flowRegistry,
  type PrefectBackend,
  type PrefectSettings,
  prefectSettings,
  type Registration,
  registerDeployments,
  startWorker,
  systemRuntime,
  type WorkerOptions,
} from '../../src/runs/index.ts'
import { claimId } from '../../src/runs/prefect/claim-id.ts'
import { acquireTagSlots } from '../../src/runs/prefect/leases.ts'
import { setState } from '../../src/runs/prefect/set-state.ts'
import { type PrefectServer, prefectBin, prefectEnvironment, waitUntil } from '../support/prefect.ts'
import { flows, harvestPool, slow, source, spec } from '../support/prefect-flows.ts'
import { startSharedPrefect } from '../support/shared.ts'

const run = promisify(execFile)
const limited = flow({
  name: 'Test Limited',
  description: 'Takes longer than it may.',
  parameters: z.object({}),
  runName: () => 'limited',
  timeoutSeconds: 1,
  run: async (_, { signal }) => {
    await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    return completed('in vain')
  },
}) as unknown as AnyFlow
const priorityPool = 'tried-priorities'
const registration: Registration = {
  namespace: 'tried',
  pools: [
    { name: harvestPool, concurrencyLimit: null },
    {
      name: priorityPool,
      concurrencyLimit: null,
      queues: [
        { name: 'urgent', concurrencyLimit: null, priority: 1 },
        { name: 'default', concurrencyLimit: null, priority: 9 },
      ],
    },
  ],
  deployments: [
    spec('source', source),
    spec('slow', slow),
    spec('limited', limited),
    spec('urgent', source, { workPool: priorityPool, workQueue: 'urgent' }),
    spec('patient', source, { workPool: priorityPool }),
  ],
  tagLimits: { database: 1 },
  limits: 'reset',
}

let server: PrefectServer
let settings: PrefectSettings
let backend: PrefectBackend
let folder: string
let env: NodeJS.ProcessEnv

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tried-'))
  server = await startSharedPrefect()
  settings = prefectSettings({ PREFECT_API_URL: server.apiUrl }) as PrefectSettings
  backend = createPrefectBackend({ settings, namespaceTag: 'erddap-harvester:tried' })
  await registerDeployments(backend, registration)
  env = prefectEnvironment(folder, { PREFECT_API_URL: server.apiUrl })
})
afterAll(async () => {
  await backend?.close()
  await server?.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function withWorker<T>(work: () => Promise<T>, more: Partial<WorkerOptions> = {}): Promise<T> {
  const worker = await startWorker({
    backend: createPrefectBackend({ settings, ...(more.runtime && { runtime: more.runtime }) }),
    flows: flowRegistry([...flows, limited]),
    pools: [harvestPool, priorityPool],
    limit: 4,
    name: null,
    slotFolder: folder,
    registration: null,
    graceSeconds: 1,
    pollMs: 500,
    ...more,
  })
  try {
    return await work()
  } finally {
    await worker.stop()
  }
}
const submit = async (deployment: string, parameters: Record<string, unknown> = {}) =>
  (await backend.submit({ deployment, parameters })).id
const runOf = (id: string) => backend.readRun(id)
const inState = (id: string, name: string, runCount = 0) =>
  waitUntil(
    `${name} of ${id}`,
    async () => {
      const found = await runOf(id)
      return found?.state.name === name && found.runCount >= runCount
    },
    180_000,
  )

it('queues of a pool go by their priority', async () => {
  const patient = [await submit('patient'), await submit('patient')]
  const urgent = await submit('urgent')
  await withWorker(
    async () => {
      for (const id of [urgent, ...patient]) await inState(id, 'Completed')
    },
    { limit: 1, pools: [priorityPool] },
  )
  const startOf = async (id: string) => (await runOf(id))?.startedAt?.getTime() ?? 0
  for (const id of patient) expect(await startOf(urgent)).toBeLessThan(await startOf(id))
}, 600_000)

it('a run that is longer than its time limit fails as timed out', async () => {
  await withWorker(async () => {
    const id = await submit('limited')
    await inState(id, 'TimedOut')
    expect((await runOf(id))?.state.message).toContain('longer than 1 s')
  })
}, 600_000)

it('runs that became late while no worker lived are made up, each once', async () => {
  const ids = [await submit('source', { n: 1 }), await submit('source', { n: 2 })]
  for (const id of ids) await inState(id, 'Late')
  await withWorker(async () => {
    for (const id of ids) await inState(id, 'Completed')
  })
  for (const id of ids) expect((await runOf(id))?.runCount).toBe(1)
}, 600_000)

it('a run that has ended is not claimed again, though servers take such a claim', async () => {
  const id = await submit('source', { n: 1 })
  await withWorker(() => inState(id, 'Completed'))
  const claim = (transitionId: string) =>
    setState(backend.client, id, { type: 'PENDING', name: 'Pending' }, { transitionId })
  const asListed = claimId({ id, run_count: 0 })
  expect(await claim(asListed)).toMatchObject({ kind: 'rejected', state: { type: 'COMPLETED' } })
  // If this is refused one day, nothing of the kind is needed any more.
  expect(await claim(randomUUID())).toMatchObject({ kind: 'accepted' })
  await setState(backend.client, id, { type: 'COMPLETED' }, { force: true })
  // Retried by a person, it is claimed like any other.
  await setState(backend.client, id, { type: 'SCHEDULED', name: 'AwaitingRetry' })
  await withWorker(() => inState(id, 'Completed', 2))
  expect((await runOf(id))?.runCount).toBe(2)
}, 600_000)

it('a worker with a wrong clock takes what is due at once', async () => {
  for (const shift of [-300_000, 300_000]) {
    const runtime = { ...systemRuntime, now: () => new Date(Date.now() + shift) }
    await withWorker(
      async () => {
        const begun = Date.now()
        await inState(await submit('source', { n: 1 }), 'Completed')
        // Far less than the clocks are apart, also on a slow machine.
        expect(Date.now() - begun).toBeLessThan(240_000)
      },
      { runtime },
    )
  }
}, 600_000)

it('a Python flow has one of ours as its subflow', async () => {
  const script = join(folder, 'parent.py')
  writeFileSync(
    script,
    `from prefect import flow
from prefect.deployments import run_deployment

@flow
def parent():
    child = run_deployment("Test Source/source", parameters={"n": 4}, timeout=300, poll_interval=1, as_subflow=True)
    print("child", child.id, child.state.type.value, child.parent_task_run_id is not None)

parent()
`,
  )
  await withWorker(async () => {
    const { stdout } = await run(join(prefectBin(), '../python'), [script], { env })
    expect(stdout).toMatch(/child \S+ COMPLETED True/)
  })
}, 600_000)

it('a start that reaches the server after the end, which it takes, leaves no run Running', async () => {
  await withWorker(
    async () => {
      const id = await submit('source', { n: 1 })
      await inState(id, 'Completed')
      const late = await backend.client.normal.POST('/flow_runs/{id}/set_state', {
        params: { path: { id } },
        body: { state: { type: 'RUNNING', name: 'Running' }, force: false },
      })
      expect(late.data?.status).toBe('ACCEPT')
      await inState(id, 'Completed', 2)
      expect((await runOf(id))?.state.message).toBe('1 harvested')
    },
    { sweepMs: 1000 },
  )
}, 600_000)

const prefect = async (...args: string[]) =>
  (await run(prefectBin(), ['--no-prompt', ...args], { env })).stdout

it('Prefect’s own command shows a run and its log, makes it due again, and cancels one', async () => {
  await withWorker(async () => {
    const id = await submit('source', { n: 2 })
    await inState(id, 'Completed')
    expect(await prefect('flow-run', 'inspect', id)).toMatch(/source-2[\s\S]*2 harvested/)
    const log = await prefect('flow-run', 'logs', id)
    expect(log).toMatch(/Worker '.+' submitting flow run/)
    for (const line of ['harvested item=0', 'harvested item=1', 'Completed: 2 harvested'])
      expect(log).toContain(line)
    await prefect('flow-run', 'retry', id)
    await inState(id, 'Completed', 2)

    const long = await submit('slow', { seconds: 300 })
    await inState(long, 'Running')
    await prefect('flow-run', 'cancel', long)
    await inState(long, 'Cancelled')
  })
}, 600_000)

/** Names of the events about a run, as `prefect event stream` gets them. */
async function eventStream(): Promise<{ of(id: string): Set<string>; close(): void }> {
  const socket = new WebSocket(`${server.apiUrl.replace(/^http/, 'ws')}/events/out`, ['prefect'])
  const events: { event: string; related: Record<string, string>[]; resource: Record<string, string> }[] = []
  const say = (message: object) => socket.send(JSON.stringify(message))
  await new Promise<void>((done, fail) => {
    socket.addEventListener('error', () => fail(new Error('the stream of events cannot be opened')))
    socket.addEventListener('open', () => say({ type: 'auth', token: null }))
    socket.addEventListener('message', ({ data }) => {
      const message = JSON.parse(String(data))
      if (message.type === 'event') events.push(message.event)
      if (message.type !== 'auth_success') return
      const occurred = {
        since: new Date().toISOString(),
        until: new Date(Date.now() + 3_600_000).toISOString(),
      }
      say({ type: 'filter', backfill: false, filter: { occurred } })
      done()
    })
  })
  const isOf = (id: string) => (resource: Record<string, string>) =>
    resource['prefect.resource.id'] === `prefect.flow-run.${id}`
  return {
    of: (id) =>
      new Set(
        events
          .filter(({ resource, related }) => [resource, ...related].some(isOf(id)))
          .map(({ event }) => event),
      ),
    close: () => socket.close(),
  }
}

it('the stream of events tells of a run, its tasks and its artifacts', async () => {
  const stream = await eventStream()
  try {
    await withWorker(async () => {
      const id = await submit('source', { n: 1 })
      const wanted = [
        'prefect.flow-run.Pending',
        'prefect.flow-run.Running',
        'prefect.flow-run.Completed',
        'prefect.task-run.Completed',
        'prefect.artifact.created',
      ]
      await waitUntil(`events of ${id}`, () => wanted.every((name) => stream.of(id).has(name)))
    })
  } finally {
    stream.close()
  }
}, 600_000)

it('the slot of a task is free again although the server was killed while it was held', async () => {
  const { client } = backend
  const lost: string[] = []
  const options = {
    signal: new AbortController().signal,
    sleep: async () => {
      throw new Error('there was a slot')
    },
    onWaiting: () => {},
    onLost: (reason: string) => void lost.push(reason),
  }
  const held = async () => {
    const { data } = await client.normal.GET('/v2/concurrency_limits/{id_or_name}', {
      params: { path: { id_or_name: 'tag:database' } },
    })
    return data?.active_slots
  }
  const release = await acquireTagSlots(client, ['database'], randomUUID(), options)
  expect(await held()).toBe(1)
  await server.kill()
  await server.restart()
  expect(await held()).toBe(1)
  await release()
  expect(await held()).toBe(0)
  await (await acquireTagSlots(client, ['database'], randomUUID(), options))()
  expect(await held()).toBe(0)
  expect(lost).toEqual([])
})
