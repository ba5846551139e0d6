/** What flows ask of the kind of a source. */

import type { Source } from '../config/source.ts'
import { kindOf, type SourceWait } from '../sources/index.ts'

/** The part of a run's name that tells the source. */
export function runSlugOf(source: Source): string {
  return kindOf(source).runSlug(source)
}

/** Whether whoever starts a run may name the address of such a source. */
export function mayBeAnywhere(source: Source): boolean {
  return kindOf(source).isAnywhere
}

/** How a source is waited for; null where there is nothing to wait for. */
export function waitOf(source: Source): SourceWait | null {
  return kindOf(source).wait
}
