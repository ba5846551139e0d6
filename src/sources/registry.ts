/** The kinds of sources. A kind is a folder here, a line in this table and one in `rules/source-types.ts`. */

import type { Source } from '../config/source.ts'
import { erddapKind } from './erddap/kind.ts'
import type { SourceKind } from './kind.ts'
import { obisKind } from './obis/kind.ts'

const kinds: { readonly [T in Source['type']]: SourceKind } = {
  erddap: erddapKind,
  obis: obisKind,
}

export const sourceKinds: readonly SourceKind[] = Object.values(kinds)

export function kindOf({ type }: Pick<Source, 'type'>): SourceKind {
  return kinds[type]
}
