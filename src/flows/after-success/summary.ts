/** What a harvest of all sources came to, as webhooks are told. */
import type { ChildResult, FlowContext } from '../../runs/index.ts'

/** The body of a webhook (docs/operations.md). Keys are added, never renamed. */
export interface HarvestSummary {
  readonly event: 'harvest-completed'
  /** Id of the flow run of all sources. */
  readonly run_id: string
  readonly run_name: string
  readonly deployment: string | null
  /** ISO 8601, UTC. */
  readonly started_at: string
  /** When the last source had ended. */
  readonly finished_at: string
  readonly sources: readonly SourceSummary[]
  /** Where a person sees the run; null where no address is configured. */
  readonly link: string | null
}

export interface SourceSummary {
  readonly deployment: string
  /** Id of the flow run of the source. */
  readonly run_id: string
  /** As people know it: Completed, Failed, Crashed, Cancelled, TimedOut. */
  readonly state: string
  readonly message: string
  readonly link: string | null
}

export function summarise(
  run: Pick<FlowContext, 'id' | 'name' | 'deployment' | 'startedAt'>,
  results: readonly ChildResult[],
  pageOf: (flowRunId: string) => string | null,
  finishedAt: Date,
): HarvestSummary {
  return {
    event: 'harvest-completed',
    run_id: run.id,
    run_name: run.name,
    deployment: run.deployment,
    started_at: run.startedAt.toISOString(),
    finished_at: finishedAt.toISOString(),
    sources: results.map((result) => ({
      deployment: withoutFlow(result.deployment),
      run_id: result.id,
      state: result.stateName,
      message: result.message,
      link: pageOf(result.id),
    })),
    link: pageOf(run.id),
  }
}

/** `Harvest Source/harvest-x` as `harvest-x`. */
export function withoutFlow(deployment: string): string {
  return deployment.slice(deployment.indexOf('/') + 1)
}
