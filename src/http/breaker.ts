/**
 * The circuit breaker of one run: a host to which several datasets in a row could not connect is left alone for the
 * rest of the run. One is created for each run, passed to every request of it, and forgotten with it; the next run
 * tries again.
 *
 * What counts is a dataset, not a request: whoever works on a dataset (the ERDDAP client's scope) reports at most one
 * `failed` for it. Any answer of the host, even an error, closes the count.
 */

import { HarvesterError } from '../errors.ts'

export interface Breaker {
  /** A dataset failed to connect to the host. */
  reportUnreachable(host: string, message: string): void
  /** The host answered something. */
  reportReachable(host: string): void
  /** @throws HOST_UNAVAILABLE once the host is left alone */
  check(host: string): void
  /** Hosts that are left alone, with the last failure. */
  open(): { host: string; failures: number; message: string }[]
}

/** @param limit datasets in a row that failed to connect */
export function createBreaker(limit = 5): Breaker {
  const failures = new Map<string, { failures: number; message: string }>()
  return {
    reportUnreachable(host, message) {
      failures.set(host, { failures: (failures.get(host)?.failures ?? 0) + 1, message })
    },
    reportReachable(host) {
      // Once open it stays open: a late answer to a request that was under way changes nothing.
      if ((failures.get(host)?.failures ?? 0) < limit) failures.delete(host)
    },
    check(host) {
      const state = failures.get(host)
      if (!state || state.failures < limit) return
      throw new HarvesterError(
        'HOST_UNAVAILABLE',
        `${host} is left alone for the rest of the run: ${state.failures} datasets in a row could not connect (${state.message})`,
        {
          remedy: 'Check that the server is up and can be reached from here; the next run tries again.',
          facts: { host, datasets: state.failures, detail: state.message },
        },
      )
    },
    open() {
      return [...failures]
        .filter(([, state]) => state.failures >= limit)
        .map(([host, state]) => ({ host, ...state }))
    },
  }
}
