/** Ids of datasets, as servers and people give them. */

/**
 * Whether an id can stand in an address and in a key: `.` and `..` would ask for another page, control characters are
 * no part of any id, the database cannot hold NUL, and half of a surrogate pair has no percent-encoding.
 */
export function isAskable(datasetId: string): boolean {
  return datasetId !== '.' && datasetId !== '..' && !/[\p{Cc}\p{Cs}\u2028\u2029]/u.test(datasetId)
}
