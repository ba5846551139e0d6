/** Slots by tag within one process; waits in order of arrival. */
export interface TagLimits {
  /** Waits for a slot of each limited tag; the returned function gives them back. Throws the signal's reason. */
  acquire(tags: readonly string[], signal: AbortSignal): Promise<() => Promise<void>>
}

export function tagLimits(limits: Readonly<Record<string, number>>): TagLimits {
  const used = new Map<string, number>()
  const queues = new Map<string, (() => void)[]>()

  const take = async (tag: string, limit: number, signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted()
    if ((used.get(tag) ?? 0) < limit) {
      used.set(tag, (used.get(tag) ?? 0) + 1)
      return
    }
    const queue = queues.get(tag) ?? []
    queues.set(tag, queue)
    await new Promise<void>((resolve, reject) => {
      const turn = () => {
        signal.removeEventListener('abort', onAbort)
        resolve()
      }
      const onAbort = () => {
        queue.splice(queue.indexOf(turn), 1)
        reject(signal.reason)
      }
      queue.push(turn)
      signal.addEventListener('abort', onAbort, { once: true })
    })
  }

  const give = (tag: string) => {
    const next = queues.get(tag)?.shift()
    if (next)
      next() // the slot passes on, the count stays
    else used.set(tag, (used.get(tag) ?? 1) - 1)
  }

  return {
    async acquire(tags, signal) {
      // One order for all keeps two tasks from holding what the other waits for.
      const limited = [...new Set(tags)].filter((tag) => limits[tag] !== undefined).sort()
      const held: string[] = []
      try {
        for (const tag of limited) {
          await take(tag, limits[tag] as number, signal)
          held.push(tag)
        }
      } catch (error) {
        for (const tag of held) give(tag)
        throw error
      }
      return async () => {
        for (const tag of held.splice(0)) give(tag)
      }
    },
  }
}
