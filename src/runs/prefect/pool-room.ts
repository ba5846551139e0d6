import { allPages } from './all-pages.ts'
import type { PrefectBackend } from './backend.ts'
import { must } from './client.ts'
import { readPool, readQueues } from './pools.ts'

/** A pool or queue has as many runs as it may: the claim has to be given back. */
export interface PoolRoom {
  /** Whether a run that was just claimed is one too many for its pool or its queue. */
  isOver(run: { readonly work_queue_id?: string | null }, pool: string): Promise<boolean>
}

const limitsForMs = 5000

/**
 * Pools and queues are counted by the server when it is polled and not when a run is claimed, and it hides from one
 * poll what another is just taking: two polls at once can give two runs where one may go. So a claim is counted
 * again once it stands. Of two that stand, at least the later one sees both: the limit holds, and at worst both give
 * back and try again at times of their own.
 */
export function poolRoom(backend: PrefectBackend, now: () => Date): PoolRoom {
  interface Limits {
    readonly pool: number | null
    readonly queues: ReadonlyMap<string, number>
  }
  const known = new Map<string, { readAt: number; limits: Promise<Limits> }>()

  const read = async (name: string): Promise<Limits> => {
    const [pool, queues] = await Promise.all([readPool(backend, name), readQueues(backend, name)])
    return {
      pool: pool?.concurrency_limit ?? null,
      queues: new Map(
        queues.flatMap(({ id, concurrency_limit: limit }) =>
          limit === null || limit === undefined ? [] : [[id, limit]],
        ),
      ),
    }
  }
  const limitsOf = (name: string): Promise<Limits> => {
    const at = now().getTime()
    const cached = known.get(name)
    if (cached && at - cached.readAt < limitsForMs) return cached.limits
    const limits = read(name)
    known.set(name, { readAt: at, limits })
    limits.catch(() => known.delete(name))
    return limits
  }

  return {
    async isOver(run, pool) {
      const limits = await limitsOf(pool)
      const queue = limits.queues.get(run.work_queue_id ?? '') ?? null
      if (limits.pool === null && queue === null) return false
      const counting = await allPages((page) =>
        must(
          'count the runs of a pool',
          backend.client.normal.POST('/flow_runs/filter', {
            body: {
              work_pools: { operator: 'and_', name: { any_: [pool] } },
              flow_runs: {
                operator: 'and_',
                state: { operator: 'and_', type: { any_: ['PENDING', 'RUNNING'] } },
              },
              sort: 'ID_DESC',
              ...page,
            },
          }),
        ),
      )
      const inQueue = counting.filter((other) => other.work_queue_id === run.work_queue_id)
      return counting.length > (limits.pool ?? Infinity) || inQueue.length > (queue ?? Infinity)
    },
  }
}
