/** A run as it is followed: what was read once, and what events have told since. */
import type { RunAttemptRow, RunDetailRow } from '../../serve/schemas.ts'

export interface RunAnswer {
  run: RunDetailRow
  attempts: RunAttemptRow[]
}

export interface Progress {
  phase: string
  done: number
  total: number | null
  /** The dataset that has been at work the longest. */
  now?: string
}

export type RunEvent =
  | { type: 'run'; run: RunDetailRow; progress: Progress }
  | { type: 'attempts'; attempts: RunAttemptRow[] }

const order = { error: 0, skipped: 1, success: 2 } as const

/** By source, then status, then id: as the API orders them. */
function compareAttempts(a: RunAttemptRow, b: RunAttemptRow): number {
  return (
    compare(a.erddap_url, b.erddap_url) ||
    order[a.status] - order[b.status] ||
    compare(a.dataset_id, b.dataset_id)
  )
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** The answer after an event. An attempt that is known is replaced by what is newer. */
export function applyEvent(before: RunAnswer, event: RunEvent): RunAnswer {
  if (event.type === 'run') return { ...before, run: event.run }
  const key = (attempt: RunAttemptRow) => `${attempt.erddap_url}\n${attempt.dataset_id}`
  const attempts = new Map(before.attempts.map((attempt) => [key(attempt), attempt]))
  for (const attempt of event.attempts) attempts.set(key(attempt), attempt)
  return { ...before, attempts: [...attempts.values()].sort(compareAttempts) }
}

export interface SourceGroup {
  erddapUrl: string
  attempts: RunAttemptRow[]
}

/** Attempts by source, in the order in which they stand. */
export function groupBySource(attempts: readonly RunAttemptRow[]): SourceGroup[] {
  const groups = new Map<string, RunAttemptRow[]>()
  for (const attempt of attempts) {
    const group = groups.get(attempt.erddap_url)
    if (group) group.push(attempt)
    else groups.set(attempt.erddap_url, [attempt])
  }
  return [...groups].map(([erddapUrl, list]) => ({ erddapUrl, attempts: list }))
}

/** While a run is watched, what ended last stands first. */
export function newestFirst(attempts: readonly RunAttemptRow[]): RunAttemptRow[] {
  return [...attempts].sort(
    (a, b) => compare(b.attempted_at, a.attempted_at) || compare(a.dataset_id, b.dataset_id),
  )
}
