/** Whether a run is Completed or Failed, decided from its counts. */
import type { AttemptOutcome } from './attempt.ts'
import { type RunFact, runFact, runSentence } from './reasons/run.ts'

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
  /** What is to be said, as codes and values. */
  facts: readonly RunFact[]
  /** The same in English. */
  message: string
}

export function verdict(ok: boolean, facts: readonly RunFact[]): Verdict {
  return { ok, facts, message: runSentence('en', facts) }
}

/** From this share of errors on, among the datasets that had to be asked, a source's run is Failed. */
const failedShare = 0.1

/**
 * The verdict on one source. Failed: the listing failed or was empty; or errors are 10 % or more of the attempts that
 * the list alone did not decide; or there was an error and nothing was harvested or verified.
 */
export function sourceVerdict(counts: AttemptCounts, listingError: RunFact | null): Verdict {
  if (listingError !== null) return verdict(false, [listingError])
  const asked = totalAttempts(counts) - counts.decidedByList
  const good = counts.success + counts.unchanged
  const ok = counts.error === 0 || (good > 0 && counts.error < asked * failedShare)
  const { success, unchanged, skipped, error } = counts
  return verdict(ok, [runFact('COUNTS', { success, unchanged, skipped, error })])
}

/** The verdict on a run of several sources: Failed if any source failed, naming them. */
export function runVerdict(verdicts: readonly (Verdict & { source: string })[]): Verdict {
  const bad = verdicts.filter(({ ok }) => !ok)
  if (verdicts.length === 1) return verdict(bad.length === 0, verdicts[0]!.facts)
  const told = bad.length === 0 ? verdicts : bad
  const sources = told.flatMap(({ source, facts }) => facts.map((fact) => ({ source, fact })))
  return verdict(bad.length === 0, [
    runFact('SOURCES', { failed: bad.length, total: verdicts.length, sources }),
  ])
}
