/** The run queue of a run store: what is due there, within the limits in force. */
import { isHarvesterError } from '../../errors.ts'
import type { FinishAnswer, RunEnd } from '../backend.ts'
import { goneAfterMs, wasTakenForDead } from '../decide.ts'
import { fateOf, nameTaken, type WorkerInstance } from '../instance.ts'
import type { HeldRun, RunQueue, SeenWorker } from '../orchestrator.ts'
import type { Runtime } from '../runtime.ts'
import { heldStateTypes, isFinal, type RunState, state } from '../states.ts'
import type { LocalBackend } from './backend.ts'
import { groupsInForce, prioritiesOf } from './limits.ts'
import { fateOfStored } from './presence.ts'
import { factsOf, wasTold } from './recorder.ts'
import type { RunStore, StoredRun, StoredWorker } from './store.ts'

export interface LocalQueueOptions {
  readonly backend: LocalBackend
  readonly runtime: Runtime
  /** Takes only the children of this run (and theirs): for one-shot commands. */
  readonly onlyChildrenOf?: string | undefined
  /** Takes only runs with this tag, and their children. */
  readonly onlyTagged?: string | undefined
}

export function localQueue(options: LocalQueueOptions): RunQueue {
  const { backend, runtime } = options
  const { store, worker } = backend
  const restricted = options.onlyChildrenOf !== undefined || options.onlyTagged !== undefined
  const family = new Set(options.onlyChildrenOf === undefined ? [] : [options.onlyChildrenOf])
  const priorities = prioritiesOf(backend.declaration)
  let me: WorkerInstance | null = null
  /** Another queue of this process gives the signs of life. */
  let shared = false

  const find = async () => (await store.workers()).find(({ name }) => name === worker)
  /** Who has our name by now, if not this process. */
  const other = async () => {
    const seen = await find()
    return seen?.instance && seen.instance.id !== me?.id ? { ...seen, instance: seen.instance } : null
  }
  const beat = async () => {
    // It may have been given to another while this process was out of reach, and silent.
    const seen = await other()
    if (me && seen && fateOfStored(seen, runtime.now()) === 'lives') throw nameTaken(me, seen.instance)
    await store.touchWorker(worker, runtime.now(), me)
  }

  return {
    async enter(instance, signal) {
      const first = await find()
      if (restricted && first?.instance && isSameProcess(first.instance, instance)) {
        me = first.instance
        shared = true
        return null
      }
      const before = await refuseNamesake(instance, first, find, runtime, signal)
      me = instance
      await beat()
      return before
    },
    async look() {},
    async next({ flows }) {
      const run = await store.claimNext({
        worker,
        instance: me?.id ?? null,
        flows: [...flows],
        groups: groupsInForce(backend.declaration, await backend.limits()),
        held: heldStateTypes,
        priorities,
        only: restricted ? { childrenOf: [...family], tag: options.onlyTagged ?? null } : null,
        to: state('PENDING', runtime.now()),
      })
      if (!run) return null
      if (restricted) family.add(run.id)
      return { id: run.id, claim: async () => backend.recorder(run) }
    },
    states: (ids) => statesOf(store, ids, me),
    // It is open to everybody once it is made due again.
    async suspend() {},
    end: (end) => tellEnd(options, end),
    async beat() {
      if (!shared) await beat()
    },
    async held() {
      // Who executes the runs of one command does not know what others of the process do.
      if (restricted) return []
      const open = await store.runs({ types: heldStateTypes, limit: 10_000 })
      return open.filter(({ id }) => !backend.opened.has(id)).map(heldOf)
    },
    async workers() {
      const now = runtime.now()
      const known = await store.workers()
      const seen = await Promise.all(
        known.map(
          async (stored): Promise<SeenWorker> => ({
            name: stored.name,
            instance: stored.instance?.id ?? null,
            fate: fateOfStored(stored, now),
          }),
        ),
      )
      // Whoever executes runs is in the list until it has left.
      const gone = new Set(
        (await store.runs({ types: heldStateTypes, limit: 10_000 })).map(({ worker }) => worker),
      )
      for (const name of gone)
        if (name !== null && !known.some((stored) => stored.name === name))
          seen.push({ name, instance: null, fate: 'ended' })
      return seen
    },
    async settle(held, to) {
      const now = runtime.now()
      const settled = await store.transition(held.run.id, [held.type], state(to.type, now, to), {
        endedAt: now,
      })
      return settled !== null
    },
    mayPass,
    async leave() {
      if (!shared && !(await other().catch(() => null))) await store.removeWorker(worker).catch(() => {})
    },
    hurry() {},
    onWork: (listener) => backend.onWork(listener),
  }
}

