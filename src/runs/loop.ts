/** Something done again and again until stopped; the next time is never before the last one ended. */
export interface Loop {
  /** Does it now instead of at its time. */
  wake(): void
  /** Resolves when the last round has ended. */
  stop(): Promise<void>
}

/**
 * @param body One round; a number returned is the wait until the next, in ms. When it throws, the waits grow up to
 * half a minute: a server that is down is not hammered.
 */
export function startLoop(options: {
  readonly everyMs: number
  readonly body: () => Promise<number | undefined>
  readonly onError: (error: unknown, failures: number) => void
  readonly random: () => number
}): Loop {
  let stopped = false
  let woken = false
  let wakeUp: (() => void) | null = null
  let failures = 0

  const rest = (milliseconds: number) =>
    new Promise<void>((resolve) => {
      if (woken || stopped) return resolve()
      const timer = setTimeout(resolve, milliseconds)
      wakeUp = () => {
        clearTimeout(timer)
        resolve()
      }
    })

  const run = async () => {
    while (!stopped) {
      woken = false
      let wait = options.everyMs
      try {
        wait = (await options.body()) ?? wait
        failures = 0
      } catch (error) {
        failures++
        // A heartbeat that was lost is not to wait for its next time.
        wait = Math.min(1000 * 2 ** Math.min(failures - 1, 5), 30_000)
        woken = false // a wish for haste does not help against an outage
        options.onError(error, failures)
      }
      await rest(wait * (0.9 + 0.2 * options.random()))
      wakeUp = null
    }
  }
  const done = run()
  return {
    wake() {
      woken = true
      wakeUp?.()
    },
    async stop() {
      stopped = true
      wakeUp?.()
      await done
    },
  }
}
