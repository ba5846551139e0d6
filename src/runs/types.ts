/**
 * What flows are written against. Flow code is the same whichever back end records it.
 *
 * - **flow**: a named, parameterised piece of work that is scheduled, shown and cancelled as one.
 * - **task**: a step of a flow, with retries, a time limit and a state of its own.
 * - **run**: one execution of a flow (a flow run) or of a task (a task run).
 * - **deployment**: a flow with a schedule, parameters and limits, under a name.
 * - **child run**: a run of a deployment that a flow started and may wait for.
 */
import type { z } from 'zod'
import type { FinalStateType, RunState, StateType } from './states.ts'

export type { FinalStateType, RunState, StateName, StateType } from './states.ts'

/** Facts first, text second: `log.info({ source, ms }, 'listed')`. */
export interface RunLog {
  debug(facts: Record<string, unknown>, text: string): void
  info(facts: Record<string, unknown>, text: string): void
  warn(facts: Record<string, unknown>, text: string): void
  error(facts: Record<string, unknown>, text: string): void
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

export interface LogLine {
  readonly level: LogLevel
  readonly text: string
  readonly facts: Record<string, unknown>
  readonly at: Date
  readonly flowRunId: string
  readonly flowRunName: string
  readonly flow: string
  /** What all lines of the run are about, beside its name. */
  readonly runFacts: Readonly<Record<string, string>>
  readonly taskRunId: string | null
  readonly task: string | null
}

/** How a flow that returned wants to be recorded. A flow that threw is Failed. */
export interface FlowOutcome {
  readonly type: 'COMPLETED' | 'FAILED'
  readonly message: string
}

export interface FlowDefinition<S extends z.ZodObject = z.ZodObject> {
  readonly name: string
  readonly description: string
  readonly parameters: S
  /** The name of a run with these parameters. */
  runName(parameters: z.output<S>): string
  /** What all log lines of a run with these parameters are about, as its source. @default {} */
  runFacts?(parameters: z.output<S>): Readonly<Record<string, string>>
  /** Retries after a throw or a time limit; a `failed(…)` outcome is never retried. @default 0 */
  readonly retries?: number
  /** The first delay; doubles with each retry. @default 10 */
  readonly retryDelaySeconds?: number
  /** @default no limit */
  readonly timeoutSeconds?: number
  readonly tags?: readonly string[]
  /** What its deployments are registered with, unless they say otherwise: what the process that registers knows. */
  readonly deploymentParameters?: Readonly<Record<string, unknown>>
  // biome-ignore lint/suspicious/noConfusingVoidType: a body that returns nothing is complete without a message
  run(parameters: z.output<S>, run: FlowContext): Promise<FlowOutcome | undefined | void>
}

export interface Flow<S extends z.ZodObject = z.ZodObject> extends FlowDefinition<S> {
  readonly kind: 'flow'
  readonly retries: number
  readonly retryDelaySeconds: number
  readonly tags: readonly string[]
}

export interface TaskDefinition<I, O> {
  readonly name: string
  /** @default 0 */
  readonly retries?: number
  /** The first delay; doubles with each retry, with jitter. @default 5 */
  readonly retryDelaySeconds?: number
  /** Limits one attempt. @default no limit */
  readonly timeoutSeconds?: number
  /** A tag with a limit on the back end is a resource that runs share. */
  readonly tags?: readonly string[]
  /** Whether an error is worth another attempt. @default every error but a cancellation */
  retryIf?(error: unknown): boolean
  run(input: I, task: TaskContext): Promise<O>
}

export interface Task<I, O> extends TaskDefinition<I, O> {
  readonly kind: 'task'
  readonly retries: number
  readonly retryDelaySeconds: number
  readonly tags: readonly string[]
}

/** Something drawn in the graph of a run: a task run, or a child run. */
export interface GraphNode {
  readonly id: string
}

/** A task run that was started. Awaiting it gives the output or throws what the task threw at last. */
export interface TaskHandle<O> extends GraphNode, PromiseLike<O> {
  readonly name: string
  /** The output or the error, without throwing. */
  settled(): Promise<PromiseSettledResult<O>>
}

export interface TaskOptions {
  /** Runs only after these have ended; they are the edges of the graph. */
  readonly after?: readonly GraphNode[]
  /** Start even though one of `after` failed. @default false: the task is Cancelled and throws the same error */
  readonly allowFailure?: boolean
  /** At most so many runs of this task at once in this flow run (the first value given counts). */
  readonly concurrency?: number
  /** Shown instead of the name of the definition. */
  readonly name?: string
}

export interface ArtifactWriter {
  /** A table; rows beyond 900 kB are cut from the end and the description says "n of m shown". Never rejects. */
  table(artifact: {
    key: string | null
    rows: readonly Record<string, unknown>[]
    description?: string
  }): Promise<void>
  /** Markdown; the head beyond 900 kB is cut, since the end of a log tells most. Never rejects. */
  markdown(artifact: { key: string | null; markdown: string; description?: string }): Promise<void>
  link(artifact: { key: string | null; url: string; text?: string; description?: string }): Promise<void>
  /** A progress bar, 0 to 100. Updates are sent at most twice a second. Never rejects. */
  progress(artifact: { key: string | null; description?: string }): Promise<ProgressBar>
}

export interface ProgressBar {
  /** Sets the bar; values outside 0–100 are clamped. */
  update(percent: number, description?: string): void
  /** Sends what {@link update} held back. */
  flush(): Promise<void>
}

export interface TaskContext {
  /** Id of the task run. */
  readonly id: string
  readonly name: string
  readonly flowRunId: string
  /** 1 at the first attempt. */
  readonly runCount: number
  readonly log: RunLog
  /** Aborts when the run is cancelled or the time limit is over: hand it to every request and query. */
  readonly signal: AbortSignal
  readonly artifact: ArtifactWriter
}

/** What a child run ended as. */
export interface ChildResult {
  readonly id: string
  readonly name: string
  readonly deployment: string
  readonly type: FinalStateType
  readonly stateName: string
  readonly message: string
}

export interface WaitOptions {
  /** Time between two looks. @default 5 */
  readonly pollSeconds?: number
  /** How long the back end may be away before CHILD_LOST. @default 300 */
  readonly outageSeconds?: number
}

export interface ChildRun extends GraphNode {
  /** Id of the child's flow run. */
  readonly id: string
  readonly name: string
  readonly deployment: string
  /** Waits for the end, whatever it is. A waiting run holds no worker slot. Throws CHILD_LOST, CANCELLED. */
  wait(options?: WaitOptions): Promise<ChildResult>
  cancel(): Promise<void>
}

export interface RunDeploymentOptions {
  readonly after?: readonly GraphNode[]
  readonly tags?: readonly string[]
  /** Tells apart two children of one deployment in one run. */
  readonly key?: string
  /** Goes on by itself: a cancellation of the parent leaves it alone. @default false */
  readonly detached?: boolean
}

export interface FlowContext {
  /** Id of the flow run. */
  readonly id: string
  readonly name: string
  readonly flow: string
  /** 1 at the first attempt; counts retries. */
  readonly runCount: number
  /** Start of this attempt: the "now" of the rules. */
  readonly startedAt: Date
  readonly parameters: Readonly<Record<string, unknown>>
  /** The name of the deployment, as `flow/deployment` or the deployment alone. */
  readonly deployment: string | null
  /** Who started the run, as the back end knows it: `schedule`, a person, null. */
  readonly createdBy: string | null
  readonly tags: readonly string[]
  readonly log: RunLog
  /** Aborts when the run is cancelled, stopped or over its time limit: hand it to every request and query. */
  readonly signal: AbortSignal
  readonly artifact: ArtifactWriter
  /** Starts a task and returns at once. A failure that nobody awaited fails the run at its end. */
  task<I, O>(definition: Task<I, O>, input: I, options?: TaskOptions): TaskHandle<O>
  /**
   * Starts a run of a deployment (`name` or `flow name/name`) and returns when the back end has taken it.
   * Submitting twice in one attempt of the parent gives the same child.
   */
  runDeployment(
    name: string,
    parameters: Record<string, unknown>,
    options?: RunDeploymentOptions,
  ): Promise<ChildRun>
  /** Waits for all children, whatever their end, in their order. */
  waitFor(children: readonly ChildRun[], options?: WaitOptions): Promise<ChildResult[]>
}

/** Why the signal of a run was aborted. */
export type AbortReason = 'cancelled' | 'stopped' | 'suspended' | 'crashed' | 'lost' | 'timeout' | 'ended'

/**
 * What happened to runs, once each: logs, metrics and alerts listen. The end of a run whose process died is told by
 * the process that settles it.
 */
export type EngineEvent =
  | { readonly type: 'run-started'; readonly run: RunFacts }
  | {
      readonly type: 'run-finished'
      readonly run: RunFacts
      readonly state: StateType
      readonly message: string
      /** What a run of this process threw that did not complete. */
      readonly error?: unknown
      readonly milliseconds: number
      /** Which attempt of the run this was the end of: with the id, the name of this end. */
      readonly runCount: number
      /** How the child runs ended that it waited for. */
      readonly children: readonly Pick<ChildResult, 'deployment' | 'type'>[]
    }
  | { readonly type: 'run-retrying'; readonly run: RunFacts; readonly at: Date; readonly message: string }
  | {
      readonly type: 'task-changed'
      readonly run: RunFacts
      readonly taskRunId: string
      readonly task: string
      readonly state: RunState
    }

export interface RunFacts {
  readonly id: string
  readonly name: string
  readonly flow: string
  readonly deployment: string | null
  readonly parameters: Readonly<Record<string, unknown>>
}
