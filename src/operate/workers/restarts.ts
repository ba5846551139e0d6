/** When a worker that ended is started again. Pure: the supervisor does what it says. */
import { exitCodes } from '../../errors.ts'

export interface RestartPolicy {
  /** Before the first restart; doubles with each worker that died young. */
  firstDelayMs: number
  longestDelayMs: number
  /** After living so long a worker counts as sound, and delays begin anew. */
  soundMs: number
}

export const restartPolicy: RestartPolicy = { firstDelayMs: 1000, longestDelayMs: 60_000, soundMs: 60_000 }

export type AfterExit =
  | { kind: 'restart'; delayMs: number /** Deaths in a row, with this one. */; deaths: number }
  /** Another start would end in the same way. */
  | { kind: 'end'; exitCode: number }

/** What follows the end of a worker that nobody asked to stop, after so many `deaths` in a row before. */
export function afterExit(
  exit: { code: number | null; livedMs: number },
  deaths: number,
  policy: RestartPolicy = restartPolicy,
): AfterExit {
  if (exit.code === exitCodes.usage) return { kind: 'end', exitCode: exitCodes.usage }
  const before = exit.livedMs >= policy.soundMs ? 0 : deaths
  const delayMs = Math.min(policy.firstDelayMs * 2 ** Math.min(before, 30), policy.longestDelayMs)
  return { kind: 'restart', delayMs, deaths: before + 1 }
}
