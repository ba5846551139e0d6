import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  type AnyFlow,
  type Backend,
  completed,
  type DeploymentSpec,
  type EngineEvent,
  flow,
  flowRegistry,
  type Orchestrator,
  type RunQuery,
  task,
} from '../../src/runs/index.ts'
import { waitUntil } from './prefect.ts'
import { byCounts, flaky, harvestPool, maintenancePool, parent, slow, source, spec } from './prefect-flows.ts'

/** A back end with what is needed to look at what it recorded. */
export interface Rig {
  readonly backend: Backend
  readonly orchestrator: Orchestrator
  /** Starts a process that runs what is due. */
  start(options: {
    flows: ReadonlyMap<string, AnyFlow>
    limit: number
    /** @default one that no other has */
    name?: string
    onProblem?: (text: string) => void
    onEvent?: (event: EngineEvent) => void
    /** Time between two looks for runs of processes that are gone. @default a minute */
    sweepMs?: number
  }): Promise<{ stop(): Promise<void> }>
  /** Sets a state as a person does, whatever the rules say. */
  setByHand(id: string, type: 'FAILED' | 'PAUSED' | 'RUNNING', name: string): Promise<void>
  /** Lets a paused run go on, as a person does. */
  resume(id: string): Promise<void>
  /** Deletes a run, as a person does. */
  remove(id: string): Promise<void>
  /** Whoever keeps the runs answers the next so many states with an error. */
  breakDown(times: number): void
  /** Whoever keeps the runs takes the next so many ends of attempts, and runs that are given back, and the answers are lost on the way. */
  loseAnswers(times: number): void
  /** Makes a run of a flow that no process of the tests knows. */
  submitStranger(): Promise<string>
  /** `name State` of the task runs, by name. */
  tasks(flowRunId: string): Promise<string[]>
  logs(flowRunId: string): Promise<string[]>
  artifacts(flowRunId: string): Promise<string[]>
  close(): Promise<void>
}

let inside = 0
let most = 0
const exclusive = flow({
  name: 'Test Exclusive',
  description: 'Its task has a tag with a limit of one.',
  parameters: z.object({}),
  runName: () => 'exclusive',
  run: async (_, run) => {
    const only = task({
      name: 'only',
      tags: ['database'],
      run: async () => {
        most = Math.max(most, ++inside)
        await sleep(50)
        inside--
      },
    })
    await Promise.all([run.task(only, undefined), run.task(only, undefined)])
    return completed('done')
  },
})

export const conformanceDeployments: DeploymentSpec[] = [
  spec('source', source),
  spec('flaky', flaky),
  spec('counts', byCounts),
  spec('slow', slow),
  spec('exclusive', exclusive),
  spec('parent', parent, {
    workPool: maintenancePool,
    startsChildren: true,
    parameters: { children: ['source', 'counts'], pollSeconds: 0.1 },
  }),
]
export const conformancePools = [harvestPool, maintenancePool]
const flows = flowRegistry([...new Set(conformanceDeployments.map((item) => item.flow))])

