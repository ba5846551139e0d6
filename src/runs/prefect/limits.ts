/** Limits on a Prefect server: made equal to what is declared, read, and changed one by one. */
import { HarvesterError } from '../../errors.ts'
import type { PoolSpec } from '../deployment-spec.ts'
import {
  checkKnown,
  checkParents,
  declaredLimits,
  defaultQueue,
  deploymentLimitName,
  type Limit,
  type LimitChange,
  type LimitControl,
  type LimitDeclaration,
  type LimitView,
  poolLimitName,
  poolsOf,
  queueLimitName,
  tagLimitName,
} from '../limits.ts'
import { heldStateTypes } from '../states.ts'
import { allPages } from './all-pages.ts'
import type { PrefectBackend } from './backend.ts'
import { must, orNull, refused, type Schemas } from './client.ts'
import { ourDeployments } from './kept-deployments.ts'
import { namespaceTag } from './namespace.ts'
import { createQueue, ensurePool, readPool, readQueues, updatePool, updateQueue } from './pools.ts'

/**
 * Keeps the limit of a deployment that was last declared: a limit in force that differs from it was set by somebody,
 * and stays until the declaration itself changes. (A label, since runs would inherit a tag and show it.)
 */
export const declaredLimitLabel = 'erddap-harvester.declared-limit'

/** The limit that the server holds runs of a deployment to. */
export function limitInForce(
  known: Pick<Schemas['DeploymentResponse'], 'global_concurrency_limit'> | null,
): Limit {
  return known?.global_concurrency_limit?.limit ?? null
}

/** Makes pools, queues and tag limits that are missing; with `reset`, what differs becomes what is declared. */
export async function syncLimits(
  backend: PrefectBackend,
  declaration: LimitDeclaration,
  mode: 'keep' | 'reset',
): Promise<{ changed: LimitChange[]; kept: LimitChange[] }> {
  const changed: LimitChange[] = []
  const kept: LimitChange[] = []
  const differs = async (change: LimitChange, apply: () => Promise<void>) => {
    if (mode === 'keep') kept.push(change)
    else {
      await apply()
      changed.push(change)
    }
  }
  for (const pool of poolsOf(declaration)) {
    const { known, created } = await ensurePool(backend, pool)
    const name = poolLimitName(pool.name)
    const from = known.concurrency_limit ?? null
    const to = pool.concurrencyLimit
    if (created && to !== null) changed.push({ name, from: undefined, to })
    else if (from !== to)
      await differs({ name, from, to }, () => updatePool(backend, pool.name, { concurrency_limit: to }))
    await syncQueues(backend, pool, changed, differs, mode)
  }
  for (const [tag, to] of Object.entries(declaration.tagLimits)) {
    const name = tagLimitName(tag)
    const known = await readTagLimit(backend, name)
    if (!known) {
      if (to === null) continue
      await createTagLimit(backend, tag, to)
      changed.push({ name, from: undefined, to })
    } else if (tagLimitInForce(known) !== to)
      await differs({ name, from: tagLimitInForce(known), to }, () => changeTagLimit(backend, name, to))
  }
  return { changed, kept }
}

async function syncQueues(
  backend: PrefectBackend,
  pool: PoolSpec,
  changed: LimitChange[],
  differs: (change: LimitChange, apply: () => Promise<void>) => Promise<void>,
  mode: 'keep' | 'reset',
): Promise<void> {
  const queues = pool.queues ?? []
  // Every pool has this one; where nothing is said of it, there is nothing to create.
  if (mode === 'keep' && queues.every(isPlainDefault)) return
  const there = new Map((await readQueues(backend, pool.name)).map((queue) => [queue.name, queue]))
  for (const queue of queues) {
    const name = queueLimitName(pool.name, queue.name)
    const to = queue.concurrencyLimit
    const known = there.get(queue.name)
    if (!known) {
      if ((await createQueue(backend, pool.name, queue)) && to !== null)
        changed.push({ name, from: undefined, to })
      continue
    }
    const from = known.concurrency_limit ?? null
    if (from !== to)
      await differs({ name, from, to }, () =>
        updateQueue(backend, pool.name, queue.name, { concurrency_limit: to }),
      )
    if (mode === 'reset' && queue.priority !== null && known.priority !== queue.priority)
      await updateQueue(backend, pool.name, queue.name, { priority: queue.priority })
  }
}

