import { describeError } from '../../errors.ts'
import type { Artifact, Begun, FinalState, FinishAnswer, FlowRun, Gone, RunRecorder } from '../backend.ts'
import { wasTakenForDead } from '../decide.ts'
import type { Runtime } from '../runtime.ts'
import { isFinal } from '../states.ts'
import { childRuns } from './child-runs.ts'
import { must, type PrefectClient, type Schemas } from './client.ts'
import { isClaimedElsewhere } from './labels.ts'
import { acquireTagSlots, keepLease, type LeaseKeeper } from './leases.ts'
import { readRun, stateOf } from './read.ts'
import { isHidden, showToOthers } from './retry-type.ts'
import { type RunHeartbeat, runHeartbeat } from './run-heartbeat.ts'
import { setState, wasTold } from './set-state.ts'
import { artifactEvent, wireArtifact } from './shown-artifact.ts'
import { logRecord, type OnProblem, type Telemetry, taskEvents } from './telemetry.ts'

const defaultHeartbeatSeconds = 30
/** How long the end of a run waits for its log to arrive; the rest follows after the final state. */
const flushMs = 20_000

export interface RecorderOptions {
  readonly client: PrefectClient
  readonly runtime: Runtime
  readonly run: FlowRun
  readonly flowId: string
  /** The policy that the run carries; it is replaced whole, so it is merged here. */
  readonly policy: Schemas['FlowRunPolicy'] | null
  /** Of the slot of the deployment, from the accepted claim. */
  readonly leaseId: string | null
  /** Told of tags of tasks that the server limits no longer. */
  readonly onUnlimited?: ((tags: readonly string[]) => void) | undefined
  readonly findDeployment: (name: string) => Promise<{ id: string; name: string; flow: string }>
  readonly telemetry: Telemetry
  /** The worker that claimed it; null for a run that was opened here. */
  readonly claimedBy: string | null
  /** Id of its instance. @default none */
  readonly instance?: string
  /** See {@link RunRecorder.endId}. */
  readonly endId?: string
  /** @default 30 */
  readonly heartbeatSeconds?: number
  readonly onProblem: OnProblem
}

/** Named as Python's worker names it. */
const workerLog = 'prefect.flow_runs.worker'

/** Within this no person can have set a state by hand. */
const unwatchedMs = 1000

type Policy = Parameters<RunRecorder['begin']>[0]

/** A run that is recorded here. */
interface Recorded extends RecorderOptions {
  readonly id: string
  readonly heartbeat: RunHeartbeat
  retries: number
  runCount: number
  /** Its name and retries were told. */
  prepared: boolean
  name: string
  beganAt: number
  lease: LeaseKeeper | null
  /** Its next attempt was ordered, and has not begun. */
  waiting: boolean
  /** The end of this attempt was told before; whether it arrived is not known. */
  endTold: boolean
  /** Something was told since the last flush. */
  told: boolean
}

/** Records one claimed run on a Prefect server. */
export function prefectRecorder(options: RecorderOptions): RunRecorder {
  const { client, runtime, run, flowId } = options
  // What it tells is noted, so that a close with nothing to say sends no batch of others before its time.
  const telemetry: Telemetry = {
    ...options.telemetry,
    log(record) {
      recorded.told = true
      options.telemetry.log(record)
    },
    event(event, instead) {
      recorded.told = true
      return options.telemetry.event(event, instead)
    },
  }
  const recorded: Recorded = {
    ...options,
    telemetry,
    id: run.id,
    heartbeat: runHeartbeat({
      client,
      runtime,
      run,
      flowId,
      name: () => recorded.name,
      seconds: options.heartbeatSeconds ?? defaultHeartbeatSeconds,
    }),
    retries: 0,
    runCount: run.runCount,
    prepared: false,
    name: run.name,
    beganAt: 0,
    lease: null,
    waiting: false,
    endTold: false,
    told: false,
    onProblem: (text, facts) => options.onProblem(text, { run: run.name, flowRunId: run.id, ...facts }),
  }
  return {
    run,
    ...(options.endId !== undefined && { endId: options.endId }),
    begin: (policy) => begin(recorded, policy),
    finish: (final) => finish(recorded, final),
    reschedule: (message) => reschedule(recorded, message),
    taskChanged: taskEvents({ telemetry, run, flowId, runtime }),
    log: (line) => telemetry.log(logRecord(line)),
    createArtifact: (artifact, taskRunId) => createArtifact(recorded, artifact, taskRunId),
    updateArtifact: (artifactId, artifact) => updateArtifact(recorded, artifactId, artifact),
    acquire: (tags, taskRunId, signal) => acquire(recorded, tags, taskRunId, signal),
    submitChild: childRuns({ client, runtime, parent: run.id, findDeployment: options.findDeployment }),
    async flush() {
      const dropped = telemetry.takeDropped(run.id)
      if (dropped > 0)
        tell(
          recorded,
          'prefect.flow_runs',
          30,
          `${dropped} log lines were dropped: more than Prefect could take`,
        )
      recorded.told = false
      if (!(await telemetry.flush(flushMs))) recorded.told = true
    },
    async close() {
      await recorded.heartbeat.stop()
      recorded.lease?.stop()
      if (recorded.told) await telemetry.flush(60_000)
    },
  }
}

