/**
 * The port to whoever keeps runs. `prefect/` and `standalone/` meet it; whoever runs flows or operates them asks it
 * and nothing else, and one conformance suite holds both to it.
 */
import type {
  DeploymentRunRequest,
  FinishAnswer,
  FlowRun,
  RunEnd,
  RunRecorder,
  SubmittedRun,
} from './backend.ts'
import type { EngineOptions } from './engine.ts'
import type { WorkerInstance } from './instance.ts'
import type { LimitControl } from './limits.ts'
import type { AnyFlow } from './registry.ts'
import type { FinalStateType, heldStateTypes, RunState, StateType } from './states.ts'
import type { RunFacts } from './types.ts'

/** A run that may be executed here now. */
export interface Offer {
  readonly id: string
  /** Null: another process was faster, or a limit is reached; both are everyday. */
  claim(): Promise<RunRecorder | null>
}

/** A run that some process claimed and that has not ended. */
export interface HeldRun {
  readonly run: RunFacts
  /** SCHEDULED: waits for another attempt by its process, and is not offered to others. */
  readonly type: (typeof heldStateTypes)[number] | 'SCHEDULED'
  readonly runCount: number
  /** Name of the worker that claimed it; null where it is not known. */
  readonly worker: string | null
  /** Id of its instance; null where it is not known. */
  readonly instance: string | null
  /** When it came into its state. */
  readonly since: Date
  readonly startedAt: Date | null
}

/** A process that executes runs, as the orchestrator knows it. */
export interface SeenWorker {
  readonly name: string
  /** Id of its instance; null where it is not known. */
  readonly instance: string | null
  /**
   * `lives`: it gave a sign of life within three intervals. `silent`: it did not. `ended`: its process is certainly
   * gone.
   */
  readonly fate: 'lives' | 'silent' | 'ended'
}

/** What may run now, and what becomes of it: the part of an orchestrator that a runner works with. */
export interface RunQueue {
  /**
   * Says who this process is, and gives who had its name before and is gone, where that is known. Throws USAGE when
   * another living process has the name.
   */
  enter(me: WorkerInstance, signal: AbortSignal): Promise<WorkerInstance | null>
  /** Looks for runs that are due, also when there is no room for any: that somebody looks is shown. */
  look(): Promise<void>
  /** The next run that may be executed here, of a flow that is known here; null when there is none now. */
  next(wanted: {
    readonly flows: ReadonlySet<string>
    readonly isHeld: (id: string) => boolean
  }): Promise<Offer | null>
  /**
   * What has become of runs that are executed here. A run that is left out was not seen; null: it is gone; `elsewhere`:
   * another process has claimed it since.
   */
  states(ids: readonly string[]): Promise<ReadonlyMap<string, RunState | 'elsewhere' | null>>
  /** Makes a paused run one that can be resumed by another process. */
  suspend(id: string): Promise<void>
  /** Writes the end of a run that is executed here no more; for ends that could not be told in time. */
  end(end: RunEnd): Promise<FinishAnswer>
  /** Whether what failed so may succeed later: it cannot be asked at the moment. */
  mayPass(error: unknown): boolean
  /** Says that this process lives. Throws USAGE when another living process took its name meanwhile. */
  beat(): Promise<void>
  held(): Promise<HeldRun[]>
  workers(): Promise<SeenWorker[]>
  /** Ends a run of a process that is gone; false when it changed meanwhile. */
  settle(run: HeldRun, to: { type: FinalStateType; message: string }): Promise<boolean>
  /** Says that this process is gone. Never rejects. */
  leave(): Promise<void>
  /** From now on nothing is tried for longer than this: the process is stopping. */
  hurry(milliseconds: number): void
  /** Called when something may have become due or been cancelled here; the returned function ends it. */
  onWork(listener: () => void): () => void
}

/** A run as it is kept. */
export interface KeptRun extends FlowRun {
  readonly createdAt: Date | null
  readonly idempotencyKey: string | null
  /** Name of the worker that claimed it last; null where none did or that is not kept. */
  readonly worker: string | null
}

/**
 * Which runs. By ids or tag, all that there are; else those of our deployments, without what a schedule has planned
 * for later.
 */
export interface RunQuery {
  readonly ids?: readonly string[]
  readonly tag?: string
  /** Name of the deployment, as it is kept. */
  readonly deployment?: string
  /** @default of any state */
  readonly types?: readonly StateType[]
  /** The newest so many. @default all */
  readonly limit?: number
}

/** A task run, for a person to read. */
export interface KeptTask {
  readonly flowRunId: string
  readonly name: string
  readonly state: RunState
  readonly runningSeconds: number
}

export interface KeptArtifact {
  readonly flowRunId: string
  readonly type: string
  readonly key: string | null
  readonly description: string | null
  /** 0 to 100, of a progress bar; else null. */
  readonly percent: number | null
}

