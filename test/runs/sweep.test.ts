/** When a run whose process seems gone is settled: what one look shows may be a moment, and an outage proves nothing. */
import { expect, it, vi } from 'vitest'
import { newInstance } from '../../src/runs/instance.ts'
import type { HeldRun, RunQueue } from '../../src/runs/orchestrator.ts'
import { startRunner } from '../../src/runs/runner.ts'

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
  const queue = {
    enter: async () => {},
    look: async () => {},
    next: async () => null,
    states: async () => new Map(),
    beat: async () => {},
    async held() {
      const answer = answers[sweeps] ?? []
      sweeps += 1
      if (answer instanceof Error) throw answer
      return answer
    },
    workers: async () => [],
    async settle() {
      settledAt.push(sweeps)
      return settles
    },
    leave: async () => {},
    hurry() {},
    onWork: () => () => {},
  } as unknown as RunQueue
  const onEvent = vi.fn()
  const runner = await startRunner({
    queue,
    instance: newInstance('me'),
    runs: { readRun: async () => null, cancelRun: async () => {} },
    flows: new Map(),
    graceSeconds: 0,
    sweepMs: 5,
    onEvent,
  })
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
