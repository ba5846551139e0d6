import { isHarvesterError } from '../../errors.ts'
import type { OnProblem } from './telemetry.ts'

/** Which of our pools somebody deleted: the others are polled all the same, and the deleted ones asked for again. */
export interface MissingPools {
  /** The answer to what is asked of a pool; null where the server does not know it. */
  unlessGone<T>(pool: string, answer: Promise<T>): Promise<T | null>
  readonly names: ReadonlySet<string>
}

export function missingPools(onProblem: OnProblem, onInfo: OnProblem): MissingPools {
  const missing = new Set<string>()
  return {
    async unlessGone(pool, answer) {
      try {
        const known = await answer
        if (missing.delete(pool)) onInfo('A work pool is there again', { pool })
        return known
      } catch (error) {
        if (!isHarvesterError(error, 'PREFECT_REFUSED') || error.facts.status !== 404) throw error
        if (!missing.has(pool))
          onProblem('A work pool is gone: nothing runs there until it is registered again', { pool })
        missing.add(pool)
        return null
      }
    },
    names: missing,
  }
}
