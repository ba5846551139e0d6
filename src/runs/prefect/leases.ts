import { describeError } from '../../errors.ts'
import { retryAfterMs } from '../../http/retry.ts'
import { type PrefectClient, refused } from './client.ts'

/** Keeps a lease of a concurrency slot alive. */
export interface LeaseKeeper {
  stop(): void
  /**
   * Whether the server has forgotten the lease before it could end, as one does that keeps leases in memory and was
   * started again. It still counts the slot then, and nothing but who held it can give it back.
   */
  forgotten(): Promise<boolean>
}

const deploymentLeaseSeconds = 300
/**
 * A server does not say for how long it gave the slot of a deployment: its settings and the deployment's
 * `grace_period_seconds` do, from 30 s on. Most runs end before it is asked.
 */
const firstRenewalMs = 15_000
const tagLeaseSeconds = 60
const pausedPollMs = 10_000
/** Where the server names no time; the time that it names counts up to the longest. */
const pollMs = 2000
const longestPollMs = 30_000

/**
 * Renews a lease at three quarters of its life, and one of unknown life before the shortest that there is would end.
 * A lease that is gone (a restarted server forgets them) is told once: the run goes on, the limit is not held any
 * more.
 */
export function keepLease(
  client: PrefectClient,
  leaseId: string,
  options: {
    /** For how long it was given. @default unknown */
    seconds?: number
    onLost: (reason: string) => void
  },
): LeaseKeeper {
  const seconds = options.seconds ?? deploymentLeaseSeconds
  let stopped = false
  let failures = 0
  let timer: NodeJS.Timeout | undefined
  let endsAt = performance.now() + seconds * 1000
  let state: 'held' | 'forgotten' | 'ended' = 'held'
  const ask = async (): Promise<number> => {
    const asked = performance.now()
    const { response } = await client.normal.POST('/v2/concurrency_limits/leases/{lease_id}/renew', {
      params: { path: { lease_id: leaseId } },
      body: { lease_duration: seconds },
    })
    if (response.ok) endsAt = asked + seconds * 1000
    else if (response.status === 410 || response.status === 404)
      state = performance.now() < endsAt ? 'forgotten' : 'ended'
    return response.status
  }
  const renew = async () => {
    try {
      const status = await ask()
      if (stopped) return
      if (state !== 'held') {
        options.onLost(`the server does not know it (${status})`)
        return
      }
      failures = status < 400 ? 0 : failures + 1
    } catch (error) {
      failures++
      if (failures === 5) options.onLost(describeError(error))
    }
    if (stopped) return
    timer = setTimeout(renew, failures > 0 ? 10_000 : seconds * 750)
    timer.unref()
  }
  timer = setTimeout(renew, options.seconds === undefined ? firstRenewalMs : seconds * 750)
  timer.unref()
  return {
    stop() {
      stopped = true
      clearTimeout(timer)
    },
    async forgotten() {
      if (state === 'held') await ask()
      return state === 'forgotten'
    },
  }
}

/**
 * Waits for a slot of each tag that has a limit on the server; gives the function that returns them.
 * Tags without a limit cost one request and limit nothing.
 */
export async function acquireTagSlots(
  client: PrefectClient,
  tags: readonly string[],
  taskRunId: string,
  options: {
    signal: AbortSignal
    sleep: (ms: number, signal: AbortSignal) => Promise<void>
    onWaiting: (tags: readonly string[]) => void
    onLost: (reason: string) => void
    /** Told of tags that the server has no limit for: they limit nothing. */
    onUnlimited?: (tags: readonly string[]) => void
  },
): Promise<() => Promise<void>> {
  const names = [...new Set(tags)].sort().map((tag) => `tag:${tag}`)
  for (let round = 0; ; round++) {
    const { data, error, response } = await client.long.POST('/v2/concurrency_limits/increment-with-lease', {
      body: {
        names,
        slots: 1,
        mode: 'concurrency',
        lease_duration: tagLeaseSeconds,
        holder: { type: 'task_run', id: taskRunId },
      },
      signal: options.signal,
    })
    if (data && response.ok) {
      const held = new Set(data.limits.map((limit) => limit.name))
      const unlimited = names.filter((name) => !held.has(name)).map((name) => name.slice('tag:'.length))
      if (unlimited.length > 0) options.onUnlimited?.(unlimited)
      if (data.limits.length === 0) return async () => {}
      const leaseId = data.lease_id
      const keeper = keepLease(client, leaseId, { seconds: tagLeaseSeconds, onLost: options.onLost })
      return async () => {
        keeper.stop()
        try {
          await giveBack(client, leaseId, [...held], keeper)
        } catch (error) {
          options.onLost(describeError(error))
        }
      }
    }
    // A limit of 0, which only the UI can set, is answered with 422: it is a pause like any other.
    const paused = response.status === 422 && (await isPaused(client, names))
    if (response.status !== 423 && !paused) throw refused('give a slot', response.status, error)
    if (round === 0) options.onWaiting(tags)
    const asked = retryAfterMs(response.headers.get('retry-after') ?? undefined, Date.now())
    await options.sleep(
      asked ? Math.min(asked, longestPollMs) : paused ? pausedPollMs : pollMs,
      options.signal,
    )
  }
}

async function giveBack(
  client: PrefectClient,
  leaseId: string,
  names: string[],
  keeper: LeaseKeeper,
): Promise<void> {
  // The server takes any lease, and does nothing where it does not know it.
  if (await keeper.forgotten())
    await client.normal.POST('/v2/concurrency_limits/decrement', { body: { names, slots: 1 } })
  else
    await client.normal.POST('/v2/concurrency_limits/decrement-with-lease', { body: { lease_id: leaseId } })
}

async function isPaused(client: PrefectClient, names: readonly string[]): Promise<boolean> {
  for (const name of names) {
    const { data } = await client.normal.GET('/v2/concurrency_limits/{id_or_name}', {
      params: { path: { id_or_name: name } },
    })
    if (data && data.active !== false && data.limit < 1) return true
  }
  return false
}
