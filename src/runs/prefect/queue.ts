/** The run queue of a Prefect server: our pools, polled, claimed from and watched. */
import { isHarvesterError } from '../../errors.ts'
import type { FinishAnswer, RunEnd, RunRecorder } from '../backend.ts'
import { wasTakenForDead } from '../decide.ts'
import { fateOf, nameTaken, type WorkerInstance } from '../instance.ts'
import type { HeldRun, RunQueue, SeenWorker } from '../orchestrator.ts'
import type { Runtime } from '../runtime.ts'
import { heldStateTypes, isFinal, type RunState } from '../states.ts'
import { allPages, inParts } from './all-pages.ts'
import type { PrefectBackend } from './backend.ts'
import { type Candidates, candidates, type DueRun } from './candidates.ts'
import { claimId } from './claim-id.ts'
import { must, type PrefectClient } from './client.ts'
import { fateOfSeen, type Instances, prefectInstances } from './instances.ts'
import { claimMessage, holderOf, instanceLabel, isClaimedElsewhere, workerLabel } from './labels.ts'
import { type MissingPools, missingPools } from './missing-pools.ts'
import { type PoolRoom, poolRoom } from './pool-room.ts'
import { poolType, readWorkers } from './pools.ts'
import { readRun, stateOf } from './read.ts'
import { isHidden, showToOthers } from './retry-type.ts'
import { setState, type WantedState, wasTold } from './set-state.ts'
import type { OnProblem } from './telemetry.ts'

export interface PrefectQueueOptions {
  readonly backend: PrefectBackend
  readonly pools: readonly string[]
  readonly runtime: Runtime
  readonly onProblem: OnProblem
  readonly onInfo: OnProblem
  /** Told with every heartbeat of pools that are gone, to make them again. @default nobody does so here */
  readonly registerAgain?: (pools: ReadonlySet<string>) => Promise<void>
}

const heartbeatSeconds = 30
const lookAgainMs = 5000
/** Of what gives a claim back. */
const mostRepeats = 5

/** A worker at its pools. */
interface AtPools extends PrefectQueueOptions {
  readonly client: PrefectClient
  readonly instances: Instances
  readonly due: Candidates
  readonly room: PoolRoom
  readonly missing: MissingPools
  /** Null until it has entered. */
  me: WorkerInstance | null
}

export function prefectQueue(options: PrefectQueueOptions): RunQueue {
  const { backend, pools, runtime, onProblem, onInfo } = options
  const { client } = backend
  const missing = missingPools(onProblem, onInfo)
  const due = candidates({ ...options, missing })
  const worker: AtPools = {
    ...options,
    client,
    instances: prefectInstances(client, onProblem),
    due,
    room: poolRoom(backend, runtime.now),
    missing,
    me: null,
  }
  return {
    async enter(instance, signal) {
      const before = await checkName(worker, instance, signal)
      worker.me = instance
      await beat(worker)
      return before
    },
    look: () => due.look(),
    async next(wanted) {
      const run = await due.next(wanted)
      return run && { id: run.id, claim: () => claim(worker, run) }
    },
    states: (ids) => statesOf(worker, ids),
    suspend: (id) => suspend(worker, id),
    end: (end) => tellEnd(backend, end),
    beat: () => beat(worker),
    held: () => heldRuns(backend, pools),
    workers: () => seenWorkers(worker),
    async settle({ run, type }, to) {
      const answer = await setState(client, run.id, to, {
        force: type === 'CANCELLING',
        patience: 'once',
      })
      return answer.kind === 'accepted'
    },
    mayPass,
    leave: () => leave(worker),
    hurry: (milliseconds) => client.hurry(milliseconds),
    onWork: (listener) => due.onDue(listener),
  }
}

async function beat({ client, instances, pools, missing, registerAgain, me }: AtPools): Promise<void> {
  if (!me) return
  // It may have been given to another while this process was out of reach, and silent.
  const seen = await instances.find(me.name)
  if (seen && seen.instance.id !== me.id && (await fateOfSeen(seen, heartbeatSeconds * 1000)) === 'lives')
    throw nameTaken(me, seen.instance)
  await instances.beat(me)
  for (const pool of pools) {
    const taken = must(
      'take a heartbeat',
      client.normal.POST('/work_pools/{work_pool_name}/workers/heartbeat', {
        params: { path: { work_pool_name: pool } },
        body: { name: me.name, heartbeat_interval_seconds: heartbeatSeconds },
      }),
    )
    await missing.unlessGone(pool, taken)
  }
  if (missing.names.size > 0) await registerAgain?.(missing.names)
}

/**
 * Refuses a name that another living process has; one of another machine is known by its signs of life only.
 * @returns the one that had it and is gone
 */
