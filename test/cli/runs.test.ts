import { randomUUID } from 'node:crypto'
import { describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { cancelRun, retryRun, tellLog } from '../../src/cli/runs.ts'
import { findRun } from '../../src/operate/runs/find.ts'
import {
  completed,
  createLocalBackend,
  failed,
  flow,
  localOrchestrator,
  memoryStore,
  type StoredLogLine,
  startStandalone,
} from '../../src/runs/index.ts'
import { state } from '../../src/runs/states.ts'

const harvest = flow({
  name: 'Harvest Source',
  description: '',
  parameters: z.object({ source: z.string().default('a') }),
  runName: ({ source }) => `harvest-${source}`,
  run: async (_, { runCount }) => (runCount === 1 ? failed('the first time') : completed('the second time')),
})

async function submitted() {
  const store = memoryStore()
  const backend = createLocalBackend({
    store,
    deployments: [
      {
        name: 'harvest-a',
        flow: harvest,
        parameters: {},
        schedule: null,
        concurrencyLimit: 1,
        tags: [],
        workPool: 'harvest',
        description: '',
        version: '1',
        startsChildren: false,
      },
    ],
  })
  const { id } = await backend.submit({ deployment: 'harvest-a', parameters: { source: 'b' } })
  return { store, id, backend, runs: localOrchestrator({ backend }) }
}

const line = (flowRunId: string, message: string): StoredLogLine => ({
  flowRunId,
  taskRunId: null,
  task: null,
  level: 'info',
  message,
  at: new Date(),
})

describe('harvester runs', () => {
  it('cancels a waiting run at once, and asks a running one to end', async () => {
    const waiting = await submitted()
    expect(await cancelRun(waiting.runs, waiting.id.slice(0, 8))).toMatch(/harvest-b .*: Cancelled$/)
    const { store, id, runs } = await submitted()
    await store.transition(id, ['SCHEDULED'], state('RUNNING', new Date()))
    expect(await cancelRun(runs, id)).toMatch(/: Cancelling$/)
  })

  it('refuses to cancel what has ended, and to retry what has not', async () => {
    const { runs, id } = await submitted()
    await expect(retryRun(runs, id)).rejects.toMatchObject({ code: 'USAGE', message: /has not ended/ })
    await cancelRun(runs, id)
    await expect(cancelRun(runs, id)).rejects.toMatchObject({ code: 'USAGE', message: /ended already/ })
  })

  it('makes a failed run due again, with its parameters, for any worker', async () => {
    const { store, runs, id } = await submitted()
    await store.transition(id, ['SCHEDULED'], state('PENDING', new Date()), { worker: 'w1' })
    await store.transition(id, ['PENDING'], state('FAILED', new Date()), { endedAt: new Date(), runCount: 1 })
    await retryRun(runs, id)
    expect(await store.run(id)).toMatchObject({
      state: { type: 'SCHEDULED', name: 'AwaitingRetry' },
      parameters: { source: 'b' },
      runCount: 1,
      endedAt: null,
      worker: null,
    })
    const due = await store.runs({ types: ['SCHEDULED'], dueBefore: new Date() })
    expect(due.map((run) => run.id)).toEqual([id])
  })

  it('has a failed run run again by the process that is there', async () => {
    const { store, runs, backend, id } = await submitted()
    const standalone = await startStandalone({ backend, pollMs: 10 })
    try {
      await vi.waitFor(async () => expect((await store.run(id))?.state.type).toBe('FAILED'), 60_000)
      await retryRun(runs, id)
      await vi.waitFor(async () => expect((await store.run(id))?.state.type).toBe('COMPLETED'), 60_000)
      expect(await store.run(id)).toMatchObject({ runCount: 2, state: { message: 'the second time' } })
    } finally {
      await standalone.stop()
    }
  })

  it('refuses to retry a run by hand, which nobody would pick up', async () => {
    const { store, runs, id } = await submitted()
    const run = await store.run(id)
    const other = { ...run!, id: randomUUID(), deployment: null, state: state('FAILED', new Date()) }
    await store.createRun(other)
    await expect(retryRun(runs, other.id)).rejects.toMatchObject({ message: /by hand/ })
  })

  it('follows a log until the run ends, each line once and the last ones too', async () => {
    const { store, runs, id } = await submitted()
    await store.appendLogs([line(id, 'one'), line(id, 'two')])
    const told: string[] = []
    await tellLog(runs, id, {
      follow: true,
      signal: new AbortController().signal,
      everyMs: 1,
      print({ message }) {
        told.push(message)
        if (message === 'two') void store.appendLogs([line(id, 'three')])
        if (message === 'three') {
          void store.appendLogs([line(id, 'four')])
          void store.transition(id, ['SCHEDULED'], state('COMPLETED', new Date()))
        }
      },
    })
    expect(told).toEqual(['one', 'two', 'three', 'four'])
  })

  it('says so when a run is not known', async () => {
    const { runs } = await submitted()
    await expect(findRun(runs, 'ffffffff')).rejects.toMatchObject({ code: 'USAGE', message: /no run/ })
  })
})
