/** Work pools of a Prefect server, with who polls them and what waits in them. */
import { type LimitDeclaration, poolsOf } from '../limits.ts'
import type { PoolState, WorkerState } from '../orchestrator.ts'
import { allPages } from './all-pages.ts'
import type { PrefectBackend } from './backend.ts'
import { must } from './client.ts'
import { readPool, readQueues, readWorkers } from './pools.ts'

export async function listPools(
  backend: PrefectBackend,
  declaration: LimitDeclaration,
): Promise<PoolState[]> {
  const pools: PoolState[] = []
  for (const { name } of poolsOf(declaration)) {
    const pool = await readPool(backend, name)
    if (!pool) {
      pools.push({ name, status: 'not registered', limit: null, waiting: 0, queues: [] })
      continue
    }
    const waiting = await allPages((page) =>
      must(
        'list waiting runs',
        backend.client.once.POST('/flow_runs/filter', {
          body: {
            work_pools: { operator: 'and_', name: { any_: [name] } },
            flow_runs: {
              operator: 'and_',
              state: { operator: 'and_', type: { any_: ['SCHEDULED'] } },
              expected_start_time: { before_: backend.client.serverNow().toISOString() },
            },
            sort: 'ID_DESC',
            ...page,
          },
        }),
      ),
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
  }
  return pools
}

export async function listWorkers(
  backend: PrefectBackend,
  declaration: LimitDeclaration,
): Promise<WorkerState[]> {
  const workers: WorkerState[] = []
  for (const { name: pool } of poolsOf(declaration)) {
    if (!(await readPool(backend, pool))) continue
    const polling = await readWorkers(backend.client, pool)
    workers.push(
      ...polling.map((worker) => ({
        name: worker.name,
        pool,
        alive: worker.status === 'ONLINE',
        seenAt: worker.last_heartbeat_time ? new Date(worker.last_heartbeat_time) : null,
      })),
    )
  }
  return workers
}

function shownStatus(status: string | null | undefined): string {
  return (status ?? 'NOT_READY').toLowerCase().replace('_', ' ')
}
