/**
 * The port to whoever keeps runs. `prefect/` and `standalone/` meet it; whoever runs flows or operates them asks it
 * and nothing else, and one conformance suite holds both to it.
 */
import type { FinishAnswer, RunEnd, RunRecorder } from './backend.ts'
import type { WorkerInstance } from './instance.ts'
import type { FinalStateType, RunState, StateType } from './states.ts'
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
  readonly type: Extract<StateType, 'PENDING' | 'RUNNING' | 'CANCELLING'>
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
   * Says who this process is. Throws USAGE when another living process has the name.
   */
  enter(me: WorkerInstance, signal: AbortSignal): Promise<void>
  /** Looks for runs that are due, also when there is no room for any: that somebody looks is shown. */
  look(): Promise<void>
  /** The next run that may be executed here, of a flow that is known here; null when there is none now. */
  next(wanted: {
    readonly flows: ReadonlySet<string>
    readonly isHeld: (id: string) => boolean
  }): Promise<Offer | null>
  /** What has become of runs that are executed here. A run that is left out was not seen; null: it is gone. */
  states(ids: readonly string[]): Promise<ReadonlyMap<string, RunState | null>>
  /** Makes a paused run one that can be resumed by another process. */
  suspend(id: string): Promise<void>
  /** Writes the end of a run that is executed here no more; for ends that could not be told in time. */
  end(end: RunEnd): Promise<FinishAnswer>
  /** Says that this process lives. */
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
