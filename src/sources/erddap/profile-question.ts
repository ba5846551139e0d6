/** What is to be found out about the profiles of one dataset, and what came of it. */

import type { DatasetPlan } from '../../rules/decisions.ts'
import type { PromisedExtent } from '../../rules/evidence/index.ts'
import type { ProfileRow } from '../../rules/profile.ts'
import type { ValuesOf, Warning } from '../../rules/reasons/index.ts'
import type { ServerAbilities } from './server-abilities.ts'
import type { DatasetMetadata, ErddapTable } from './types.ts'

/** The questions about one dataset; null answers "no rows". */
export interface DatasetQueries {
  distinct(columns: readonly string[]): Promise<ErddapTable | null>
  /** @param also columns that are named beside the groups and the variable */
  minMax(groupBy: readonly string[], variable: string, also: readonly string[]): Promise<ErddapTable | null>
  count(
    columns: readonly string[],
    groupBy: readonly string[],
    window?: { from: number; to: number },
  ): Promise<ErddapTable | null>
}

export interface ProfileQuestion {
  plan: DatasetPlan
  metadata: DatasetMetadata
  queries: DatasetQueries
  abilities: ServerAbilities
  /** What the list says of an extent of time or place; null where it says nothing. */
  listed: PromisedExtent | null
  /** Whether an answer from this address is that of a mirror, and not of the origin of the data. */
  isMirrored(url: string | undefined): boolean
  /** Start of the run, epoch milliseconds. */
  now: number
  /** For answers that do not fit in memory. */
  folder: string
  signal: AbortSignal
  onRows(rows: readonly ProfileRow[]): Promise<void>
}

export interface ProfileAnswer {
  rows: number
  warnings: Warning[]
  /** Whether the server answered every question: a count that it could not give is none. */
  complete: boolean
  /** No answer contradicts another. */
  agree: boolean
  /** All answers come from data, none from a table that the server made when it last read the dataset. */
  fresh: boolean
  /** Why there are no rows, if there are none. */
  empty: ValuesOf<'NO_PROFILES_FOUND'>
}
