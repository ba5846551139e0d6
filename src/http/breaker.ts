/**
 * The circuit breaker of one run: a host to which several datasets in a row could not connect is given pauses, each
 * longer than the one before, and is left alone for the rest of the run once it does not answer after the last. One is
 * created for each run, passed to every request of it, and forgotten with it; the next run tries again.
 *
 * What counts is a dataset, not a request: whoever works on a dataset (the ERDDAP client's scope) reports at most one
 * failure for it. Any answer of the host, even an error, closes the count.
 */

import { HarvesterError } from '../errors.ts'
import { amount } from '../text.ts'
import { abortReason } from './gate.ts'

export interface Breaker {
  /** A dataset failed to connect to the host. */
  reportUnreachable(host: string, message: string): void
  /** The host answered something. */
  reportReachable(host: string): void
  /** @throws HOST_UNAVAILABLE while the host is given a pause, and once it is left alone */
  check(host: string): void
  /** Whether a host is given a pause, after which it may answer. */
  isPausing(): boolean
  /**
   * Waits for the end of the pause of a host, or of all hosts; one pause for all who wait.
   * @throws the signal's reason, if it is aborted while waiting
   */
  ready(signal: AbortSignal, host?: string): Promise<void>
  /** Hosts that are left alone, with the last failure. */
  open(): { host: string; failures: number; message: string }[]
}

export interface Pause {
  host: string
  ms: number
  /** The last failure. */
  message: string
}

export interface BreakerOptions {
  /** Datasets in a row that failed to connect. @default 5 */
  limit?: number
  /** Pauses before a host is left alone. @default none */
  pausesMs?: readonly number[]
  sleep?: (ms: number, signal: AbortSignal) => Promise<void>
  onPause?: (pause: Pause) => void
}

interface Host {
  failures: number
  message: string
  /** How many pauses it was given. */
  pauses: number
  /** Of the pause that it is given, not yet over. */
  pause: { ms: number; over: Promise<void> | null } | null
  isOpen: boolean
}

export function createBreaker({
  limit = 5,
  pausesMs = [],
  sleep = async () => {},
  onPause = () => {},
}: BreakerOptions = {}): Breaker {
  const hosts = new Map<string, Host>()

  function wait(host: string, state: Host, signal: AbortSignal): Promise<void> {
    const { pause } = state
    if (!pause) return Promise.resolve()
    if (!pause.over) {
      onPause({ host, ms: pause.ms, message: state.message })
      pause.over = sleep(pause.ms, signal).then(
        () => {
          state.pause = null
          // One more failure is enough for the next.
          state.failures = limit - 1
        },
        (cause) => {
          throw signal.aborted ? abortReason(signal) : cause
        },
      )
    }
    return pause.over
  }

  return {
    reportUnreachable(host, message) {
      const state = hosts.get(host) ?? { failures: 0, message, pauses: 0, pause: null, isOpen: false }
      hosts.set(host, state)
      state.message = message
      state.failures += 1
      if (state.failures < limit || state.pause || state.isOpen) return
      const ms = pausesMs[state.pauses]
      state.pauses += 1
      if (ms === undefined) state.isOpen = true
      else state.pause = { ms, over: null }
    },
    reportReachable(host) {
      const state = hosts.get(host)
      // Once open it stays open: a late answer to a request that was under way changes nothing.
      if (state && !state.isOpen && !state.pause) hosts.delete(host)
    },
    check(host) {
      const state = hosts.get(host)
      if (!state || !(state.isOpen || state.pause)) return
      throw new HarvesterError(
        'HOST_UNAVAILABLE',
        `${host} is left alone for the rest of the run: ${amount(state.failures, 'dataset')} in a row could not connect (${state.message})`,
        {
          remedy: 'Check that the server is up and can be reached from here; the next run tries again.',
          facts: { host, datasets: state.failures, detail: state.message },
        },
      )
    },
    isPausing: () => [...hosts.values()].some(({ pause }) => pause !== null),
    async ready(signal, only) {
      for (const [host, state] of hosts)
        if (only === undefined || host === only) await wait(host, state, signal)
    },
    open() {
      return [...hosts]
        .filter(([, { isOpen }]) => isOpen)
        .map(([host, { failures, message }]) => ({ host, failures, message }))
    },
  }
}
