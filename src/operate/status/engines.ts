/** Asks either back end for its part of the status. */

import { localRunControl, prefectRunControl } from '../../app/run-control.ts'
import type { DeclaredDeployment } from '../../config/deployments-file.ts'
import {
  type DeploymentSpec,
  type LimitDeclaration,
  type LimitView,
  type LocalBackend,
  localLimitDesk,
  namespaceTag,
  nextTimes,
  type PrefectBackend,
  prefectLimitDesk,
} from '../../runs/index.ts'
import { poolLimitName, poolsOf, queueLimitName, queueOf } from '../../runs/limits.ts'
import { must } from '../../runs/prefect/client.ts'
import { labelOf, workerLabel } from '../../runs/prefect/labels.ts'
import { readQueues } from '../../runs/prefect/pools.ts'
import type { EngineStatus, LimitStatus, PoolStatus, WorkerStatus } from './report.ts'

/** A standalone process that gave no sign of life for so long counts as offline. */
const aliveMs = 120_000
const openTypes = ['PENDING', 'RUNNING', 'CANCELLING'] as const

export async function localStatus(
  backend: LocalBackend,
  declared: readonly DeclaredDeployment[],
  now: Date,
): Promise<EngineStatus> {
  const { store } = backend
  const deployments = await localRunControl(backend, declared, () => null).schedules()
  const running = await store.runs({ types: openTypes, limit: 100 })
  const waiting = await store.runs({ types: ['SCHEDULED'], dueBefore: now, limit: 1000 })
  const limits = await backend.limits()
  const workers = await store.workers()
  const alive = workers.some(({ seenAt }) => now.getTime() - seenAt.getTime() < aliveMs)
  return {
    // There are no pools to poll, and still limits of them: any process takes the runs of all.
    pools: poolsOf(backend.declaration).map((pool) => {
      const status = alive ? 'ready' : 'not ready'
      const specs = backend.declaration.deployments.filter(({ workPool }) => workPool === pool.name)
      const depth = (of: readonly DeploymentSpec[]) =>
        waiting.filter(({ deployment }) => of.some(({ name }) => name === deployment)).length
      return {
        name: pool.name,
        status,
        limit: limits.get(poolLimitName(pool.name)) ?? null,
        waiting: depth(specs),
        queues: (pool.queues ?? []).map(({ name }) => ({
          name,
          status,
          limit: limits.get(queueLimitName(pool.name, name)) ?? null,
          waiting: depth(specs.filter((spec) => queueOf(spec) === name)),
        })),
      }
    }),
    workers: workers.map(({ name, seenAt }) => ({
      name,
      pool: null,
      alive: now.getTime() - seenAt.getTime() < aliveMs,
      seenAt,
    })),
    running: await Promise.all(
      running.map(async (run) => {
        const tasks = await store.taskRuns(run.id)
        const artifacts = await store.artifacts(run.id)
        const bar = artifacts.findLast(({ artifact }) => artifact.type === 'progress')?.artifact
        return {
          id: run.id,
          name: run.name,
          state: run.state.name,
          startedAt: run.startedAt,
          worker: run.worker,
          tasks: tasks.filter(({ state }) => state.type === 'RUNNING').map(({ name }) => name),
          percent: bar?.type === 'progress' ? bar.data : null,
        }
      }),
    ),
    // The schedule is kept by the process that runs it; what it will do next follows from the declaration.
    deployments: deployments.map((deployment) => ({
      ...deployment,
      nextRunAt:
        deployment.cron === null
          ? null
          : (nextTimes(deployment.cron, deployment.timezone, 1, now)[0] ?? null),
    })),
    limits: inForce(await localLimitDesk(store, backend.declaration, null).list()),
  }
}

