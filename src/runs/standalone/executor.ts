import { describeError } from '../../errors.ts'
import { aborted } from '../abort.ts'
import { type EngineOptions, executeRun } from '../engine.ts'
import { deploymentLimitName } from '../limits.ts'
import type { AnyFlow } from '../registry.ts'
import { systemRuntime } from '../runtime.ts'
import { state } from '../states.ts'
import type { LocalBackend } from './backend.ts'
import { groupsOfRun } from './limits.ts'
import type { RunGroup, StoredRun } from './store.ts'

export interface ExecutorOptions extends EngineOptions {
  readonly backend: LocalBackend
  readonly flows: ReadonlyMap<string, AnyFlow>
  /** Runs at once; those that only wait for children do not count. @default 4 */
  readonly limit?: number
  /** Take only the children of this run (and theirs): for one-shot commands. */
  readonly onlyChildrenOf?: string
  /** Take only runs with this tag, and their children. */
  readonly onlyTagged?: string
  /** How often the store is looked at for runs of other processes. @default 1000 */
  readonly pollMs?: number
  readonly onStop?: 'reschedule' | 'crash'
  readonly onProblem?: (text: string, facts: Record<string, unknown>) => void
}

export interface Executor {
  /** Runs in this process now. */
  readonly running: number
  /** Takes no more runs, waits for those that run up to the grace time, then gives them back or crashes them. */
  stop(graceMs: number): Promise<void>
  /** Ends the grace time at once. */
  force(): void
  /** Settles as Crashed what processes that are gone, or this one's predecessor, left open. */
  settleDead(which: 'own' | 'gone'): Promise<number>
}

/** After this long without a sign of life a process counts as gone. */
export const goneAfterMs = 120_000
const heartbeatMs = 30_000

