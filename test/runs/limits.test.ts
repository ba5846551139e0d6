import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import {
  type AnyFlow,
  checkParents,
  completed,
  createLocalBackend,
  declaredLimits,
  type FlowResult,
  flow,
  localLimits,
  memoryStore,
  parseLimit,
  runFlow,
  startStandalone,
  task,
} from '../../src/runs/index.ts'
import { describeLimitChange } from '../../src/runs/limits.ts'
import { parent, slow, spec } from '../support/prefect-flows.ts'

const declaration = {
  deployments: [
    spec('a', slow, { workPool: 'p', workQueue: 'big', concurrencyLimit: 2 }),
    spec('b', slow, { workPool: 'p' }),
    spec('all', parent, { workPool: 'm', startsChildren: true }),
  ],
  pools: [
    { name: 'p', concurrencyLimit: 3, queues: [{ name: 'big', concurrencyLimit: 1, priority: 1 }] },
    { name: 'unused', concurrencyLimit: null },
  ],
  tagLimits: { database: 3, other: null },
}
const quick = { graceSeconds: 0, pollMs: 20 }
const never = new AbortController().signal

describe('the limits of a declaration', () => {
  it('have names for tags, pools, all their queues and deployments, limited or not', () => {
    expect([...declaredLimits(declaration)]).toEqual([
      ['tag:database', 3],
      ['tag:other', null],
      ['pool:p', 3],
      ['queue:p/big', 1],
      ['queue:p/default', null],
      ['pool:unused', null],
      ['queue:unused/default', null],
      ['pool:m', null],
      ['queue:m/default', null],
      ['deployment:a', 2],
      ['deployment:b', null],
      ['deployment:all', null],
    ])
  })

  it('are refused where a parent and its child would share a limited pool or queue', () => {
    const family = (queues: [string | null, string | null]) => [
      spec('all', parent, { workPool: 'p', workQueue: queues[0], startsChildren: true }),
      spec('one', slow, { workPool: 'p', workQueue: queues[1] }),
    ]
    const check = (queues: [string | null, string | null], name: string) => () =>
      checkParents(family(queues), new Map([[name, 9]]))
    expect(check([null, 'q'], 'pool:p')).toThrow(
      'all waits for runs as those of one, and both are in the pool p, which is limited to 9',
    )
    expect(check([null, 'default'], 'queue:p/default')).toThrow('both are in the queue p/default')
    expect(check([null, 'q'], 'queue:p/q')).not.toThrow()
    expect(check([null, 'q'], 'queue:p/default')).not.toThrow()
    expect(check([null, null], 'pool:other')).not.toThrow()
  })

  it('are told as a change from one to another', () => {
    expect(describeLimitChange({ name: 'tag:database', from: 5, to: 3 })).toBe('limit tag:database 5 → 3')
    expect(describeLimitChange({ name: 'pool:p', from: 2, to: null })).toBe('limit pool:p 2 → none')
    expect(describeLimitChange({ name: 'pool:p', from: undefined, to: 1 })).toBe('limit pool:p created: 1')
  })
})

describe('what a person may type as a limit', () => {
  it('is a whole number from 1, none or default', () => {
    expect([' 3', 'None', 'default'].map(parseLimit)).toEqual([3, null, 'default'])
    expect(() => parseLimit('0')).toThrow(expect.objectContaining({ remedy: expect.stringMatching(/pause/) }))
    for (const text of ['-1', '1.5', 'three', '', '99999999'])
      expect(() => parseLimit(text)).toThrow(expect.objectContaining({ code: 'USAGE' }))
  })
})

