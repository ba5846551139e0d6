/** What a remedy is made of. */

import type { Language } from '../reasons/words.ts'

/** Its headings carry anchors of their own, in small letters: read in `docs/server-admin/datasets.md` of ERDDAP/erddap.github.io. */
export const manual = 'https://erddap.github.io/docs/server-admin/datasets'

export interface RemedyEntry<V> {
  /** What datasets of one remedy have in common: "lack a cf_role". `n` counts them. */
  group: Readonly<Record<Language, string>>
  said: Readonly<Record<Language, (values: V) => string>>
  /** The piece of XML, or null where nothing can be proposed. */
  change: (values: V) => string | null
  page: (values: V) => string | null
}

export function remedy<V>(entry: RemedyEntry<V>): RemedyEntry<V> {
  return entry
}
