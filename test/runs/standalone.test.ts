import { describe, expect, it, vi } from 'vitest'
import { HarvesterError } from '../../src/errors.ts'
import { createLocalBackend, memoryStore, startStandalone } from '../../src/runs/index.ts'
import { newInstance } from '../../src/runs/instance.ts'
import { systemRuntime } from '../../src/runs/runtime.ts'
import { localQueue } from '../../src/runs/standalone/queue.ts'
import { state } from '../../src/runs/states.ts'
import { slow, source, spec } from '../support/prefect-flows.ts'

const quick = { graceSeconds: 0, pollMs: 20 }

function make(more: Parameters<typeof spec>[2] = {}) {
  const store = memoryStore()
  const deployments = [
    spec('daily', source, { schedule: { cron: '0 5 * * *', timezone: 'Europe/Rome' }, ...more }),
    spec('slow', slow, { concurrencyLimit: 1 }),
  ]
  return { store, deployments, backend: createLocalBackend({ store, deployments, worker: 'me' }) }
}

describe('a standalone process', () => {
  it('knows when each deployment comes next', async () => {
    const { backend } = make()
    const process = await startStandalone({ backend, ...quick })
    const next = process.nextRun('daily')
    expect(
      new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/Rome', timeStyle: 'short' }).format(next as Date),
    ).toBe('05:00')
    expect(process.nextRun('slow')).toBeNull()
    await process.stop()
  })

  it('runs a deployment at its time, and leaves a tick out while one waits', async () => {
    vi.useFakeTimers({
      now: new Date('2026-11-21T03:59:58Z'),
      toFake: ['setTimeout', 'clearTimeout', 'Date'],
    })
    try {
      const { backend, store } = make()
      const process = await startStandalone({ backend, limit: 0, graceSeconds: 0, pollMs: 3_600_000 })
      expect(await store.runs({})).toEqual([])
      await vi.advanceTimersByTimeAsync(3000)
      expect((await store.runs({})).map((run) => [run.deployment, run.createdBy])).toEqual([
        ['daily', 'schedule'],
      ])
      await vi.advanceTimersByTimeAsync(24 * 3600_000)
      expect(await store.runs({})).toHaveLength(1)
      await process.stop()
    } finally {
      vi.useRealTimers()
    }
  })

  it('makes up for a tick at which the database was away, once, until the next one is due', async () => {
    vi.useFakeTimers({
      now: new Date('2026-11-21T03:59:58Z'),
      toFake: ['setTimeout', 'clearTimeout', 'Date'],
    })
    try {
      const { store, deployments } = make({ schedule: { cron: '0 * * * *', timezone: 'UTC' } })
      let away = false
      const shaky = new Proxy(store, {
        get(of, name: keyof typeof store) {
          if (away) return () => Promise.reject(new HarvesterError('DATABASE_UNREACHABLE', 'away'))
          return of[name]
        },
      })
      const backend = createLocalBackend({ store: shaky, deployments, worker: 'me' })
      const told: string[] = []
      const process = await startStandalone({
        backend,
        limit: 0,
        graceSeconds: 0,
        pollMs: 3_600_000,
        runtime: { ...systemRuntime, sleep: (ms) => new Promise((done) => setTimeout(done, ms)) },
        onProblem: (text) => void (text.includes('scheduled run') && told.push(text)),
      })
      away = true
      await vi.advanceTimersByTimeAsync(100_000)
      expect(told).toEqual(['A scheduled run could not be created yet; it is tried again'])
      away = false
      await vi.advanceTimersByTimeAsync(100_000)
      expect((await store.runs({})).map((run) => run.idempotencyKey)).toEqual([
        'schedule:daily:2026-11-21T04:00:00.000Z',
      ])
      for (const { id } of await store.runs({}))
        await store.transition(id, ['SCHEDULED'], state('COMPLETED', new Date()))
      // From before 05:00 until after 06:00.
      await vi.advanceTimersByTimeAsync(3_300_000)
      away = true
      await vi.advanceTimersByTimeAsync(3_900_000)
      away = false
      await vi.advanceTimersByTimeAsync(100_000)
      expect(told).toContain('A scheduled run could not be created before the next was due')
      expect((await store.runs({})).map((run) => run.idempotencyKey).sort()).toEqual([
        'schedule:daily:2026-11-21T04:00:00.000Z',
        'schedule:daily:2026-11-21T06:00:00.000Z',
      ])
      await process.stop()
    } finally {
      vi.useRealTimers()
    }
  })

  it('does not run two runs of a deployment with a limit of one at once', async () => {
    const { backend, store } = make()
    const process = await startStandalone({ backend, ...quick })
    const runs = await Promise.all(
      [0.05, 0.06].map((seconds) => backend.submit({ deployment: 'slow', parameters: { seconds } })),
    )
    await vi.waitFor(async () => {
      for (const { id } of runs) expect((await store.run(id))?.state.type).toBe('COMPLETED')
    }, 60_000)
    const [first, second] = (await Promise.all(runs.map(({ id }) => store.run(id)))).sort(
      (a, b) => (a?.startedAt?.getTime() ?? 0) - (b?.startedAt?.getTime() ?? 0),
    )
    expect(second?.startedAt?.getTime()).toBeGreaterThanOrEqual(first?.endedAt?.getTime() ?? 0)
    await process.stop()
  })

  it('cancels what is beyond the limit of a deployment that wants no queue', async () => {
    const store = memoryStore()
    const deployments = [spec('slow', slow, { concurrencyLimit: 1, collisionStrategy: 'CANCEL_NEW' })]
    const backend = createLocalBackend({ store, deployments, worker: 'me' })
    const first = await backend.submit({ deployment: 'slow', parameters: { seconds: 0.05 } })
    const second = await backend.submit({ deployment: 'slow', parameters: { seconds: 0.05 } })
    expect((await store.run(second.id))?.state).toMatchObject({
      type: 'CANCELLED',
      message: 'Deployment concurrency limit reached.',
    })
    const process = await startStandalone({ backend, ...quick })
    await vi.waitFor(async () => {
      expect((await store.run(first.id))?.state.type).toBe('COMPLETED')
    }, 60_000)
    const third = await backend.submit({ deployment: 'slow', parameters: { seconds: 0.05 } })
    expect((await store.run(third.id))?.state.type).not.toBe('CANCELLED')
    await process.stop()
  })

  it('settles what its predecessor and dead processes left, and not what lives', async () => {
    const { backend, store } = make()
    const left = async (worker: string, type: 'RUNNING' | 'CANCELLING') => {
      const { id } = await backend.submit({ deployment: 'slow', parameters: {} })
      const now = new Date()
      await store.transition(id, ['SCHEDULED'], state('PENDING', now), { worker })
      await store.transition(id, ['PENDING'], state(type, now), { runCount: 1 })
      return id
    }
    const own = await left('me', 'RUNNING')
    const dead = await left('dead', 'CANCELLING')
    const alive = await left('alive', 'RUNNING')
    await store.touchWorker('alive', new Date())
    const process = await startStandalone({ backend, ...quick })
    const types = await Promise.all([own, dead, alive].map(async (id) => (await store.run(id))?.state.type))
    expect(types).toEqual(['CRASHED', 'CANCELLED', 'RUNNING'])
    await process.stop()
  })

  it('cancels a run whose cancellation came before its end was told, whatever the end', async () => {
    for (const to of [
      { kind: 'back', message: 'stopped' },
      { kind: 'final', type: 'COMPLETED', message: 'done', retry: false },
    ] as const) {
      const { backend, store } = make()
      const queue = localQueue({ backend, runtime: systemRuntime })
      await queue.enter(newInstance('me'), new AbortController().signal)
      const { id } = await backend.submit({ deployment: 'slow', parameters: {} })
      const offer = await queue.next({ flows: new Set([slow.name]), isHeld: () => false })
      const recorder = await offer?.claim()
      await recorder?.begin({ name: 'slow', retries: 0, retryDelaySeconds: 0 })
      await backend.cancelRun(id)
      expect((await store.run(id))?.state.type).toBe('CANCELLING')
      const answer = await queue.end({ flowRunId: id, runName: 'slow', runCount: 1, to })
      expect(answer).toEqual({ kind: 'accepted' })
      const run = await store.run(id)
      expect(run?.state).toMatchObject({
        type: 'CANCELLED',
        message: 'Flow run was cancelled successfully.',
      })
      expect(run?.endedAt).not.toBeNull()
    }
  })

  it('runs once a start on RUN_ON_DEPLOY, and not twice in ten minutes', async () => {
    const { backend, store } = make()
    const runOnDeploy = { deployment: 'daily', parameters: { triggered_by: 'deploy' } }
    for (let start = 0; start < 3; start++) {
      const process = await startStandalone({ backend, limit: 0, runOnDeploy, ...quick })
      await process.stop()
    }
    expect((await store.runs({})).map((run) => run.createdBy)).toEqual(['deploy'])
  })

  it('says so loudly when the run of a start cannot be enqueued, and starts all the same', async () => {
    const { backend } = make()
    const problems: string[] = []
    const process = await startStandalone({
      backend,
      runOnDeploy: { deployment: 'nowhere', parameters: {} },
      onProblem: (text) => problems.push(text),
      ...quick,
    })
    expect(problems.join()).toMatch(/RUN_ON_DEPLOY.*NOT be enqueued/)
    await process.stop()
  })
})