/** Takes Scheduled runs from the store and executes them in this process. */
export function startExecutor(options: ExecutorOptions): Executor {
  const { backend, flows } = options
  const { store, worker } = backend
  const runtime = options.runtime ?? systemRuntime
  const limit = options.limit ?? 4
  const onProblem = options.onProblem ?? (() => {})
  interface Active {
    readonly controller: AbortController
    readonly done: Promise<void>
    waiting: boolean
  }
  const active = new Map<string, Active>()
  /** Claims under way: already ours in the store, not yet in {@link active}. */
  const claiming = new Set<string>()
  const family = new Set(options.onlyChildrenOf === undefined ? [] : [options.onlyChildrenOf])
  const restricted = options.onlyChildrenOf !== undefined || options.onlyTagged !== undefined
  let stopping = false
  let looking = false
  let again = false

  const busy = () => [...active.values()].filter((run) => !run.waiting).length

  const look = async () => {
    if (looking) {
      again = true
      return
    }
    looking = true
    try {
      do {
        again = false
        await lookForCancelled()
        await lookForDue()
      } while (again)
    } catch (error) {
      onProblem('The store of runs cannot be read', { error: describeError(error) })
    } finally {
      looking = false
    }
  }

  const lookForCancelled = async () => {
    if (active.size === 0) return
    const ids = [...active.keys()]
    for (const run of await store.runs({ ids, limit: ids.length }))
      if (run.state.type === 'CANCELLING' || run.state.type === 'CANCELLED')
        active.get(run.id)?.controller.abort(aborted('cancelled'))
      else if (run.state.type === 'CRASHED') active.get(run.id)?.controller.abort(aborted('lost'))
  }

  const lookForDue = async () => {
    if (stopping || busy() >= limit) return
    const found = await due()
    if (found.length === 0) return
    const limits = await backend.limits()
    const isLimited = [...limits].some(([name, limit]) => limit !== null && /^(pool|queue):/.test(name))
    /** Deployments of the runs that count, so that not each of those that wait is asked for in vain. */
    const counting = isLimited
      ? (await store.runs({ types: ['PENDING', 'RUNNING', 'CANCELLING'], limit: 10_000 })).map(
          ({ deployment }) => deployment,
        )
      : []
    const isFull = (group: RunGroup) =>
      counting.filter((name) => name !== null && group.deployments.includes(name)).length >= group.limit
    for (const run of found) {
      if (stopping || busy() >= limit) return
      const flow = flows.get(run.flow)
      if (!flow || active.has(run.id)) continue
      const groups = run.deployment === null ? [] : groupsOfRun(run.deployment, backend.declaration, limits)
      if (groups.some(isFull)) continue
      claiming.add(run.id)
      try {
        const claimed = await store.claim(run.id, {
          worker,
          concurrencyLimit:
            run.deployment === null ? null : (limits.get(deploymentLimitName(run.deployment)) ?? null),
          groups,
          to: state('PENDING', runtime.now()),
        })
        if (claimed) {
          counting.push(claimed.deployment)
          take(flow, claimed)
        }
      } finally {
        claiming.delete(run.id)
      }
    }
  }

  const due = async (): Promise<StoredRun[]> => {
    const filter = { types: ['SCHEDULED'] as const, dueBefore: runtime.now() }
    if (!restricted) return store.runs(filter)
    const found = await Promise.all([
      ...(options.onlyTagged === undefined ? [] : [store.runs({ ...filter, tag: options.onlyTagged })]),
      ...[...family].map((parentRunId) => store.runs({ ...filter, parentRunId })),
    ])
    return found.flat()
  }

  const take = (flow: AnyFlow, run: StoredRun) => {
    const controller = new AbortController()
    if (restricted) family.add(run.id)
    const done = executeRun(flow, backend.recorder(run), backend, {
      ...options,
      signal: controller.signal,
      onStop: options.onStop ?? 'reschedule',
      onWaiting(waiting) {
        entry.waiting = waiting
        void look()
      },
    }).then(
      () => {},
      (error: unknown) =>
        onProblem('The end of a run could not be recorded', { run: run.name, error: describeError(error) }),
    )
    const entry: Active = { controller, waiting: false, done }
    active.set(run.id, entry)
    void done.then(() => {
      active.delete(run.id)
      void look()
    })
  }

  const beat = () => store.touchWorker(worker, runtime.now()).catch(() => {})
  const unhook = backend.onWork(() => void look())
  const poll = setInterval(() => void look(), options.pollMs ?? 1000)
  const heartbeat = setInterval(() => void beat(), heartbeatMs)
  void beat()
  void look()

  const abortAll = (reason: 'stopped' | 'crashed') => {
    for (const run of active.values()) run.controller.abort(aborted(reason))
  }

  return {
    get running() {
      return active.size
    },
    async stop(graceMs) {
      stopping = true
      const all = Promise.all([...active.values()].map((run) => run.done))
      let timer: NodeJS.Timeout | undefined
      if (active.size > 0)
        await Promise.race([
          all,
          new Promise<void>((resolve) => {
            timer = setTimeout(resolve, graceMs)
          }),
        ])
      clearTimeout(timer)
      abortAll(options.onStop === 'crash' ? 'crashed' : 'stopped')
      await Promise.all([...active.values()].map((run) => run.done))
      clearInterval(poll)
      clearInterval(heartbeat)
      unhook()
      await store.removeWorker(worker).catch(() => {})
    },
    force() {
      stopping = true
      abortAll(options.onStop === 'crash' ? 'crashed' : 'stopped')
    },
    async settleDead(which) {
      const open = await store.runs({ types: ['PENDING', 'RUNNING', 'CANCELLING'], limit: 1000 })
      const now = runtime.now()
      const alive = new Set(
        (await store.workers())
          .filter(({ seenAt }) => now.getTime() - seenAt.getTime() < goneAfterMs)
          .map(({ name }) => name),
      )
      let settled = 0
      for (const run of open) {
        const dead = which === 'own' ? run.worker === worker : run.worker === null || !alive.has(run.worker)
        if (!dead || active.has(run.id) || claiming.has(run.id)) continue
        const to =
          run.state.type === 'CANCELLING'
            ? state('CANCELLED', now, { message: 'The process was gone before it could cancel the run' })
            : state('CRASHED', now, { message: `The process ${run.worker ?? ''} ended before the run did` })
        if (!(await store.transition(run.id, [run.state.type], to, { endedAt: now }))) continue
        settled++
        const { id, name, flow, deployment, parameters, runCount } = run
        options.onEvent?.({
          type: 'run-finished',
          run: { id, name, flow, deployment, parameters },
          state: to.type,
          message: to.message,
          milliseconds: now.getTime() - (run.startedAt ?? run.createdAt).getTime(),
          runCount,
          children: [],
        })
      }
      return settled
    },
  }
}
