import type { Schemas } from './client.ts'

/** Labels of a claimed run: who claimed it. */
export const workerLabel = 'prefect.worker.name'
export const instanceLabel = 'erddap-harvester.worker-instance'

type Held = Pick<Schemas['FlowRunResponse'], 'labels' | 'state'>

/** What a claim says of who made it: it tells the claim of one process from another's of the same attempt. */
export function claimMessage(worker: string, instance: string): string {
  return `Claimed by worker ${worker} (${instance})`
}

/**
 * Who has a run that was claimed; null where that is not known. What is just being claimed says so itself: its labels
 * are of who had it before, if anybody had.
 */
export function holderOf(run: Held): {
  worker: string | null
  instance: string | null
} {
  const { type, message } = run.state ?? {}
  const [, worker, instance] =
    (type === 'PENDING' && /^Claimed by worker (.+) \(([^()]+)\)$/.exec(message ?? '')) || []
  return worker !== undefined && instance !== undefined
    ? { worker, instance }
    : { worker: labelOf(run, workerLabel), instance: labelOf(run, instanceLabel) }
}

/** Whether another process has claimed a run since this one did: who claims a run says so. */
export function isClaimedElsewhere(run: Held, instance: string | null): boolean {
  const claimer = holderOf(run).instance
  return instance !== null && claimer !== null && claimer !== instance
}

/** A label of a run as text; null where it has none. */
export function labelOf(run: { labels?: unknown }, name: string): string | null {
  const value = (run.labels as Record<string, unknown> | null | undefined)?.[name]
  return typeof value === 'string' ? value : null
}
