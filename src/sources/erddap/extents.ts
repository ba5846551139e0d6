/** Least and greatest values of each identity. */

import { ExternalSorter, type Keyed } from '../../inventory/sort.ts'
import { parseNumber } from '../../rules/numbers.ts'
import type { Extent } from '../../rules/profile.ts'
import { parseTime } from '../../rules/time.ts'
import { type IdentityColumns, keyReader, separator } from './identity.ts'
import { joined, type KeyedValues } from './keyed-values.ts'
import { batchesOf, indexOf } from './table.ts'
import type { ErddapTable } from './types.ts'

/** Minimum and maximum by identity, from the rows of orderByMinMax, whatever their number and order. */
export async function collectExtents(
  table: ErddapTable,
  identity: IdentityColumns,
  variable: string,
  folder: string,
): Promise<KeyedValues<Extent>> {
  const keyOf = keyReader(table.columns, identity)
  const column = indexOf(table.columns, variable)
  const read = variable === 'time' ? parseTime : parseNumber
  const sorter = new ExternalSorter(folder)
  // The two rows of a group mostly follow one another: they are one record.
  let last: [key: string, min: number, max: number] | undefined
  for await (const rows of batchesOf(table)) {
    for (const row of rows) {
      const value = read(row[column]!)
      if (value === null) continue
      const key = keyOf(row)
      if (last && last[0] === key) {
        last[1] = Math.min(last[1], value)
        last[2] = Math.max(last[2], value)
        continue
      }
      const spilled = last && sorter.add(last)
      if (spilled) await spilled
      last = [key, value, value]
    }
  }
  if (last) await sorter.add(last)
  return joined(sorter, extentOf, hull)
}

/** The least and the greatest depth of casts, and the times that these rows have. */
export interface CastEnds {
  vertical: KeyedValues<Extent>
  time: KeyedValues<Extent>
  /** In every cast both ends have the same time. */
  agree: boolean
  /** Of all times, epoch milliseconds. */
  times: Extent | null
}

/** Reads the rows of orderByMinMax of a depth by cast, which have the time beside. */
export async function collectCastEnds(
  table: ErddapTable,
  identity: IdentityColumns,
  { casts, variable }: { casts: readonly string[]; variable: string },
  folder: string,
): Promise<CastEnds> {
  const keyOf = keyReader(table.columns, identity)
  const parts = casts.map((column) => indexOf(table.columns, column))
  const depth = indexOf(table.columns, variable)
  const time = indexOf(table.columns, 'time')
  const verticals = new ExternalSorter(folder)
  const times = new ExternalSorter(folder)
  let agree = true
  let all: Extent | null = null
  let lastCast: string | undefined
  let lastTime: number | null = null
  for await (const rows of batchesOf(table)) {
    for (const row of rows) {
      const value = parseNumber(row[depth]!)
      if (value === null) continue
      const at = parseTime(row[time]!)
      const cast = parts.map((part) => row[part]).join(separator)
      if (at === null || (cast === lastCast && at !== lastTime)) agree = false
      lastCast = cast
      lastTime = at
      const key = keyOf(row)
      const spilled = verticals.add([key, value, value])
      if (spilled) await spilled
      if (at === null) continue
      all ??= { min: at, max: at }
      widen(all, at)
      const alsoSpilled = times.add([key, at, at])
      if (alsoSpilled) await alsoSpilled
    }
  }
  return {
    vertical: await joined(verticals, extentOf, hull),
    time: await joined(times, extentOf, hull),
    agree,
    times: all,
  }
}

function extentOf(record: Keyed): Extent {
  return { min: record[1] as number, max: record[2] as number }
}

function hull(a: Extent, b: Extent): Extent {
  return { min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) }
}

export function widen(extent: Extent, value: number): void {
  if (value < extent.min) extent.min = value
  if (value > extent.max) extent.max = value
}
