import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { HarvesterError } from '../../src/errors.ts'
import { aborted } from '../../src/runs/abort.ts'
import { executeRun } from '../../src/runs/engine.ts'
import {
  completed,
  createLocalBackend,
  type DeploymentSpec,
  type EngineEvent,
  failed,
  flow,
  memoryStore,
  runFlow,
  task,
} from '../../src/runs/index.ts'
import { systemRuntime } from '../../src/runs/runtime.ts'

const none = z.object({})
/** Sleeps nothing, so that retries are instant; time itself is real. */
const hasty = { ...systemRuntime, random: () => 0.5, sleep: async () => {} }

function local(deployments: DeploymentSpec[] = [], tagLimits: Record<string, number> = {}) {
  const store = memoryStore()
  return { store, backend: createLocalBackend({ store, deployments, tagLimits }) }
}

function simple(run: Parameters<typeof flow<typeof none>>[0]['run'], more: object = {}) {
  return flow({ name: 'Simple', description: '', parameters: none, runName: () => 'simple', run, ...more })
}

function spec(name: string, of: DeploymentSpec['flow'], more: Partial<DeploymentSpec> = {}): DeploymentSpec {
  return {
    name,
    flow: of,
    parameters: {},
    schedule: null,
    concurrencyLimit: 1,
    tags: [],
    workPool: 'harvest',
    description: '',
    version: '1',
    ...more,
  }
}

describe('a flow', () => {
  it('completes with the message of its outcome, and keeps tasks, edges, logs and artifacts', async () => {
    const { backend, store } = local()
    const list = task({ name: 'list', run: async () => ['a', 'b'] })
    const count = task({
      name: 'count',
      run: async (items: string[], at) => {
        at.log.info({ items: items.length }, 'counted')
        return items.length
      },
    })
    const result = await runFlow(
      backend,
      simple(async (_, run) => {
        const listed = run.task(list, undefined)
        const counted = run.task(count, await listed, { after: [listed] })
        await run.artifact.table({ key: 'status', rows: [{ id: 1 }] })
        return completed(`${await counted} items`)
      }),
      {},
    )
    expect(result).toMatchObject({ state: 'COMPLETED', message: '2 items', error: null })
    const tasks = await store.taskRuns(result.id)
    expect(tasks.map((row) => [row.name, row.state.name, row.runCount])).toEqual([
      ['list', 'Completed', 1],
      ['count', 'Completed', 1],
    ])
    expect(tasks[1]?.after).toEqual([tasks[0]?.id])
    expect((await store.logs(result.id)).map((line) => line.message)).toContain('counted items=2')
    expect((await store.artifacts(result.id))[0]?.artifact).toMatchObject({ type: 'table', key: 'status' })
    expect(await store.run(result.id)).toMatchObject({
      name: 'simple',
      runCount: 1,
      state: { type: 'COMPLETED' },
    })
  })

  it('is refused before it starts when its parameters do not fit', async () => {
    const { backend, store } = local()
    const strict = flow({
      name: 'Strict',
      description: '',
      parameters: z.object({ n: z.number().int() }),
      runName: ({ n }) => `strict-${n}`,
      run: async () => completed(''),
    })
    await expect(runFlow(backend, strict, { n: 1.5 })).rejects.toMatchObject({ code: 'PARAMETERS_INVALID' })
    expect(await store.runs({})).toEqual([])
  })

  it('that fails by its counts is Failed with the counts and not retried', async () => {
    const { backend, store } = local()
    const result = await runFlow(
      backend,
      simple(async () => failed('3 of 4 failed'), { retries: 2, retryDelaySeconds: 0 }),
      {},
    )
    expect(result).toMatchObject({ state: 'FAILED', message: '3 of 4 failed' })
    expect((await store.run(result.id))?.runCount).toBe(1)
  })

  it('that throws is retried as often as it says, then Failed with what it threw', async () => {
    const { backend, store } = local()
    const boom = new HarvesterError('LISTING_FAILED', 'no list')
    const result = await runFlow(
      backend,
      simple(
        async () => {
          throw boom
        },
        { retries: 2 },
      ),
      {},
      { runtime: hasty },
    )
    expect(result.state).toBe('FAILED')
    expect(result.error).toBe(boom)
    expect(result.message).toContain('no list')
    expect((await store.run(result.id))?.runCount).toBe(3)
  })

  it('that takes too long is Failed as TimedOut and its signal aborts', async () => {
    const { backend, store } = local()
    const result = await runFlow(
      backend,
      simple(
        (_, run) =>
          new Promise((_resolve, reject) => {
            run.signal.addEventListener('abort', () => reject(run.signal.reason))
          }),
        { timeoutSeconds: 0.05 },
      ),
      {},
    )
    expect(result.state).toBe('FAILED')
    expect((await store.run(result.id))?.state).toMatchObject({ name: 'TimedOut' })
  })

  it('that is cancelled aborts its tasks and ends as Cancelled, whatever the body throws', async () => {
    const { backend, store } = local()
    const controller = new AbortController()
    const hang = task({
      name: 'hang',
      retries: 5,
      run: (_: undefined, at) =>
        new Promise<never>((_resolve, reject) => {
          at.signal.addEventListener('abort', () => reject(new Error('socket closed')))
          controller.abort()
        }),
    })
    const result = await runFlow(
      backend,
      simple(async (_, run) => {
        await run.task(hang, undefined)
      }),
      {},
      { signal: controller.signal },
    )
    expect(result.state).toBe('CANCELLED')
    expect((await store.taskRuns(result.id)).map((row) => row.state.type)).toEqual(['CANCELLED'])
  })

  it('that is given back by an ordinary stop says so as news, not as an error', async () => {
    const { backend, store } = local()
    const controller = new AbortController()
    const lines: string[] = []
    const body = simple(async (_, { signal }) => {
      controller.abort(aborted('stopped'))
      signal.throwIfAborted()
    })
    const recorder = await backend.openRun({ flow: body.name, flowTags: [], name: 'r', parameters: {} })
    const { type } = await executeRun(body, recorder, backend, {
      signal: controller.signal,
      onLog: ({ level, text }) => lines.push(`${level} ${text}`),
    })
    expect([type, (await store.run(recorder.run.id))?.state.type]).toEqual(['RESCHEDULED', 'SCHEDULED'])
    expect(lines).toEqual(['info Given back: The worker was stopped before the run had ended'])
  })

  it('that ignores its cancellation is settled all the same', async () => {
    const { backend } = local()
    const controller = new AbortController()
    const result = await runFlow(
      backend,
      simple(() => {
        controller.abort()
        return new Promise<never>(() => {})
      }),
      {},
      { signal: controller.signal, abortGraceMs: 20 },
    )
    expect(result.state).toBe('CANCELLED')
  })

  it('fails when a task that nobody awaited fails', async () => {
    const { backend } = local()
    const bad = task({
      name: 'bad',
      run: async () => {
        throw new Error('unseen')
      },
    })
    const result = await runFlow(
      backend,
      simple(async (_, run) => {
        run.task(bad, undefined)
        return completed('fine')
      }),
      {},
    )
    expect(result.state).toBe('FAILED')
    expect(result.message).toContain('unseen')
  })

  it('tells of its life in events, once each', async () => {
    const { backend } = local()
    const events: EngineEvent[] = []
    const one = task({ name: 'one', run: async () => 1 })
    await runFlow(
      backend,
      simple(async (_, run) => {
        await run.task(one, undefined)
      }),
      {},
      { onEvent: (event) => events.push(event) },
    )
    expect(
      events.map((event) =>
        event.type === 'task-changed' ? `${event.task} ${event.state.name}` : event.type,
      ),
    ).toEqual(['run-started', 'one Running', 'one Completed', 'run-finished'])
  })
})

