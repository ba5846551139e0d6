import { spawn } from 'node:child_process'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { HarvesterError } from '../../../src/errors.ts'
import { type BackfillEngine, backfillEngine } from '../../../src/operate/backfill/engine.ts'
import { planBackfill, tagOf } from '../../../src/operate/backfill/plan.ts'
import { renderResult, summaryOf } from '../../../src/operate/backfill/report.ts'
import {
  type BackfillEvent,
  type BackfillOptions,
  type BackfillResult,
  refreshed,
  resumable,
  runBackfill,
} from '../../../src/operate/backfill/run.ts'
import { parseEach } from '../../../src/operate/backfill/values.ts'
import {
  type AnyFlow,
  completed,
  createLocalBackend,
  failed,
  flow,
  localOrchestrator,
  memoryStore,
  type RunStore,
  startStandalone,
} from '../../../src/runs/index.ts'
import { oneShotWorker } from '../../../src/runs/standalone/presence.ts'
import { state } from '../../../src/runs/states.ts'
import { spec } from '../../support/prefect-flows.ts'

/** A deployment whose runs are counted, and end when and how the test says. */
function bench() {
  const at = { now: 0, most: 0 }
  const ran: number[] = []
  const broken = new Set<number>()
  let gate: Promise<void> = Promise.resolve()
  let open = () => {}
  const count = flow({
    name: 'Count',
    description: '',
    parameters: z.object({ n: z.number().int() }),
    runName: ({ n }) => `count-${n}`,
    run: async ({ n }, run) => {
      ran.push(n)
      at.now += 1
      at.most = Math.max(at.most, at.now)
      try {
        // Long enough for others to begin beside it, if they may.
        await Promise.race([
          gate.then(() => sleep(15)),
          new Promise((_, reject) =>
            run.signal.addEventListener('abort', () => reject(run.signal.reason), { once: true }),
          ),
        ])
      } finally {
        at.now -= 1
      }
      return broken.has(n) ? failed(`${n} is broken`) : completed(`${n} is counted`)
    },
  }) as unknown as AnyFlow
  const parent = flow({
    name: 'Parent',
    description: '',
    parameters: z.object({ n: z.number().int() }),
    runName: ({ n }) => `parent-${n}`,
    run: async ({ n }, run) => {
      const child = await run.runDeployment('count', { n })
      const [end] = await run.waitFor([child], { pollSeconds: 0.01 })
      return completed(`child ${end?.stateName}`)
    },
  }) as unknown as AnyFlow
  const store = memoryStore()
  const deployments = [spec('count', count), spec('parent', parent)]
  return {
    store,
    at,
    ran,
    broken,
    deployments,
    hold() {
      gate = new Promise((resolve) => {
        open = resolve
      })
    },
    release: () => open(),
  }
}
type Bench = ReturnType<typeof bench>

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

async function process(bench: Bench, worker = 'standalone') {
  const backend = createLocalBackend({ store: bench.store, deployments: bench.deployments, worker })
  const running = await startStandalone({ backend, limit: 10, graceSeconds: 0, pollMs: 10 })
  stops.push(() => running.stop())
  return running
}

interface Done extends BackfillResult {
  events: BackfillEvent[]
  executed: boolean
}

/** The command, without its flags. */
async function backfill(
  of: Bench,
  each: string,
  more: Partial<BackfillOptions> & {
    deployment?: string
    wrap?: (engine: BackfillEngine) => BackfillEngine
  } = {},
): Promise<Done> {
  const parallel = more.parallel ?? 1
  let executed = false
  const bare = backfillEngine({
    orchestrator: localOrchestrator({
      backend: createLocalBackend({ store: of.store, deployments: of.deployments, worker: oneShotWorker() }),
    }),
    namespace: '',
    flows: of.deployments.map(({ flow }) => flow),
    sources: [],
    limit: parallel,
    engine: { pollMs: 10 },
    onExecuting: () => {
      executed = true
    },
  })
  const engine = more.wrap ? more.wrap(bare) : bare
  const events: BackfillEvent[] = []
  const plan = planBackfill({
    target: await bare.target(more.deployment ?? 'count'),
    each: [parseEach(each)],
    params: [],
  })
  const result = await runBackfill({
    parallel,
    retryFailed: false,
    stopOnFailure: false,
    signal: new AbortController().signal,
    pollMs: 5,
    ...more,
    engine,
    plan,
    onEvent: (event) => {
      events.push(event)
      more.onEvent?.(event)
    },
  })
  await bare.close()
  return { ...result, rows: await refreshed(bare, result.rows), events, executed }
}

