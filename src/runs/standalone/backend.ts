import { hostname } from 'node:os'
import { defaultNamespace, inNamespace } from '../../config/namespace.ts'
import { HarvesterError } from '../../errors.ts'
import type { Backend, DeploymentRunRequest, RunRecorder, SubmittedRun } from '../backend.ts'
import type { DeploymentSpec, PoolSpec } from '../deployment-spec.ts'
import { declaredLimits, deploymentLimitName, type Limit, type LimitDeclaration } from '../limits.ts'
import type { KeptRun } from '../orchestrator.ts'
import { checkParameterNames } from '../parameters.ts'
import { flowRegistry, splitDeploymentName } from '../registry.ts'
import { type Runtime, systemRuntime } from '../runtime.ts'
import { heldStateTypes, state } from '../states.ts'
import { limitsInForce } from './limits.ts'
import { localQueue } from './queue.ts'
import { flowRunOf, localRecorder } from './recorder.ts'
import type { RunStore, StoredRun } from './store.ts'
import { tagLimits } from './tag-limits.ts'

export interface LocalBackendOptions {
  readonly store: RunStore
  /** What may be started by name. */
  readonly deployments?: readonly DeploymentSpec[]
  /** Limits of pools and queues. @default [] */
  readonly pools?: readonly PoolSpec[]
  /** Task runs at once by tag, over all processes of the store; null: known, and not limited. @default {} */
  readonly tagLimits?: Readonly<Record<string, Limit>>
  /** How long the slot of a killed process is held. @default 60 */
  readonly slotSeconds?: number
  /** The name of this process in the store. @default `{hostname}-{pid}`, which no other living process has */
  readonly worker?: string
  /** Names may be given without its ending. @default 'default' */
  readonly namespace?: string
  readonly runtime?: Runtime
  /** Told of what could not be stored. */
  readonly onProblem?: (text: string, facts: Record<string, unknown>) => void
}

export interface LocalBackend extends Backend {
  readonly store: RunStore
  readonly worker: string
  readonly deployments: ReadonlyMap<string, DeploymentSpec>
  /** Runs that {@link openRun} opened here and that have not ended. */
  readonly opened: Set<string>
  submit(request: DeploymentRunRequest & { parentRunId?: string }): Promise<SubmittedRun>
  recorder(run: StoredRun): RunRecorder
  readRun(id: string): Promise<KeptRun | null>
  readonly runtime: Runtime
  /** Throws USAGE for an unknown name. */
  find(deployment: string): DeploymentSpec
  /** What its limits are by declaration. */
  readonly declaration: LimitDeclaration
  /** The limits in force now, by name. */
  limits(): Promise<ReadonlyMap<string, Limit>>
  /** Waits for a slot of each limited tag; the returned function gives them back. */
  acquireTags(tags: readonly string[], taskRunId: string, signal: AbortSignal): Promise<() => Promise<void>>
  /** Called when something may be waiting to be run or cancelled; the returned function ends it. */
  onWork(listener: () => void): () => void
}

/** What starting and cancelling runs of a store takes. */
interface Local {
  readonly store: RunStore
  readonly runtime: Runtime
  readonly worker: string
  readonly namespace: string
  readonly deployments: ReadonlyMap<string, DeploymentSpec>
  readonly limits: () => Promise<ReadonlyMap<string, Limit>>
  readonly listeners: Set<() => void>
}

