/**
 * What the engine asks of whoever records runs. Two implementations: `local/` writes through a run store, `prefect/`
 * speaks to a server. Both behave alike: one conformance suite runs over both.
 */
import type { RunQueue } from './orchestrator.ts'
import type { AnyFlow } from './registry.ts'
import type { FinalStateType, RunState } from './states.ts'
import type { LogLine, RunFacts } from './types.ts'

/** A flow run as the back end knows it. */
export interface FlowRun extends RunFacts {
  readonly state: RunState
  readonly runCount: number
  readonly tags: readonly string[]
  readonly createdBy: string | null
  readonly startedAt: Date | null
  readonly endedAt: Date | null
}

/** The whole current record of a task run; handed over at every change of state. */
export interface TaskRun {
  readonly id: string
  readonly flowRunId: string
  readonly flowRunCount: number
  readonly name: string
  /** The name of the definition. */
  readonly task: string
  /** Fresh for every call, so that the attempts of a retried flow stay apart. */
  readonly dynamicKey: string
  readonly tags: readonly string[]
  /** Ids of the graph nodes it came after. */
  readonly after: readonly string[]
  readonly retries: number
  readonly retryDelaySeconds: number
  readonly runCount: number
  readonly state: RunState
  readonly expectedStartAt: Date
  readonly startedAt: Date | null
  readonly endedAt: Date | null
  readonly runningSeconds: number
}

export type Artifact =
  | { type: 'markdown'; key: string | null; description: string | null; data: string }
  /** `data` is the JSON text of an array of objects. */
  | { type: 'table'; key: string | null; description: string | null; data: string }
  | { type: 'progress'; key: string | null; description: string | null; data: number }

export interface DeploymentRunRequest {
  /** `deployment` or `flow name/deployment`. */
  readonly deployment: string
  readonly parameters: Record<string, unknown>
  readonly tags?: readonly string[]
  readonly idempotencyKey?: string
  readonly scheduledAt?: Date
  readonly name?: string
  /** Who asked: `schedule`, `api`, `cli`, a person. */
  readonly createdBy?: string
  /** Aborted: it is not asked for again. */
  readonly signal?: AbortSignal
}

export interface ChildRequest extends DeploymentRunRequest {
  readonly idempotencyKey: string
  readonly after: readonly string[]
}

/** A run that has been taken by the back end. `created` is false when the idempotency key was known. */
export interface SubmittedRun {
  readonly id: string
  readonly name: string
  readonly created: boolean
}

export interface Begun {
  readonly kind: 'running'
  readonly runCount: number
  readonly startedAt: Date
}

/** The back end took the run away: write nothing more. */
export interface Gone {
  readonly kind: 'gone'
  readonly reason: string
}

export type FinishAnswer =
  | { readonly kind: 'accepted' }
  /** To be run again by this process, at this time. */
  | { readonly kind: 'retry'; readonly at: Date }
  /** A cancellation came first. */
  | { readonly kind: 'cancelling' }
  | Gone

export interface FinalState {
  readonly type: FinalStateType
  readonly name?: string
  readonly message: string
  /** Whether the retries of the flow apply. */
  readonly retry: boolean
  /** Makes telling it twice the same as telling it once. */
  readonly transitionId?: string
}

/** How a run left the process that executed it, as it is to be told. */
export interface RunEnd {
  readonly flowRunId: string
  readonly runName: string
  /** Which attempt it is the end of: one that was started anew since is left alone. */
  readonly runCount: number
  readonly to:
    | ({ readonly kind: 'final' } & FinalState)
    /** Given back, for another process. */
    | { readonly kind: 'back'; readonly message: string }
}

/** Records one claimed flow run, from Pending to its end. */
export interface RunRecorder {
  readonly run: FlowRun
  /** The {@link FinalState.transitionId} of its end, where that is more than a new one. */
  readonly endId?: string
  /** Pending or AwaitingRetry becomes Running. Waits where the back end says so. */
  begin(policy: { name: string; retries: number; retryDelaySeconds: number }): Promise<Begun | Gone>
  finish(final: FinalState): Promise<FinishAnswer>
  /** Gives an unfinished run back, for another worker or a later start. */
  reschedule(message: string): Promise<void>
  /** Never throws, never waits. */
  taskChanged(task: TaskRun): void
  /** Never throws, never waits. */
  log(line: LogLine): void
  /** The id to update it by, or null when it could not be stored. Never rejects. */
  createArtifact(artifact: Artifact, taskRunId: string | null): Promise<string | null>
  updateArtifact(id: string, artifact: Artifact): Promise<void>
  /** Waits for a slot of every limited tag; the returned function gives them back. */
  acquire(tags: readonly string[], taskRunId: string, signal: AbortSignal): Promise<() => Promise<void>>
  submitChild(request: ChildRequest): Promise<SubmittedRun>
  /** Sends what is held back. Called before the end of the run; never rejects. */
  flush(): Promise<void>
  /** Stops timers; no call is made after it. */
  close(): Promise<void>
}

export interface Backend {
  /** Starts a run of a deployment. Throws PREFECT_REFUSED or USAGE for an unknown name, PARAMETERS_INVALID. */
  submit(request: DeploymentRunRequest): Promise<SubmittedRun>
  /** Throws when the back end cannot be asked; null when the run does not exist. */
  readRun(id: string): Promise<FlowRun | null>
  /** Asks for cancellation; a run that has ended is left alone. */
  cancelRun(id: string): Promise<void>
  /** Creates a run without deployment that this process runs at once. */
  openRun(request: {
    flow: string
    flowTags: readonly string[]
    name: string
    parameters: Record<string, unknown>
    createdBy?: string
    tags?: readonly string[]
  }): Promise<RunRecorder>
  /** Where no worker would execute the children of a run that was opened here: with what this process does. */
  readonly childrenOf?: (parentRunId: string) => {
    readonly queue: RunQueue
    readonly worker: string
    readonly flows: ReadonlyMap<string, AnyFlow>
  }
  close(): Promise<void>
}
