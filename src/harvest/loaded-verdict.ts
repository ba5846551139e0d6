import type { LoadSummary } from '../inventory/load/types.ts'
import { runFact } from '../rules/reasons/run.ts'
import { namesShown } from '../rules/reasons/words.ts'
import { type Verdict, verdict } from '../rules/verdict.ts'

/** The verdict on a harvest, once its load has had its say. */
export function loadedVerdict(
  outcome: Verdict,
  { datasets, rejectedDatasets, pruneRefused }: LoadSummary,
): Verdict {
  // The artifact and the audit have all of the names.
  const ids = rejectedDatasets.slice(0, namesShown).map(({ datasetId }) => datasetId)
  const problems = [
    ...(ids.length === 0 ? [] : [runFact('ROWS_REFUSED', { ids, count: rejectedDatasets.length })]),
    ...pruneRefused.map(({ erddapUrl, wouldLose, of, percent }) =>
      runFact('PRUNE_REFUSED', { source: erddapUrl, lost: wouldLose, total: of, percent }),
    ),
  ]
  const notes = datasets.older === 0 ? [] : [runFact('OLDER', { count: datasets.older })]
  return verdict(outcome.ok && problems.length === 0, [...outcome.facts, ...problems, ...notes])
}
