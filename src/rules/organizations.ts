/** The organizations behind a dataset. */

import type { DatasetMetadata } from '../sources/erddap/types.ts'
import { readable } from './text.ts'

const parties = ['publisher', 'creator', 'contributor'] as const

/**
 * The `institution`, then publisher, creator and contributor where their type says that they are an institution or a
 * group and no person: decoded, without empties and duplicates, in that order.
 */
export function erddapOrganizations({ globals }: Pick<DatasetMetadata, 'globals'>): string[] {
  const names = parties
    .filter((party) => isOrganization(globals.get(`${party}_type`)))
    .map((party) => globals.get(`${party}_name`)?.trim() || globals.get(party))
  return distinctNames([globals.get('institution'), ...names])
}

/** Names decoded and tidied, each once, in the order in which they came. */
export function distinctNames(names: readonly (string | undefined)[]): string[] {
  return [...new Set(names.map((name) => readable(name ?? '')))].filter((name) => name !== '')
}

function isOrganization(type: string | undefined): boolean {
  return /^\s*(group|institution)\s*$/i.test(type ?? '')
}