async function checkName(
  { instances, runtime, onInfo }: AtPools,
  instance: WorkerInstance,
  signal: AbortSignal,
): Promise<WorkerInstance | null> {
  const first = await instances.find(instance.name)
  for (let seen = first, told = false; seen !== null; seen = await instances.find(instance.name)) {
    const fate = fateOf(seen.instance)
    const renewed =
      first !== null && (seen.instance.id !== first.instance.id || seen.silentMs < first.silentMs)
    if (fate === 'lives' || (fate === 'unknown' && renewed)) throw nameTaken(instance, seen.instance)
    if ((await fateOfSeen(seen, heartbeatSeconds * 1000)) !== 'lives') return seen.instance
    if (!told)
      onInfo('Another worker had this name a moment ago: waiting to see whether it lives', {
        worker: instance.name,
        host: seen.instance.host,
      })
    told = true
    await runtime.sleep(lookAgainMs, signal)
  }
  return null
}

async function claim(worker: AtPools, run: DueRun): Promise<RunRecorder | null> {
  try {
    return await take(worker, run)
  } catch (error) {
    // What made it fail may last: tried at once again, it would be claimed and given back without end.
    worker.due.refused(run.id)
    throw error
  }
}

async function take(worker: AtPools, { id, wire, pool }: DueRun): Promise<RunRecorder | null> {
  const { backend, client, due, room, runtime, me } = worker
  const endId = claimId(wire)
  const message = claimMessage(me?.name ?? 'unknown', me?.id ?? runtime.id())
  const answer = await setState(
    client,
    id,
    { type: 'PENDING', name: 'Pending', message },
    { patience: 'normal', transitionId: endId },
  )
  if (answer.kind !== 'accepted' || (answer.repeated && answer.state?.message !== message)) {
    due.refused(id)
    return null
  }
  try {
    if (await room.isOver(wire, pool)) {
      await giveBackClaim(worker, id, message, {
        type: 'SCHEDULED',
        name: 'AwaitingConcurrencySlot',
        message: `The pool ${pool} or its queue is at its limit`,
        // At a time of its own, so that two workers that gave way to each other do not meet again.
        scheduledAt: new Date(client.serverNow().getTime() + 500 + runtime.random() * 3000),
      })
      return null
    }
    await must(
      'label a run',
      client.normal.PATCH('/flow_runs/{id}/labels', {
        params: { path: { id } },
        body: {
          ...(me && { [workerLabel]: me.name, [instanceLabel]: me.id }),
          'prefect.worker.type': poolType,
          'prefect.work-pool.name': pool,
        },
      }),
    )
    return await backend.recorder(
      { ...wire, state: answer.state },
      {
        leaseId: answer.state?.state_details?.deployment_concurrency_lease_id ?? null,
        policy: wire.empirical_policy ?? null,
        claimedBy: me?.name ?? null,
        ...(me && { instance: me.id }),
        endId,
      },
    )
  } catch (error) {
    // Left Pending it would wait for the sweep of another worker.
    await giveBackClaim(worker, id, message, {
      type: 'SCHEDULED',
      message: 'The claim failed half-way',
    }).catch(() => {})
    throw error
  }
}

/** Before it is told again, whether the claim is still there is looked at: another process may have the run by then. */
async function giveBackClaim(
  { client, runtime }: AtPools,
  id: string,
  claimed: string,
  to: WantedState,
): Promise<void> {
  for (let repeat = 0; ; repeat++) {
    const found = repeat === 0 ? null : await readRun(client.normal, id)
    if (repeat > 0 && found?.state?.message !== claimed) return
    try {
      await setState(client, id, to, { patience: 'once' })
      return
    } catch (error) {
      if (repeat === mostRepeats || !mayPass(error)) throw error
      await runtime.sleep(1000 * 2 ** repeat)
    }
  }
}

async function statesOf(
  { client, me }: AtPools,
  ids: readonly string[],
): Promise<ReadonlyMap<string, RunState | 'elsewhere' | null>> {
  const states = new Map<string, RunState | 'elsewhere' | null>(ids.map((id) => [id, null]))
  for (const part of inParts(ids)) {
    const runs = await allPages((page) =>
      must(
        'look at the states of runs',
        client.once.POST('/flow_runs/filter', {
          body: { flow_runs: { operator: 'and_', id: { any_: part } }, sort: 'ID_DESC', ...page },
        }),
      ),
    )
    for (const run of runs)
      states.set(run.id, isClaimedElsewhere(run, me?.id ?? null) ? 'elsewhere' : stateOf(run.state))
  }
  return states
}

async function suspend({ client, onProblem }: AtPools, id: string): Promise<void> {
  const found = await readRun(client.normal, id)
  if (found) await showToOthers(client, found)
  // A pause that keeps its process would be resumed as Running, with nobody at work.
  const answer = await setState(
    client,
    id,
    {
      type: 'PAUSED',
      name: 'Suspended',
      message: 'Paused; resumed, it goes on where it stopped',
      reschedule: true,
    },
    // The runner asks again by itself once it has seen that the run is still paused.
    { force: true, patience: 'once' },
  )
  if (answer.kind !== 'accepted') onProblem('A paused run could not be made resumable', { flowRunId: id })
}