/** Records runs in a store; runs of deployments wait there until an executor of this or another process takes them. */
export function createLocalBackend(options: LocalBackendOptions): LocalBackend {
  const { store } = options
  const runtime = options.runtime ?? systemRuntime
  const worker = options.worker ?? `${hostname()}-${process.pid}`
  const onProblem = options.onProblem ?? (() => {})
  const declaration: LimitDeclaration = {
    deployments: options.deployments ?? [],
    pools: options.pools ?? [],
    tagLimits: options.tagLimits ?? {},
  }
  const declared = declaredLimits(declaration)
  const limits = () => limitsInForce(store, declared)
  const tags = tagLimits({
    store,
    limits,
    tags: new Set(Object.keys(declaration.tagLimits)),
    runtime,
    onProblem,
    ...(options.slotSeconds !== undefined && { leaseSeconds: options.slotSeconds }),
  })
  const deployments = new Map(declaration.deployments.map((spec) => [spec.name, spec]))
  const listeners = new Set<() => void>()
  const namespace = options.namespace ?? defaultNamespace
  const local: Local = { store, runtime, worker, namespace, deployments, limits, listeners }
  const backend: LocalBackend = {
    store,
    worker,
    deployments,
    opened: new Set(),
    runtime,
    find: (name) => find(local, name),
    declaration,
    limits,
    submit: (request) => submit(local, request),
    async readRun(id) {
      const run = await store.run(id)
      return run && flowRunOf(run)
    },
    cancelRun: (id) => cancel(local, id),
    async openRun(request) {
      const run = await open(local, request)
      backend.opened.add(run.id)
      return backend.recorder(run)
    },
    recorder: (run) => localRecorder({ run, store, backend, runtime, onProblem }),
    acquireTags: (names, taskRunId, signal) => tags.acquire(names, `${worker} ${taskRunId}`, signal),
    childrenOf: (parentRunId) => ({
      queue: localQueue({ backend, runtime, onlyChildrenOf: parentRunId }),
      worker,
      flows: flowRegistry([...new Set(declaration.deployments.map(({ flow }) => flow))]),
    }),
    onWork(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async close() {
      listeners.clear()
    },
  }
  return backend
}

function find({ deployments, namespace }: Local, name: string): DeploymentSpec {
  const wanted = splitDeploymentName(name)
  const spec =
    deployments.get(inNamespace(wanted.deployment, namespace)) ?? deployments.get(wanted.deployment)
  if (!spec || (wanted.flow !== null && spec.flow.name !== wanted.flow))
    throw new HarvesterError('USAGE', `There is no deployment "${name}"`, {
      remedy: `Name one of: ${[...deployments.keys()].sort().join(', ') || '(none is declared)'}.`,
    })
  return spec
}

async function submit(
  local: Local,
  request: DeploymentRunRequest & { parentRunId?: string },
): Promise<SubmittedRun> {
  const { store, runtime } = local
  const spec = find(local, request.deployment)
  // A parent is a program: it means what it says.
  if (request.parentRunId === undefined)
    checkParameterNames(spec.name, Object.keys(spec.flow.parameters.shape), request.parameters)
  const parameters = { ...spec.parameters, ...request.parameters }
  const parsed = spec.flow.parameters.safeParse(parameters)
  if (!parsed.success)
    throw new HarvesterError(
      'PARAMETERS_INVALID',
      `The parameters of ${spec.name} do not fit: ${parsed.error.issues.map((issue) => `${issue.path.join('.') || 'parameters'}: ${issue.message}`).join('; ')}`,
    )
  const now = runtime.now()
  const scheduledAt = request.scheduledAt ?? now
  const { run, created } = await store.createRun({
    id: runtime.id(),
    name: request.name ?? spec.flow.runName(parsed.data),
    flow: spec.flow.name,
    deployment: spec.name,
    parameters,
    tags: [...new Set([...spec.flow.tags, ...spec.tags, ...(request.tags ?? [])])],
    state: state('SCHEDULED', now, { scheduledAt }),
    runCount: 0,
    createdAt: now,
    createdBy: request.createdBy ?? null,
    scheduledAt,
    startedAt: null,
    endedAt: null,
    parentRunId: request.parentRunId ?? null,
    idempotencyKey: request.idempotencyKey ?? null,
    worker: null,
  })
  if (created) await cancelBeyondLimit(local, run, spec)
  wake(local)
  return { id: run.id, name: run.name, created }
}

/** A deployment may want no queue: what is beyond its limit ends at once. */
async function cancelBeyondLimit(
  { store, runtime, limits }: Local,
  run: StoredRun,
  spec: DeploymentSpec,
): Promise<void> {
  if (spec.collisionStrategy !== 'CANCEL_NEW') return
  const limit = (await limits()).get(deploymentLimitName(spec.name)) ?? null
  if (limit === null) return
  const open = await store.runs({
    deployment: spec.name,
    types: ['SCHEDULED', ...heldStateTypes],
    limit: limit + 1,
  })
  if (open.filter(({ id }) => id !== run.id).length < limit) return
  const now = runtime.now()
  const message = 'Deployment concurrency limit reached.'
  await store.transition(run.id, ['SCHEDULED'], state('CANCELLED', now, { message }), { endedAt: now })
}

async function cancel(local: Local, id: string): Promise<void> {
  const { store, runtime } = local
  const now = runtime.now()
  const cancelled = await store.transition(
    id,
    ['SCHEDULED', 'PAUSED'],
    state('CANCELLED', now, { message: 'Cancelled before it started' }),
    { endedAt: now },
  )
  if (!cancelled) await store.transition(id, ['PENDING', 'RUNNING'], state('CANCELLING', now))
  wake(local)
}

/** One that this process executes at once. */
async function open(
  { store, runtime, worker }: Local,
  request: Parameters<Backend['openRun']>[0],
): Promise<StoredRun> {
  const now = runtime.now()
  const { run } = await store.createRun({
    id: runtime.id(),
    name: request.name,
    flow: request.flow,
    deployment: null,
    parameters: request.parameters,
    tags: [...request.flowTags, ...(request.tags ?? [])],
    state: state('PENDING', now),
    runCount: 0,
    createdAt: now,
    createdBy: request.createdBy ?? null,
    scheduledAt: now,
    startedAt: null,
    endedAt: null,
    parentRunId: null,
    idempotencyKey: null,
    worker,
  })
  return run
}

function wake({ listeners }: Local): void {
  for (const listener of listeners) listener()
}