/** The scenarios that every back end must pass alike. */
export function conformance(name: string, makeRig: () => Promise<Rig>): void {
  describe(`the back end ${name}`, () => {
    let rig: Rig
    beforeAll(async () => {
      rig = await makeRig()
    })
    afterAll(() => rig?.close())

    const stateOf = async (id: string) => {
      const run = await rig.backend.readRun(id)
      return run && `${run.state.name}: ${run.state.message} (${run.runCount})`
    }
    const ended = async (id: string) => {
      await waitUntil(
        'the end of the run',
        async () => (await rig.backend.readRun(id))?.endedAt != null,
        60_000,
        30,
      )
      return stateOf(id)
    }
    const running = (id: string) =>
      waitUntil(
        'the run to run',
        async () => (await rig.backend.readRun(id))?.state.type === 'RUNNING',
        30_000,
        30,
      )
    const withProcess = async <T>(work: () => Promise<T>, limit = 4): Promise<T> => {
      const process = await rig.start({ flows, limit })
      try {
        return await work()
      } finally {
        await process.stop()
      }
    }
    const submit = (deployment: string, parameters: Record<string, unknown> = {}, key?: string) =>
      rig.backend.submit({ deployment, parameters, ...(key ? { idempotencyKey: key } : {}) })

    it('records a run with its tasks, log and artifacts', async () => {
      await withProcess(async () => {
        const { id } = await submit('Test Source/source', { n: 2 })
        expect(await ended(id)).toBe('Completed: 2 harvested (1)')
        expect(await rig.backend.readRun(id)).toMatchObject({
          name: 'source-2',
          flow: 'Test Source',
          deployment: 'source',
          parameters: { n: 2 },
        })
        const expected = [
          'fetch-ckan Completed',
          'harvest-datasets Completed',
          'list-datasets Completed',
          'load Completed',
          'merge-and-write Completed',
        ]
        await waitUntil('the tasks', async () => (await rig.tasks(id)).join() === expected.join(), 20_000, 50)
        expect((await rig.logs(id)).filter((line) => line.startsWith('harvested'))).toEqual([
          'harvested item=0',
          'harvested item=1',
        ])
        expect(await rig.artifacts(id)).toEqual([
          'harvest-dataset-status-test table',
          'harvest-progress-test progress',
        ])
      })
    })

    it('knows no run that was never made', async () => {
      expect(await rig.backend.readRun('00000000-0000-4000-8000-000000000000')).toBeNull()
    })

    it('refuses wrong parameters and unknown names', async () => {
      await expect(submit('source', { n: 'x' })).rejects.toMatchObject({ code: 'PARAMETERS_INVALID' })
      await expect(submit('source', { m: 1 })).rejects.toMatchObject({
        code: 'PARAMETERS_INVALID',
        message: expect.stringContaining('there is no parameter m'),
        remedy: expect.stringContaining('triggered_by'),
      })
      await expect(submit('nowhere')).rejects.toMatchObject({ code: 'USAGE' })
      await expect(submit('Test Slow/source')).rejects.toMatchObject({ code: 'USAGE' })
    })

    it('makes one run for one idempotency key', async () => {
      const first = await submit('source', { n: 1 }, 'key')
      const second = await submit('source', { n: 2 }, 'key')
      expect([first.created, second.created, second.id]).toEqual([true, false, first.id])
      await rig.backend.cancelRun(first.id)
    })

    it('retries what throws, and not what fails by its counts', async () => {
      await withProcess(async () => {
        const thrown = await submit('flaky')
        const counted = await submit('counts')
        expect(await ended(thrown.id)).toBe('Completed: attempt 2 (2)')
        expect(await ended(counted.id)).toBe('Failed: 3 of 4 failed (1)')
      })
    })

    it('cancels a run that runs, with its tasks, and one that waits', async () => {
      const waiting = await submit('slow')
      await rig.backend.cancelRun(waiting.id)
      expect(await stateOf(waiting.id)).toMatch(/^Cancelled.*\(0\)$/)
      await withProcess(async () => {
        const { id } = await submit('slow', { seconds: 60 })
        await running(id)
        await rig.backend.cancelRun(id)
        expect(await ended(id)).toBe('Cancelled: Flow run was cancelled successfully. (1)')
        await waitUntil('the task', async () => (await rig.tasks(id)).join() === 'wait Cancelled', 20_000, 50)
      })
    })

    it('finishes a parent and its children in one process with a limit of one', async () => {
      await withProcess(async () => {
        const { id } = await submit('parent')
        expect(await ended(id)).toBe('Failed: 1 of 2 failed: counts Failed (1)')
      }, 1)
    })

    it('takes back the runs of a process that stops, and the next one completes them', async () => {
      const { id } = await submit('slow', { seconds: 1 })
      await withProcess(() => running(id))
      expect(await stateOf(id)).toMatch(/^Scheduled.*\(1\)$/)
      await withProcess(async () => {
        expect(await ended(id)).toBe('Completed: attempt 2 (2)')
      })
    })

    it('loses no end while whoever keeps the runs is away', async () => {
      await withProcess(async () => {
        const runs = await Promise.all([1, 2, 3].map(() => submit('slow', { seconds: 0.3 })))
        for (const { id } of runs) await running(id)
        rig.breakDown(9)
        for (const { id } of runs) expect(await ended(id)).toBe('Completed: attempt 1 (1)')
      })
    })

    it('tells of an end once, and tries again what is to be tried again, though the answers are lost', async () => {
      const told: string[] = []
      const process = await rig.start({
        flows,
        limit: 4,
        onEvent: (event) => {
          if (/^run-/.test(event.type)) told.push(event.type === 'run-finished' ? event.state : event.type)
        },
      })
      try {
        rig.loseAnswers(1)
        expect(await ended((await submit('counts')).id)).toBe('Failed: 3 of 4 failed (1)')
        await waitUntil('the end', () => told.length === 2, 20_000, 30)
        expect(told.splice(0)).toEqual(['run-started', 'FAILED'])
        rig.loseAnswers(2)
        expect(await ended((await submit('flaky')).id)).toBe('Completed: attempt 2 (2)')
        await waitUntil('the end', () => told.length === 4, 20_000, 30)
        expect(told).toEqual(['run-started', 'run-retrying', 'run-started', 'COMPLETED'])
      } finally {
        await process.stop()
      }
    })

    it('gives a run back once, though the answer is lost and another process has it by then', async () => {
      const first = await rig.start({ flows, limit: 1, name: 'gives back' })
      const { id } = await submit('slow', { seconds: 1.5 })
      await running(id)
      const second = await rig.start({ flows, limit: 1, name: 'takes over' })
      try {
        rig.loseAnswers(1)
        await first.stop()
        expect(await ended(id)).toBe('Completed: attempt 2 (2)')
      } finally {
        await second.stop()
      }
    })

    it('lets another process try a run again whose process stops while it waits for that', async () => {
      const first = await rig.start({ flows, limit: 1, name: 'fails' })
      const { id } = await submit('flaky')
      await waitUntil(
        'the failure',
        async () => (await rig.backend.readRun(id))?.state.name === 'AwaitingRetry',
        30_000,
        20,
      )
      await first.stop()
      await withProcess(async () => {
        expect(await ended(id)).toBe('Completed: attempt 2 (2)')
      })
    })

    it('tells the end of a run again that a late request to start it undid', async () => {
      const process = await rig.start({ flows, limit: 4, sweepMs: 200 })
      try {
        const { id } = await submit('source', { n: 1 })
        expect(await ended(id)).toBe('Completed: 1 harvested (1)')
        await rig.setByHand(id, 'RUNNING', 'Running')
        expect(await ended(id)).toMatch(/^Completed: 1 harvested/)
      } finally {
        await process.stop()
      }
    })

    it('passes runs of flows that it does not know, however many wait', async () => {
      const strangers: string[] = []
      for (let n = 0; n < 45; n++) strangers.push(await rig.submitStranger())
      await withProcess(async () => {
        const { id } = await submit('source', { n: 1 })
        expect(await ended(id)).toBe('Completed: 1 harvested (1)')
      })
      for (const id of strangers) {
        expect(await stateOf(id)).toMatch(/^(Scheduled|Late)/)
        await rig.backend.cancelRun(id)
      }
    })

    it('refuses a second living process of one name, and harms no run of the first', async () => {
      const first = await rig.start({ flows, limit: 4, name: 'same' })
      try {
        const { id } = await submit('slow', { seconds: 0.5 })
        await running(id)
        await expect(rig.start({ flows, limit: 4, name: 'same' })).rejects.toMatchObject({
          code: 'USAGE',
          message: expect.stringMatching(/same lives already: on \S+ .* this one is on \S+ /),
        })
        expect(await ended(id)).toBe('Completed: attempt 1 (1)')
      } finally {
        await first.stop()
      }
      await (await rig.start({ flows, limit: 4, name: 'same' })).stop()
    })

    it('gives up a run that is paused, and goes on with it when it is resumed', async () => {
      await withProcess(async () => {
        const { id } = await submit('slow', { seconds: 2 })
        await running(id)
        await rig.setByHand(id, 'PAUSED', 'Suspended')
        await waitUntil(
          'the task to end',
          async () => (await rig.tasks(id)).join() === 'wait Cancelled',
          20_000,
          50,
        )
        expect(await stateOf(id)).toMatch(/^Suspended/)
        await rig.resume(id)
        expect(await ended(id)).toBe('Completed: attempt 2 (2)')
      })
    })

    it('ends a run that a person ended, and leaves the state as it is', async () => {
      await withProcess(async () => {
        const { id } = await submit('slow', { seconds: 60 })
        await running(id)
        await rig.setByHand(id, 'FAILED', 'Failed')
        await waitUntil(
          'the task to end',
          async () => (await rig.tasks(id)).join() === 'wait Cancelled',
          20_000,
          50,
        )
        expect(await stateOf(id)).toMatch(/^Failed/)
      })
    })

    it('ends a run that was deleted while it runs', async () => {
      const problems: string[] = []
      const process = await rig.start({ flows, limit: 1, onProblem: (text) => problems.push(text) })
      try {
        const { id } = await submit('slow', { seconds: 60 })
        await running(id)
        await rig.remove(id)
        const next = await submit('source', { n: 1 })
        expect(await ended(next.id)).toBe('Completed: 1 harvested (1)')
      } finally {
        await process.stop()
      }
      expect(problems).toEqual([])
    })

    describe('operated through the port', () => {
      it('finds a run by its id, its deployment, its tag, and among those of a state', async () => {
        const { orchestrator } = rig
        const first = await orchestrator.submit({
          deployment: 'slow',
          parameters: {},
          tags: ['of-a-test'],
          idempotencyKey: 'operated:1',
        })
        const second = await orchestrator.submit({ deployment: 'Test Slow/slow', parameters: {} })
        expect(await orchestrator.find(first.id)).toMatchObject({
          id: first.id,
          flow: 'Test Slow',
          deployment: 'slow',
          idempotencyKey: 'operated:1',
          state: { type: 'SCHEDULED' },
          createdAt: expect.any(Date),
          startedAt: null,
          worker: null,
        })
        const idsOf = async (query: RunQuery) => (await orchestrator.list(query)).map(({ id }) => id)
        const newest = await idsOf({ deployment: 'slow', types: ['SCHEDULED'] })
        expect([...newest].sort()).toEqual([first.id, second.id].sort())
        expect(await idsOf({ deployment: 'slow', types: ['SCHEDULED'], limit: 1 })).toEqual([newest[0]])
        expect(await idsOf({ tag: 'of-a-test' })).toEqual([first.id])
        expect(await idsOf({ ids: [second.id, '00000000-0000-4000-8000-000000000000'] })).toEqual([second.id])
        expect(await idsOf({ ids: [] })).toEqual([])
        expect(await idsOf({ deployment: 'nowhere' })).toEqual([])
        for (const { id } of [first, second]) await orchestrator.cancel(id)
        expect((await orchestrator.find(first.id))?.state.type).toBe('CANCELLED')
        expect(await idsOf({ deployment: 'slow', types: ['SCHEDULED'] })).toEqual([])
      })

      it('reads the tasks, the progress and the log of a run, each line once', async () => {
        const { orchestrator } = rig
        await withProcess(async () => {
          const { id } = await orchestrator.submit({ deployment: 'source', parameters: { n: 3 } })
          const more = orchestrator.follow(id)
          const told: string[] = []
          await waitUntil(
            'the lines',
            async () => {
              told.push(...(await more()).map(({ message }) => message))
              return told.some((line) => line === 'harvested item=2')
            },
            30_000,
            50,
          )
          await ended(id)
          told.push(...(await more()).map(({ message }) => message))
          expect(told.filter((line) => line.startsWith('harvested'))).toEqual([
            'harvested item=0',
            'harvested item=1',
            'harvested item=2',
          ])
          expect((await orchestrator.lastLog(id, 200)).map(({ message }) => message).sort()).toEqual(
            told.sort(),
          )
          expect(await orchestrator.lastLog(id, 1)).toHaveLength(1)
          expect(await orchestrator.lastLog(id, 0)).toEqual([])
          await waitUntil('the tasks', async () => (await orchestrator.tasks([id])).length === 5, 20_000, 50)
          expect(new Set((await orchestrator.tasks([id])).map(({ flowRunId }) => flowRunId))).toEqual(
            new Set([id]),
          )
          expect(await orchestrator.tasks([id], ['FAILED'])).toEqual([])
          expect(await orchestrator.artifacts([id], 'progress')).toEqual([
            expect.objectContaining({ flowRunId: id, key: 'harvest-progress-test', percent: 100 }),
          ])
          expect(await orchestrator.artifacts([id])).toHaveLength(2)
        })
      })

      it('makes a run that has ended due again, and refuses one that has not', async () => {
        const { orchestrator } = rig
        const { id, name } = await orchestrator.submit({ deployment: 'counts', parameters: {} })
        await expect(orchestrator.retry({ id, name })).rejects.toMatchObject({ code: 'USAGE' })
        await withProcess(async () => {
          expect(await ended(id)).toBe('Failed: 3 of 4 failed (1)')
          await orchestrator.retry({ id, name })
          await waitUntil(
            'the second attempt',
            async () => (await stateOf(id)) === 'Failed: 3 of 4 failed (2)',
            30_000,
            50,
          )
        })
      })

      it('knows its deployments, and what each takes', async () => {
        const { orchestrator } = rig
        const found = await orchestrator.deployment('Test Source/source')
        expect(found).toMatchObject({ name: 'source', flow: 'Test Source' })
        expect(Object.keys(found.schema?.properties ?? {})).toContain('n')
        await expect(orchestrator.deployment('nowhere')).rejects.toMatchObject({ code: 'USAGE' })
        const all = await orchestrator.deployments()
        expect(all.map(({ name }) => name)).toEqual(
          expect.arrayContaining(conformanceDeployments.map(({ name }) => name)),
        )
        const schedules = await orchestrator.schedules()
        expect(schedules.find(({ name }) => name === 'counts')).toEqual({
          name: 'counts',
          flow: 'Test Counts',
          cron: null,
          timezone: 'UTC',
          paused: false,
          nextRunAt: null,
          lastRun: expect.objectContaining({ state: 'Failed', startedAt: expect.any(Date) }),
        })
      })

      it('tells who works and what waits', async () => {
        const { orchestrator } = rig
        const waits = async (pool: string) =>
          (await orchestrator.pools()).find(({ name }) => name === pool)?.waiting
        const before = (await waits(harvestPool)) ?? 0
        const { id } = await orchestrator.submit({ deployment: 'slow', parameters: { seconds: 60 } })
        expect(await waits(harvestPool)).toBe(before + 1)
        await withProcess(async () => {
          await running(id)
          expect(await waits(harvestPool)).toBe(before)
          expect((await orchestrator.workers()).some(({ alive }) => alive)).toBe(true)
          expect(await orchestrator.isAttended()).toBe(true)
          expect((await orchestrator.list({ types: ['RUNNING'] })).map((run) => run.id)).toEqual([id])
          expect((await orchestrator.find(id))?.worker).toEqual(expect.any(String))
          await orchestrator.cancel(id)
          await ended(id)
        })
        await orchestrator.health()
      })

      it('puts a limit in force, and takes it back', async () => {
        const { limits } = rig.orchestrator
        const read = async () => (await limits.list()).find(({ name }) => name === 'tag:database')
        expect(await read()).toMatchObject({ declared: 1, inForce: 1, from: 'declaration' })
        await limits.set('tag:database', 2)
        expect(await read()).toMatchObject({ declared: 1, inForce: 2, from: 'operator' })
        await limits.reset('tag:database')
        expect(await read()).toMatchObject({ inForce: 1, from: 'declaration' })
        await expect(limits.set('tag:nothing', 2)).rejects.toMatchObject({ code: 'USAGE' })
      })
    })

    it('never runs two tasks at once that share a tag with a limit of one', async () => {
      most = 0
      await withProcess(async () => {
        const runs = await Promise.all([submit('exclusive'), submit('exclusive'), submit('exclusive')])
        for (const { id } of runs) expect(await ended(id)).toBe('Completed: done (1)')
      })
      expect(most).toBe(1)
    })
  })
}
