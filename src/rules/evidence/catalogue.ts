/** Whether a snapshot of the catalogue is all of it, and whether the index is to follow it. */

/** What the pages of one walk through the catalogue showed. */
export interface SnapshotEvidence {
  /** Distinct ids of all pages, malformed records included. */
  distinct: number
  /** The count that each page stated; null where it stated none. */
  counts: readonly (number | null)[]
  /** Whether the walk came to an empty page. */
  ended: boolean
}

/**
 * Records that are edited while one pages shift from one page to another: as many rows as the count is no proof, as
 * many distinct ids as the count that every page agrees on is. Without counts an empty page is the end.
 */
export function isWholeSnapshot({ distinct, counts, ended }: SnapshotEvidence): boolean {
  const [first] = counts
  if (first === undefined || counts.some((count) => count !== first)) return false
  return first === null ? ended : distinct === first
}

/** A snapshot that is whole, held against the index. */
export interface CatalogueEvidence {
  /** Datasets with a `ckan_id` in the database; undefined where there is no database to ask. */
  indexed?: number | undefined
  /** Those of them that the snapshot lacks. */
  lacking?: number | undefined
}

/** The share, and the number, of catalogued datasets that a snapshot may lack; of two or more never above half. */
const catalogueShrinkShare = 0.2
const catalogueShrinkCount = 5

/** A catalogue that is being indexed anew says of a part of its records, and of the number of that part, that it is all. */
export function isBelievableCatalogue({ indexed, lacking }: CatalogueEvidence): boolean {
  if (indexed === undefined || lacking === undefined) return true
  if (lacking > catalogueShrinkCount && lacking > catalogueShrinkShare * indexed) return false
  return !(indexed >= 2 && lacking > indexed / 2)
}