async function leave({ client, instances, due, pools, me }: AtPools): Promise<void> {
  due.close()
  if (me && !(await instances.leave(me))) return
  for (const pool of pools)
    await client.once
      .DELETE('/work_pools/{work_pool_name}/workers/{name}', {
        params: { path: { work_pool_name: pool, name: me?.name ?? '' } },
      })
      .catch(() => {}) // the server notices by itself after 90 s
}

async function seenWorkers({ client, instances, missing, pools }: AtPools): Promise<SeenWorker[]> {
  const known = await instances.list()
  const seen = await Promise.all(
    known.map(
      async (one): Promise<SeenWorker> => ({
        name: one.instance.name,
        instance: one.instance.id,
        fate: await fateOfSeen(one, heartbeatSeconds * 1000),
      }),
    ),
  )
  for (const pool of pools) {
    for (const { name, status } of (await missing.unlessGone(pool, readWorkers(client, pool))) ?? [])
      if (!seen.some((worker) => worker.name === name))
        seen.push({ name, instance: null, fate: status === 'ONLINE' ? 'lives' : 'silent' })
  }
  return seen
}

/** Runs of our pools that some worker claimed. */
async function heldRuns(backend: PrefectBackend, pools: readonly string[]): Promise<HeldRun[]> {
  const { client } = backend
  const found = await allPages((page) =>
    must(
      'list running runs',
      client.once.POST('/flow_runs/filter', {
        body: {
          flow_runs: {
            operator: 'and_',
            state: {
              operator: 'or_',
              type: { any_: [...heldStateTypes] },
              name: { any_: ['AwaitingRetry'] },
            },
          },
          work_pools: { operator: 'and_', name: { any_: [...pools] } },
          sort: 'EXPECTED_START_TIME_DESC',
          ...page,
        },
      }),
    ),
  )
  const runs: HeldRun[] = []
  for (const run of found) {
    // A retry that others may take is not held; one of the process that failed is hidden from all but it.
    if (run.state?.type === 'SCHEDULED' && !isHidden(run)) continue
    runs.push({
      run: await backend.factsOf(run),
      type: (run.state?.type ?? 'RUNNING') as HeldRun['type'],
      runCount: run.run_count ?? 0,
      ...holderOf(run),
      since: client.here(new Date(run.state?.timestamp ?? 0)),
      startedAt: run.start_time ? client.here(new Date(run.start_time)) : null,
    })
  }
  return runs
}

/** Tells the end of a run that a process left behind: what it did is done, whatever its run was taken for since. */
async function tellEnd(backend: PrefectBackend, { flowRunId, runCount, to }: RunEnd): Promise<FinishAnswer> {
  const { client } = backend
  const found = await readRun(client.normal, flowRunId)
  if (!found) return { kind: 'gone', reason: 'The run was deleted' }
  const now = stateOf(found.state)
  if (to.kind === 'final' && wasTold(found.state, to)) return { kind: 'accepted' }
  // One that waits for a retry by the process that is gone is nobody's.
  const isWaiting = now.type === 'SCHEDULED' && to.kind === 'back' && isHidden(found)
  const isClaimed = now.type === 'PENDING' && to.kind === 'final'
  if ((found.run_count ?? 0) > runCount || (now.type === 'SCHEDULED' && !isWaiting) || isClaimed)
    return { kind: 'gone', reason: 'The run was started anew' }
  if (isFinal(now.type) && !wasTakenForDead(now)) return { kind: 'gone', reason: `The run is ${now.name}` }
  if (to.kind === 'back') await showToOthers(client, found)
  const cancelled = now.type === 'CANCELLING'
  const answer = await setState(
    client,
    flowRunId,
    cancelled
      ? { type: 'CANCELLED', message: 'Flow run was cancelled successfully.' }
      : to.kind === 'back'
        ? { type: 'SCHEDULED', message: to.message, scheduledAt: client.serverNow() }
        : { type: to.type, message: to.message, ...(to.name ? { name: to.name } : {}) },
    {
      // Nobody would carry out a retry that the server orders now.
      force: true,
      patience: 'normal',
      ...(to.kind === 'final' && to.transitionId !== undefined && { transitionId: to.transitionId }),
    },
  )
  return answer.kind === 'accepted'
    ? { kind: 'accepted' }
    : { kind: 'gone', reason: 'reason' in answer ? answer.reason : 'The server asks to wait' }
}

function mayPass(error: unknown): boolean {
  if (isHarvesterError(error, 'PREFECT_UNREACHABLE')) return true
  const status = isHarvesterError(error, 'PREFECT_REFUSED') ? Number(error.facts.status) : 0
  return status >= 500 || status === 408 || status === 429
}