export async function prefectStatus(
  backend: PrefectBackend,
  declared: readonly DeclaredDeployment[],
  declaration: LimitDeclaration,
  namespace: string,
  now: Date,
): Promise<EngineStatus> {
  const { client } = backend
  const names = poolsOf(declaration).map(({ name }) => name)
  const ofPools = { work_pools: { operator: 'and_' as const, name: { any_: names } } }
  const running = await must(
    'list running runs',
    client.once.POST('/flow_runs/filter', {
      body: {
        ...ofPools,
        deployments: { operator: 'and_', tags: { operator: 'and_', all_: [namespaceTag(namespace)] } },
        flow_runs: { operator: 'and_', state: { operator: 'and_', type: { any_: [...openTypes] } } },
        sort: 'START_TIME_DESC',
        limit: 100,
        offset: 0,
      },
    }),
  )
  const ids = running.map(({ id }) => id)
  const [tasks, bars] =
    ids.length === 0
      ? [[], []]
      : await Promise.all([
          must(
            'list running tasks',
            client.once.POST('/task_runs/filter', {
              body: {
                flow_runs: { operator: 'and_', id: { any_: ids } },
                task_runs: { operator: 'and_', state: { operator: 'and_', type: { any_: ['RUNNING'] } } },
                sort: 'ID_DESC',
                limit: 200,
                offset: 0,
              },
            }),
          ),
          must(
            'list progress artifacts',
            client.once.POST('/artifacts/filter', {
              body: {
                artifacts: { operator: 'and_', flow_run_id: { any_: ids }, type: { any_: ['progress'] } },
                sort: 'UPDATED_DESC',
                limit: 200,
                offset: 0,
              },
            }),
          ),
        ])
  const pools: PoolStatus[] = []
  const workers: WorkerStatus[] = []
  for (const name of names) {
    const { data: pool } = await client.once.GET('/work_pools/{name}', { params: { path: { name } } })
    if (!pool) {
      pools.push({ name, status: 'not registered', limit: null, waiting: 0, queues: [] })
      continue
    }
    const waiting = await must(
      'list waiting runs',
      client.once.POST('/flow_runs/filter', {
        body: {
          work_pools: { operator: 'and_', name: { any_: [name] } },
          flow_runs: {
            operator: 'and_',
            state: { operator: 'and_', type: { any_: ['SCHEDULED'] } },
            expected_start_time: { before_: now.toISOString() },
          },
          sort: 'EXPECTED_START_TIME_ASC',
          limit: 200,
          offset: 0,
        },
      }),
    )
    pools.push({
      name,
      status: shownStatus(pool.status),
      limit: pool.concurrency_limit ?? null,
      waiting: waiting.length,
      queues: (await readQueues(backend, name)).map((queue) => ({
        name: queue.name,
        status: shownStatus(queue.status),
        limit: queue.concurrency_limit ?? null,
        waiting: waiting.filter((run) => run.work_queue_name === queue.name).length,
      })),
    })
    const polling = await must(
      'list workers',
      client.once.POST('/work_pools/{work_pool_name}/workers/filter', {
        params: { path: { work_pool_name: name } },
        body: { limit: 200, offset: 0 },
      }),
    )
    workers.push(
      ...polling.map((worker) => ({
        name: worker.name,
        pool: name,
        alive: worker.status === 'ONLINE',
        seenAt: worker.last_heartbeat_time ? new Date(worker.last_heartbeat_time) : null,
      })),
    )
  }
  const limits = await prefectLimitDesk(backend, declaration, namespace).list()
  return {
    pools,
    workers,
    running: running.map((run) => {
      const bar = bars.find(({ flow_run_id }) => flow_run_id === run.id)?.data
      return {
        id: run.id,
        name: run.name ?? run.id,
        state: run.state?.name ?? '',
        startedAt: run.start_time ? new Date(run.start_time) : null,
        worker: labelOf(run, workerLabel),
        tasks: tasks.filter((task) => task.flow_run_id === run.id).map((task) => task.name ?? ''),
        percent: bar === undefined || bar === null ? null : Number(bar),
      }
    }),
    deployments: await prefectRunControl(backend, declared, namespace).schedules(),
    limits: inForce(limits),
  }
}

function inForce(limits: readonly LimitView[]): LimitStatus[] {
  return limits.flatMap(({ name, inForce, active }) =>
    inForce === null ? [] : [{ name, limit: inForce, active }],
  )
}

function shownStatus(status: string | null | undefined): string {
  return (status ?? 'NOT_READY').toLowerCase().replace('_', ' ')
}
