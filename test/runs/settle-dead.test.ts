import { expect, it } from 'vitest'
import { newInstance } from '../../src/runs/instance.ts'
import { startRunner } from '../../src/runs/runner.ts'
import { systemRuntime } from '../../src/runs/runtime.ts'
import { createLocalBackend } from '../../src/runs/standalone/backend.ts'
import { memoryStore } from '../../src/runs/standalone/memory-store.ts'
import { localQueue } from '../../src/runs/standalone/queue.ts'
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
  await store.createRun({
    ...run('4', 'RUNNING', 'dead'),
    flow: 'Harvest All Sources',
    deployment: 'harvest-all',
  })
  await store.touchWorker('alive', new Date())
  const events: Extract<EngineEvent, { type: 'run-finished' }>[] = []
  const runners = await Promise.all(
    ['x', 'y'].map(async (worker) => {
      const backend = createLocalBackend({ store, worker })
      return startRunner({
        queue: localQueue({ backend, runtime: systemRuntime }),
        instance: newInstance(worker),
        runs: backend,
        flows: new Map(),
        graceSeconds: 0,
        pollMs: 60_000,
        onEvent: (event) => void (event.type === 'run-finished' && events.push(event)),
      })
    }),
  )
  try {
    events.sort((a, b) => a.run.id.localeCompare(b.run.id))
    expect(events.map(({ run, state, runCount, message }) => [run.id, state, runCount, message])).toEqual([
      [
        '1',
        'CRASHED',
        2,
        'Worker dead ended before the run did; `harvester runs retry 1` goes on where it stopped',
      ],
      ['2', 'CANCELLED', 2, 'Worker dead was gone before it could cancel the run'],
      [
        '4',
        'CRASHED',
        2,
        'Worker dead ended before the run did; `harvester runs retry 4` goes on where it stopped',
      ],
    ])
    expect(events[0]).toMatchObject({ run: { deployment: 'harvest-a', parameters: { source: 'a' } } })
    const parent = events.find(({ run }) => run.flow === 'Harvest All Sources')
    expect(parent?.children.map(({ deployment, type }) => `${deployment} ${type}`).sort()).toEqual([
      'Harvest Source/harvest-a CANCELLED',
      'Harvest Source/harvest-a CRASHED',
    ])
  } finally {
    for (const runner of runners) await runner.stop()
  }
})
