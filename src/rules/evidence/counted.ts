/** Whether a count of records is one. */

export interface CountEvidence {
  /** The counts of one row by column, `time` by itself; null where that column was not counted. */
  counts?: { time: number | null; greatest: number } | undefined
  /** Whether the row has times. */
  hasTimes?: boolean | undefined
  /** The dataset is a mirror (EDDTableFromErddap) and the answer came from the mirror itself, not from its origin. */
  mirrored?: boolean | undefined
  /** Whether the question named a variable outside of the server's cached subset table. */
  readsData?: boolean | undefined
}

/**
 * The number of records, or null where it is not known. A count of 0 for a row that has times is none; a mirror that
 * answers itself counts counts (`federated_noredirect_count` against `federated_origin_count`); a question about
 * nothing but `subsetVariables` counts distinct rows (`count_subset_only` against `count_subset_and_data`).
 */
export function believeCount({ counts, hasTimes, mirrored, readsData }: CountEvidence): number | null {
  if (counts === undefined || hasTimes === undefined) return null
  if (mirrored !== false || readsData !== true) return null
  if (hasTimes && (counts.time === 0 || counts.greatest === 0)) return null
  return counts.greatest
}

/** What is known of a server's ability to count, in one run. */
export interface CountingSeen {
  /** Datasets that were counted. */
  counted: number
  /** Datasets of which the server said that it has no such function. */
  refused: number
}

/** One dataset may be odd; a server without the function refuses it of every dataset. */
const refusalsOfTheServer = 3

/** Whether a server cannot count at all. One "no such function" says nothing, and none where others were counted. */
export function lacksCounting({ counted, refused }: CountingSeen): boolean {
  return lacksAbility({ given: counted, refused })
}

/** What is known of anything that a server may lack, in one run: of how many datasets it was given, and refused. */
export interface AbilitySeen {
  given: number
  refused: number
}

/** Whether a server lacks it altogether, so that it need not be asked for it of any other dataset. */
export function lacksAbility({ given, refused }: AbilitySeen): boolean {
  return given === 0 && refused >= refusalsOfTheServer
}
