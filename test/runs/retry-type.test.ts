/** A server hides a run whose retry it ordered of one process: until that process gives it up. */
import { expect, it } from 'vitest'
import {
  createPrefectBackend,
  type PrefectSettings,
  prefectSettings,
  registerDeployments,
} from '../../src/runs/index.ts'
import { newInstance } from '../../src/runs/instance.ts'
import type { RunQueue } from '../../src/runs/orchestrator.ts'
import { prefectQueue } from '../../src/runs/prefect/queue.ts'
import { systemRuntime } from '../../src/runs/runtime.ts'
import { waitUntil } from '../support/prefect.ts'
import { type FakePrefect, startFakePrefect } from '../support/prefect-fake.ts'
import { flaky, harvestPool, spec } from '../support/prefect-flows.ts'

/** One that has failed, and waits for its second attempt in the process that executed it. */
async function waiting(use: (stage: { queue: RunQueue; id: string; fake: FakePrefect }) => Promise<void>) {
  const fake = await startFakePrefect()
  const settings = prefectSettings({ PREFECT_API_URL: fake.apiUrl }) as PrefectSettings
  const backend = createPrefectBackend({ settings })
  const pools = [{ name: harvestPool, concurrencyLimit: null }]
  await registerDeployments(backend, { namespace: 'tests', pools, deployments: [spec('flaky', flaky)] })
  const quiet = { runtime: systemRuntime, onProblem: () => {}, onInfo: () => {} }
  const queue = prefectQueue({ backend, pools: [harvestPool], ...quiet })
  try {
    await queue.enter(newInstance('one'), new AbortController().signal)
    const { id } = await backend.submit({ deployment: 'flaky', parameters: {} })
    await waitUntil('the claim', async () => {
      await queue.look()
      const offer = await queue.next({ flows: new Set([flaky.name]), isHeld: () => false })
      const recorder = await offer?.claim()
      await recorder?.begin({ name: 'flaky', retries: 1, retryDelaySeconds: 600 })
      const answer = await recorder?.finish({ type: 'FAILED', message: 'first', retry: true })
      await recorder?.close()
      return answer?.kind === 'retry'
    })
    await use({ queue, id, fake })
  } finally {
    await backend.close()
    await fake.close()
  }
}

const held = async (queue: RunQueue) => (await queue.held()).map(({ run, type }) => `${run.id} ${type}`)

it('a run that waits for its retry is held by its process, which others may find gone', () =>
  waiting(async ({ queue, id }) => {
    expect(await held(queue)).toEqual([`${id} SCHEDULED`])
  }))

it('one that is paused is offered to all once it is resumed', () =>
  waiting(async ({ queue, id, fake }) => {
    await queue.suspend(id)
    expect(fake.runs.get(id)).toMatchObject({
      state: { type: 'PAUSED' },
      empirical_policy: { retries: 1, retry_type: 'reschedule' },
    })
    expect(await held(queue)).toEqual([])
  }))

it('one whose process ended before it could give it back is offered to all by the next one', () =>
  waiting(async ({ queue, id, fake }) => {
    const back = {
      flowRunId: id,
      runName: 'flaky',
      runCount: 1,
      to: { kind: 'back', message: 'stopped' },
    } as const
    expect(await queue.end(back)).toEqual({ kind: 'accepted' })
    expect(fake.runs.get(id)).toMatchObject({
      state: { type: 'SCHEDULED', message: 'stopped' },
      empirical_policy: { retry_type: 'reschedule' },
    })
    expect(await held(queue)).toEqual([])
  }))
