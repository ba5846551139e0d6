import { findSource, type Source } from '../config/source.ts'
import { isHarvesterError } from '../errors.ts'

/** Whether a run that carries what is known of a source names that one, and no other beside it. */
export function namesOneSource({
  source,
  source_options: options,
}: {
  source?: string | null | undefined
  source_options?: Source | null | undefined
}): boolean {
  if (!source || !options) return true
  try {
    findSource([options], source)
    return true
  } catch (error) {
    if (isHarvesterError(error, 'SOURCE_UNKNOWN')) return false
    throw error
  }
}

export const oneSourceMessage = {
  path: ['source'],
  message:
    'is not the source that source_options describes: start the deployment of that source, or leave source_options empty',
}
