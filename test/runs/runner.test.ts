/** The one loop that takes runs, before a queue that says what a test wants. */
import { expect, it, vi } from 'vitest'
import { HarvesterError } from '../../src/errors.ts'
import type { RunRecorder } from '../../src/runs/backend.ts'
import type { Offer, RunQueue } from '../../src/runs/orchestrator.ts'
import { runnerOn } from '../support/runner-on.ts'

async function toldBy(of: Partial<RunQueue>, limit = 1) {
  const onProblem = vi.fn()
  const runner = await runnerOn(of, { limit, onProblem })
  return { runner, problems: onProblem.mock.calls as [string, Record<string, unknown>][] }
}

it('of a long outage the first three failures are told, then every tenth', async () => {
  let looks = 0
  const { runner, problems } = await toldBy({
    async look() {
      looks += 1
      throw new Error('away')
    },
  })
  // Each wait of an outage is longer than the last; who wakes the runner does not wait.
  for (let failures = 1; failures <= 20; failures += 1) {
    await vi.waitFor(() => expect(looks).toBe(failures))
    await new Promise(setImmediate)
    runner.wake()
  }
  await runner.stop()
  expect(
    problems
      .filter(([text]) => text === 'The worker cannot look for runs')
      .map(([, { failures }]) => failures),
  ).toEqual([1, 2, 3, 10, 20])
})

it('one whose name another has by now takes no more runs, stops, and says so', async () => {
  const looks: number[] = []
  const onNameLost = vi.fn()
  const onProblem = vi.fn()
  const taken = new HarvesterError('USAGE', 'A worker named me lives already')
  const runner = await runnerOn(
    {
      async look() {
        looks.push(1)
      },
      async beat() {
        throw taken
      },
    },
    { onNameLost, onProblem },
  )
  await vi.waitFor(() => expect(runner.state).toBe('stopped'), 60_000)
  expect(onNameLost.mock.calls).toEqual([[taken]])
  expect(onProblem.mock.calls.map(([text]) => text)).toEqual(['The worker stops: another one has its name'])
  const before = looks.length
  runner.wake()
  await new Promise((resolve) => setTimeout(resolve, 5))
  expect(looks).toHaveLength(before)
})

it('a run whose flow it does not know is given back, with the reason', async () => {
  const reschedule = vi.fn(async () => {})
  const recorder = { run: { id: 'r', name: 'run r', flow: 'Of Another' }, reschedule }
  const offers: Offer[] = [{ id: 'r', claim: async () => recorder as unknown as RunRecorder }]
  const { runner } = await toldBy({ next: async () => offers.pop() ?? null })
  await vi.waitFor(() => expect(reschedule).toHaveBeenCalledTimes(1))
  await vi.waitFor(() => expect(runner.running).toBe(0))
  await runner.stop()
  expect(reschedule).toHaveBeenCalledWith('The worker that claimed it does not know its flow')
})

it('what another process claimed first is no problem, and leaves its place free', async () => {
  const claimed: string[] = []
  const offers = ['a', 'b'].map(
    (id): Offer => ({
      id,
      async claim() {
        claimed.push(id)
        return null
      },
    }),
  )
  const { runner, problems } = await toldBy({ next: async () => offers.shift() ?? null })
  await vi.waitFor(() => expect(claimed).toEqual(['a', 'b']))
  await runner.stop()
  expect(problems).toEqual([])
})

it('a claim that fails is told with the run, and the next one is tried', async () => {
  const offers = ['a', 'b'].map(
    (id): Offer => ({
      id,
      async claim() {
        throw new Error(`no answer for ${id}`)
      },
    }),
  )
  const { runner, problems } = await toldBy({ next: async () => offers.shift() ?? null })
  await vi.waitFor(() => expect(problems).toHaveLength(2))
  await runner.stop()
  expect(problems.map(([, facts]) => facts.flowRunId)).toEqual(['a', 'b'])
  expect(problems[0]).toEqual([
    'A run could not be claimed, or its end not be told',
    { flowRunId: 'a', error: expect.stringContaining('no answer for a') },
  ])
})

it('without room it looks only now and then, so that others see that somebody looks', async () => {
  let looks = 0
  const never = new Promise<null>(() => {})
  let given = 0
  const { runner } = await toldBy({
    async look() {
      looks += 1
    },
    next: async () => (given++ === 0 ? { id: 'r', claim: () => never } : null),
  })
  await vi.waitFor(() => expect(given).toBe(1))
  const before = looks
  for (let round = 0; round < 5; round += 1) {
    runner.wake()
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  expect(looks).toBe(before)
  expect(runner.running).toBe(0)
})
