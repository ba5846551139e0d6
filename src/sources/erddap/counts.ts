/** How many records each identity has, as the server counts them. */

import { ExternalSorter } from '../../inventory/sort.ts'
import { parseNumber } from '../../rules/numbers.ts'
import { type IdentityColumns, keyReader } from './identity.ts'
import { joined, type KeyedValues } from './keyed-values.ts'
import { batchesOf, indexOf } from './table.ts'
import type { ErddapTable } from './types.ts'

/** How many values each of some columns has, of one identity. */
export interface CountsOf {
  /** The greatest of them. */
  greatest: number
  /** Null where the column was not counted. */
  time: number | null
  vertical: number | null
}

/** What is counted of each identity. */
export interface CountedColumns {
  /** Counted columns; none where the answer does not count. */
  counted: readonly string[]
  /** That of them which is the depth or the altitude. */
  vertical: string | null
}

/** Sums of counted columns, in their order, as what they are the counts of. */
export function countsReader(
  counted: readonly string[],
  vertical: string | null,
): (sums: readonly number[]) => CountsOf {
  const time = counted.indexOf('time')
  const depth = vertical === null ? -1 : counted.indexOf(vertical)
  return (sums) => {
    let greatest = 0
    for (const sum of sums) if (sum > greatest) greatest = sum
    return {
      greatest,
      time: time < 0 ? null : sums[time]!,
      vertical: depth < 0 ? null : sums[depth]!,
    }
  }
}

/** Counts by identity. */
export async function collectCounts(
  table: ErddapTable,
  identity: IdentityColumns,
  { counted, vertical }: CountedColumns,
  folder: string,
): Promise<KeyedValues<CountsOf>> {
  const keyOf = keyReader(table.columns, identity)
  const indexes = counted.map((column) => indexOf(table.columns, column))
  const toCounts = countsReader(counted, vertical)
  const sorter = new ExternalSorter(folder)
  for await (const rows of batchesOf(table)) {
    for (const row of rows) {
      const spilled = sorter.add([keyOf(row), ...indexes.map((index) => parseNumber(row[index]!) ?? 0)])
      if (spilled) await spilled
    }
  }
  return joined(sorter, (record) => toCounts(record.slice(1) as number[]), addedCounts)
}

function addedCounts(a: CountsOf, b: CountsOf): CountsOf {
  const sum = (one: number | null, other: number | null) => (one === null ? other : one + (other ?? 0))
  return {
    greatest: a.greatest + b.greatest,
    time: sum(a.time, b.time),
    vertical: sum(a.vertical, b.vertical),
  }
}
