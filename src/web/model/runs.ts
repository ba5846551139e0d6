/** How a run ended, as people tell it: the audit keeps `failed`, with the word for it first in its message. */

export type RunState = 'queued' | 'running' | 'ok' | 'failed' | 'cancelled' | 'crashed'

export function runState(run: {
  status: 'queued' | 'running' | 'ok' | 'failed'
  error_message: string | null
}): RunState {
  if (run.status !== 'failed') return run.status
  const word = /^(cancell?ed|crashed)\b/i.exec(run.error_message ?? '')?.[1]?.toLowerCase()
  return word === undefined ? 'failed' : word === 'crashed' ? 'crashed' : 'cancelled'
}

/** Milliseconds until a run is through at the pace it has had; null while nobody can know. */
export function timeLeft(
  progress: { done: number; total: number | null },
  startedAt: string | null,
  nowMs: number,
): number | null {
  const { done, total } = progress
  if (startedAt === null || total === null || done < 3 || done >= total) return null
  const elapsed = nowMs - new Date(startedAt).getTime()
  return elapsed <= 0 ? null : (elapsed / done) * (total - done)
}

export interface Four {
  success: number
  unchanged: number
  skipped: number
  error: number
}

/** Four numbers that never overlap. */
export function countFour(
  attempts: readonly { status: 'success' | 'skipped' | 'error'; reason_code: string | null }[],
): Four {
  const counts = { success: 0, unchanged: 0, skipped: 0, error: 0 }
  for (const attempt of attempts) counts[outcomeOf(attempt)] += 1
  return counts
}

export function outcomeOf(attempt: {
  status: 'success' | 'skipped' | 'error'
  reason_code: string | null
}): keyof Four {
  return attempt.reason_code === 'UNCHANGED' ? 'unchanged' : attempt.status
}
