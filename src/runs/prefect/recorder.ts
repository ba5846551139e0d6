import { describeError, HarvesterError } from '../../errors.ts'
import type {
  Artifact,
  Begun,
  ChildRequest,
  FinalState,
  FinishAnswer,
  FlowRun,
  Gone,
  RunRecorder,
  SubmittedRun,
} from '../backend.ts'
import type { Runtime } from '../runtime.ts'
import { isFinal } from '../states.ts'
import { detailOf, must, orNull, type PrefectClient, refused, type Schemas } from './client.ts'
import { acquireTagSlots, keepLease, type LeaseKeeper } from './leases.ts'
import { setState } from './set-state.ts'
import { logRecord, type OnProblem, type Telemetry, taskEvents } from './telemetry.ts'

const defaultHeartbeatSeconds = 30
/** The end of a run waits for a heartbeat that is under way, so none may take long. */
const heartbeatLimitMs = 10_000
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
  /** @default 30 */
  readonly heartbeatSeconds?: number
  readonly onProblem: OnProblem
}

/** Named as Python's worker names it. */
const workerLog = 'prefect.flow_runs.worker'

/** Within this no person can have set a state by hand. */
const unwatchedMs = 1000

/** Records one claimed run on a Prefect server. */
export function prefectRecorder(options: RecorderOptions): RunRecorder {
  const { client, runtime, run, onProblem } = options
  const { id } = run
  const problem: OnProblem = (text, facts) => onProblem(text, { run: run.name, flowRunId: id, ...facts })
  const { telemetry } = options
  const taskChanged = taskEvents({ telemetry, run, flowId: options.flowId, runtime })
  const submitted = new Map<string, Promise<SubmittedRun>>()
  let retries = 0
  let runCount = run.runCount
  let prepared = false
  let { name } = run
  let beganAt = 0
  let lease: LeaseKeeper | null = null
  let heartbeat: NodeJS.Timeout | undefined
  let beating: Promise<unknown> = Promise.resolve()

  const beat = () => {
    beating = client.once
      .POST('/events', {
        body: [
          {
            id: runtime.id(),
            occurred: runtime.now().toISOString(),
            event: 'prefect.flow-run.heartbeat',
            resource: {
              'prefect.resource.id': `prefect.flow-run.${id}`,
              'prefect.resource.name': name,
              'prefect.version': '3.8.8',
            },
            related: [
              {
                'prefect.resource.id': `prefect.flow.${options.flowId}`,
                'prefect.resource.role': 'flow',
                'prefect.resource.name': run.flow,
              },
              ...run.tags.map((tag) => ({
                'prefect.resource.id': `prefect.tag.${tag}`,
                'prefect.resource.role': 'tag',
              })),
            ],
            payload: {},
          },
        ],
        signal: AbortSignal.timeout(heartbeatLimitMs),
      })
      .catch(() => {}) // the next one comes soon
  }
  const startHeartbeat = () => {
    // Most runs end before the first: nobody needs a sign of life of what began a moment ago.
    clearInterval(heartbeat)
    heartbeat = setInterval(beat, (options.heartbeatSeconds ?? defaultHeartbeatSeconds) * 1000)
    heartbeat.unref()
  }
  /** Waits for the last one: were it seen after the end of the run, the server would take the run for silent. */
  const stopHeartbeat = async () => {
    clearInterval(heartbeat)
    await beating
  }

  const prepare = async (policy: { name: string; retries: number; retryDelaySeconds: number }) => {
    if (prepared) return
    prepared = true
    const known = options.policy ?? {}
    // A run may have been created with retries of its own.
    retries = known.retries ?? policy.retries
    const isKnown = policy.name === name && (retries === 0 || known.retries === retries)
    name = policy.name
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
      problem('The name and retries of a run could not be set', { error: describeError(patched.error) })
  }

  /** Of a run that had never begun a moment ago, when it was claimed, this is the first start. */
  const countedStarts = async (): Promise<number> => {
    if (options.claimedBy !== null && runCount === 0) return 1
    const fresh = await orNull(
      'read a run',
      client.normal.GET('/flow_runs/{id}', { params: { path: { id } } }),
    ).catch(() => null)
    return fresh?.run_count ?? 0
  }

  const cancelled = async () => {
    await setState(
      client,
      id,
      { type: 'CANCELLED', message: 'Flow run was cancelled successfully.' },
      { force: true },
    )
  }

  return {
    run,
    async begin(policy): Promise<Begun | Gone> {
      if (options.claimedBy !== null && !prepared)
        tell(workerLog, 20, `Worker '${options.claimedBy}' submitting flow run '${id}'`)
      await prepare(policy)
      for (;;) {
        const answer = await setState(client, id, {
          type: 'RUNNING',
          name: runCount > 0 ? 'Retrying' : 'Running',
        })
        if (answer.kind === 'wait') {
          await runtime.sleep(answer.seconds * 1000)
          continue
        }
        if (answer.kind === 'accepted') break
        if (answer.state?.type === 'CANCELLING') await cancelled()
        return { kind: 'gone', reason: answer.reason }
      }
      const now = runtime.now()
      beganAt = now.getTime()
      // The server does not count the start of a run that was paused: it is another execution all the same.
      runCount = Math.max(await countedStarts(), runCount + 1)
      if (options.leaseId !== null && lease === null)
        lease = keepLease(client, options.leaseId, {
          onLost: (reason) => problem('The slot of the deployment is not held any more', { reason }),
        })
      startHeartbeat()
      if (options.claimedBy !== null) tell(workerLog, 20, `Completed submission of flow run '${id}'`)
      return { kind: 'running', runCount, startedAt: now }
    },
    async finish(final: FinalState): Promise<FinishAnswer> {
      await stopHeartbeat()
      let force = final.type === 'CANCELLED'
      const wants = force || (final.type === 'FAILED' && !final.retry && retries > 0)
      // Rules are skipped only where they would do harm: a failure by counts must not be retried. What has ended must
      // not end again, which the server does not prevent: a person may have set another state.
      if (wants || runtime.now().getTime() - beganAt > unwatchedMs) {
        const known = await client.normal.GET('/flow_runs/{id}', { params: { path: { id } } })
        const type = known.data?.state?.type
        if (type && isFinal(type))
          return { kind: 'gone', reason: `The run is ${known.data?.state?.name ?? type}` }
        if (type === 'CANCELLING' && final.type !== 'CANCELLED') return { kind: 'cancelling' }
        force = wants
      }
      const answer = await setState(
        client,
        id,
        { type: final.type, message: final.message, ...(final.name ? { name: final.name } : {}) },
        {
          force,
          patience: 'normal',
          ...(final.transitionId !== undefined && { transitionId: final.transitionId }),
        },
      )
      if (answer.kind === 'accepted') return { kind: 'accepted' }
      if (answer.kind === 'wait')
        return { kind: 'gone', reason: 'The server asks to wait with a final state' }
      if (answer.kind === 'rejected' && answer.state?.type === 'CANCELLING') return { kind: 'cancelling' }
      if (answer.kind === 'rejected' && answer.state?.type === 'SCHEDULED') {
        startHeartbeat()
        const due = answer.state.state_details?.scheduled_time
        return { kind: 'retry', at: due ? client.here(new Date(due)) : runtime.now() }
      }
      return { kind: 'gone', reason: answer.reason }
    },
    async reschedule(message) {
      await stopHeartbeat()
      lease?.stop()
      const answer = await setState(
        client,
        id,
        { type: 'SCHEDULED', message, scheduledAt: client.serverNow() },
        { patience: 'normal' },
      )
      if (answer.kind === 'rejected' && answer.state?.type === 'CANCELLING') await cancelled()
    },
    taskChanged,
    log: (line) => telemetry.log(logRecord(line)),
    async createArtifact(artifact, taskRunId) {
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
        if (stored.id) telemetry.event(artifactEvent(stored.id, artifact))
        return stored.id ?? null
      } catch (error) {
        problem('An artifact could not be stored', { key: artifact.key, error: describeError(error) })
        return null
      }
    },
    async updateArtifact(artifactId, artifact) {
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
        problem('An artifact could not be updated', { key: artifact.key, error: describeError(error) })
      }
    },
    async acquire(tags, taskRunId, signal) {
      if (tags.length === 0) return async () => {}
      try {
        return await acquireTagSlots(client, tags, taskRunId, {
          signal,
          sleep: runtime.sleep,
          onWaiting: (waiting) => problem('A task waits for a slot', { tags: waiting.join(',') }),
          ...(options.onUnlimited && { onUnlimited: options.onUnlimited }),
          onLost: (reason) => problem('The slot of a task is not held any more', { reason }),
        })
      } catch (error) {
        signal.throwIfAborted()
        problem('No slot could be asked for; the task runs without', { error: describeError(error) })
        return async () => {}
      }
    },
    submitChild(request: ChildRequest): Promise<SubmittedRun> {
      const known = submitted.get(request.idempotencyKey)
      if (known) return known
      const fresh = submit(request)
      submitted.set(request.idempotencyKey, fresh)
      fresh.catch(() => submitted.delete(request.idempotencyKey))
      return fresh
    },
    async flush() {
      const dropped = telemetry.takeDropped(id)
      if (dropped > 0)
        tell('prefect.flow_runs', 30, `${dropped} log lines were dropped: more than Prefect could take`)
      await telemetry.flush(flushMs)
    },
    async close() {
      await stopHeartbeat()
      lease?.stop()
      await telemetry.flush(60_000)
    },
  }

  function tell(logger: string, level: number, message: string): void {
    telemetry.log({
      name: logger,
      level,
      message,
      timestamp: runtime.now().toISOString(),
      flow_run_id: id,
      task_run_id: null,
    })
  }

  /** As Python's client tells of it, for automations and the event feed. */
  function artifactEvent(artifactId: string, { key, type, description }: Artifact): Schemas['Event'] {
    return {
      id: runtime.id(),
      occurred: runtime.now().toISOString(),
      event: 'prefect.artifact.created',
      resource: {
        'prefect.resource.id': `prefect.artifact.${artifactId}`,
        ...(key !== null && { 'prefect.resource.name': key }),
      },
      related: [
        {
          'prefect.resource.id': `prefect.flow-run.${id}`,
          'prefect.resource.role': 'flow-run',
          'prefect.resource.name': name,
        },
      ],
      payload: { key, type, description },
    }
  }

  async function submit(request: ChildRequest): Promise<SubmittedRun> {
    const deployment = await options.findDeployment(request.deployment)
    const name = `${deployment.flow}/${deployment.name}`
    // The wrapper is the node that the child hangs on; the server mirrors the child's states onto it.
    const wrapper = await must(
      'create the task run of a child',
      client.normal.POST('/task_runs/', {
        body: {
          flow_run_id: id,
          name,
          task_key: name,
          dynamic_key: runtime.id(),
          task_inputs: {
            after: request.after.map((node) => ({ input_type: 'task_run' as const, id: node })),
          },
          state: { type: 'PENDING', name: 'Pending' },
        },
      }),
    )
    const created = await createDeploymentRun(client, deployment.id, {
      ...request,
      parentTaskRunId: wrapper.id,
    })
    return created
  }
}

