/** What a kind of orchestrator is: from which settings it is chosen, how its port is had, and what it is called. */

import type { ErrorCode, HarvesterError } from '../errors.ts'
import type { Backend } from './backend.ts'
import type { LimitDeclaration } from './limits.ts'
import type { Orchestrator } from './orchestrator.ts'
import type { AnyFlow } from './registry.ts'
import type { RunStore } from './standalone/store.ts'
import type { EngineEvent, LogLevel, LogLine } from './types.ts'

export type Variables = Readonly<Record<string, string | undefined>>

type Tell = (text: string, facts: Record<string, unknown>) => void

export interface OrchestratorKind {
  /** As programs are told it. */
  readonly name: string
  /** As people call it. */
  readonly title: string
  /** Why it is not chosen where it is not, for a person; null for the one that is chosen where no other is. */
  readonly unset: string | null
  /** The codes of its errors, and what to look at; null where they are those of our database. */
  readonly faults: {
    readonly unreachable: ErrorCode
    readonly refused: ErrorCode
    readonly remedy: string
  } | null
  /** Null where the environment does not choose it. @throws HarvesterError CONFIG_INVALID */
  choose(variables: Variables): ChosenOrchestrator | null
  /** Where its pages are, which may be known where it is not chosen; null where it has none. */
  pages?(variables: Variables): ((runId: string) => string) | null
}

/** What everybody brings who looks at runs or starts them. */
export interface PortParts {
  readonly namespace: string
  readonly declaration: LimitDeclaration
  /** Our database; opened when it is first needed, and only where runs are kept in it. */
  readonly store: () => Promise<RunStore>
  /** What this process is called where it executes runs; null or none: a name is found. */
  readonly worker?: string | null
  /** Who changes limits. */
  readonly by?: string | null
  readonly onProblem?: Tell
  /** Aborted: what is being asked is given up, and what is asked afterwards has only a moment. */
  readonly signal?: AbortSignal
}

/** One run at a start. */
export interface RunOnDeploy {
  readonly deployment: string
  /** The same for all replicas and restarts of one deploy. */
  readonly key: string
  readonly parameters: Record<string, unknown>
}

/** What a process brings that executes what is due until it is stopped. */
export interface WorkParts extends PortParts {
  readonly flows: ReadonlyMap<string, AnyFlow>
  readonly pools: readonly string[]
  /** Runs at once. */
  readonly limit: number
  /** Of locks of names, and of ends of runs that are not told yet. */
  readonly folder: string
  /** Whether a server is told what is declared. */
  readonly registers: boolean
  readonly runOnDeploy: RunOnDeploy | null
  readonly graceSeconds: number
  readonly onStop: 'reschedule' | 'crash'
  readonly logLevel: LogLevel
  readonly onLog: (line: LogLine) => void
  readonly onEvent?: (event: EngineEvent) => void
  readonly onInfo: Tell
  /** Told when another living process took the name of this one, which then takes no more runs. */
  readonly onNameLost?: (error: HarvesterError) => void
  /** Aborted: gives up starting. */
  readonly signal: AbortSignal
}

/** A process that executes what is due. */
export interface Work {
  readonly orchestrator: Orchestrator
  /** Runs of no deployment are opened here. */
  readonly backend: Backend
  /** For a person: what is running, and where. */
  readonly describe: string
  running(): number
  /** Waits for what runs, up to the grace time; nothing is left Running. */
  stop(): Promise<void>
  /** Ends the grace time. */
  force(): void
}

/** The orchestrator that the environment chose. */
export interface ChosenOrchestrator {
  readonly kind: OrchestratorKind
  /** Whether runs are kept in our own database, else at a server. */
  readonly inDatabase: boolean
  /** Where a person sees a run; null where it has no pages. */
  pageOfRun(runId: string): string | null
  open(parts: PortParts): Orchestrator
  work(parts: WorkParts): Promise<Work>
}
