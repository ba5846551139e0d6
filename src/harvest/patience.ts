/** How long a run waits for what may pass by itself; tests and the demo wait less. */

import { setTimeout as delay } from 'node:timers/promises'

export interface Patience {
  /** Pauses that a host is given which stops answering, before the rest of its run is given up. */
  hostPausesMs: readonly number[]
  /** How long after "Currently unknown datasetID" a listed dataset is asked for again, at the end of its source. */
  unknownMs: number
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

export const defaultPatience: Patience = {
  hostPausesMs: [30_000, 60_000, 120_000],
  // A dataset that is read anew is unknown for seconds.
  unknownMs: 5_000,
  sleep: (ms, signal) => delay(ms, undefined, { signal }),
}
