/** The one loop that takes runs, before a queue that says what a test wants, and nothing else. */
import { newInstance } from '../../src/runs/instance.ts'
import type { RunQueue } from '../../src/runs/orchestrator.ts'
import { type RunnerOptions, startRunner } from '../../src/runs/runner.ts'

/** A queue with nothing due, nothing held and nobody else at work, but for what the test says. */
function quietQueue(of: Partial<RunQueue>): RunQueue {
  return {
    enter: async () => {},
    look: async () => {},
    next: async () => null,
    states: async () => new Map(),
    beat: async () => {},
    held: async () => [],
    workers: async () => [],
    settle: async () => true,
    leave: async () => {},
    hurry() {},
    onWork: () => () => {},
    ...of,
  } as unknown as RunQueue
}

export function runnerOn(of: Partial<RunQueue>, more: Partial<RunnerOptions> = {}) {
  return startRunner({
    queue: quietQueue(of),
    instance: newInstance('me'),
    runs: { readRun: async () => null, cancelRun: async () => {} },
    flows: new Map(),
    graceSeconds: 0,
    ...more,
  })
}
