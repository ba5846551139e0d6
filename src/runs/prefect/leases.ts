import { describeError } from '../../errors.ts'
import { retryAfterMs } from '../../http/retry.ts'
import { type PrefectClient, refused } from './client.ts'

/** Keeps a lease of a concurrency slot alive. */
export interface LeaseKeeper {
  stop(): void
}

const deploymentLeaseSeconds = 300
const tagLeaseSeconds = 60
const pausedPollMs = 10_000
/** Where the server names no time; the time that it names counts up to the longest. */
const pollMs = 2000
const longestPollMs = 30_000

/**
 * Renews a lease at once and then at three quarters of its life. A lease that is gone (a restarted server forgets
 * them) is told once: the run goes on, the limit is not held any more.
 */
export function keepLease(
  client: PrefectClient,
  leaseId: string,
  options: {
    seconds?: number
    renewNow?: boolean
    onLost: (reason: string) => void
  },
): LeaseKeeper {
  const seconds = options.seconds ?? deploymentLeaseSeconds
  let stopped = false
  let failures = 0
  let timer: NodeJS.Timeout | undefined
  const renew = async () => {
    try {
      const { response } = await client.normal.POST('/v2/concurrency_limits/leases/{lease_id}/renew', {
        params: { path: { lease_id: leaseId } },
        body: { lease_duration: seconds },
      })
      if (stopped) return
      if (response.status === 410 || response.status === 404) {
        options.onLost(`the server does not know it (${response.status})`)
        return
      }
      failures = response.ok ? 0 : failures + 1
    } catch (error) {
      failures++
      if (failures === 5) options.onLost(describeError(error))
    }
    if (stopped) return
    timer = setTimeout(renew, failures > 0 ? 10_000 : seconds * 750)
    timer.unref()
  }
  if (options.renewNow) void renew()
  else {
    timer = setTimeout(renew, seconds * 750)
    timer.unref()
  }
  return {
    stop() {
      stopped = true
      clearTimeout(timer)
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
        await client.normal
          .POST('/v2/concurrency_limits/decrement-with-lease', { body: { lease_id: leaseId } })
          .catch((cause: unknown) => options.onLost(describeError(cause)))
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

async function isPaused(client: PrefectClient, names: readonly string[]): Promise<boolean> {
  for (const name of names) {
    const { data } = await client.normal.GET('/v2/concurrency_limits/{id_or_name}', {
      params: { path: { id_or_name: name } },
    })
    if (data && data.active !== false && data.limit < 1) return true
  }
  return false
}
