/** Errors on their way from one thread to another, which would lose all but their message. */

import { type ErrorCode, HarvesterError, isHarvesterError } from '../../errors.ts'

export interface ToldError {
  /** Null for one that is none of ours. */
  code: ErrorCode | null
  name: string
  message: string
  stack: string | undefined
  remedy: string | undefined
  facts: Record<string, unknown>
  cause: ToldError | null
}

export function tellError(error: unknown): ToldError {
  const { name, message, stack, cause } = error instanceof Error ? error : new Error(String(error))
  const own = isHarvesterError(error) ? error : null
  return {
    code: own?.code ?? null,
    name,
    message,
    stack,
    remedy: own?.remedy,
    facts: own?.facts ?? {},
    cause: cause === undefined ? null : tellError(cause),
  }
}

export function heardError({ code, name, message, stack, remedy, facts, cause }: ToldError): Error {
  const from = cause === null ? {} : { cause: heardError(cause) }
  const error =
    code === null
      ? Object.assign(new Error(message, from), { name })
      : new HarvesterError(code, message, { ...from, facts, ...(remedy !== undefined && { remedy }) })
  if (stack !== undefined) error.stack = stack
  return error
}
