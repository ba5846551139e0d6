/**
 * What may run at once, by name: `tag:database` (task runs), `pool:harvest`, `queue:harvest/default` and
 * `deployment:harvest-all` (flow runs). Both back ends know the same names.
 */
import { HarvesterError } from '../errors.ts'
import type { DeploymentSpec, PoolSpec } from './deployment-spec.ts'

/** Runs at once; null: no limit. */
export type Limit = number | null

/** What is declared: where limits come from that nobody changed. */
export interface LimitDeclaration {
  readonly deployments: readonly DeploymentSpec[]
  readonly pools: readonly PoolSpec[]
  /** Null: known, and not limited. */
  readonly tagLimits: Readonly<Record<string, Limit>>
}

/** One limit as an operator sees it. */
export interface LimitView {
  readonly name: string
  readonly declared: Limit
  readonly inForce: Limit
  /** Runs that count now. */
  readonly active: number
  /** `missing`: the server does not know it, so that nothing is limited until `harvester deploy`. */
  readonly from: 'declaration' | 'operator' | 'missing'
  /** Who set it and when, where that is kept. */
  readonly setBy: string | null
  readonly setAt: Date | null
}

/** Reads and changes limits, in either back end. */
export interface LimitControl {
  list(): Promise<LimitView[]>
  /**
   * Puts a limit in force; it survives restarts of workers.
   * Throws USAGE for an unknown name, CONFIG_INVALID where parents and children could then wait for ever.
   */
  set(name: string, limit: Limit): Promise<void>
  /** Back to what is declared. Throws as {@link set}. */
  reset(name: string): Promise<void>
}

/** A change that registration made; `from` undefined: it did not exist. */
export interface LimitChange {
  readonly name: string
  readonly from: Limit | undefined
  readonly to: Limit
}

export const defaultQueue = 'default'
export const tagLimitName = (tag: string) => `tag:${tag}`
export const poolLimitName = (pool: string) => `pool:${pool}`
export const queueLimitName = (pool: string, queue: string) => `queue:${pool}/${queue}`
export const deploymentLimitName = (deployment: string) => `deployment:${deployment}`

export function queueOf(spec: Pick<DeploymentSpec, 'workQueue'>): string {
  return spec.workQueue ?? defaultQueue
}

/** `limit tag:database 5 → 3`. */
export function describeLimitChange({ name, from, to }: LimitChange): string {
  return from === undefined
    ? `limit ${name} created: ${showLimit(to)}`
    : `limit ${name} ${showLimit(from)} → ${showLimit(to)}`
}

export function showLimit(limit: Limit): string {
  return limit === null ? 'none' : String(limit)
}

/** The pools of a declaration with all queues that are known to be theirs: declared, named by a deployment, default. */
export function poolsOf({ deployments, pools }: Omit<LimitDeclaration, 'tagLimits'>): PoolSpec[] {
  const names = new Set([...pools.map(({ name }) => name), ...deployments.map(({ workPool }) => workPool)])
  return [...names].map((name) => {
    const declared = pools.find((pool) => pool.name === name) ?? { name, concurrencyLimit: null }
    const queues = new Set([
      ...(declared.queues ?? []).map((queue) => queue.name),
      ...deployments.filter(({ workPool }) => workPool === name).map(queueOf),
      defaultQueue,
    ])
    return {
      ...declared,
      queues: [...queues].map(
        (queue) =>
          declared.queues?.find((known) => known.name === queue) ?? {
            name: queue,
            concurrencyLimit: null,
            priority: null,
          },
      ),
    }
  })
}

/** Every limit that can be set, with what is declared of it. */
export function declaredLimits(declaration: LimitDeclaration): Map<string, Limit> {
  const limits = new Map<string, Limit>()
  for (const [tag, limit] of Object.entries(declaration.tagLimits)) limits.set(tagLimitName(tag), limit)
  for (const pool of poolsOf(declaration)) {
    limits.set(poolLimitName(pool.name), pool.concurrencyLimit)
    for (const queue of pool.queues ?? [])
      limits.set(queueLimitName(pool.name, queue.name), queue.concurrencyLimit)
  }
  for (const spec of declaration.deployments)
    limits.set(deploymentLimitName(spec.name), spec.concurrencyLimit)
  return limits
}

/**
 * Refuses a limited pool or queue that holds runs which wait for others of it: they could wait for ever.
 * Throws CONFIG_INVALID.
 */
export function checkParents(
  deployments: readonly DeploymentSpec[],
  limits: ReadonlyMap<string, Limit>,
): void {
  const groups = new Map<string, DeploymentSpec[]>()
  for (const spec of deployments)
    for (const name of groupsOf(spec)) groups.set(name, [...(groups.get(name) ?? []), spec])
  for (const [name, members] of groups) {
    const limit = limits.get(name) ?? null
    const parent = members.find((spec) => spec.startsChildren)
    const child = members.find((spec) => !spec.startsChildren)
    if (limit === null || !parent || !child) continue
    const [kind, which] = name.startsWith('pool:')
      ? ['pool', name.slice('pool:'.length)]
      : ['queue', name.slice('queue:'.length)]
    throw new HarvesterError(
      'CONFIG_INVALID',
      `${parent.name} waits for runs as those of ${child.name}, and both are in the ${kind} ${which}, which is limited to ${limit}`,
      {
        remedy:
          'Put them into two pools (HARVEST_POOL, MAINTENANCE_POOL), or lift the limit: they could wait for ever.',
      },
    )
  }
}

/** The names of the pool and the queue that runs of a deployment count in. */
export function groupsOf(spec: Pick<DeploymentSpec, 'workPool' | 'workQueue'>): [string, string] {
  return [poolLimitName(spec.workPool), queueLimitName(spec.workPool, queueOf(spec))]
}

/** Throws USAGE with the names there are. */
export function checkKnown(name: string, known: ReadonlyMap<string, unknown>): void {
  if (known.has(name)) return
  throw new HarvesterError('USAGE', `There is no limit "${name}"`, {
    remedy: `Name one of: ${[...known.keys()].join(', ')}.`,
  })
}

/** `3`, `none` or `default`, as a person types it. Throws USAGE. */
export function parseLimit(text: string): Limit | 'default' {
  const value = text.trim().toLowerCase()
  if (value === 'none') return null
  if (value === 'default') return 'default'
  if (/^0+$/.test(value))
    throw new HarvesterError('USAGE', 'A limit of 0 would let nothing run', {
      remedy:
        'To stop new runs, pause the deployment, the queue or the pool on the Prefect server; standalone, stop the process.',
    })
  if (!/^\d{1,6}$/.test(value))
    throw new HarvesterError('USAGE', `"${text}" is no limit`, {
      remedy: 'Give a whole number from 1, `none`, or `default` for what config/deployments.yaml declares.',
    })
  return Number(value)
}
