import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'

/** Time, chance and identity, given to the engine so that tests are exact. */
export interface Runtime {
  now(): Date
  /** Resolves after the time, or rejects with the signal's reason. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>
  /** In [0, 1). */
  random(): number
  /** A new UUID. */
  id(): string
}

// Node's timers overflow above 2^31-1 ms and would fire at once.
const longestTimerMs = 2 ** 31 - 1

export const systemRuntime: Runtime = {
  now: () => new Date(),
  async sleep(milliseconds, signal) {
    let left = Math.max(0, milliseconds)
    do {
      const step = Math.min(left, longestTimerMs)
      try {
        await delay(step, undefined, signal ? { signal } : {})
      } catch (error) {
        throw signal?.aborted ? signal.reason : error
      }
      left -= step
    } while (left > 0)
  },
  random: Math.random,
  id: randomUUID,
}

/** The delay before retry number `retry` (1, 2, …): doubles each time, 20 % of jitter, never above an hour. */
export function retryDelayMs(retry: number, baseSeconds: number, random: () => number): number {
  const seconds = Math.min(baseSeconds * 2 ** (retry - 1), 3600)
  return Math.round(seconds * 1000 * (0.8 + 0.4 * random()))
}