describe('a task', () => {
  it('is retried with a growing delay and keeps one record', async () => {
    const { backend, store } = local()
    const delays: number[] = []
    const runtime = {
      ...hasty,
      sleep: async (ms: number) => {
        delays.push(ms)
      },
    }
    const flaky = task({
      name: 'flaky',
      retries: 3,
      retryDelaySeconds: 2,
      run: async (_: undefined, at) => {
        if (at.runCount < 3) throw new Error(`attempt ${at.runCount}`)
        return at.runCount
      },
    })
    const result = await runFlow(
      backend,
      simple(async (_, run) => completed(String(await run.task(flaky, undefined)))),
      {},
      { runtime },
    )
    expect(result).toMatchObject({ state: 'COMPLETED', message: '3' })
    expect(delays).toEqual([2000, 4000])
    expect((await store.taskRuns(result.id)).map((row) => [row.runCount, row.state.name])).toEqual([
      [3, 'Completed'],
    ])
  })

  it('that takes too long fails with RUN_TIMEOUT', async () => {
    const { backend, store } = local()
    const slow = task({ name: 'slow', timeoutSeconds: 0.02, run: () => new Promise<void>(() => {}) })
    const result = await runFlow(
      backend,
      simple(async (_, run) => {
        await run.task(slow, undefined)
      }),
      {},
      { abortGraceMs: 10 },
    )
    expect(result.error).toMatchObject({ code: 'RUN_TIMEOUT' })
    expect((await store.taskRuns(result.id))[0]?.state).toMatchObject({ type: 'FAILED', name: 'TimedOut' })
  })

  it('after one that failed is Cancelled and throws the same, unless it allows the failure', async () => {
    const { backend, store } = local()
    const bad = task({
      name: 'bad',
      run: async () => {
        throw new Error('no snapshot')
      },
    })
    const next = task({ name: 'next', run: async (text: string) => text })
    const result = await runFlow(
      backend,
      simple(async (_, run) => {
        const upstream = run.task(bad, undefined)
        const refused = await run.task(next, 'x', { after: [upstream], name: 'refused' }).settled()
        const allowed = await run.task(next, 'y', { after: [upstream], allowFailure: true, name: 'allowed' })
        return completed(`${refused.status} ${allowed}`)
      }),
      {},
    )
    expect(result).toMatchObject({ state: 'COMPLETED', message: 'rejected y' })
    expect((await store.taskRuns(result.id)).map((row) => [row.name, row.state.type])).toEqual([
      ['bad', 'FAILED'],
      ['refused', 'CANCELLED'],
      ['allowed', 'COMPLETED'],
    ])
  })

  it('runs at most as often at once as its concurrency and the limits of its tags say', async () => {
    const { backend } = local([], { database: 1 })
    let now = 0
    let most = 0
    const body = async () => {
      most = Math.max(most, ++now)
      await new Promise((resolve) => setImmediate(resolve))
      now--
    }
    const free = task({ name: 'free', run: body })
    const tagged = task({ name: 'tagged', tags: ['database'], run: body })
    const many = async (which: typeof free, concurrency?: number) => {
      most = 0
      await runFlow(
        backend,
        simple(async (_, run) => {
          await Promise.all(
            Array.from({ length: 9 }, () =>
              run.task(which, undefined, concurrency === undefined ? {} : { concurrency }),
            ),
          )
        }),
        {},
      )
      return most
    }
    expect(await many(free, 3)).toBe(3)
    expect(await many(tagged)).toBe(1)
    expect(await many(free)).toBe(9)
  })
})