const states = ({ rows }: BackfillResult) => rows.map(({ run }) => run?.state.name ?? null)
const countOf = async (store: RunStore) => (await store.runs({ limit: 1000 })).length

/** The number of a process that is gone. */
async function deadPid(): Promise<number> {
  const child = spawn('node', ['-e', ''], { stdio: 'ignore' })
  const { pid } = child
  await new Promise((resolve) => child.once('exit', resolve))
  return pid!
}

describe('a backfill without Prefect', () => {
  it('executes its runs itself where nobody else does, never more at once than it may', async () => {
    for (const parallel of [1, 3]) {
      const of = bench()
      const done = await backfill(of, 'n=1,2,3,4,5,6,7', { parallel })
      expect(states(done)).toEqual(Array(7).fill('Completed'))
      expect(done.executed).toBe(true)
      expect([...of.ran].sort()).toEqual([1, 2, 3, 4, 5, 6, 7])
      expect(of.at.most).toBe(parallel)
      const [run] = await of.store.runs({ limit: 1 })
      expect(run).toMatchObject({ createdBy: 'cli', deployment: 'count', worker: oneShotWorker() })
      expect(run?.tags).toContainEqual(expect.stringMatching(/^backfill:[0-9a-f]{12}$/))
      // It does not stay behind as a process that would take runs.
      expect(await of.store.workers()).toEqual([])
    }
  })

  it('leaves the runs to a live process, and still no more at once', async () => {
    const of = bench()
    await process(of)
    const done = await backfill(of, 'n=1,2,3,4,5', { parallel: 2 })
    expect(states(done)).toEqual(Array(5).fill('Completed'))
    expect(done.executed).toBe(false)
    expect(of.at.most).toBe(2)
    expect((await of.store.runs({})).map(({ worker }) => worker)).toEqual(Array(5).fill('standalone'))
  })

  it('takes over when the live process ends', async () => {
    const of = bench()
    of.hold()
    const live = await process(of)
    let started = 0
    const done = await backfill(of, 'n=1,2,3', {
      async onEvent(event) {
        if (event.type !== 'started' || ++started > 1) return
        // The run is given back as the process ends.
        while (of.ran.length === 0) await sleep(5)
        await live.stop()
        of.release()
      },
    })
    expect(done.executed).toBe(true)
    expect(states(done)).toEqual(['Completed', 'Completed', 'Completed'])
    expect(of.ran).toEqual([1, 1, 2, 3])
  })

  it('takes nobody else’s runs', async () => {
    const of = bench()
    const others = createLocalBackend({ store: of.store, deployments: of.deployments })
    const { id } = await others.submit({ deployment: 'count', parameters: { n: 99 } })
    await backfill(of, 'n=1')
    expect(of.ran).toEqual([1])
    expect((await of.store.run(id))?.state.type).toBe('SCHEDULED')
  })

  it('executes what its runs start, too', async () => {
    const of = bench()
    const done = await backfill(of, 'n=1,2', { deployment: 'parent' })
    expect(done.rows.map(({ run }) => run?.state.message)).toEqual(['child Completed', 'child Completed'])
    expect(of.ran).toEqual([1, 2])
  })

  it('starts nothing when it is asked again', async () => {
    const of = bench()
    of.broken.add(2)
    const first = await backfill(of, 'n=1,2,3')
    expect(states(first)).toEqual(['Completed', 'Failed', 'Completed'])
    const second = await backfill(of, 'n=3,2,1')
    expect(second.events).toContainEqual({ type: 'planned', start: 0, watch: 0, keep: 3 })
    expect(states(second)).toEqual(['Completed', 'Failed', 'Completed'])
    expect(await countOf(of.store)).toBe(3)
    expect(renderResult(second.rows, new Date())).toMatch(/n=2 .*count-2 .*Failed .*2 is broken/)
    expect(summaryOf(second.rows)).toBe('3 runs: 2 Completed, 1 Failed')
  })

  it('starts what failed once more for each time it is asked to', async () => {
    const of = bench()
    of.broken.add(2)
    await backfill(of, 'n=1,2,3')
    const again = await backfill(of, 'n=1,2,3', { retryFailed: true })
    expect(states(again)).toEqual(['Completed', 'Failed', 'Completed'])
    of.broken.clear()
    const third = await backfill(of, 'n=1,2,3', { retryFailed: true })
    expect(states(third)).toEqual(['Completed', 'Completed', 'Completed'])
    expect(of.ran).toEqual([1, 2, 3, 2, 2])
    expect(third.rows.map(({ run }) => run?.attempt)).toEqual([1, 3, 1])
    await backfill(of, 'n=1,2,3', { retryFailed: true })
    expect(await countOf(of.store)).toBe(5)
  })

  it('starts no more after a failure where that is wanted, and the rest later', async () => {
    const of = bench()
    of.broken.add(2)
    const done = await backfill(of, 'n=1,2,3,4', { stopOnFailure: true })
    expect(done.halted).toBe(true)
    expect(states(done)).toEqual(['Completed', 'Failed', null, null])
    expect(states(await backfill(of, 'n=1,2,3,4', { stopOnFailure: true }))).toEqual([
      'Completed',
      'Failed',
      'Completed',
      'Completed',
    ])
  })

  it('is interrupted too before it knows which of its runs there are', async () => {
    const stop = new AbortController()
    const cut = await backfill(bench(), 'n=1', {
      signal: stop.signal,
      wrap: (engine) => ({
        ...engine,
        async known() {
          stop.abort(new Error('Ctrl-C'))
          throw stop.signal.reason
        },
      }),
    })
    expect(cut).toMatchObject({ interrupted: true, problem: null })
    expect(states(cut)).toEqual([null])
  })

  it('gives back what it runs when it is interrupted, and goes on with it when it is asked again', async () => {
    const of = bench()
    of.hold()
    const stop = new AbortController()
    const cut = await backfill(of, 'n=1,2,3,4', {
      parallel: 2,
      signal: stop.signal,
      async onEvent(event) {
        if (event.type !== 'started' || event.item.varies.n !== 2) return
        while (of.ran.length < 2) await sleep(5)
        stop.abort()
      },
    })
    expect(cut.interrupted).toBe(true)
    expect(cut.problem).toBeNull()
    expect(states(cut)).toEqual(
      ['Scheduled', 'Scheduled', null, null].map(
        (name) => name && expect.stringMatching(/Scheduled|AwaitingRetry/),
      ),
    )
    of.release()
    // Two are due at once, and only one may be run.
    of.at.most = 0
    const rest = await backfill(of, 'n=1,2,3,4', { parallel: 1 })
    expect(rest.events).toContainEqual({ type: 'planned', start: 2, watch: 2, keep: 0 })
    expect(states(rest)).toEqual(Array(4).fill('Completed'))
    expect(of.at.most).toBe(1)
    expect(await countOf(of.store)).toBe(4)
  })

  it('goes on at once after it was killed, with the run that it was at', async () => {
    const of = bench()
    const first = await backfill(of, 'n=1,2,3')
    const run = first.rows[1]!.run!
    const killed = `backfill@${hostname()}:${await deadPid()}`
    await of.store.transition(run.id, ['COMPLETED'], state('RUNNING', new Date()), {
      worker: killed,
      endedAt: null,
    })
    await of.store.touchWorker(killed, new Date())
    const second = await backfill(of, 'n=1,2,3')
    expect(states(second)).toEqual(['Completed', 'Completed', 'Completed'])
    expect(second.rows[1]?.run?.id).toBe(run.id)
    expect(of.ran).toEqual([1, 2, 3, 2])
  })

  it('does not wait for ever for a run of a process that vanished', async () => {
    const of = bench()
    const first = await backfill(of, 'n=1,2')
    await of.store.transition(first.rows[0]!.run!.id, ['COMPLETED'], state('RUNNING', new Date()), {
      worker: 'elsewhere',
      endedAt: null,
    })
    await of.store.touchWorker('elsewhere', new Date(Date.now() - 3600_000))
    const second = await backfill(of, 'n=1,2')
    expect(states(second)).toEqual(['Crashed', 'Completed'])
  })

  it('goes on when the database is away for a while, without starting anything twice', async () => {
    const of = bench()
    const calls = new Map<string, number>()
    const flaky = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
      const call = (calls.get(what) ?? 0) + 1
      calls.set(what, call)
      if (call % 3 === 1) throw new HarvesterError('DATABASE_UNREACHABLE', 'nobody answers')
      const answer = await work()
      // What was asked for was done, and the answer was lost.
      if (call % 3 === 2) throw new HarvesterError('DATABASE_FAILED', 'the connection broke')
      return answer
    }
    const done = await backfill(of, 'n=1,2,3,4', {
      parallel: 2,
      wrap: (engine) => ({
        ...engine,
        known: (tag) => flaky('known', () => engine.known(tag)),
        submit: (item, request) => flaky('submit', () => engine.submit(item, request)),
        read: (ids) => flaky('read', () => engine.read(ids)),
      }),
    })
    expect(states(done)).toEqual(Array(4).fill('Completed'))
    expect([...of.ran].sort()).toEqual([1, 2, 3, 4])
    expect(done.events.map(({ type }) => type)).toEqual(expect.arrayContaining(['away', 'back']))
  })

  it('says how to go on when the database stays away', async () => {
    const of = bench()
    const done = await backfill(of, 'n=1,2', {
      patienceMs: 30,
      wrap: (engine) => ({
        ...engine,
        read: async () => {
          throw new HarvesterError('DATABASE_UNREACHABLE', 'nobody answers', { remedy: 'Start it.' })
        },
      }),
    })
    expect(done.interrupted).toBe(false)
    expect(resumable(done.problem)).toMatchObject({
      code: 'DATABASE_UNREACHABLE',
      exitCode: 1,
      message: 'nobody answers',
      remedy: expect.stringMatching(/^Start it\. The same command goes on/),
    })
    expect(done.rows[1]?.run).toBeNull()
  })

  it('reports a run that was deleted, and waits for it no more', async () => {
    const of = bench()
    of.hold()
    const done = await backfill(of, 'n=1', {
      wrap: (engine) => ({ ...engine, read: async () => [] }),
    })
    of.release()
    expect(done.rows[0]?.lost).toBe(true)
    expect(renderResult(done.rows, new Date())).toContain('Deleted')
  })

  it('refuses a deployment that is not there', async () => {
    await expect(backfill(bench(), 'n=1', { deployment: 'nowhere' })).rejects.toMatchObject({
      code: 'USAGE',
      remedy: 'Name one of: count, parent.',
    })
  })

  it('tags all its runs alike', async () => {
    const of = bench()
    await backfill(of, 'n=1,2')
    const tags = new Set(
      (await of.store.runs({})).flatMap((run) => run.tags.filter((tag) => tag.startsWith('backfill:'))),
    )
    expect(tags.size).toBe(1)
    const [tag] = [...tags]
    expect(tag).toBe(tagOf(tag!.slice('backfill:'.length)))
    expect(await of.store.runs({ tag: tag! })).toHaveLength(2)
    expect(await of.store.runs({ tag: 'backfill:other' })).toEqual([])
  })
})
