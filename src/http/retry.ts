/** When a request is tried again, and how long to wait before: the policy, pure. */

/** Statuses that may pass by themselves. 500 is one of them only if the body does not say what is wrong. */
const transientStatuses: ReadonlySet<number> = new Set([408, 413, 429, 500, 502, 503, 504, 520, 522, 524])

export function isTransientStatus(status: number): boolean {
  return transientStatuses.has(status)
}

/** Of a question that can be asked twice. */
export const defaultRetries = 3

/** A server that asks for a longer pause than this is not waited for. */
export const longestRetryAfterMs = 10 * 60_000

/** Before the first retry about one second is waited, then two, then four. */
const firstDelayMs = 1_000
const longestDelayMs = 30_000

/**
 * Exponential backoff with jitter: between half and the whole of the step.
 * @param attempt the attempt that failed, from 1
 * @param random 0 ≤ x < 1
 */
export function backoffMs(attempt: number, random: number): number {
  const step = Math.min(longestDelayMs, firstDelayMs * 2 ** (attempt - 1))
  return Math.round(step * (0.5 + random / 2))
}

/**
 * Reads a Retry-After: seconds, whole or with a fraction, or a date.
 * @param now milliseconds since 1970
 * @returns milliseconds to wait, or null if the header says nothing that can be understood
 */
export function retryAfterMs(header: string | undefined, now: number): number | null {
  const text = header?.trim()
  if (!text) return null
  if (/^\d+(\.\d*)?$|^\.\d+$/.test(text)) return Math.ceil(Number(text) * 1000)
  // A date has a name of a day or month; "-5" is one for Date.parse, not for us.
  const at = /[a-z]{3}/i.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(at) ? null : Math.max(0, at - now)
}
