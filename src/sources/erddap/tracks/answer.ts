/** What is asked about a platform that moves, and what comes of it. */

import type { DatasetPlan } from '../../../rules/decisions.ts'
import type { Rung } from '../../../rules/tracks/ladder.ts'
import type { TrackRow } from '../../../rules/tracks/track.ts'
import type { ProfileAnswer, ProfileQuestion } from '../profile-question.ts'
import type { ErddapTable, ListedDataset } from '../types.ts'
import type { GroupedQuestion, TimeSpan } from '../urls.ts'

export interface TrackQuestion
  extends Pick<ProfileQuestion, 'plan' | 'metadata' | 'listed' | 'isMirrored' | 'now' | 'signal' | 'onRows'> {
  dataset: ListedDataset
  queries: {
    grouped(question: GroupedQuestion, span: TimeSpan | null): Promise<ErddapTable | null>
    distinct(columns: readonly string[]): Promise<ErddapTable | null>
  }
  /** Whether the dataset is a mirror that answers itself, by a look at where its questions end. */
  answersItself(): Promise<boolean>
  /** Rows of the dataset at most. */
  maxRows: number
}

/** What was made of a dataset's records, for the log and `explain`. */
export interface TrackCounts {
  of: 'casts' | 'cells' | 'positions'
  /** Steps down the ladder of coarser cells. */
  step: number
  rung: Rung | null
  /** Rows of the answer that the rows are made of. */
  groups: number
  rows: number
  /** Records in the rows, and in what was left out; null where nobody could count. */
  records: number | null
  leftOut: number | null
}

export interface TrackAnswer extends ProfileAnswer {
  /** Without casts where these were too many. */
  plan: DatasetPlan
  tracks: TrackRow[]
  counts: TrackCounts
}
