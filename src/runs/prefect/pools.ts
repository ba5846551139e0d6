import { HarvesterError } from '../../errors.ts'
import type { PoolSpec, QueueSpec } from '../deployment-spec.ts'
import { allPages } from './all-pages.ts'
import type { PrefectBackend } from './backend.ts'
import { must, orNull, type PrefectClient, refused, type Schemas } from './client.ts'

/** The type of our work pools: a custom one, so that no Python worker takes our runs. */
export const poolType = 'erddap-harvester'

export function readPool(
  { client }: PrefectBackend,
  name: string,
): Promise<Schemas['WorkPoolResponse'] | null> {
  return orNull('read a work pool', client.normal.GET('/work_pools/{name}', { params: { path: { name } } }))
}

/** The workers of a pool, by the name under which they give signs of life. */
export function readWorkers(
  { once }: Pick<PrefectClient, 'once'>,
  pool: string,
): Promise<Schemas['WorkerResponse'][]> {
  return allPages((page) =>
    must(
      'list workers',
      once.POST('/work_pools/{work_pool_name}/workers/filter', {
        params: { path: { work_pool_name: pool } },
        body: page,
      }),
    ),
  )
}

export function readQueues(
  { client }: PrefectBackend,
  pool: string,
): Promise<Schemas['WorkQueueResponse'][]> {
  return allPages((page) =>
    must(
      'list work queues',
      client.normal.POST('/work_pools/{work_pool_name}/queues/filter', {
        params: { path: { work_pool_name: pool } },
        body: page,
      }),
    ),
  )
}

/**
 * Creates the pool if it is missing, and gives it as it is then.
 * Throws PREFECT_REFUSED when one of another type has the name.
 */
export async function ensurePool(
  backend: PrefectBackend,
  pool: PoolSpec,
): Promise<{ known: Schemas['WorkPoolResponse']; created: boolean }> {
  const there = await readPool(backend, pool.name)
  if (there) {
    checkPoolType(pool.name, there.type)
    return { known: there, created: false }
  }
  const { error, response } = await backend.client.normal.POST('/work_pools/', {
    body: {
      name: pool.name,
      type: poolType,
      description: pool.description || 'Runs in the process of `harvester worker`.',
      base_job_template: {},
      concurrency_limit: pool.concurrencyLimit,
    },
  })
  if (!response.ok && response.status !== 409)
    throw refused(`create the work pool ${pool.name}`, response.status, error)
  const known = await readPool(backend, pool.name)
  if (!known) throw refused(`keep the work pool ${pool.name}`, 404, 'it is gone as soon as it was created')
  checkPoolType(pool.name, known.type)
  return { known, created: response.ok }
}

/** Creates a queue; false when another process was faster. */
export async function createQueue(
  { client }: PrefectBackend,
  pool: string,
  queue: QueueSpec,
): Promise<boolean> {
  const { error, response } = await client.normal.POST('/work_pools/{work_pool_name}/queues', {
    params: { path: { work_pool_name: pool } },
    body: {
      name: queue.name,
      concurrency_limit: queue.concurrencyLimit,
      ...(queue.priority !== null && { priority: queue.priority }),
    },
  })
  if (!response.ok && response.status !== 409)
    throw refused(`create the work queue ${queue.name} of ${pool}`, response.status, error)
  return response.ok
}

export async function updateQueue(
  { client }: PrefectBackend,
  pool: string,
  name: string,
  body: Schemas['WorkQueueUpdate'],
): Promise<void> {
  await must(
    `change the work queue ${name} of ${pool}`,
    client.normal.PATCH('/work_pools/{work_pool_name}/queues/{name}', {
      params: { path: { work_pool_name: pool, name } },
      body,
    }),
  )
}

export async function updatePool(
  { client }: PrefectBackend,
  name: string,
  body: Schemas['WorkPoolUpdate'],
): Promise<void> {
  await must(
    `change the work pool ${name}`,
    client.normal.PATCH('/work_pools/{name}', { params: { path: { name } }, body }),
  )
}

export function checkPoolType(name: string, type: string | undefined): void {
  if (type !== undefined && type !== poolType)
    throw new HarvesterError(
      'PREFECT_REFUSED',
      `The work pool "${name}" has the type ${type}, not ${poolType}`,
      {
        remedy: 'Name other pools with HARVEST_POOL and MAINTENANCE_POOL, or delete that one in the UI.',
      },
    )
}
