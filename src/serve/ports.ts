/** What the API needs of the rest of the process, as ports: who starts it says how they are met. */

export interface ScheduleView {
  /** Name of the deployment: `harvest-erddap-ogsl-ca`, `harvest-all`. */
  name: string
  flow: string
  /** URL of the source, or null where the deployment is not of one source. */
  source: string | null
  /** Five fields, or null when it is only started by hand. */
  cron: string | null
  timezone: string
  paused: boolean
  nextRunAt: Date | null
  lastRun: { runId: string; startedAt: Date | null; state: string } | null
}

/** A run as the engine knows it, before it has (or besides) an audit row. */
export interface RunView {
  /** Id of the flow run. */
  runId: string
  /** Name of the engine's state: `Scheduled`, `Pending`, `Running`, `Completed`, `Failed`, … */
  state: string
  /** Whether the state is final. */
  final: boolean
  source: string | null
  createdAt: Date | null
  startedAt: Date | null
  /** When it ended; null while it has not. */
  endedAt?: Date | null
  triggeredBy: string | null
  /** What the run says about itself: "12 of 40 datasets failed". */
  message: string | null
}

export type TriggerAnswer =
  | { outcome: 'accepted'; runId: string }
  /** The deployment has a run that is not final. */
  | { outcome: 'already-running'; runId: string | null }
  /** No such source, or no deployment for it. */
  | { outcome: 'unknown-source' }
  /** Nothing would pick the run up: no server, no live standalone process. */
  | { outcome: 'unavailable'; reason: string }

/** The engine that runs flows: a server's deployments, or the standalone process. */
export interface RunControl {
  schedules(signal?: AbortSignal): Promise<ScheduleView[]>
  /**
   * Starts a run of one source, or of all (null).
   * @param options.force harvest unchanged datasets too
   * @param options.user recorded as `triggered_by`
   */
  trigger(source: string | null, options: { force: boolean; user: string }): Promise<TriggerAnswer>
  /** The run with this flow run id, or null. */
  find(runId: string): Promise<RunView | null>
  /** The server that keeps the runs, where one does. */
  server?: {
    /** As programs are told it. */
    readonly name: string
    /** Whether it can be reached; throws with the reason when not. */
    check(): Promise<void>
  }
}

/** The part of a logger that the server uses: data first, text second. */
export interface ServerLog {
  debug(facts: object, text: string): void
  info(facts: object, text: string): void
  warn(facts: object, text: string): void
  error(facts: object, text: string): void
}
