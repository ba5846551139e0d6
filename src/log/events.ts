/**
 * What happens in a harvest, told once: the console, progress bars, audit rows, metrics and artifacts all listen to
 * these events.
 */
import type { Attempt } from '../rules/attempt.ts'
import type { RunFact } from '../rules/reasons/run.ts'
import type { AttemptCounts } from '../rules/verdict.ts'

export interface HostWait {
  host: string
  requests: number
  /** Milliseconds waited, by why. */
  waitedMs: Readonly<Record<string, number>>
}

export type HarvestEvent =
  | {
      type: 'run-started'
      runId: string
      /** A retry of a flow run is a harvest of its own. */
      flowRunId: string
      scope: 'full' | 'single'
      sources: readonly string[]
      at: Date
    }
  | { type: 'source-listed'; runId: string; source: string; datasets: number }
  | { type: 'dataset-started'; runId: string; source: string; datasetId: string }
  | {
      type: 'dataset-attempted'
      runId: string
      attempt: Attempt
      rows: number
      requests: number
      bytes: number
    }
  | { type: 'request-made'; host: string; status: number | null; ms: number; bytes: number }
  | {
      type: 'source-finished'
      runId: string
      source: string
      counts: AttemptCounts
      ok: boolean
      message: string
      waits: readonly HostWait[]
      ms: number
    }
  | { type: 'folder-written'; runId: string; folder: string }
  | { type: 'load-started'; runId: string; folder: string }
  | {
      type: 'load-finished'
      runId: string
      ms: number
      changed: Readonly<Record<string, number>>
      /** Datasets of which a row was refused: they keep what they had, and did not succeed. */
      rejected: readonly { erddapUrl: string; datasetId: string; message: string }[]
    }
  | {
      type: 'run-finished'
      runId: string
      ok: boolean
      message: string
      /** The message as codes and values. */
      facts: readonly RunFact[]
      ms: number
    }

export type HarvestListener = (event: HarvestEvent) => void

/** Tells every listener; one that throws harms neither the others nor the harvest. */
export function tellAll(
  listeners: readonly HarvestListener[],
  onFault: (error: unknown) => void,
): HarvestListener {
  return (event) => {
    for (const listener of listeners) {
      try {
        listener(event)
      } catch (error) {
        onFault(error)
      }
    }
  }
}
