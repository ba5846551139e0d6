/** A process that was frozen or cut off for minutes: its runs were taken for dead, and may be others' by now. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { RunRecorder } from '../../src/runs/backend.ts'
import { endOfDead } from '../../src/runs/decide.ts'
import {
  type AnyFlow,
  completed,
  createLocalBackend,
  createPrefectBackend,
  flow,
  localOrchestrator,
  memoryStore,
  type Orchestrator,
  type PrefectSettings,
  prefectOrchestrator,
  prefectSettings,
  registerDeployments,
} from '../../src/runs/index.ts'
import { newInstance } from '../../src/runs/instance.ts'
import type { RunQueue } from '../../src/runs/orchestrator.ts'
import { prefectQueue } from '../../src/runs/prefect/queue.ts'
import { systemRuntime } from '../../src/runs/runtime.ts'
import { localQueue } from '../../src/runs/standalone/queue.ts'
import { waitUntil } from '../support/prefect.ts'
import { type FakePrefect, startFakePrefect } from '../support/prefect-fake.ts'
import { harvestPool, spec } from '../support/prefect-flows.ts'

const brief = flow({
  name: 'Test Brief',
  description: 'Is executed step by step by the test.',
  parameters: z.object({}),
  runName: () => 'brief',
  run: async () => completed(''),
}) as unknown as AnyFlow
const deployments = [spec('brief', brief)]
const policy = { name: 'brief', retries: 0, retryDelaySeconds: 0 }
let ahead = 0
const runtime = { ...systemRuntime, now: () => new Date(Date.now() + ahead) }

interface Stage {
  readonly orchestrator: Orchestrator
  readonly frozen: RunQueue
  readonly other: RunQueue
}
let fake: FakePrefect
const open: { close(): Promise<unknown> }[] = []
beforeEach(async () => {
  ahead = 0
  fake = await startFakePrefect()
})
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
  await fake.close()
})

async function prefectStage(): Promise<Stage> {
  const settings = prefectSettings({ PREFECT_API_URL: fake.apiUrl }) as PrefectSettings
  const backend = createPrefectBackend({ settings, runtime })
  open.push(backend)
  const pools = [{ name: harvestPool, concurrencyLimit: null }]
  await registerDeployments(backend, { namespace: 'tests', pools, deployments })
  const queue = () =>
    prefectQueue({ backend, pools: [harvestPool], runtime, onProblem: () => {}, onInfo: () => {} })
  const declaration = { pools, deployments, tagLimits: {} }
  return {
    orchestrator: prefectOrchestrator({ backend, namespace: 'tests', declaration }),
    frozen: queue(),
    other: queue(),
  }
}

async function localStage(): Promise<Stage> {
  const store = memoryStore()
  const make = (worker: string) => createLocalBackend({ store, worker, deployments, runtime })
  const [backend, another] = [make('frozen'), make('other')]
  return {
    orchestrator: localOrchestrator({ backend }),
    frozen: localQueue({ backend, runtime }),
    other: localQueue({ backend: another, runtime }),
  }
}

async function begun(queue: RunQueue): Promise<RunRecorder> {
  let recorder: RunRecorder | null = null
  await waitUntil('a claim', async () => {
    await queue.look()
    const offer = await queue.next({ flows: new Set([brief.name]), isHeld: () => false })
    recorder = (await offer?.claim()) ?? null
    return recorder !== null
  })
  const claimed = recorder as unknown as RunRecorder
  expect(await claimed.begin(policy)).toMatchObject({ kind: 'running' })
  return claimed
}

describe.each([
  ['Prefect', prefectStage],
  ['standalone', localStage],
])('a run that was taken for dead, %s', (_, make) => {
  /** Executed by one process, and settled by another. */
  async function takenForDead() {
    const stage = await make()
    const { orchestrator, frozen, other } = stage
    await frozen.enter(newInstance('frozen'), new AbortController().signal)
    await other.enter(newInstance('other'), new AbortController().signal)
    const { id } = await orchestrator.submit({ deployment: 'brief', parameters: {} })
    const recorder = await begun(frozen)
    // The end of what began a moment ago is told without a look.
    ahead = 5000
    const [held] = await other.held()
    if (!held) throw new Error('nobody has it')
    await other.settle(held, endOfDead(held))
    const typeOf = async () => (await orchestrator.find(id))?.state.type
    expect(await typeOf()).toBe('CRASHED')
    return { ...stage, id, recorder, typeOf }
  }

  it('has the end that its process knows', async () => {
    const { recorder, typeOf } = await takenForDead()
    expect(await recorder.finish({ type: 'COMPLETED', message: 'done', retry: false })).toEqual({
      kind: 'accepted',
    })
    expect(await typeOf()).toBe('COMPLETED')
    await recorder.close()
  })

  it('and is executed by another process, is left to it', async () => {
    const { orchestrator, frozen, other, id, recorder, typeOf } = await takenForDead()
    await orchestrator.retry({ id, name: 'brief' })
    const failed = { type: 'FAILED', message: 'of the first one', retry: false } as const
    expect(await recorder.finish(failed)).toMatchObject({ kind: 'gone' })
    const theirs = await begun(other)
    expect((await frozen.states([id])).get(id)).toBe('elsewhere')
    expect((await other.states([id])).get(id)).toMatchObject({ type: 'RUNNING' })
    expect(await recorder.finish(failed)).toMatchObject({ kind: 'gone' })
    await recorder.reschedule('stopped')
    expect(await typeOf()).toBe('RUNNING')
    expect(await theirs.finish({ type: 'COMPLETED', message: '', retry: false })).toEqual({
      kind: 'accepted',
    })
    for (const one of [recorder, theirs]) await one.close()
  })
})