describe('the desk of limits of a standalone database', () => {
  const open = () => {
    const store = memoryStore()
    return { store, desk: localLimits(store, declaration, 'ann') }
  }

  it('shows what is declared until an operator sets another, and again when it is taken back', async () => {
    const { desk } = open()
    const view = async () => (await desk.list()).find(({ name }) => name === 'pool:p')
    expect(await view()).toMatchObject({ declared: 3, inForce: 3, from: 'declaration', setBy: null })
    await desk.set('pool:p', 7)
    expect(await view()).toMatchObject({ declared: 3, inForce: 7, from: 'operator', setBy: 'ann' })
    await desk.set('pool:p', null)
    expect(await view()).toMatchObject({ declared: 3, inForce: null, from: 'operator' })
    await desk.reset('pool:p')
    expect(await view()).toMatchObject({ declared: 3, inForce: 3, from: 'declaration' })
  })

  it('counts runs in their deployment, queue and pool, and tasks by tag', async () => {
    const { store, desk } = open()
    const backend = createLocalBackend({ store, ...declaration, worker: 'w' })
    const standalone = await startStandalone({ backend, ...quick })
    const release = await backend.acquireTags(['database'], 'task', never)
    await backend.submit({ deployment: 'a', parameters: { seconds: 60 } })
    await backend.submit({ deployment: 'b', parameters: { seconds: 60 } })
    await vi.waitFor(async () => {
      const active = new Map((await desk.list()).map(({ name, active }) => [name, active]))
      expect(
        ['tag:database', 'pool:p', 'queue:p/big', 'queue:p/default', 'deployment:a', 'pool:m'].map((name) =>
          active.get(name),
        ),
      ).toEqual([1, 2, 1, 1, 1, 0])
    }, 60_000)
    await release()
    await standalone.stop()
  })

  it('refuses what is unknown, naming what there is, and what would make runs wait for ever', async () => {
    const { desk } = open()
    await expect(desk.set('pool:q', 1)).rejects.toMatchObject({
      code: 'USAGE',
      remedy: expect.stringContaining('tag:database, tag:other, pool:p, queue:p/big'),
    })
    await expect(desk.reset('database')).rejects.toMatchObject({ code: 'USAGE' })
    const family = [
      spec('all', parent, { workPool: 'p', startsChildren: true }),
      spec('one', slow, { workPool: 'p' }),
    ]
    const shared = localLimits(memoryStore(), { deployments: family, pools: [], tagLimits: {} }, null)
    for (const name of ['pool:p', 'queue:p/default']) {
      await expect(shared.set(name, 1)).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
      await shared.set(name, null)
    }
  })
})

/** Runs that say when each is inside, so that a test sees how many are at once. */
function gate() {
  let inside = 0
  let most = 0
  const passing: (() => void)[] = []
  return {
    get most() {
      return most
    },
    get inside() {
      return inside
    },
    letOne: () => passing.shift()?.(),
    enter: async (signal: AbortSignal) => {
      most = Math.max(most, ++inside)
      try {
        await new Promise<void>((resolve, reject) => {
          passing.push(resolve)
          signal.addEventListener('abort', () => reject(signal.reason), { once: true })
        })
      } finally {
        inside--
      }
    },
  }
}

const gated = (passage: ReturnType<typeof gate>, tags: string[] = []) =>
  flow({
    name: 'Gated',
    description: '',
    parameters: z.object({}),
    runName: () => 'gated',
    run: async (_, run) => {
      const pass = task({ name: 'pass', tags, run: async (_: undefined, at) => passage.enter(at.signal) })
      await run.task(pass, undefined)
      return completed('passed')
    },
  }) as unknown as AnyFlow

describe('a standalone process', () => {
  it('holds a pool to its limit over all deployments in it, and heeds a change without a restart', async () => {
    const passage = gate()
    const of = gated(passage)
    const deployments = ['a', 'b', 'c'].map((name) => spec(name, of, { workPool: 'p' }))
    const store = memoryStore()
    const limits = { deployments, pools: [{ name: 'p', concurrencyLimit: 1 }], tagLimits: {} }
    const backend = createLocalBackend({ store, ...limits, worker: 'w' })
    const standalone = await startStandalone({ backend, ...quick })
    for (const { name } of deployments) await backend.submit({ deployment: name, parameters: {} })
    await vi.waitFor(() => expect(passage.inside).toBe(1))
    await sleep(100)
    expect(passage.most).toBe(1)
    await localLimits(store, limits, null).set('pool:p', 2)
    await vi.waitFor(() => expect(passage.inside).toBe(2))
    await vi.waitFor(async () => {
      passage.letOne()
      expect(await store.runs({ types: ['COMPLETED'] })).toHaveLength(3)
    }, 60_000)
    expect(passage.most).toBe(2)
    await standalone.stop()
  })

  it('lets runs of other queues and pools pass those that wait', async () => {
    const passage = gate()
    const passing = gated(passage)
    const of = (name: string, workQueue: string) =>
      spec(name, passing, { workPool: 'p', workQueue, concurrencyLimit: null })
    const store = memoryStore()
    const backend = createLocalBackend({
      store,
      deployments: [of('big', 'big'), of('small', 'small')],
      pools: [
        { name: 'p', concurrencyLimit: null, queues: [{ name: 'big', concurrencyLimit: 1, priority: null }] },
      ],
      worker: 'w',
    })
    const standalone = await startStandalone({ backend, ...quick })
    for (const name of ['big', 'big', 'small']) await backend.submit({ deployment: name, parameters: {} })
    await vi.waitFor(() => expect(passage.inside).toBe(2))
    const running = await store.runs({ types: ['RUNNING'] })
    expect(running.map(({ deployment }) => deployment).sort()).toEqual(['big', 'small'])
    await standalone.stop()
  })
})

