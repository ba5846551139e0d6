/** Labels of a claimed run: who claimed it. */
export const workerLabel = 'prefect.worker.name'
export const instanceLabel = 'erddap-harvester.worker-instance'

/** A label of a run as text; null where it has none. */
export function labelOf(run: { labels?: unknown }, name: string): string | null {
  const value = (run.labels as Record<string, unknown> | null | undefined)?.[name]
  return typeof value === 'string' ? value : null
}
