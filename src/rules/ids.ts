/** Ids of datasets, as servers and people give them. */

/**
 * Whether an id can stand in an address and in a key: `.` and `..` would ask for another page, control characters are
 * no part of any id, and the database cannot hold NUL.
 */
export function isAskable(datasetId: string): boolean {
  return datasetId !== '.' && datasetId !== '..' && !/[\p{Cc}\u2028\u2029]/u.test(datasetId)
}
