import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { migrate } from '../../src/database/migrate.ts'
import type { Database } from '../../src/database/port.ts'
import { databaseRunStore, forgetRuns } from '../../src/inventory/run-store.ts'
import { newInstance } from '../../src/runs/instance.ts'
import { memoryStore } from '../../src/runs/standalone/memory-store.ts'
import type { RunStore, StoredRun, WantedRun } from '../../src/runs/standalone/store.ts'
import { heldStateTypes, state } from '../../src/runs/states.ts'
import { emptyDatabase } from '../support/database.ts'

const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second, 123))

function run(more: Partial<StoredRun> = {}): StoredRun {
  return {
    id: randomUUID(),
    name: 'brave-otter',
    flow: 'Harvest Source',
    deployment: 'harvest-a',
    parameters: { source: 'https://a.example.org', nested: { list: [1, null, 'é'] } },
    tags: ['database', 'x'],
    state: state('SCHEDULED', at(0), { scheduledAt: at(5) }),
    runCount: 0,
    createdAt: at(0),
    createdBy: 'cli',
    scheduledAt: at(5),
    startedAt: null,
    endedAt: null,
    parentRunId: null,
    idempotencyKey: null,
    worker: null,
    ...more,
  }
}

/** The port of the standalone engine: memory and database behave alike. */
export function describeRunStore(name: string, open: () => Promise<Database>): void {
  describe(`the run store on ${name}`, () => {
    let database: Database
    beforeAll(async () => {
      database = await open()
      await migrate(database)
    }, 240_000)
    afterAll(() => database?.close())
    beforeEach(() => emptyDatabase(database))

    const stores: [string, () => RunStore][] = [
      ['the database', () => databaseRunStore(database)],
      ['memory', () => memoryStore()],
    ]
    describe.each(stores)('in %s', (_, make) => {
      it('gives a run back as it was', async () => {
        const store = make()
        const made = run()
        expect(await store.createRun(made)).toEqual({ run: made, created: true })
        expect(await store.run(made.id)).toEqual(made)
        expect(await store.run(randomUUID())).toBeNull()
      })

      it('creates one run for one idempotency key of a flow', async () => {
        const store = make()
        const answers = await Promise.all([1, 2, 3].map(() => store.createRun(run({ idempotencyKey: 'k' }))))
        expect(answers.filter((answer) => answer.created)).toHaveLength(1)
        expect(new Set(answers.map((answer) => answer.run.id)).size).toBe(1)
        expect((await store.createRun(run({ idempotencyKey: 'k', flow: 'Other' }))).created).toBe(true)
      })

      const want = (worker: string, more: Partial<WantedRun> = {}): WantedRun => ({
        worker,
        instance: 'i',
        flows: ['Harvest Source'],
        groups: [],
        held: heldStateTypes,
        priorities: new Map(),
        only: null,
        to: state('PENDING', at(6)),
        ...more,
      })
      const limited = (limit: number, ...deployments: string[]) => ({ groups: [{ deployments, limit }] })

      it('lets one worker have a run, within the limit of its deployment', async () => {
        const store = make()
        for (const one of [run(), run(), run({ deployment: 'harvest-b' })]) await store.createRun(one)
        const limit = limited(1, 'harvest-a')
        const claims = await Promise.all(['w1', 'w2', 'w3'].map((name) => store.claimNext(want(name, limit))))
        expect(claims.map((claimed) => claimed?.deployment ?? null).sort()).toEqual([
          'harvest-a',
          'harvest-b',
          null,
        ])
        expect(claims.find((claimed) => claimed !== null)).toMatchObject({
          worker: expect.stringMatching(/^w\d$/),
          instance: 'i',
          state: { type: 'PENDING' },
        })
      })

      it('lets no more runs of a pool be had than its limit, whichever deployments they are of', async () => {
        const store = make()
        for (const name of ['a', 'b', 'a', 'c']) await store.createRun(run({ deployment: name }))
        const pool = limited(2, 'a', 'b')
        const claims = await Promise.all([1, 2, 3, 4].map(() => store.claimNext(want('w', pool))))
        expect(claims.map((claimed) => claimed?.deployment ?? null).sort()).toEqual(['a', 'b', 'c', null])
        const held = claims.find((claimed) => claimed?.deployment === 'a')!
        await store.transition(held.id, ['PENDING'], state('COMPLETED', at(7)), { endedAt: at(7) })
        expect((await store.claimNext(want('w', pool)))?.deployment).toBe('a')
      })

      it('passes any number of runs that must wait, and those of flows that nobody here knows', async () => {
        const store = make()
        const held = run({ deployment: 'full' })
        await store.createRun({ ...held, state: state('RUNNING', at(1)) })
        for (let n = 0; n < 210; n++) {
          await store.createRun(run({ deployment: 'full' }))
          await store.createRun(run({ flow: 'Stranger', deployment: 'strange' }))
        }
        const last = run({ deployment: 'free' })
        await store.createRun(last)
        const limit = limited(1, 'full')
        expect((await store.claimNext(want('w', limit)))?.id).toBe(last.id)
        expect(await store.claimNext(want('w', limit))).toBeNull()
      })

      it('gives what has priority first, then what is due first, and nothing before its time', async () => {
        const store = make()
        const later = run({ deployment: 'late', scheduledAt: at(9) })
        const first = run({ deployment: 'a', scheduledAt: at(4) })
        const second = run({ deployment: 'a', scheduledAt: at(5) })
        const urgent = run({ deployment: 'urgent', scheduledAt: at(6) })
        for (const one of [later, second, first, urgent]) await store.createRun(one)
        const wanted = want('w', { priorities: new Map([['urgent', 1]]) })
        const claimed = []
        for (let n = 0; n < 4; n++) claimed.push((await store.claimNext(wanted))?.id ?? null)
        expect(claimed).toEqual([urgent.id, first.id, second.id, null])
      })

      it('gives only the family of a run where no others are wanted', async () => {
        const store = make()
        const parent = run()
        const child = run({ parentRunId: parent.id })
        const tagged = run({ tags: ['backfill:1'] })
        for (const one of [parent, child, tagged]) await store.createRun(one)
        const only = { childrenOf: [parent.id], tag: null }
        expect((await store.claimNext(want('w', { only })))?.id).toBe(child.id)
        expect(await store.claimNext(want('w', { only }))).toBeNull()
        expect((await store.claimNext(want('w', { only: { childrenOf: [], tag: 'backfill:1' } })))?.id).toBe(
          tagged.id,
        )
      })

      it('keeps limits that were set, until they are cleared', async () => {
        const store = make()
        const limits = [
          { name: 'pool:p', limit: null, setAt: at(1), setBy: 'ann' },
          { name: 'tag:database', limit: 5, setAt: at(2), setBy: null },
        ]
        for (const limit of limits) await store.setLimit({ ...limit, limit: 9 })
        for (const limit of limits) await store.setLimit(limit)
        expect(await store.limits()).toEqual(limits)
        await store.clearLimit('pool:p')
        expect(await store.limits()).toEqual([limits[1]])
      })

      it('gives no more slots than there are, all that are asked for or none', async () => {
        const store = make()
        const database = { name: 'tag:database', limit: 2 }
        const heavy = { name: 'tag:heavy', limit: 1 }
        const take = (limits: { name: string; limit: number }[], id: string = randomUUID()) =>
          store.takeSlots({ id, holder: 'w task', limits, seconds: 60 })
        const both = randomUUID()
        expect(await take([heavy, database], both)).toBe(true)
        expect(await take([database, heavy])).toBe(false)
        const answers = await Promise.all([1, 2, 3].map(() => take([database])))
        expect(answers.filter(Boolean)).toHaveLength(1)
        expect((await store.slots()).map(({ name }) => name).sort()).toEqual([
          'tag:database',
          'tag:database',
          'tag:heavy',
        ])
        await store.freeSlots(both)
        expect(await take([database, heavy])).toBe(true)
        expect((await store.slots())[0]?.holder).toBe('w task')
      })

      it('frees slots that nobody renewed, and only those', async () => {
        const store = make()
        const take = (id: string, seconds: number, limit = 1) =>
          store.takeSlots({ id, holder: 'w', limits: [{ name: 'tag:database', limit }], seconds })
        const [killed, living, next] = [randomUUID(), randomUUID(), randomUUID()]
        await take(killed, 0.02, 2)
        await take(living, 0.02, 2)
        expect(await store.renewSlots(living, 60)).toBe(true)
        await vi.waitFor(async () => expect(await take(next, 60, 2)).toBe(true), 5000)
        expect(await take(randomUUID(), 60, 2)).toBe(false)
        expect(await store.renewSlots(killed, 60)).toBe(false)
        expect(await store.renewSlots(next, 60)).toBe(true)
        expect(await store.slots()).toHaveLength(2)
      })

      it('changes a state only from those that are allowed', async () => {
        const store = make()
        const made = run()
        await store.createRun(made)
        expect(await store.transition(made.id, ['RUNNING'], state('COMPLETED', at(9)))).toBeNull()
        const running = await store.transition(made.id, ['SCHEDULED'], state('RUNNING', at(7)), {
          runCount: 1,
          startedAt: at(7),
          worker: 'w',
        })
        expect(running).toMatchObject({
          runCount: 1,
          startedAt: at(7),
          worker: 'w',
          state: { type: 'RUNNING' },
        })
        expect(running?.state.scheduledAt).toBeUndefined()
        const end = (of: Parameters<typeof store.transition>[4]) =>
          store.transition(made.id, ['RUNNING'], state('COMPLETED', at(9)), {}, of)
        expect(await end({ runCount: 2, instance: null })).toBeNull()
        expect(await end({ runCount: 1, instance: 'of another' })).toBeNull()
        expect(await end({ runCount: 1, instance: null })).toMatchObject({ state: { type: 'COMPLETED' } })
      })

      it('finds runs by what they are, newest first, and those that are due, oldest first', async () => {
        const store = make()
        const runs = [1, 2, 3].map((n) => run({ createdAt: at(n), scheduledAt: at(10 - n) }))
        for (const one of runs) await store.createRun(one)
        const idsOf = (found: StoredRun[]) => found.map((one) => runs.findIndex((made) => made.id === one.id))
        expect(idsOf(await store.runs({ flow: 'Harvest Source' }))).toEqual([2, 1, 0])
        expect(idsOf(await store.runs({ types: ['SCHEDULED'], dueBefore: at(8) }))).toEqual([2, 1])
        expect(idsOf(await store.runs({ limit: 1 }))).toEqual([2])
        expect(await store.runs({ worker: 'nobody' })).toEqual([])
      })

      it('keeps tasks, log lines and artifacts in their order', async () => {
        const store = make()
        const flowRunId = randomUUID()
        const task = (taskName: string) => ({
          id: randomUUID(),
          flowRunId,
          flowRunCount: 1,
          name: taskName,
          task: taskName,
          dynamicKey: '0',
          tags: [],
          after: [],
          retries: 3,
          retryDelaySeconds: 1,
          runCount: 1,
          state: state('RUNNING', at(1)),
          expectedStartAt: at(0),
          startedAt: at(1),
          endedAt: null,
          runningSeconds: 0.5,
        })
        const tasks = [task('list'), task('load')]
        await store.saveTaskRuns(tasks)
        await store.saveTaskRuns([{ ...tasks[0]!, state: state('COMPLETED', at(3)), endedAt: at(3) }])
        expect(await store.taskRuns(flowRunId)).toEqual([
          { ...tasks[0], state: state('COMPLETED', at(3)), endedAt: at(3) },
          tasks[1],
        ])
        const line = (message: string) => ({
          flowRunId,
          taskRunId: null,
          task: null,
          level: 'info' as const,
          message,
          at: at(2),
        })
        await store.appendLogs(['one', 'two', 'three'].map(line))
        expect((await store.logs(flowRunId)).map((one) => one.message)).toEqual(['one', 'two', 'three'])
        expect(await store.logs(flowRunId, { last: 2 })).toEqual(['two', 'three'].map(line))
        expect(await store.logs(flowRunId, { skip: 2 })).toEqual([line('three')])
        const artifact = {
          id: randomUUID(),
          flowRunId,
          taskRunId: null,
          artifact: { type: 'progress' as const, key: 'p', description: null, data: 0.5 },
          at: at(4),
        }
        await store.saveArtifact(artifact)
        await store.saveArtifact({ ...artifact, artifact: { ...artifact.artifact, data: 1 } })
        expect(await store.artifacts(flowRunId)).toEqual([
          { ...artifact, artifact: { ...artifact.artifact, data: 1 } },
        ])
      })

      it('remembers which processes live', async () => {
        const store = make()
        await store.touchWorker('a', at(1))
        await store.touchWorker('a', at(2))
        expect(await store.workers()).toEqual([{ name: 'a', seenAt: at(2), instance: null }])
        const instance = newInstance('a')
        await store.touchWorker('a', at(3), instance)
        expect(await store.workers()).toEqual([{ name: 'a', seenAt: at(3), instance }])
        await store.removeWorker('a')
        expect(await store.workers()).toEqual([])
      })
    })

    it('forgets runs that ended long ago', async () => {
      const store = databaseRunStore(database)
      const old = run({ state: state('COMPLETED', at(1)), endedAt: at(1) })
      const open = run()
      for (const one of [old, open]) await store.createRun(one)
      await store.appendLogs([
        { flowRunId: old.id, taskRunId: null, task: null, level: 'info', message: 'm', at: at(1) },
      ])
      expect(await forgetRuns(database, at(2))).toBe(1)
      expect(await store.run(old.id)).toBeNull()
      expect(await store.logs(old.id)).toEqual([])
      expect(await store.run(open.id)).not.toBeNull()
    })
  })
}
