import { describeError } from '../../errors.ts'
import { type Limit, tagLimitName } from '../limits.ts'
import type { Runtime } from '../runtime.ts'
import type { RunStore } from './store.ts'

/** Slots by tag over all processes that share a store. */
export interface TagLimits {
  /**
   * Waits for a slot of each limited tag; the returned function gives them back. Within a process tasks come in order
   * of arrival, among processes by chance. Throws the signal's reason.
   */
  acquire(tags: readonly string[], holder: string, signal: AbortSignal): Promise<() => Promise<void>>
}

export interface TagLimitOptions {
  readonly store: Pick<RunStore, 'takeSlots' | 'renewSlots' | 'freeSlots'>
  /** The limits in force, by name; asked again while a task waits, so that a change needs no restart. */
  readonly limits: () => Promise<ReadonlyMap<string, Limit>>
  /** Tags that may have a limit; others cost no question. */
  readonly tags: ReadonlySet<string>
  readonly runtime: Runtime
  readonly onProblem: (text: string, facts: Record<string, unknown>) => void
  /** How long a slot outlives a killed process. @default 60 */
  readonly leaseSeconds?: number
  /** How often a waiting task asks again. @default 1000 */
  readonly pollMs?: number
}

export function tagLimits(options: TagLimitOptions): TagLimits {
  const { store, runtime, onProblem } = options
  const leaseSeconds = options.leaseSeconds ?? 60
  const pollMs = options.pollMs ?? 1000
  /** The last of those who wait for the same tags: only the first of them asks. */
  const queues = new Map<string, Promise<void>>()
  /** Wakes who waits here when a slot of this process comes back. */
  let freed = new AbortController()

  const hold = (id: string, tags: readonly string[]): (() => Promise<void>) => {
    let lost = false
    const renew = async () => {
      try {
        if (lost || (await store.renewSlots(id, leaseSeconds))) return
        lost = true
        onProblem('The slot of a task is not held any more: it could not be renewed in time', {
          tags: tags.join(','),
        })
      } catch (error) {
        onProblem('The slot of a task could not be renewed', {
          tags: tags.join(','),
          error: describeError(error),
        })
      }
    }
    const timer = setInterval(() => void renew(), (leaseSeconds * 1000) / 3)
    timer.unref()
    return async () => {
      clearInterval(timer)
      try {
        await store.freeSlots(id)
      } catch (error) {
        onProblem('The slot of a task could not be given back; it ends by itself', {
          seconds: leaseSeconds,
          error: describeError(error),
        })
      }
      const waiting = freed
      freed = new AbortController()
      waiting.abort()
    }
  }

  const take = async (
    tags: readonly string[],
    holder: string,
    signal: AbortSignal,
  ): Promise<() => Promise<void>> => {
    for (let told = false; ; told = true) {
      signal.throwIfAborted()
      const wake = freed.signal
      const id = runtime.id()
      let limits: { name: string; limit: number }[]
      let taken: boolean
      try {
        const inForce = await options.limits()
        limits = tags.flatMap((tag) => {
          const limit = inForce.get(tagLimitName(tag)) ?? null
          return limit === null ? [] : [{ name: tagLimitName(tag), limit }]
        })
        if (limits.length === 0) return async () => {}
        taken = await store.takeSlots({ id, holder, limits, seconds: leaseSeconds })
      } catch (error) {
        // A task that cannot ask has its own ways to wait for a database that is away.
        onProblem('No slot could be asked for; the task runs without', { error: describeError(error) })
        return async () => {}
      }
      if (taken) {
        const release = hold(id, tags)
        if (!signal.aborted) return release
        await release()
        throw signal.reason
      }
      if (!told)
        onProblem('A task waits for a slot', { holder, limits: limits.map(({ name }) => name).join(',') })
      const either = AbortSignal.any([signal, wake])
      await runtime.sleep(pollMs * (0.5 + runtime.random()), either).catch(() => {})
    }
  }

  return {
    async acquire(tags, holder, signal) {
      const limited = [...new Set(tags)].filter((tag) => options.tags.has(tag)).sort()
      if (limited.length === 0) return async () => {}
      const key = limited.join('\n')
      const before = queues.get(key)
      let leave: () => void = () => {}
      const mine = new Promise<void>((resolve) => {
        leave = resolve
      })
      const last = (before ?? Promise.resolve()).then(() => mine)
      queues.set(key, last)
      void last.then(() => {
        if (queues.get(key) === last) queues.delete(key)
      })
      try {
        if (before) await unlessAborted(before, signal)
        return await take(limited, holder, signal)
      } finally {
        leave()
      }
    },
  }
}

async function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  let onAbort: () => void = () => {}
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
  })
  try {
    await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
