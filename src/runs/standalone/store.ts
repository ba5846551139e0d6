/**
 * The port through which runs are kept where there is no Prefect. `database/` implements it on our schema;
 * {@link memoryStore} in memory. Every method that changes a state compares and sets in one statement, since
 * several processes may share a store.
 */
import type { Artifact, TaskRun } from '../backend.ts'
import type { WorkerInstance } from '../instance.ts'
import type { RunState, StateType } from '../states.ts'
import type { LogLine } from '../types.ts'

export interface StoredRun {
  /** UUID. */
  readonly id: string
  readonly name: string
  readonly flow: string
  /** Name of the deployment (without the flow's name), null for a run by hand. */
  readonly deployment: string | null
  readonly parameters: Record<string, unknown>
  readonly tags: readonly string[]
  readonly state: RunState
  /** 0 before the first Running. */
  readonly runCount: number
  readonly createdAt: Date
  readonly createdBy: string | null
  /** When it is due. */
  readonly scheduledAt: Date
  readonly startedAt: Date | null
  readonly endedAt: Date | null
  readonly parentRunId: string | null
  /** Unique with {@link flow} when not null. */
  readonly idempotencyKey: string | null
  /** The process that claimed it. */
  readonly worker: string | null
  /** Id of its instance. */
  readonly instance?: string | null
}

export interface StoredArtifact {
  readonly id: string
  readonly flowRunId: string
  readonly taskRunId: string | null
  readonly artifact: Artifact
  readonly at: Date
}

export interface StoredLogLine {
  readonly flowRunId: string
  readonly taskRunId: string | null
  readonly task: string | null
  readonly level: LogLine['level']
  readonly message: string
  readonly at: Date
}

/** A limit that an operator set; it stands until it is cleared. */
export interface StoredLimit {
  /** As `tag:database`, `pool:harvest`. */
  readonly name: string
  /** Null lifts the limit. */
  readonly limit: number | null
  readonly setAt: Date
  readonly setBy: string | null
}

/** Runs that count together against a limit: those of a pool, of a queue, of one deployment. */
export interface RunGroup {
  readonly deployments: readonly string[]
  readonly limit: number
}

/** What a process wants to execute. */
export interface WantedRun {
  readonly worker: string
  /** Id of its instance. */
  readonly instance: string | null
  /** Names of the flows that it knows. */
  readonly flows: readonly string[]
  /** Runs of the deployments of a group that are in one of the states `held` are at most its limit. */
  readonly groups: readonly RunGroup[]
  readonly held: readonly StateType[]
  /** Deployments with a priority of their own: the lower number goes first, those without one last. */
  readonly priorities: ReadonlyMap<string, number>
  /** Only these: children of one of the runs, or bearers of the tag. */
  readonly only: { readonly childrenOf: readonly string[]; readonly tag: string | null } | null
  readonly to: RunState
}

export interface StoredWorker {
  readonly name: string
  readonly seenAt: Date
  /** Null for a process of a version that did not tell. */
  readonly instance: WorkerInstance | null
}

/** A slot of a limit that a task holds. */
export interface HeldSlot {
  readonly name: string
  readonly holder: string
  readonly expiresAt: Date
}

export interface RunFilter {
  readonly ids?: readonly string[]
  readonly types?: readonly StateType[]
  readonly flow?: string
  readonly deployment?: string
  readonly parentRunId?: string
  readonly worker?: string
  /** One of its tags. */
  readonly tag?: string
  /** Due at or before. */
  readonly dueBefore?: Date
  /** @default 200, by creation, newest first; by due time, oldest first, where `dueBefore` is given */
  readonly limit?: number
}

export interface RunStore {
  /** Inserts, or gives the run that has the same flow and idempotency key with `created` false. */
  createRun(run: StoredRun): Promise<{ run: StoredRun; created: boolean }>
  run(id: string): Promise<StoredRun | null>
  runs(filter: RunFilter): Promise<StoredRun[]>
  /**
   * The first run by priority and due time that is SCHEDULED, due at the time of `to` and within all limits becomes
   * `to` (Pending) for this worker; null when there is none. Atomic among processes: no limit is ever exceeded, and
   * runs that must wait stand in front of no others.
   */
  claimNext(wanted: WantedRun): Promise<StoredRun | null>
  /**
   * Changes the state and the given fields if the present type is one of `from`, and the run in the attempt `of` this
   * instance where one is given; null (no change) otherwise.
   */
  transition(
    id: string,
    from: readonly StateType[],
    to: RunState,
    set?: Partial<
      Pick<StoredRun, 'name' | 'runCount' | 'scheduledAt' | 'startedAt' | 'endedAt' | 'worker' | 'instance'>
    >,
    of?: Pick<StoredRun, 'instance' | 'runCount'>,
  ): Promise<StoredRun | null>
  /** Inserts or replaces by id. */
  saveTaskRuns(tasks: readonly TaskRun[]): Promise<void>
  taskRuns(flowRunId: string): Promise<TaskRun[]>
  appendLogs(lines: readonly StoredLogLine[]): Promise<void>
  /** Oldest first. `last` gives only that many from the end, `skip` leaves out that many from the beginning. */
  logs(flowRunId: string, options?: { last?: number; skip?: number }): Promise<StoredLogLine[]>
  saveArtifact(artifact: StoredArtifact): Promise<void>
  artifacts(flowRunId: string): Promise<StoredArtifact[]>
  /** Says that a process lives. */
  touchWorker(name: string, at: Date, instance?: WorkerInstance | null): Promise<void>
  workers(): Promise<StoredWorker[]>
  removeWorker(name: string): Promise<void>
  /** Limits that were set by an operator, by name. */
  limits(): Promise<StoredLimit[]>
  setLimit(limit: StoredLimit): Promise<void>
  /** The declared limit is in force again. */
  clearLimit(name: string): Promise<void>
  /**
   * Takes one slot of each limit, or none at all: false when one is full. Slots end by themselves after `seconds`,
   * so that those of a killed process come back. Atomic among processes.
   */
  takeSlots(request: {
    /** UUID of what is held together. */
    id: string
    holder: string
    limits: readonly { name: string; limit: number }[]
    seconds: number
  }): Promise<boolean>
  /** Holds them for `seconds` more; false when they have ended. */
  renewSlots(id: string, seconds: number): Promise<boolean>
  freeSlots(id: string): Promise<void>
  /** Slots that are held now. */
  slots(): Promise<HeldSlot[]>
}