it('a process whose name another took while it was out of reach has it no more, and leaves it alone', async () => {
  const { store, backend } = make()
  const before = { ...newInstance('me'), started: '1' }
  await store.touchWorker('me', new Date(), before)
  const queue = localQueue({ backend, runtime: systemRuntime })
  expect(await queue.enter(newInstance('me'), new AbortController().signal)).toEqual(before)
  await queue.beat()
  const other = { ...newInstance('me'), host: 'far', machine: 'far' }
  await store.touchWorker('me', new Date(), other)
  await expect(queue.beat()).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringContaining('me lives already: on far'),
  })
  await queue.leave()
  expect((await store.workers()).map(({ instance }) => instance)).toEqual([other])
})

describe('a name that a process of another machine had a moment ago', () => {
  /** As after a power cut: the machine is another boot, so that only signs of life tell. */
  function entering(onSleep: (now: Date) => Promise<void> = async () => {}) {
    const { store, backend } = make()
    const startedAt = Date.UTC(2026, 10, 21)
    let ms = startedAt
    const runtime = {
      ...systemRuntime,
      now: () => new Date(ms),
      async sleep(milliseconds: number) {
        ms += milliseconds
        await onSleep(new Date(ms))
      },
    }
    const elsewhere = { ...newInstance('me'), host: 'far', machine: 'another boot' }
    const enter = async () => {
      await store.touchWorker('me', new Date(ms - 40_000), elsewhere)
      await localQueue({ backend, runtime }).enter(newInstance('me'), new AbortController().signal)
      return (ms - startedAt) / 1000
    }
    return { store, elsewhere, enter }
  }

  it('is free once its signs of life are old', async () => {
    const { enter } = entering()
    const seconds = await enter()
    expect(seconds).toBeGreaterThanOrEqual(80)
    expect(seconds).toBeLessThan(100)
  })

  it('is refused as soon as it gives another sign', async () => {
    const one = entering(async (now) => one.store.touchWorker('me', now, one.elsewhere))
    await expect(one.enter()).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('me lives already: on far'),
    })
  })
})
