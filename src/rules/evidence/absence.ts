/** Whether a dataset has left its source, and whether a run may take so much out of the index. */

const hourMs = 3_600_000

/** A dataset, as the complete and unrestricted listings of its source show it. */
export interface AbsenceEvidence {
  /** Listings in a row that lacked it, each of a flow run of its own: a run that was stopped and resumed counts once. */
  missingListings: number
  /** Start of the first and of the last of them, epoch milliseconds. */
  firstMissingMs: number | null
  lastMissingMs: number | null
  /** What this run met: an attempt that failed says that the dataset is there, or that nobody knows. */
  failed?: boolean | undefined
}

export interface AbsenceTerms {
  /** @default 3 (`prune.missing_runs`) */
  listings: number
  /** Time that the listings span at least. @default 24 (`prune_after_hours`) */
  hours: number
}

/**
 * A server that starts, or is at work, lists a part of its datasets for a while, however often one looks: a dataset is
 * gone after several listings without it that also lie apart in time. A site that asks for one listing only takes each
 * for proof: one has no span.
 */
export function isAbsent(evidence: AbsenceEvidence, terms: AbsenceTerms): boolean {
  const { missingListings, firstMissingMs, lastMissingMs, failed } = evidence
  if (failed === true || firstMissingMs === null || lastMissingMs === null) return false
  if (missingListings < terms.listings) return false
  return terms.listings <= 1 || lastMissingMs - firstMissingMs >= terms.hours * hourMs
}

/** What one run would take from a source. */
export interface RemovalEvidence {
  /** Datasets that would go, but for those that owner or site excluded by name. */
  lost: number
  /** Datasets that the source had in the index before. */
  total: number
}

export interface RemovalTerms {
  /** Largest share. @default 0.2 (`prune.max_share`) */
  share: number
  /** So many may go whatever their share. @default 5 (`prune.max_share_floor`) */
  count: number
}

/** No run takes more than this share from a source of two datasets or more, whatever the floor. */
const greatestShare = 0.5

/** Why a run may not take so much; null if it may. */
export function removalObstacle(
  { lost, total }: RemovalEvidence,
  terms: RemovalTerms,
): 'share' | 'half' | null {
  if (lost > terms.count && lost > terms.share * total) return 'share'
  return total >= 2 && lost > greatestShare * total ? 'half' : null
}

/** A list of datasets, held against what the index has of its source. */
export interface ListingEvidence {
  /** Datasets on the list; undefined where there is none. */
  listed?: number | undefined
  /** Datasets of the index, and those of them that the list lacks; undefined where nobody knows. */
  known?: { total: number; lacking: number } | undefined
}

export type ListingBelief = 'missing' | 'empty' | 'short' | 'complete'

/** Right after a start a server lists only a part of its datasets: the limits of pruning say what is believed. */
export function believeListing({ listed, known }: ListingEvidence, terms: RemovalTerms): ListingBelief {
  if (listed === undefined) return 'missing'
  if (listed === 0) return 'empty'
  if (known === undefined) return 'complete'
  return known.lacking > terms.count && known.lacking > terms.share * known.total ? 'short' : 'complete'
}
