/** Whether the steps after a harvest run, and which: decided from facts alone. */

import type { NamedStep } from '../../config/after-success.ts'
import { HarvesterError } from '../../errors.ts'
import type { StateType } from '../../runs/index.ts'
import { amount } from '../../text.ts'

/** How one source ended. */
export interface SourceEnd {
  readonly deployment: string
  readonly type: StateType
  /** Datasets that failed; null where nobody knows. Only looked at with `no_errors`. */
  readonly errors: number | null
}

/**
 * Why the sources are not green, as `2 of 3 sources failed`; null when they are.
 */
export function notGreen(ends: readonly SourceEnd[], requires: 'completed' | 'no_errors'): string | null {
  if (ends.length === 0) return 'no source was harvested'
  const failed = ends.filter(({ type }) => type !== 'COMPLETED')
  if (failed.length > 0) return `${failed.length} of ${amount(ends.length, 'source')} failed`
  if (requires === 'completed') return null
  const names = (some: readonly SourceEnd[]) =>
    some
      .map(({ deployment, errors }) => (errors === null ? deployment : `${deployment} ${errors}`))
      .join(', ')
  const withErrors = ends.filter(({ errors }) => errors !== null && errors > 0)
  if (withErrors.length > 0)
    return `${withErrors.length} of ${amount(ends.length, 'source')} had failed datasets (${names(withErrors)})`
  const unknown = ends.filter(({ errors }) => errors === null)
  // What nobody knows is no proof.
  return unknown.length > 0 ? `whether datasets failed is not known of ${names(unknown)}` : null
}

export interface Choice {
  /** In the order of the configuration. */
  readonly steps: readonly NamedStep[]
  /** Asked for, and not known to this worker. */
  readonly missing: readonly string[]
}

/**
 * @param asked names from the parameters of the run; null for all that this worker has
 */
export function chooseSteps(configured: readonly NamedStep[], asked: readonly string[] | null): Choice {
  if (asked === null) return { steps: configured, missing: [] }
  return {
    steps: configured.filter(({ name }) => asked.includes(name)),
    missing: [...new Set(asked)].filter((name) => !configured.some((step) => step.name === name)),
  }
}

/** Programs come from the configuration of the host they run on, never from parameters: hence names, and this error. */
export function unknownSteps(missing: readonly string[], configured: readonly NamedStep[]): HarvesterError {
  const known = configured.map(({ name }) => name).join(', ') || 'none'
  return new HarvesterError(
    'CONFIG_INVALID',
    `after_success: this worker has no step named ${missing.join(', ')} in its configuration (it has: ${known})`,
    {
      remedy:
        'Give every worker of this pool the configuration of the one that registers the deployments, or start the run with after_success naming other steps.',
    },
  )
}