describe('a flow with children', () => {
  it('waits for them without holding a slot, and sees how each ended', async () => {
    const child = flow({
      name: 'Child',
      description: '',
      parameters: z.object({ n: z.number() }),
      runName: ({ n }) => `child-${n}`,
      run: async ({ n }) => (n === 2 ? failed('two') : completed(`got ${n}`)),
    })
    const { backend, store } = local([spec('a', child), spec('b', child), spec('c', child)])
    const result = await runFlow(
      backend,
      simple(async (_, run) => {
        const runs = await Promise.all(
          ['a', 'b', 'c'].map((name, index) => run.runDeployment(`Child/${name}`, { n: index })),
        )
        const again = await run.runDeployment('Child/a', { n: 9 })
        const ends = await run.waitFor(runs, { pollSeconds: 0.01 })
        return completed(`${again.id === runs[0]?.id} ${ends.map((end) => end.message).join(', ')}`)
      }),
      {},
      { childLimit: 1 },
    )
    expect(result.message).toBe('true got 0, got 1, two')
    expect(await store.runs({ parentRunId: result.id })).toHaveLength(3)
  })

  it('that is cancelled cancels them', async () => {
    const controller = new AbortController()
    const child = simple(
      (_, run) =>
        new Promise<never>((_resolve, reject) => {
          run.signal.addEventListener('abort', () => reject(run.signal.reason))
          controller.abort()
        }),
      { name: 'Child' },
    )
    const { backend, store } = local([spec('child', child)])
    const result = await runFlow(
      backend,
      simple(async (_, run) => {
        await (await run.runDeployment('child', {})).wait({ pollSeconds: 0.01 })
      }),
      {},
      { signal: controller.signal },
    )
    expect(result.state).toBe('CANCELLED')
    expect((await store.runs({ parentRunId: result.id })).map((run) => run.state.type)).toEqual(['CANCELLED'])
  })

  it('bears an outage of the back end, then says that the child may have finished', async () => {
    const child = simple(async () => completed(''), { name: 'Child' })
    const { backend } = local([spec('child', child)])
    let asked = 0
    const broken = {
      ...backend,
      readRun: async () => {
        asked++
        throw new HarvesterError('PREFECT_UNREACHABLE', 'away')
      },
    }
    const result = await runFlow(
      broken,
      simple(async (_, run) => {
        await (await run.runDeployment('child', {})).wait({ pollSeconds: 0.005, outageSeconds: 0.05 })
      }),
      {},
    )
    expect(result.error).toMatchObject({ code: 'CHILD_LOST' })
    expect(result.message).toContain('may have finished')
    expect(asked).toBeGreaterThan(1)
  })
})
