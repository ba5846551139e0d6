import { setTimeout as delay } from 'node:timers/promises'

/** Gathers items and hands them on in order, in batches, one batch in flight. For telemetry: it may drop, never throw. */
export interface Batcher<T> {
  add(item: T): void
  /** Resolves when everything added so far was sent or given up; with false when the time is over before. */
  flush(timeoutMs?: number): Promise<boolean>
  /** How many were dropped, and not yet told. */
  takeDropped(): number
}

export interface BatcherOptions<T> {
  readonly send: (items: T[]) => Promise<void>
  readonly everyMs: number
  /** How long a flush waits for what others have to tell, so that they share a batch. @default 0 */
  readonly flushAfterMs?: number
  readonly maxItems: number
  /** @default no limit */
  readonly maxBytes?: number
  readonly bytes?: (item: T) => number
  /** Items waiting beyond this are dropped, oldest kept. @default 100 000 */
  readonly capacity?: number
  readonly onError?: (error: unknown, lost: number) => void
  /** Told of each item that found no place. */
  readonly onDropped?: (item: T) => void
}

export function batcher<T>(options: BatcherOptions<T>): Batcher<T> {
  const capacity = options.capacity ?? 100_000
  let queue: T[] = []
  let timer: NodeJS.Timeout | undefined
  let sending: Promise<void> | null = null
  let gathering: Promise<void> | null = null
  let dropped = 0
  let added = 0
  let done = 0

  const take = (): T[] => {
    let count = 0
    let bytes = 0
    for (const item of queue) {
      if (count >= options.maxItems) break
      bytes += options.bytes?.(item) ?? 0
      if (count > 0 && options.maxBytes !== undefined && bytes > options.maxBytes) break
      count++
    }
    const batch = queue.slice(0, count)
    queue = queue.slice(count)
    return batch
  }

  const drain = async () => {
    while (queue.length > 0) {
      const batch = take()
      try {
        await options.send(batch)
      } catch (error) {
        dropped += batch.length
        options.onError?.(error, batch.length)
      }
      done += batch.length
    }
  }

  const start = (): Promise<void> => {
    clearTimeout(timer)
    timer = undefined
    sending ??= drain().finally(() => {
      sending = null
      if (queue.length > 0) schedule()
    })
    return sending
  }

  const soon = (): Promise<void> => {
    const { flushAfterMs = 0 } = options
    if (sending || flushAfterMs === 0) return start()
    gathering ??= delay(flushAfterMs).then(() => {
      gathering = null
      return start()
    })
    return gathering
  }

  const schedule = () => {
    timer ??= setTimeout(() => void start(), options.everyMs)
    timer.unref()
  }

  return {
    add(item) {
      if (queue.length >= capacity) {
        dropped++
        options.onDropped?.(item)
        return
      }
      queue.push(item)
      added++
      if (sending) return
      if (queue.length >= options.maxItems) void start()
      else schedule()
    },
    async flush(timeoutMs = 30_000) {
      // What others add meanwhile is not waited for.
      const wanted = added
      let timeout: NodeJS.Timeout | undefined
      const over = new Promise<void>((resolve) => {
        timeout = setTimeout(resolve, timeoutMs)
      })
      try {
        await Promise.race([
          (async () => {
            while (done < wanted) await soon()
          })(),
          over,
        ])
      } finally {
        clearTimeout(timeout)
      }
      return done >= wanted
    },
    takeDropped() {
      const count = dropped
      dropped = 0
      return count
    },
  }
}