async function begin(recorded: Recorded, policy: Policy): Promise<Begun | Gone> {
  const { id, client, runtime, claimedBy, leaseId, onProblem } = recorded
  recorded.endTold = false
  if (claimedBy !== null && !recorded.prepared)
    tell(recorded, workerLog, 20, `Worker '${claimedBy}' submitting flow run '${id}'`)
  await prepare(recorded, policy)
  for (;;) {
    const answer = await setState(client, id, {
      type: 'RUNNING',
      name: recorded.runCount > 0 ? 'Retrying' : 'Running',
    })
    if (answer.kind === 'wait') {
      await runtime.sleep(answer.seconds * 1000)
      continue
    }
    if (answer.kind === 'accepted') break
    if (answer.state?.type === 'CANCELLING') await cancel(recorded)
    return { kind: 'gone', reason: answer.reason }
  }
  recorded.waiting = false
  const now = runtime.now()
  recorded.beganAt = now.getTime()
  // The server does not count the start of a run that was paused: it is another execution all the same.
  const runCount = Math.max(await countedStarts(recorded), recorded.runCount + 1)
  recorded.runCount = runCount
  if (leaseId !== null && recorded.lease === null)
    recorded.lease = keepLease(client, leaseId, {
      onLost: (reason) => onProblem('The slot of the deployment is not held any more', { reason }),
    })
  recorded.heartbeat.start()
  if (claimedBy !== null) tell(recorded, workerLog, 20, `Completed submission of flow run '${id}'`)
  return { kind: 'running', runCount, startedAt: now }
}

async function prepare(recorded: Recorded, policy: Policy): Promise<void> {
  if (recorded.prepared) return
  recorded.prepared = true
  const { id, client, onProblem } = recorded
  const known = recorded.policy ?? {}
  // A run may have been created with retries of its own.
  const retries = known.retries ?? policy.retries
  recorded.retries = retries
  const isKnown = policy.name === recorded.name && (retries === 0 || known.retries === retries)
  recorded.name = policy.name
  if (isKnown) return
  const patched = await client.normal
    .PATCH('/flow_runs/{id}', {
      params: { path: { id } },
      body: {
        name: policy.name,
        empirical_policy: {
          ...known,
          retries,
          retry_delay: known.retry_delay ?? Math.round(policy.retryDelaySeconds),
        },
      },
    })
    .catch((error: unknown) => ({ error, response: null }))
  if (!patched.response?.ok)
    onProblem('The name and retries of a run could not be set', { error: describeError(patched.error) })
}

/** Of a run that had never begun a moment ago, when it was claimed, this is the first start. */
async function countedStarts({ id, client, claimedBy, runCount }: Recorded): Promise<number> {
  if (claimedBy !== null && runCount === 0) return 1
  const fresh = await readRun(client.normal, id).catch(() => null)
  return fresh?.run_count ?? 0
}

async function finish(recorded: Recorded, final: FinalState): Promise<FinishAnswer> {
  const { id, client, runtime, claimedBy, instance, heartbeat, retries, beganAt, endTold } = recorded
  await heartbeat.stop()
  let force = final.type === 'CANCELLED'
  const wants = force || (final.type === 'FAILED' && !final.retry && retries > 0)
  // Rules are skipped only where they would do harm: a failure by counts must not be retried. What has ended must
  // not end again, which the server does not prevent: a person may have set another state.
  if (wants || endTold || runtime.now().getTime() - beganAt > unwatchedMs) {
    const known = await readRun(client.normal, id)
    if (known === null) return { kind: 'gone', reason: 'The run was deleted' }
    const type = known.state?.type
    // Whoever was frozen or cut off for a while was taken for dead: what has begun anew since is left alone.
    if (isClaimedElsewhere(known, instance ?? null)) return startedAnew
    if (wasTold(known.state, final)) return { kind: 'accepted' }
    // An order to try again whose answer was lost: a failure from there would be the last one.
    if (endTold && final.retry && type === 'SCHEDULED' && isHidden(known))
      return tryAgain(recorded, known.state)
    if (type === 'PENDING' || (type === 'SCHEDULED' && !recorded.waiting)) return startedAnew
    const isTakenForDead = wasTakenForDead(stateOf(known.state))
    if (type && isFinal(type) && !isTakenForDead)
      return { kind: 'gone', reason: `The run is ${known.state?.name ?? type}` }
    if (type === 'CANCELLING' && final.type !== 'CANCELLED') return { kind: 'cancelling' }
    force = wants || isTakenForDead
  }
  recorded.endTold = true
  const answer = await setState(
    client,
    id,
    { type: final.type, message: final.message, ...(final.name ? { name: final.name } : {}) },
    {
      force,
      // The outbox asks again by itself, so that what stands there is looked at before.
      patience: claimedBy === null ? 'normal' : 'once',
      ...(final.transitionId !== undefined && { transitionId: final.transitionId }),
    },
  )
  if (answer.kind === 'accepted') return { kind: 'accepted' }
  if (answer.kind === 'wait') return { kind: 'gone', reason: 'The server asks to wait with a final state' }
  if (answer.kind === 'rejected' && answer.state?.type === 'CANCELLING') return { kind: 'cancelling' }
  if (answer.kind === 'rejected' && answer.state?.type === 'SCHEDULED')
    return tryAgain(recorded, answer.state)
  return { kind: 'gone', reason: answer.reason }
}