function isPlainDefault(queue: NonNullable<PoolSpec['queues']>[number]): boolean {
  return queue.name === defaultQueue && queue.concurrencyLimit === null && queue.priority === null
}

function readTagLimit({ client }: PrefectBackend, name: string) {
  return orNull(
    'read a limit',
    client.normal.GET('/v2/concurrency_limits/{id_or_name}', { params: { path: { id_or_name: name } } }),
  )
}

/** A limit that is switched off limits nothing. */
function tagLimitInForce(known: Schemas['GlobalConcurrencyLimitResponse']): Limit {
  return known.active === false ? null : known.limit
}

async function createTagLimit({ client }: PrefectBackend, tag: string, limit: number): Promise<void> {
  const { error, response } = await client.normal.POST('/concurrency_limits/', {
    body: { tag, concurrency_limit: limit },
  })
  if (!response.ok && response.status !== 409) throw refused(`limit the tag ${tag}`, response.status, error)
}

async function changeTagLimit({ client }: PrefectBackend, name: string, limit: Limit): Promise<void> {
  await must(
    'change a limit',
    client.normal.PATCH('/v2/concurrency_limits/{id_or_name}', {
      params: { path: { id_or_name: name } },
      // Deleted, it would be missing, and a starting worker would make it again.
      body: limit === null ? { active: false } : { limit, active: true },
    }),
  )
}

/** The limits of our deployments, pools, queues and tags on a server. */
export function prefectLimits(
  backend: PrefectBackend,
  declaration: LimitDeclaration,
  namespace: string,
): LimitControl {
  const { client } = backend
  const declared = declaredLimits(declaration)

  const findDeployment = async (name: string): Promise<Schemas['DeploymentResponse'] | null> => {
    const [found] = await must(
      'find a deployment',
      client.normal.POST('/deployments/filter', {
        body: {
          deployments: {
            operator: 'and_',
            name: { any_: [name] },
            tags: { operator: 'and_', all_: [namespaceTag(namespace)] },
          },
          limit: 1,
          offset: 0,
          sort: 'NAME_ASC',
        },
      }),
    )
    return found ?? null
  }

  const applyDeployment = async (name: string, limit: Limit): Promise<void> => {
    const known = await findDeployment(name)
    if (!known) throw notRegistered(`The deployment ${name}`)
    const held = known.global_concurrency_limit
    // Every update of a deployment deletes the runs that its schedule has planned: its limit is changed by itself
    // where there is one.
    if (held && limit !== null)
      await must(
        'change a limit',
        client.normal.PATCH('/v2/concurrency_limits/{id_or_name}', {
          params: { path: { id_or_name: held.id } },
          body: { limit },
        }),
      )
    else if (limitInForce(known) !== limit)
      await must(
        `limit the deployment ${name}`,
        client.normal.PATCH('/deployments/{id}', {
          params: { path: { id: known.id } },
          body: { concurrency_limit: limit },
        }),
      )
  }

  const apply = async (name: string, limit: Limit): Promise<void> => {
    const [kind, rest] = splitName(name)
    if (kind === 'tag') {
      if (await readTagLimit(backend, name)) await changeTagLimit(backend, name, limit)
      else if (limit !== null) await createTagLimit(backend, rest, limit)
    } else if (kind === 'deployment') await applyDeployment(rest, limit)
    else {
      const [pool = '', queue] = rest.split('/')
      if (!(await readPool(backend, pool))) throw notRegistered(`The work pool ${pool}`)
      if (queue === undefined) await updatePool(backend, pool, { concurrency_limit: limit })
      else if ((await readQueues(backend, pool)).some(({ name }) => name === queue))
        await updateQueue(backend, pool, queue, { concurrency_limit: limit })
      else throw notRegistered(`The work queue ${queue} of ${pool}`)
    }
  }

  return {
    list: () => listLimits(backend, declaration, namespace),
    async set(name, limit) {
      checkKnown(name, declared)
      checkParents(declaration.deployments, new Map([[name, limit]]))
      await apply(name, limit)
    },
    async reset(name) {
      checkKnown(name, declared)
      await apply(name, declared.get(name) ?? null)
    },
  }
}

