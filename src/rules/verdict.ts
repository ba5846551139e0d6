/** Whether a run is Completed or Failed, decided from its counts. */
import { amount } from '../text.ts'
import type { AttemptOutcome } from './attempt.ts'

export interface AttemptCounts {
  success: number
  /** Skipped as UNCHANGED: verified. */
  unchanged: number
  /** Skipped for another reason. */
  skipped: number
  /** Of those, decided by the list alone: type or skip list. */
  decidedByList: number
  error: number
}

export const noAttempts: Readonly<AttemptCounts> = {
  success: 0,
  unchanged: 0,
  skipped: 0,
  decidedByList: 0,
  error: 0,
}

export function countAttempt(
  counts: AttemptCounts,
  outcome: Pick<AttemptOutcome, 'status' | 'reason'>,
): void {
  if (outcome.status === 'success') counts.success += 1
  else if (outcome.status === 'error') counts.error += 1
  else if (outcome.reason === 'UNCHANGED') counts.unchanged += 1
  else {
    counts.skipped += 1
    if (outcome.reason === 'CDM_DATA_TYPE_UNSUPPORTED' || outcome.reason === 'ON_SKIP_LIST')
      counts.decidedByList += 1
  }
}

export function totalAttempts(counts: AttemptCounts): number {
  return counts.success + counts.unchanged + counts.skipped + counts.error
}

export interface Verdict {
  ok: boolean
  message: string
}

/** From this share of errors on, among the datasets that had to be asked, a source's run is Failed. */
const failedShare = 0.1

/**
 * The verdict on one source. Failed: the listing failed or was empty; or errors are 10 % or more of the attempts that
 * the list alone did not decide; or there was an error and nothing was harvested or verified.
 */
export function sourceVerdict(counts: AttemptCounts, listingError: string | null): Verdict {
  if (listingError !== null) return { ok: false, message: listingError }
  const total = totalAttempts(counts)
  const asked = total - counts.decidedByList
  const good = counts.success + counts.unchanged
  const ok = counts.error === 0 || (good > 0 && counts.error < asked * failedShare)
  return { ok, message: describeCounts(counts) }
}

/** `12 harvested, 3 unchanged, 4 skipped, 1 of 20 failed`. */
function describeCounts(counts: AttemptCounts): string {
  const total = totalAttempts(counts)
  const parts: string[] = []
  if (counts.success > 0) parts.push(`${counts.success} harvested`)
  if (counts.unchanged > 0) parts.push(`${counts.unchanged} unchanged`)
  if (counts.success + counts.unchanged === 0 && counts.error === 0) parts.push('nothing to harvest')
  if (counts.skipped > 0) parts.push(`${counts.skipped} skipped`)
  if (counts.error > 0) parts.push(`${counts.error} of ${total} failed`)
  return parts.join(', ')
}

/** The verdict on a run of several sources: Failed if any source failed, naming them. */
export function runVerdict(verdicts: readonly (Verdict & { source: string })[]): Verdict {
  const bad = verdicts.filter(({ ok }) => !ok)
  if (verdicts.length === 1) return { ok: bad.length === 0, message: verdicts[0]!.message }
  if (bad.length === 0)
    return { ok: true, message: verdicts.map(({ source, message }) => `${source}: ${message}`).join('; ') }
  const named = bad.map(({ source, message }) => `${source}: ${message}`).join('; ')
  return { ok: false, message: `${bad.length} of ${amount(verdicts.length, 'source')} failed: ${named}` }
}
