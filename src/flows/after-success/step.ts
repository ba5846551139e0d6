/** What every step is given, and how it fails. */
import { HarvesterError, isHarvesterError } from '../../errors.ts'
import type { HarvestServices } from '../../harvest/services.ts'
import type { TaskContext } from '../../runs/index.ts'
import type { HarvestSummary } from './summary.ts'

export type StepServices = Pick<HarvestServices, 'http' | 'database' | 'variables'>

export interface StepInput {
  readonly services: StepServices
  readonly summary: HarvestSummary
}

export type StepContext = Pick<TaskContext, 'log' | 'signal'>

/**
 * A step that failed. What was `transient` is tried again.
 * @param message without the name of the step, and without addresses that may hold secrets
 */
export function stepFailed(
  message: string,
  remedy: string,
  more: { transient?: boolean; cause?: unknown } = {},
): HarvesterError {
  return new HarvesterError('STEP_FAILED', message, {
    remedy,
    facts: { transient: more.transient ?? false },
    ...(more.cause !== undefined && { cause: more.cause }),
  })
}

export function isTransientFailure(error: unknown): boolean {
  return isHarvesterError(error, 'STEP_FAILED') && error.facts.transient === true
}