const startedAnew: Gone = { kind: 'gone', reason: 'The run was started anew' }

function tryAgain(recorded: Recorded, ordered: Schemas['State'] | null | undefined): FinishAnswer {
  const { client, runtime, heartbeat } = recorded
  recorded.waiting = true
  heartbeat.start()
  const due = ordered?.state_details?.scheduled_time
  return { kind: 'retry', at: due ? client.here(new Date(due)) : runtime.now() }
}

async function reschedule(recorded: Recorded, message: string): Promise<void> {
  const { id, client, heartbeat, lease, instance, beganAt } = recorded
  await heartbeat.stop()
  lease?.stop()
  const known = await readRun(client.normal, id)
  const type = known?.state?.type
  // It was given back already, and another process may have it: told again, this would take it away from there.
  if (!known || isClaimedElsewhere(known, instance ?? null)) return
  if ((type === 'SCHEDULED' && !isHidden(known)) || (type === 'PENDING' && beganAt > 0)) return
  if (type && isFinal(type) && !wasTakenForDead(stateOf(known.state))) return
  await showToOthers(client, known)
  const answer = await setState(
    client,
    id,
    { type: 'SCHEDULED', message, scheduledAt: client.serverNow() },
    { patience: 'once' },
  )
  if (answer.kind === 'rejected' && answer.state?.type === 'CANCELLING') await cancel(recorded)
}

async function cancel({ id, client }: Recorded): Promise<void> {
  await setState(
    client,
    id,
    { type: 'CANCELLED', message: 'Flow run was cancelled successfully.' },
    { force: true },
  )
}

async function createArtifact(
  recorded: Recorded,
  artifact: Artifact,
  taskRunId: string | null,
): Promise<string | null> {
  const { id, client, telemetry, onProblem } = recorded
  try {
    const stored = await must(
      'store an artifact',
      client.normal.POST('/artifacts/', {
        body: {
          ...wireArtifact(artifact),
          flow_run_id: id,
          task_run_id: taskRunId,
        },
      }),
    )
    if (stored.id) telemetry.event(artifactEvent(recorded, stored.id, artifact))
    return stored.id ?? null
  } catch (error) {
    onProblem('An artifact could not be stored', { key: artifact.key, error: describeError(error) })
    return null
  }
}

async function updateArtifact(
  { client, onProblem }: Recorded,
  artifactId: string,
  artifact: Artifact,
): Promise<void> {
  try {
    const { data, description } = wireArtifact(artifact)
    await must(
      'update an artifact',
      client.once.PATCH('/artifacts/{id}', {
        params: { path: { id: artifactId } },
        body: { data, description },
      }),
    )
  } catch (error) {
    onProblem('An artifact could not be updated', { key: artifact.key, error: describeError(error) })
  }
}

async function acquire(
  { client, runtime, onUnlimited, onProblem }: Recorded,
  tags: readonly string[],
  taskRunId: string,
  signal: AbortSignal,
): Promise<() => Promise<void>> {
  if (tags.length === 0) return async () => {}
  try {
    return await acquireTagSlots(client, tags, taskRunId, {
      signal,
      sleep: runtime.sleep,
      onWaiting: (waiting) => onProblem('A task waits for a slot', { tags: waiting.join(',') }),
      ...(onUnlimited && { onUnlimited }),
      onLost: (reason) => onProblem('The slot of a task is not held any more', { reason }),
    })
  } catch (error) {
    signal.throwIfAborted()
    onProblem('No slot could be asked for; the task runs without', { error: describeError(error) })
    return async () => {}
  }
}

function tell(recorded: Recorded, logger: string, level: number, message: string): void {
  const { id, runtime, telemetry } = recorded
  telemetry.log({
    name: logger,
    level,
    message,
    timestamp: runtime.now().toISOString(),
    flow_run_id: id,
    task_run_id: null,
  })
}
