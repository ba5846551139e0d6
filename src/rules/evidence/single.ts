/** Whether a dataset has one identity, so that the ranges of its metadata are those of its only row. */

import type { Extent } from '../extent.ts'

export interface SingleEvidence {
  /** Identities in the answer that gives the positions. */
  identities?: number | undefined
  /** Extents of the positions in that answer; null where none has a position. */
  seen?: { latitude: Extent; longitude: Extent } | null | undefined
  /** What the metadata say of them; null where they say nothing. */
  metadata?: { latitude: Extent | null; longitude: Extent | null } | undefined
  /** Identities in a second answer. */
  again?: number | undefined
}

/**
 * An answer that was cut off after its first row has one identity as well. Where the metadata know of other places
 * than it has, a second answer must have one identity too.
 */
export function isSingle({ identities, seen, metadata, again }: SingleEvidence): boolean {
  if (identities !== 1) return false
  if (again !== undefined) return again === 1
  if (seen === undefined || metadata === undefined) return false
  if (seen === null) return true
  return covers(seen.latitude, metadata.latitude) && covers(seen.longitude, metadata.longitude)
}

/** In metadata, single precision and rounding may move an end by a little. */
const tolerance = 1e-3

function covers(seen: Extent, said: Extent | null): boolean {
  if (said === null) return true
  return seen.min <= said.min + tolerance && seen.max >= said.max - tolerance
}
