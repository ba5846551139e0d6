import type { RunStore } from './store.ts'

/** A store that is opened when it is first needed: wrong usage starts no database. */
export function lazyStore(open: () => Promise<RunStore>): RunStore {
  const method =
    (name: keyof RunStore) =>
    async (...given: unknown[]): Promise<unknown> => {
      const store = await open()
      return (store[name] as (...given: unknown[]) => Promise<unknown>).apply(store, given)
    }
  return new Proxy({} as RunStore, { get: (_, name) => method(name as keyof RunStore) })
}
