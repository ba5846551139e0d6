import { describeError, isHarvesterError } from '../../errors.ts'
import { scrub } from '../../log/secrets.ts'

/** What one check found. */
export interface Finding {
  level: 'ok' | 'warn' | 'fail'
  /** What was checked: `database`, `source https://…`. */
  what: string
  text: string
  /** What to do about it; null where nothing is. */
  remedy: string | null
}

export const fine = (what: string, text: string): Finding => ({
  level: 'ok',
  what: scrub(what),
  text: scrub(text),
  remedy: null,
})

export const warned = (what: string, text: string, remedy: string): Finding => ({
  level: 'warn',
  what: scrub(what),
  text: scrub(text),
  remedy,
})

export function failure(what: string, error: unknown, remedy: string | null = null): Finding {
  return {
    level: 'fail',
    what: scrub(what),
    text: scrub(typeof error === 'string' ? error : describeError(error)),
    remedy: (isHarvesterError(error) && error.remedy) || remedy,
  }
}
