import { expect, it } from 'vitest'
import { createLocalBackend } from '../../src/runs/standalone/backend.ts'
import { startExecutor } from '../../src/runs/standalone/executor.ts'
import { memoryStore } from '../../src/runs/standalone/memory-store.ts'
import type { StoredRun } from '../../src/runs/standalone/store.ts'
import { state } from '../../src/runs/states.ts'
import type { EngineEvent } from '../../src/runs/types.ts'

const at = new Date('2026-11-21T05:00:00Z')

function run(id: string, type: 'RUNNING' | 'CANCELLING', worker: string): StoredRun {
  return {
    id,
    name: `run ${id}`,
    flow: 'Harvest Source',
    deployment: 'harvest-a',
    parameters: { source: 'a' },
    tags: [],
    state: state(type, at),
    runCount: 2,
    createdAt: at,
    createdBy: null,
    scheduledAt: at,
    startedAt: at,
    endedAt: null,
    parentRunId: null,
    idempotencyKey: null,
    worker,
  }
}

it('the end of a run whose process died is told once, by the process that settles it', async () => {
  const store = memoryStore()
  await store.createRun(run('1', 'RUNNING', 'dead'))
  await store.createRun(run('2', 'CANCELLING', 'dead'))
  await store.createRun(run('3', 'RUNNING', 'alive'))
  await store.touchWorker('alive', new Date())
  const events: Extract<EngineEvent, { type: 'run-finished' }>[] = []
  const executors = ['x', 'y'].map((worker) =>
    startExecutor({
      backend: createLocalBackend({ store, worker }),
      flows: new Map(),
      pollMs: 60_000,
      onEvent: (event) => void (event.type === 'run-finished' && events.push(event)),
    }),
  )
  try {
    await Promise.all(executors.map((executor) => executor.settleDead('gone')))
    await Promise.all(executors.map((executor) => executor.settleDead('gone')))
    events.sort((a, b) => a.run.id.localeCompare(b.run.id))
    expect(events.map(({ run, state, runCount, message }) => [run.id, state, runCount, message])).toEqual([
      ['1', 'CRASHED', 2, 'The process dead ended before the run did'],
      ['2', 'CANCELLED', 2, 'The process was gone before it could cancel the run'],
    ])
    expect(events[0]).toMatchObject({ run: { deployment: 'harvest-a', parameters: { source: 'a' } } })
  } finally {
    for (const executor of executors) await executor.stop(0)
  }
})
