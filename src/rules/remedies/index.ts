/** Remedies as codes and values, and what is made of them where they are read. */

import type { Language } from '../reasons/words.ts'
import { remedies } from './words.ts'

export type RemedyCode = keyof typeof remedies
type ValuesIn<E> = E extends { change: (values: infer V) => string | null } ? V : never
export type RemedyValues<C extends RemedyCode> = ValuesIn<(typeof remedies)[C]>

/** What can be changed, as code and values: plain JSON. `of` is the reason or warning that it mends. */
export type Remedy<C extends RemedyCode = RemedyCode> = C extends RemedyCode
  ? { code: C; of: string; values: RemedyValues<C> }
  : never

/** A remedy as people read it. */
export interface ShownRemedy {
  code: string
  of: string
  text: string
  /** The piece of `datasets.xml` to add or change; null where nothing can be proposed. */
  change: string | null
  /** Page of ERDDAP's documentation. */
  page: string | null
}

export function remedyOf<C extends RemedyCode>(code: C, of: string, values: RemedyValues<C>): Remedy<C> {
  return { code, of, values } as Remedy<C>
}

/** A stored remedy in words; null where this version does not know it. */
export function showRemedy(
  language: Language,
  stored: { code: string; of: string; values: unknown },
): ShownRemedy | null {
  if (!Object.hasOwn(remedies, stored.code)) return null
  const entry = remedies[stored.code as RemedyCode]
  try {
    const text = (entry.said[language] as (values: unknown) => string)(stored.values)
    const change = (entry.change as (values: unknown) => string | null)(stored.values)
    const page = (entry.page as (values: unknown) => string | null)(stored.values)
    return { code: stored.code, of: stored.of, text, change, page }
  } catch {
    return null
  }
}

/** What the datasets of one remedy have in common: "add a cf_role". */
export function remedyGroup(language: Language, code: string): string {
  return Object.hasOwn(remedies, code) ? remedies[code as RemedyCode].group[language] : code
}
