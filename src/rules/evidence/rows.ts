/** Whether a dataset has rows, when its server says that it has none. */

/** The answer to a question about rows: it has some, the server says there are none, or it was not to be had. */
export type RowsAnswer = 'rows' | 'no-rows' | 'failed'

/** What the list of datasets or the metadata promise: an extent of time or place, which no empty dataset has. */
export interface PromisedExtent {
  by: 'list' | 'metadata'
  what: 'time' | 'latitude' | 'longitude'
  /** As the server gives them. */
  from: string
  to: string
}

/** What cannot both be true. */
export type RowsContradiction =
  /** There are positions, but no rows where times or counts are asked for. */
  { kind: 'positions-only' } | { kind: 'ids-only' } | ({ kind: 'promised' } & PromisedExtent)

export interface RowsEvidence {
  /** Positions by orderByCount. */
  counts?: RowsAnswer | undefined
  /** Positions by distinct(). */
  distinct?: RowsAnswer | undefined
  /** Any extent of time in the data. */
  times?: RowsAnswer | undefined
  listRow?: PromisedExtent | null | undefined
  metadata?: PromisedExtent | null | undefined
}

/** `unsure` asks for a further observation: `next` says which. */
export type RowsBelief =
  | { belief: 'rows' }
  | { belief: 'no-rows' }
  | { belief: 'contradictory'; contradiction: RowsContradiction }
  | { belief: 'unsure'; next: 'distinct' | 'times' | 'listRow' | 'metadata' }

/**
 * A count without rows is no proof: servers say "no matching results" of half-copied files and of file types that need
 * a variable with data (`halfcopied_*`, `multidim_count`). Then distinct() is asked; where it has rows, something of
 * the data must show them too. Only "no rows" without any sign of rows is a dataset without rows.
 */
export function believeRows(evidence: RowsEvidence): RowsBelief {
  const { counts, distinct, times, listRow, metadata } = evidence
  if (counts === 'rows') return { belief: 'rows' }
  if (distinct === undefined) return { belief: 'unsure', next: 'distinct' }
  if (distinct === 'rows') {
    if (counts !== 'no-rows') return { belief: 'rows' }
    if (times === undefined) return { belief: 'unsure', next: 'times' }
    return times === 'no-rows'
      ? { belief: 'contradictory', contradiction: { kind: 'positions-only' } }
      : { belief: 'rows' }
  }
  if (distinct === 'failed') return { belief: 'unsure', next: 'distinct' }
  if (listRow === undefined) return { belief: 'unsure', next: 'listRow' }
  if (metadata === undefined) return { belief: 'unsure', next: 'metadata' }
  const promise = listRow ?? metadata
  if (promise !== null) return { belief: 'contradictory', contradiction: { kind: 'promised', ...promise } }
  return { belief: 'no-rows' }
}

export interface NoTimesEvidence {
  /** The greatest number of times that a row was counted to have; undefined where they were not counted. */
  counted?: number | undefined
  listRow?: PromisedExtent | null | undefined
  metadata?: PromisedExtent | null | undefined
}

/**
 * Whether rows that have positions have no time at all, when the server says that it has none: not where it counted
 * some, nor where the list or the metadata know from when to when they are. Null: they have none.
 */
export function believeNoTimes({ counted, listRow, metadata }: NoTimesEvidence): RowsContradiction | null {
  if (counted !== undefined && counted > 0) return { kind: 'positions-only' }
  for (const promise of [listRow, metadata])
    if (promise?.what === 'time') return { kind: 'promised', ...promise }
  return null
}
