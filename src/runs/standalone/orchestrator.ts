/** The run store of our database, as commands and the API see it. */

import { z } from 'zod'
import { nextTimes } from '../../config/cron.ts'
import { HarvesterError } from '../../errors.ts'
import { goneAfterMs } from '../decide.ts'
import type { DeploymentSpec } from '../deployment-spec.ts'
import { poolLimitName, poolsOf, queueLimitName, queueOf } from '../limits.ts'
import type {
  KeptDeployment,
  KeptLine,
  KeptRun,
  KeptSchedule,
  Orchestrator,
  PoolState,
  RunQuery,
} from '../orchestrator.ts'
import { state, stateTypes } from '../states.ts'
import { attendHere } from './attend.ts'
import type { LocalBackend } from './backend.ts'
import { localLimits } from './limits.ts'
import { takesAnyRun } from './presence.ts'
import { flowRunOf } from './recorder.ts'
import type { RunStore, StoredWorker } from './store.ts'

/** More than any site keeps. */
const allRuns = 1_000_000

export function localOrchestrator(options: {
  backend: LocalBackend
  /** Who changes limits. */
  by?: string | null
  onClose?: () => Promise<void>
}): Orchestrator {
  const { backend } = options
  const { store, runtime, declaration } = backend
  const isAttended = async () => {
    const now = runtime.now()
    return (await store.workers()).some((worker) => takesAnyRun(worker, now))
  }
  return {
    kind: 'standalone',
    url: null,
    inDatabase: true,
    isAttended,
    submit: (request) => backend.submit(request),
    find: (id) => backend.readRun(id),
    list: (query) => listRuns(store, query),
    async tasks(ids, types) {
      const found = await Promise.all(ids.map((id) => store.taskRuns(id)))
      return found.flat().filter(({ state }) => !types || types.includes(state.type))
    },
    async artifacts(ids, type) {
      const found = (await Promise.all(ids.map((id) => store.artifacts(id)))).flat().reverse()
      return found
        .filter(({ artifact }) => type === undefined || artifact.type === type)
        .map(({ flowRunId, artifact }) => ({
          flowRunId,
          type: artifact.type,
          key: artifact.key,
          description: artifact.description,
          percent: artifact.type === 'progress' ? artifact.data : null,
        }))
    },
    lastLog: async (id, lines) => (lines === 0 ? [] : readLog(store, id, { last: lines })),
    follow(id) {
      let told = 0
      return async () => {
        const more = await readLog(store, id, { skip: told })
        told += more.length
        return more
      }
    },
    cancel: (id) => backend.cancelRun(id),
    async retry({ id, name }) {
      const now = runtime.now()
      const again = await store.transition(
        id,
        ['COMPLETED', 'FAILED', 'CRASHED', 'CANCELLED'],
        state('SCHEDULED', now, { name: 'AwaitingRetry', scheduledAt: now }),
        { scheduledAt: now, endedAt: null, worker: null, instance: null },
      )
      if (!again) throw new HarvesterError('USAGE', `${name} has not ended`)
    },
    deployment: async (name) => keptDeployment(backend.find(name)),
    deployments: async () => [...backend.deployments.values()].map(keptDeployment),
    schedules: async () => listSchedules(backend, await isAttended()),
    limits: localLimits(store, declaration, options.by ?? null),
    pools: () => listPools(backend),
    async workers() {
      const now = runtime.now()
      return (await store.workers()).map((worker) => ({
        name: worker.name,
        pool: null,
        alive: isAlive(worker, now),
        seenAt: worker.seenAt,
      }))
    },
    attend: (request) => attendHere(backend, request),
    async health() {
      await store.workers()
      return { version: null }
    },
    // The database is looked at by itself.
    async *examine() {},
    pageOf: () => null,
    async close() {
      await backend.close()
      await options.onClose?.()
    },
  }
}

async function listRuns(store: RunStore, query: RunQuery): Promise<KeptRun[]> {
  const { ids, tag, deployment, types, limit } = query
  if (ids?.length === 0) return []
  const found = await store.runs({
    ...(ids && { ids }),
    ...(tag !== undefined && { tag }),
    ...(deployment !== undefined && { deployment }),
    types: types ?? stateTypes,
    limit: limit ?? allRuns,
  })
  return found.map(flowRunOf)
}

async function readLog(
  store: RunStore,
  id: string,
  part: { last?: number; skip?: number },
): Promise<KeptLine[]> {
  return (await store.logs(id, part)).map(({ at, level, message }) => ({ at, level, message }))
}

const isAlive = ({ seenAt }: StoredWorker, now: Date) => now.getTime() - seenAt.getTime() < goneAfterMs

function keptDeployment(spec: DeploymentSpec): KeptDeployment {
  return {
    name: spec.name,
    flow: spec.flow.name,
    parameters: spec.parameters,
    schema: z.toJSONSchema(spec.flow.parameters, { io: 'input', unrepresentable: 'any' }),
  }
}

async function listSchedules(backend: LocalBackend, attended: boolean): Promise<KeptSchedule[]> {
  const now = backend.runtime.now()
  return Promise.all(
    [...backend.deployments.values()].map(async ({ name, flow, schedule }) => {
      const [last] = await backend.store.runs({ deployment: name, limit: 1 })
      // The schedule is kept by the process that runs it; what it will do next follows from the declaration.
      const [next] = schedule && attended ? nextTimes(schedule.cron, schedule.timezone, 1, now) : []
      return {
        name,
        flow: flow.name,
        cron: schedule?.cron ?? null,
        timezone: schedule?.timezone ?? 'UTC',
        paused: false,
        nextRunAt: next ?? null,
        lastRun: last ? { runId: last.id, startedAt: last.startedAt, state: last.state.name } : null,
      }
    }),
  )
}

/** There are no pools to poll, and still limits of them: any process takes the runs of all. */
async function listPools({ store, runtime, declaration, limits }: LocalBackend): Promise<PoolState[]> {
  const now = runtime.now()
  const waiting = await store.runs({ types: ['SCHEDULED'], dueBefore: now, limit: 1000 })
  const status = (await store.workers()).some((worker) => isAlive(worker, now)) ? 'ready' : 'not ready'
  const inForce = await limits()
  const depth = (of: readonly DeploymentSpec[]) =>
    waiting.filter(({ deployment }) => of.some(({ name }) => name === deployment)).length
  return poolsOf(declaration).map((pool) => {
    const specs = declaration.deployments.filter(({ workPool }) => workPool === pool.name)
    return {
      name: pool.name,
      status,
      limit: inForce.get(poolLimitName(pool.name)) ?? null,
      waiting: depth(specs),
      queues: (pool.queues ?? []).map(({ name }) => ({
        name,
        status,
        limit: inForce.get(queueLimitName(pool.name, name)) ?? null,
        waiting: depth(specs.filter((spec) => queueOf(spec) === name)),
      })),
    }
  })
}