function splitName(name: string): ['tag' | 'pool' | 'queue' | 'deployment', string] {
  const at = name.indexOf(':')
  return [name.slice(0, at) as 'tag' | 'pool' | 'queue' | 'deployment', name.slice(at + 1)]
}

function notRegistered(what: string): HarvesterError {
  return new HarvesterError('PREFECT_REFUSED', `${what} is not on the server`, {
    remedy: 'Register it first: start a worker, or run `harvester deploy --all`.',
  })
}

async function listLimits(
  backend: PrefectBackend,
  declaration: LimitDeclaration,
  namespace: string,
): Promise<LimitView[]> {
  const pools = poolsOf(declaration)
  const [deployments, running, ...perPool] = await Promise.all([
    ourDeployments(backend, namespace),
    holdingRuns(
      backend,
      pools.map(({ name }) => name),
    ),
    ...pools.map(async ({ name }) => {
      const pool = await readPool(backend, name)
      return { name, pool, queues: pool ? await readQueues(backend, name) : [] }
    }),
  ])
  /** In force (undefined: not on the server) and active, by name. */
  const found = new Map<string, { limit: Limit | undefined; active: number }>()
  for (const tag of Object.keys(declaration.tagLimits)) {
    const known = await readTagLimit(backend, tagLimitName(tag))
    const limit = known ? tagLimitInForce(known) : undefined
    found.set(tagLimitName(tag), { limit, active: known?.active_slots ?? 0 })
  }
  for (const { name, pool, queues } of perPool) {
    const ofPool = running.filter((run) => run.work_pool_name === name)
    found.set(poolLimitName(name), {
      limit: pool ? (pool.concurrency_limit ?? null) : undefined,
      active: ofPool.length,
    })
    for (const queue of queues)
      found.set(queueLimitName(name, queue.name), {
        limit: queue.concurrency_limit ?? null,
        active: ofPool.filter((run) => run.work_queue_name === queue.name).length,
      })
  }
  for (const deployment of deployments)
    found.set(deploymentLimitName(deployment.name), {
      limit: limitInForce(deployment),
      active:
        deployment.global_concurrency_limit?.active_slots ??
        running.filter((run) => run.deployment_id === deployment.id).length,
    })
  return [...declaredLimits(declaration)].map(([name, declared]) => {
    const { limit, active } = found.get(name) ?? { limit: undefined, active: 0 }
    const missing = limit === undefined && !(name.startsWith('tag:') && declared === null)
    return {
      name,
      declared,
      inForce: limit ?? null,
      active,
      from: missing ? 'missing' : (limit ?? null) === declared ? 'declaration' : 'operator',
      setBy: null,
      setAt: null,
    }
  })
}

/** Runs that hold a slot of their pool, queue and deployment. */
function holdingRuns(
  { client }: PrefectBackend,
  pools: readonly string[],
): Promise<Schemas['FlowRunResponse'][]> {
  return allPages((page) =>
    must(
      'list running runs',
      client.once.POST('/flow_runs/filter', {
        body: {
          work_pools: { operator: 'and_', name: { any_: [...pools] } },
          flow_runs: {
            operator: 'and_',
            state: { operator: 'and_', type: { any_: [...heldStateTypes] } },
          },
          sort: 'ID_DESC',
          ...page,
        },
      }),
    ),
  )
}