export async function createDeploymentRun(
  client: PrefectClient,
  deploymentId: string,
  request: {
    parameters: Record<string, unknown>
    tags?: readonly string[]
    idempotencyKey?: string
    scheduledAt?: Date
    name?: string
    parentTaskRunId?: string
    /** Aborted: it is not asked for again. */
    signal?: AbortSignal
  },
): Promise<SubmittedRun> {
  const { data, error, response } = await client.normal.POST('/deployments/{id}/create_flow_run', {
    params: { path: { id: deploymentId } },
    ...(request.signal && { signal: request.signal }),
    body: {
      state: {
        type: 'SCHEDULED',
        name: 'Scheduled',
        state_details: request.scheduledAt ? { scheduled_time: request.scheduledAt.toISOString() } : {},
      },
      parameters: request.parameters,
      tags: [...(request.tags ?? [])],
      ...(request.name ? { name: request.name } : {}),
      ...(request.idempotencyKey === undefined ? {} : { idempotency_key: request.idempotencyKey }),
      ...(request.parentTaskRunId === undefined ? {} : { parent_task_run_id: request.parentTaskRunId }),
    },
  })
  if (!response.ok || !data) throw creationRefused(response.status, error)
  return { id: data.id, name: data.name ?? '', created: response.status === 201 }
}

function creationRefused(status: number, error: unknown): HarvesterError {
  const detail = detailOf(error)
  if ((status === 409 || status === 422) && /validation failed|parameter/i.test(detail))
    return new HarvesterError('PARAMETERS_INVALID', detail)
  return refused('create a run', status, error)
}

function wireArtifact(artifact: Artifact): {
  key: string | null
  type: string
  description: string | null
  data: string | number
} {
  return { key: artifact.key, type: artifact.type, description: artifact.description, data: artifact.data }
}
