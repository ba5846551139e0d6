/** Limits of the standalone engine: declared in the file, changed in the store, in force at the next claim. */
import {
  checkKnown,
  checkParents,
  declaredLimits,
  deploymentLimitName,
  groupsOf,
  type Limit,
  type LimitControl,
  type LimitDeclaration,
  type LimitView,
  poolLimitName,
  queueLimitName,
  queueOf,
} from '../limits.ts'
import { heldStateTypes } from '../states.ts'
import type { RunGroup, RunStore } from './store.ts'

/** The declared limits, with what operators set instead. */
export async function limitsInForce(
  store: Pick<RunStore, 'limits'>,
  declared: ReadonlyMap<string, Limit>,
): Promise<Map<string, Limit>> {
  const limits = new Map(declared)
  for (const { name, limit } of await store.limits()) if (limits.has(name)) limits.set(name, limit)
  return limits
}

/** What a claim has to heed: every limit in force with the deployments that count in it. */
export function groupsInForce(
  { deployments }: Pick<LimitDeclaration, 'deployments'>,
  limits: ReadonlyMap<string, Limit>,
): RunGroup[] {
  const members = new Map<string, string[]>()
  for (const spec of deployments)
    for (const name of [deploymentLimitName(spec.name), ...groupsOf(spec)])
      members.set(name, [...(members.get(name) ?? []), spec.name])
  return [...members].flatMap(([name, list]) => {
    const limit = limits.get(name) ?? null
    return limit === null ? [] : [{ deployments: list, limit }]
  })
}

/** Priorities of deployments: those of their queues, where they are declared. */
export function prioritiesOf({ deployments, pools }: LimitDeclaration): Map<string, number> {
  const priorities = new Map<string, number>()
  for (const spec of deployments) {
    const queues = pools.find(({ name }) => name === spec.workPool)?.queues ?? []
    const priority = queues.find(({ name }) => name === queueOf(spec))?.priority ?? null
    if (priority !== null) priorities.set(spec.name, priority)
  }
  return priorities
}

/** Limits of a store; `by` is who changes them. */
export function localLimits(
  store: Pick<RunStore, 'limits' | 'setLimit' | 'clearLimit' | 'slots' | 'runs'>,
  declaration: LimitDeclaration,
  by: string | null,
): LimitControl {
  const declared = declaredLimits(declaration)
  return {
    async list(): Promise<LimitView[]> {
      const [set, slots, running] = await Promise.all([
        store.limits(),
        store.slots(),
        store.runs({ types: heldStateTypes, limit: 10_000 }),
      ])
      const active = new Map<string, number>()
      const count = (name: string) => active.set(name, (active.get(name) ?? 0) + 1)
      for (const { name } of slots) count(name)
      for (const { deployment } of running) {
        const spec = declaration.deployments.find(({ name }) => name === deployment)
        if (!spec) continue
        count(deploymentLimitName(spec.name))
        count(poolLimitName(spec.workPool))
        count(queueLimitName(spec.workPool, queueOf(spec)))
      }
      return [...declared].map(([name, limit]) => {
        const own = set.find((stored) => stored.name === name)
        return {
          name,
          declared: limit,
          inForce: own ? own.limit : limit,
          active: active.get(name) ?? 0,
          from: own ? 'operator' : 'declaration',
          setBy: own?.setBy ?? null,
          setAt: own?.setAt ?? null,
        }
      })
    },
    async set(name, limit) {
      checkKnown(name, declared)
      checkParents(declaration.deployments, new Map([[name, limit]]))
      await store.setLimit({ name, limit, setAt: new Date(), setBy: by })
    },
    async reset(name) {
      checkKnown(name, declared)
      await store.clearLimit(name)
    },
  }
}
