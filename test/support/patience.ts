/** Whoever waits for what is meant waits as long as a busy machine needs: a second, as Vitest has it, is no fault. */
import { vi } from 'vitest'

const leastMs = 60_000
const { waitFor } = vi

vi.waitFor = (callback, options) =>
  waitFor(callback, {
    ...(typeof options === 'object' && options),
    timeout: Math.max(leastMs, (typeof options === 'number' ? options : options?.timeout) ?? 0),
  })