describe('slots of tags', () => {
  const two = (more: object = {}) => {
    const store = memoryStore()
    const problems: string[] = []
    const make = (worker: string) =>
      createLocalBackend({
        store,
        tagLimits: { database: 1 },
        worker,
        onProblem: (text) => problems.push(text),
        ...more,
      })
    return { store, problems, first: make('first'), second: make('second') }
  }

  it('are shared by all processes of a store, and come back when a run fails or is cancelled', async () => {
    const { store, first, second } = two()
    const passage = gate()
    const cancel = new AbortController()
    const start = (backend: typeof first, signal = never): Promise<FlowResult> =>
      runFlow(backend, gated(passage, ['database']), {}, { signal })
    const cancelled = start(first, cancel.signal)
    await vi.waitFor(() => expect(passage.inside).toBe(1))
    const others = [start(second), start(first)]
    await sleep(50)
    expect(passage.most).toBe(1)
    cancel.abort()
    expect((await cancelled).state).toBe('CANCELLED')
    await vi.waitFor(() => expect(passage.inside).toBe(1), 5000)
    await vi.waitFor(async () => {
      passage.letOne()
      expect(await store.runs({ types: ['COMPLETED'] })).toHaveLength(2)
    }, 60_000)
    await Promise.all(others)
    expect(passage.most).toBe(1)
    expect(await store.slots()).toEqual([])
  })

  it('are given in order of arrival within a process, and a task that gives up waiting stands in nobody’s way', async () => {
    const { first } = two()
    const release = await first.acquireTags(['database'], 'one', never)
    const order: string[] = []
    const impatient = new AbortController()
    const given = first.acquireTags(['database'], 'two', impatient.signal)
    const waiting = ['three', 'four'].map(async (name) => {
      const free = await first.acquireTags(['database'], name, never)
      order.push(name)
      await free()
    })
    impatient.abort(new Error('no longer'))
    await expect(given).rejects.toThrow('no longer')
    await release()
    await Promise.all(waiting)
    expect(order).toEqual(['three', 'four'])
  })

  it('are renewed while they are held', async () => {
    const { store, first, second, problems } = two({ slotSeconds: 2 })
    const release = await first.acquireTags(['database'], 'one', never)
    const [slot] = await store.slots()
    await vi.waitFor(async () => {
      const [now] = await store.slots()
      expect(now?.expiresAt.getTime()).toBeGreaterThan(slot!.expiresAt.getTime() + 300)
    }, 60_000)
    expect(problems).toEqual([])
    await release()
    await (await second.acquireTags(['database'], 'two', never))()
  })

  it('that were lost are said, and a store that cannot be asked holds no task up', async () => {
    const { store, first, problems } = two({ slotSeconds: 0.3 })
    const release = await first.acquireTags(['database'], 'one', never)
    store.renewSlots = async () => false
    await vi.waitFor(() => expect(problems.join()).toMatch(/is not held any more/), 5000)
    await release()
    store.limits = async () => {
      throw new Error('the database is away')
    }
    await (await first.acquireTags(['database'], 'two', never))()
    expect(problems.at(-1)).toMatch(/the task runs without/)
  })
})