/** Tells the end of a run that a process left behind; somebody may have wanted it cancelled since. */
async function tellEnd(
  { backend: { store }, runtime }: LocalQueueOptions,
  { flowRunId, runCount, to }: RunEnd,
): Promise<FinishAnswer> {
  const now = runtime.now()
  const run = await store.run(flowRunId)
  if (!run || run.runCount !== runCount) return { kind: 'gone', reason: 'It was started anew, or deleted' }
  if (to.kind === 'final' && wasTold(run.state, to)) return { kind: 'accepted' }
  // Claimed since, and not begun yet.
  if (to.kind === 'final' && run.state.type === 'PENDING')
    return { kind: 'gone', reason: 'It was started anew' }
  if (isFinal(run.state.type) && !wasTakenForDead(run.state))
    return { kind: 'gone', reason: `The run is ${run.state.name}` }
  const cancelled = run.state.type === 'CANCELLING'
  const next = cancelled
    ? state('CANCELLED', now, { message: 'Flow run was cancelled successfully.' })
    : to.kind === 'back'
      ? state('SCHEDULED', now, { message: to.message, scheduledAt: now })
      : state(to.type, now, { message: to.message, ...(to.name ? { name: to.name } : {}) })
  const done = await store.transition(
    flowRunId,
    [run.state.type],
    next,
    next.type === 'SCHEDULED'
      ? { scheduledAt: now, worker: null, instance: null, endedAt: null }
      : { endedAt: now },
  )
  return done ? { kind: 'accepted' } : { kind: 'gone', reason: 'It changed meanwhile' }
}

async function statesOf(
  store: RunStore,
  ids: readonly string[],
  me: WorkerInstance | null,
): Promise<ReadonlyMap<string, RunState | 'elsewhere' | null>> {
  const found = new Map((await store.runs({ ids, limit: ids.length })).map((run) => [run.id, run]))
  return new Map(
    ids.map((id) => {
      const run = found.get(id)
      // Where the instance was not told, nothing is concluded.
      const isElsewhere = me !== null && run?.instance != null && run.instance !== me.id
      return [id, isElsewhere ? 'elsewhere' : (run?.state ?? null)]
    }),
  )
}

function heldOf(run: StoredRun): HeldRun {
  return {
    run: factsOf(run),
    type: run.state.type as HeldRun['type'],
    runCount: run.runCount,
    worker: run.worker,
    instance: run.instance ?? null,
    since: run.state.at,
    startedAt: run.startedAt ?? run.createdAt,
  }
}

function isSameProcess(one: WorkerInstance, other: WorkerInstance): boolean {
  return one.machine === other.machine && one.pid === other.pid && one.started === other.started
}

const lookAgainMs = 5000

/**
 * Refuses a name that another living process has. One of this machine is known by itself. Of one of another machine, or
 * of this one before it was started again, only its next sign of life tells: that is waited for.
 * @returns the one that had it and is gone
 */
async function refuseNamesake(
  me: WorkerInstance,
  first: StoredWorker | undefined,
  find: () => Promise<StoredWorker | undefined>,
  runtime: Runtime,
  signal: AbortSignal,
): Promise<WorkerInstance | null> {
  for (let seen = first; seen?.instance; seen = await find()) {
    const fate = fateOf(seen.instance)
    const isRenewed = seen.instance.id !== first?.instance?.id || seen.seenAt > first.seenAt
    if (fate === 'lives' || (fate === 'unknown' && isRenewed)) throw nameTaken(me, seen.instance)
    if (fate === 'ended' || runtime.now().getTime() - seen.seenAt.getTime() >= goneAfterMs)
      return seen.instance
    await runtime.sleep(lookAgainMs, signal)
  }
  return null
}

function mayPass(error: unknown): boolean {
  if (isHarvesterError(error, 'DATABASE_FAILED')) return error.facts.transient === true
  return isHarvesterError(error, 'DATABASE_UNREACHABLE')
}