export interface KeptLine {
  readonly at: Date
  readonly level: string
  readonly message: string
}

/** A deployment, as far as one has to know it to start its runs. */
export interface KeptDeployment {
  readonly name: string
  readonly flow: string
  readonly parameters: Readonly<Record<string, unknown>>
  /** JSON schema of the parameters; null where none is known. */
  readonly schema: Readonly<Record<string, unknown>> | null
}

/** When a deployment runs. */
export interface KeptSchedule {
  readonly name: string
  /** Null where only the name of the deployment is known here. */
  readonly flow: string | null
  /** Five fields, or null when it is only started by hand. */
  readonly cron: string | null
  readonly timezone: string
  readonly paused: boolean
  /** Null where nothing is planned, or nobody lives that would run it. */
  readonly nextRunAt: Date | null
  readonly lastRun: { readonly runId: string; readonly startedAt: Date | null; readonly state: string } | null
}

export interface QueueState {
  readonly name: string
  /** `ready`, `not ready` (no worker polls it), `paused`, or `not registered`. */
  readonly status: string
  /** Runs at once; null without a limit. */
  readonly limit: number | null
  /** Runs that are due and wait. */
  readonly waiting: number
}

export interface PoolState extends QueueState {
  readonly queues: readonly QueueState[]
}

export interface WorkerState {
  readonly name: string
  readonly pool: string | null
  readonly alive: boolean
  readonly seenAt: Date | null
}

/** What an orchestrator says of itself. */
export interface Health {
  /** Null where it is this program. */
  readonly version: string | null
}

/** One thing that was looked at, and what to do about it. */
export interface Examined {
  readonly level: 'ok' | 'warn' | 'fail'
  readonly what: string
  /** What went wrong, or a text. */
  readonly text: unknown
  readonly remedy: string | null
}

export interface AttendOptions {
  /** Runs that bear it, and their children. */
  readonly tag: string
  readonly flows: ReadonlyMap<string, AnyFlow>
  /** At once, where this process executes them. */
  readonly limit: number
  readonly engine?: EngineOptions & { readonly pollMs?: number }
  /** Told once, when this process begins to execute runs. */
  readonly onExecuting?: () => void
  readonly onProblem?: (text: string, facts: Record<string, unknown>) => void
}

/** Sees to it that somebody executes the runs of a command. */
export interface Attendance {
  /** Called again and again while runs are open. */
  look(): Promise<void>
  /** Whether this process executes them. */
  readonly executing: boolean
  /** Gives back what is unfinished here. */
  close(): Promise<void>
}

/** Starting, reading and changing what is kept: the part of an orchestrator that commands and the API work with. */
export interface Orchestrator {
  /** The name of its {@link OrchestratorKind}. */
  readonly kind: string
  /** Address of its API; null where it has none. */
  readonly url: string | null
  /** Whether runs are kept in our own database, else at a server. */
  readonly inDatabase: boolean
  /** Starts a run of a deployment, as {@link Backend.submit}. */
  submit(request: DeploymentRunRequest): Promise<SubmittedRun>
  /** By the whole id. */
  find(id: string): Promise<KeptRun | null>
  /** The newest first. */
  list(query: RunQuery): Promise<KeptRun[]>
  /** Of these runs, in the order in which they began. */
  tasks(ids: readonly string[], types?: readonly StateType[]): Promise<KeptTask[]>
  artifacts(ids: readonly string[], type?: string): Promise<KeptArtifact[]>
  /** The end of the log, oldest first. */
  lastLog(id: string, lines: number): Promise<KeptLine[]>
  /** Each call gives what came since the last one; the first gives all. */
  follow(id: string): () => Promise<KeptLine[]>
  /** Asks for cancellation; a run that has ended is left alone. */
  cancel(id: string): Promise<void>
  /** Makes a run that has ended due again. @throws USAGE when it is not let */
  retry(run: Pick<KeptRun, 'id' | 'name'>): Promise<void>
  /** One deployment, by `name` or `Flow Name/name`. @throws USAGE for an unknown one */
  deployment(name: string): Promise<KeptDeployment>
  /** All of ours. */
  deployments(): Promise<KeptDeployment[]>
  schedules(): Promise<KeptSchedule[]>
  readonly limits: LimitControl
  pools(): Promise<PoolState[]>
  workers(): Promise<WorkerState[]>
  /** Whether what is due is executed, now or as soon as a worker is there again. */
  isAttended(): Promise<boolean>
  attend(options: AttendOptions): Attendance
  /** @throws when it cannot be asked */
  health(): Promise<Health>
  /** Looks at everything that it needs. Never throws. */
  examine(): AsyncIterable<Examined>
  /** Where a person sees a run, or all that bear a tag; null where there is no such page. */
  pageOf(what: { readonly run: string } | { readonly tag: string }): string | null
  close(): Promise<void>
}
