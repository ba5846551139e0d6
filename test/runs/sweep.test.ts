/** When a run whose process seems gone is settled: what one look shows may be a moment, and an outage proves nothing. */
import { expect, it, vi } from 'vitest'
import { newInstance } from '../../src/runs/instance.ts'
import type { HeldRun, RunQueue } from '../../src/runs/orchestrator.ts'
import type { Outbox } from '../../src/runs/outbox.ts'
import { sweeper } from '../../src/runs/sweep.ts'
import { runnerOn } from '../support/runner-on.ts'

const at = new Date('2026-11-21T05:00:00Z')

/** A run of a worker of which nobody has seen a sign of life. */
function held(instance = 'i'): HeldRun {
  return {
    run: { id: 'r', name: 'run r', flow: 'Harvest Source', deployment: 'harvest-a', parameters: {} },
    type: 'RUNNING',
    runCount: 1,
    worker: 'gone',
    instance,
    since: at,
    startedAt: at,
  } as unknown as HeldRun
}

/**
 * Sweeps once for each answer of the server.
 * @returns at which sweeps, from 1, a run was settled, and the events that were told
 */
async function swept(answers: (HeldRun[] | Error)[], settles = true) {
  const settledAt: number[] = []
  let sweeps = 0
  const onEvent = vi.fn()
  const runner = await runnerOn(
    {
      async held() {
        const answer = answers[sweeps] ?? []
        sweeps += 1
        if (answer instanceof Error) throw answer
        return answer
      },
      async settle() {
        settledAt.push(sweeps)
        return settles
      },
    },
    { sweepMs: 5, onEvent },
  )
  await vi.waitFor(() => expect(sweeps).toBeGreaterThan(answers.length))
  await runner.stop()
  return { settledAt, events: onEvent.mock.calls.map(([event]) => event.type) }
}

it('a run that looks dead is settled when it does so twice', async () => {
  expect(await swept([[held()], [held()]])).toEqual({ settledAt: [2], events: ['run-finished'] })
})

it('not where it was well in between, nor where another instance has it by then', async () => {
  expect((await swept([[held()], [], [held()], []])).settledAt).toEqual([])
  expect((await swept([[held('i')], [held('j')], []])).settledAt).toEqual([])
})

it('what was seen before the server was away counts no more', async () => {
  const away = new Error('away')
  expect((await swept([[held()], away, [held()], []])).settledAt).toEqual([])
  expect((await swept([[held()], away, [held()], [held()]])).settledAt).toEqual([4])
})

it('nothing is told of a run that changed meanwhile', async () => {
  expect(await swept([[held()], [held()]], false)).toEqual({ settledAt: [2], events: [] })
})

/** Two sweeps, with what the test says of the process and of its outbox. */
async function sweptTwice(
  runs: readonly HeldRun[],
  of: {
    isHeld?: (id: string) => boolean
    taken?: ReadonlyMap<string, object>
    deliver?: () => Promise<unknown>
  } = {},
) {
  const me = newInstance('me')
  const settled: string[] = []
  const onEvent = vi.fn()
  const onProblem = vi.fn()
  const sweep = sweeper({
    queue: {
      held: async () =>
        runs.map((run) => ({ ...run, instance: run.instance === 'mine' ? me.id : run.instance })),
      workers: async () => [],
      async settle(run: HeldRun) {
        settled.push(run.run.id)
        return true
      },
    } as unknown as RunQueue,
    runtime: { now: () => new Date(at.getTime() + 5000) } as never,
    instance: me,
    predecessor: null,
    outbox: { taken: () => of.taken ?? new Map(), deliver: of.deliver } as unknown as Outbox,
    isHeld: of.isHeld ?? (() => false),
    onEvent,
    onProblem,
  })
  await sweep()
  await sweep()
  await new Promise(setImmediate)
  return { settled, events: onEvent.mock.calls.map(([event]) => event), problems: onProblem.mock.calls }
}

it('a run that this process claimed while it swept is left alone', async () => {
  // Asked once for each sweep, and once more before a run is settled.
  let asked = 0
  const { settled, events } = await sweptTwice([held()], { isHeld: () => ++asked > 2 })
  expect(asked).toBe(3)
  expect(settled).toEqual([])
  expect(events).toEqual([])
})

it('the end of a dead run says how long it took, from when it was taken where it never began', async () => {
  const began = { ...held(), startedAt: new Date(at.getTime() + 2000) }
  const claimed = { ...held(), startedAt: null, run: { ...held().run, id: 'q' } }
  const { events } = await sweptTwice([began, claimed])
  expect(events.map(({ milliseconds }) => milliseconds)).toEqual([3000, 5000])
})

it('what died with a run on the same worker is told as its children, and nothing else', async () => {
  const all = { ...held(), run: { ...held().run, id: 'all', flow: 'Harvest All', deployment: 'harvest-all' } }
  const child = held()
  const elsewhere = { ...held('other'), run: { ...held().run, id: 'elsewhere' } }
  const { events } = await sweptTwice([all, child, elsewhere])
  expect(events.map(({ run, children }) => [run.id, children])).toEqual([
    ['all', [{ deployment: 'Harvest Source/harvest-a', type: 'CRASHED' }]],
    ['r', [{ deployment: 'Harvest All/harvest-all', type: 'CRASHED' }]],
    ['elsewhere', []],
  ])
})

it('an end that a late request undid is told again, with the starts that were counted', async () => {
  const told: unknown[] = []
  const { settled, problems } = await sweptTwice([{ ...held('mine'), runCount: 3 }], {
    taken: new Map([['r', { flowRunId: 'r', runCount: 2 }]]),
    deliver: (async (end: unknown) => told.push(end)) as never,
  })
  expect(settled).toEqual([])
  expect(told).toEqual([
    { flowRunId: 'r', runCount: 3 },
    { flowRunId: 'r', runCount: 3 },
  ])
  expect(problems[0]).toEqual([
    'The end of a run was undone by a late request; it is told again',
    { run: 'run r', flowRunId: 'r' },
  ])
})

it('where that fails it is said, and other runs are settled all the same', async () => {
  const { settled, problems } = await sweptTwice(
    [held('mine'), { ...held(), run: { ...held().run, id: 'dead' } }],
    {
      taken: new Map([['r', { flowRunId: 'r', runCount: 1 }]]),
      deliver: async () => {
        throw new Error('away')
      },
    },
  )
  expect(settled).toEqual(['dead'])
  expect(problems).toContainEqual([
    'The end of a run could not be told again',
    { run: 'run r', flowRunId: 'r', error: expect.stringContaining('away') },
  ])
})
