import { z } from 'zod'

/** Numbers that end up in timers: those of Node overflow after 24 days, and then end at once instead of never. */

const mostSeconds = 2_000_000
/** A request in about a quarter of an hour. */
export const leastRate = 0.001

export const seconds = z
  .number()
  .positive()
  .max(mostSeconds, `must be at most ${mostSeconds} (23 days), which is as good as no limit`)

/** Requests a second. */
export const rate = z
  .number()
  .min(leastRate, `must be at least ${leastRate} (a request in ${1 / leastRate} seconds)`)
