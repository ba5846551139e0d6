import type { DeclaredDeployment } from '../config/deployments-file.ts'
import { findSource, type Source } from '../config/source.ts'
import { isHarvesterError } from '../errors.ts'

/** The URL of the source that a person named, among those that have deployments; null where none or several match. */
export function findSourceOf(declared: readonly DeclaredDeployment[], name: string): string | null {
  const sources = declared.map(({ source }) => source).filter((source): source is Source => source !== null)
  try {
    return findSource(sources, name).url
  } catch (error) {
    if (isHarvesterError(error, 'SOURCE_UNKNOWN')) return null
    throw error
  }
}
