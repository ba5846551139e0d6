/** Whether the clock of this machine may date a harvest. */

const minuteMs = 60_000

/** More than this apart from the database's clock is told; two machines that keep time are seconds apart. */
const clockToldMs = 5 * minuteMs
/** More than this, and a harvest would hide later ones, or be hidden by earlier ones. */
export const clockRefusedMs = 60 * minuteMs

/** One question for the time of the database, all in epoch milliseconds. */
export interface ClockEvidence {
  /** The own clock when the question was put, and when the answer was there. */
  askedMs: number
  answeredMs: number
  /** What the database said in between; undefined where it was not asked. */
  databaseMs?: number | undefined
}

export interface ClockBelief {
  kind: 'unknown' | 'agrees' | 'apart' | 'wrong'
  /** How far the own clock is ahead of the database's at least; negative behind. */
  aheadMs: number
}

/**
 * The answer was made at some moment between question and answer: only what lies outside of that is a difference, so
 * that a slow database is not taken for a wrong clock.
 */
export function believeClock({ askedMs, answeredMs, databaseMs }: ClockEvidence): ClockBelief {
  if (databaseMs === undefined) return { kind: 'unknown', aheadMs: 0 }
  const aheadMs = databaseMs < askedMs ? askedMs - databaseMs : Math.min(0, answeredMs - databaseMs)
  const apart = Math.abs(aheadMs)
  const kind = apart > clockRefusedMs ? 'wrong' : apart > clockToldMs ? 'apart' : 'agrees'
  return { kind, aheadMs: aheadMs + 0 }
}
