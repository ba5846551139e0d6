/** The platform of a dataset, as a category of the NERC L06 vocabulary. */

import type { DatasetMetadata } from '../sources/erddap/types.ts'
import { fact, type Warning } from './reasons/index.ts'
import type { Vocabularies } from './vocabularies.ts'

const unknownPlatform = 'unknown'

export interface PlatformFound {
  /** A category of L06, or `unknown`. */
  platform: string
  warning: Warning | null
}

/**
 * Reads the global attributes `platform` and `platform_vocabulary`: labels of IOOS where the vocabulary's name holds
 * "ioos", labels of L06 where it holds "L06". A platform that neither has is `unknown`, with a warning.
 */
export function findPlatform(
  { globals }: Pick<DatasetMetadata, 'globals'>,
  vocabularies: Vocabularies,
): PlatformFound {
  const platform = globals.get('platform')?.trim() ?? ''
  if (platform === '') return { platform: unknownPlatform, warning: null }
  const vocabulary = globals.get('platform_vocabulary')?.trim() ?? ''
  const category = labelsOf(vocabulary, vocabularies)?.get(platform.toLowerCase())
  if (category !== undefined) return { platform: category, warning: null }
  return { platform: unknownPlatform, warning: fact('PLATFORM_UNKNOWN', { platform, vocabulary }) }
}

function labelsOf(
  vocabulary: string,
  { categoryOfIoosLabel, categoryOfL06Label }: Vocabularies,
): ReadonlyMap<string, string> | null {
  const name = vocabulary.toLowerCase()
  if (name.includes('ioos')) return categoryOfIoosLabel
  return name.includes('l06') ? categoryOfL06Label : null
}
