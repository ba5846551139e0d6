/** Whether a listed dataset is gone. */

export interface GoneEvidence {
  /** What the server said of it: `unknown` is "Currently unknown datasetID". */
  first?: 'known' | 'unknown' | undefined
  /** The same, asked again at the end of the run. */
  again?: 'known' | 'unknown' | undefined
}

/** While a server re-reads a dataset, it is unknown for a moment, although the list has it: once is no proof. */
export function isGone({ first, again }: GoneEvidence): boolean {
  return first === 'unknown' && again === 'unknown'
}
