/** Labels of a claimed run: who claimed it. */
export const workerLabel = 'prefect.worker.name'
export const instanceLabel = 'erddap-harvester.worker-instance'

/** Whether another process has claimed a run since this one did: who claims a run puts its label on it. */
export function isClaimedElsewhere(run: { labels?: unknown }, instance: string | null): boolean {
  const claimer = labelOf(run, instanceLabel)
  return instance !== null && claimer !== null && claimer !== instance
}

/** A label of a run as text; null where it has none. */
export function labelOf(run: { labels?: unknown }, name: string): string | null {
  const value = (run.labels as Record<string, unknown> | null | undefined)?.[name]
  return typeof value === 'string' ? value : null
}
