/** What was opened, to be closed in reverse order whatever happened meanwhile. */
export interface Closing {
  /** Remembers how to close what was just opened. */
  add(close: () => unknown): void
  /** Closes everything, the newest first; gives the faults of closing, none of which keeps the rest open. */
  close(): Promise<unknown[]>
}

export function closing(): Closing {
  const open: (() => unknown)[] = []
  return {
    add: (close) => void open.push(close),
    async close() {
      const faults: unknown[] = []
      for (let next = open.pop(); next; next = open.pop()) {
        try {
          await next()
        } catch (error) {
          faults.push(error)
        }
      }
      return faults
    },
  }
}
