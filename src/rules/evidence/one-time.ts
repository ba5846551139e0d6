/** Whether each cast has one time, so that the ends of its depth tell its time. */

export interface OneTimeEvidence {
  /** The owner names `time` in `cdm_profile_variables`. */
  declared?: boolean | undefined
  /** In every cast the least and the greatest depth have the same time. */
  endsAgree?: boolean | undefined
  /** In every cast as many depths as times: no row is missing from the ends because it lacks a depth. */
  countsAgree?: boolean | undefined
  /** The times seen are those of the metadata's `actual_range`, from its beginning to its end. */
  rangeAgrees?: boolean | undefined
}

/** A declaration may be wrong, and any one of the others right by chance: together they leave no room. */
export function hasOneTime({ declared, endsAgree, countsAgree, rangeAgrees }: OneTimeEvidence): boolean {
  return declared === true && endsAgree === true && countsAgree === true && rangeAgrees === true
}
