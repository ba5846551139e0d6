import type { LoadSummary } from '../inventory/load/types.ts'
import type { Verdict } from '../rules/verdict.ts'

/** The verdict on a harvest, once its load has had its say. */
export function loadedVerdict(
  outcome: Verdict,
  { datasets, rejectedDatasets, pruneRefused }: LoadSummary,
): Verdict {
  const problems = pruneRefused.map(({ message }) => message)
  const refused = rejectedDatasets.map(({ datasetId }) => datasetId)
  if (refused.length > 0)
    problems.unshift(
      `${refused.length} ${refused.length === 1 ? 'dataset' : 'datasets'} had rows refused and ${refused.length === 1 ? 'keeps what it' : 'keep what they'} had: ${named(refused)}`,
    )
  const notes =
    datasets.older === 0
      ? []
      : [
          `${datasets.older} ${datasets.older === 1 ? 'dataset was' : 'datasets were'} older than the index and left out`,
        ]
  return {
    ok: outcome.ok && problems.length === 0,
    message: [outcome.message, ...problems, ...notes].join('; '),
  }
}

/** Names in a message; the artifact and the audit have all of them. */
function named(ids: readonly string[]): string {
  return ids.length > 10 ? `${ids.slice(0, 10).join(', ')} and ${ids.length - 10} more` : ids.join(', ')
}
