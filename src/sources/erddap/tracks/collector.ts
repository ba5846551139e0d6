/** What the answers about a track say is collected row by row. Memory holds no more of them than the rows need. */

import type { Extent } from '../../../rules/extent.ts'

/** What becomes of the rows of an answer, or of the answers of several spans. */
export interface Collector {
  /** Once for each answer. */
  columns(columns: readonly string[]): void
  add(row: readonly string[]): void
  /** Whether further rows are of no use: the answer is left. */
  readonly left?: boolean
}

export type ReadId = (row: readonly string[]) => string
/** Of the id columns, those that hold numbers: NaN is no id there. */
export type Numeric = ReadonlySet<string>

/** Records that lie nowhere, or at no time. */
export interface Unplaced {
  groups: number
  records: number | null
}

/** A text of its own: what is kept of an answer would keep its piece of the answer in memory. */
export function copied(text: string): string {
  return Buffer.from(text).toString()
}

export function hull(known: Extent | null, value: number): Extent {
  if (known === null) return { min: value, max: value }
  return { min: Math.min(known.min, value), max: Math.max(known.max, value) }
}
