/** The organizations behind a dataset. */

import type { DatasetMetadata } from '../sources/erddap/types.ts'
import { cutToBytes, limits, storableText } from './limits.ts'
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

/** Names decoded, tidied and cut to what a key holds, each once, in the order in which they came. */
export function distinctNames(names: readonly (string | undefined)[]): string[] {
  const written = names.map((name) => cutToBytes(storableText(readable(name ?? '')), limits.nameBytes))
  return [...new Set(written)].filter((name) => name !== '')
}

function isOrganization(type: string | undefined): boolean {
  return /^\s*(group|institution)\s*$/i.test(type ?? '')
}
