/**
 * Answers by identity. Each is sorted by identity (spilled to disk where it is long) and then read side by side with
 * the others, so that memory does not grow with the number of profiles.
 */

import { compareCodePoints } from '../../inventory/order.ts'
import { type ExternalSorter, type Keyed, SortedCursor } from '../../inventory/sort.ts'

/** A value by identity, for the side of a join. */
export interface KeyedValues<V> {
  /** The value of a key, at once where it is at hand; keys must be asked for in ascending order. */
  at(key: string): V | null | Promise<V | null>
  /** All keys in ascending order, each once or several times in a row, with the value of that row. */
  entries(): AsyncIterable<readonly (readonly [key: string, value: V])[]>
  close(): Promise<void>
}

/** The sorted records as values by key. */
export async function joined<V>(
  sorter: ExternalSorter,
  read: (record: Keyed) => V,
  join: (a: V, b: V) => V,
): Promise<KeyedValues<V>> {
  await sorter.complete()
  let cursor: SortedCursor | undefined
  const at = (key: string, found: V | null): V | null | Promise<V | null> => {
    if (!cursor) {
      cursor = new SortedCursor(sorter.sorted())
      return cursor.refill().then(() => at(key, found))
    }
    let value = found
    for (let record = cursor.current; record !== undefined; record = cursor.current) {
      const order = compareCodePoints(record[0], key)
      if (order > 0) return value
      if (order === 0) value = value === null ? read(record) : join(value, read(record))
      cursor.advance()
    }
    return cursor.ended ? value : cursor.refill().then(() => at(key, value))
  }
  return {
    at: (key) => at(key, null),
    async *entries() {
      for await (const block of sorter.sorted())
        yield block.map((record) => [record[0], read(record)] as const)
    },
    close: () => sorter.close(),
  }
}

/** An answer that was asked for and holds nobody: not the same as one that was not asked for. */
export function noValues<V>(): KeyedValues<V> {
  return { at: () => null, async *entries() {}, close: async () => {} }
}

/** Distinct keys, but no further than it takes to know that there are several. */
export async function countKeys(values: KeyedValues<unknown>): Promise<number> {
  let first: string | undefined
  for await (const block of values.entries()) {
    for (const [key] of block) {
      first ??= key
      if (key !== first) return 2
    }
  }
  return first === undefined ? 0 : 1
}
