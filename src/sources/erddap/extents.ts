/** Least and greatest values of each identity. */

import { ExternalSorter, type Keyed } from '../../inventory/sort.ts'
import type { Extent } from '../../rules/extent.ts'
import { parseNumber } from '../../rules/numbers.ts'
import { parseTime } from '../../rules/time.ts'
import { groupReader, type IdentityColumns, keyReader } from './identity.ts'
import { joined, type KeyedValues } from './keyed-values.ts'
import { batchesOf, indexOf } from './table.ts'
import type { ErddapTable } from './types.ts'

/** Least and greatest value of an identity in one answer. */
export interface SeenExtent extends Extent {
  /** It is the last of the answer and has one row, where those before it have two: the answer may end too early. */
  half?: true
}

/** How many rows the groups of an answer have, as they follow one another. */
class GroupRows {
  #groups = 0
  #short = 0
  #rows = 0
  #last: string | undefined

  add(group: string): void {
    if (group !== this.#last || this.#groups === 0) {
      if (this.#groups > 0 && this.#rows < 2) this.#short += 1
      this.#last = group
      this.#groups += 1
      this.#rows = 0
    }
    this.#rows += 1
  }

  /** How many groups there were. */
  get groups(): number {
    return this.#groups
  }

  /** Whether the last group lacks its second row. Old servers send one row where both would be the same. */
  endsHalf(ofOne: boolean): boolean {
    return this.#rows === 1 && (this.#groups === 1 ? ofOne : this.#short === 0)
  }
}

/** Values on their way to be sorted. The rows of an identity mostly follow one another: they are one record. */
class ExtentRecords {
  readonly #sorter: ExternalSorter
  #last: [key: string, min: number, max: number, half: number] | undefined

  constructor(folder: string) {
    this.#sorter = new ExternalSorter(folder)
  }

  /** Await the promise, if there is one, before adding the next. */
  add(key: string, value: number): Promise<void> | undefined {
    const last = this.#last
    if (last?.[0] === key) {
      last[1] = Math.min(last[1], value)
      last[2] = Math.max(last[2], value)
      return undefined
    }
    this.#last = [key, value, value, 0]
    return last && this.#sorter.add(last)
  }

  /** @param endsHalf the last record may lack a row */
  async end(endsHalf: boolean): Promise<KeyedValues<SeenExtent>> {
    if (this.#last) {
      if (endsHalf) this.#last[3] = 1
      await this.#sorter.add(this.#last)
    }
    return joined(this.#sorter, extentOf, hull)
  }
}

export interface Extents extends KeyedValues<SeenExtent> {
  /** How many groups the answer has: identities, or casts of them. */
  groups: number
}

/**
 * Minimum and maximum by identity, from the rows of orderByMinMax, whatever their number and order.
 * @param groupBy what the answer is grouped by: the identity, or more
 */
export async function collectExtents(
  table: ErddapTable,
  identity: IdentityColumns,
  { groupBy, variable }: { groupBy: readonly string[]; variable: string },
  folder: string,
): Promise<Extents> {
  const keyOf = keyReader(table.columns, identity)
  const groupOf = groupReader(table.columns, groupBy)
  const groups = new GroupRows()
  const column = indexOf(table.columns, variable)
  const read = variable === 'time' ? parseTime : parseNumber
  const records = new ExtentRecords(folder)
  for await (const rows of batchesOf(table)) {
    for (const row of rows) {
      const value = read(row[column]!)
      if (value === null) continue
      const key = keyOf(row)
      groups.add(groupOf(row))
      const spilled = records.add(key, value)
      if (spilled) await spilled
    }
  }
  // All records of one identity have the same depth more often than the same time.
  return { ...(await records.end(groups.endsHalf(variable === 'time'))), groups: groups.groups }
}

/** The least and the greatest depth of casts, and the times that these rows have. */
export interface CastEnds {
  vertical: KeyedValues<SeenExtent>
  time: KeyedValues<SeenExtent>
  /** How many casts have depths. */
  casts: number
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
  const castOf = groupReader(table.columns, casts)
  const depth = indexOf(table.columns, variable)
  const time = indexOf(table.columns, 'time')
  const verticals = new ExtentRecords(folder)
  const times = new ExtentRecords(folder)
  let agree = true
  let all: Extent | null = null
  const groups = new GroupRows()
  let lastCast: string | undefined
  let lastTime: number | null = null
  for await (const rows of batchesOf(table)) {
    for (const row of rows) {
      const value = parseNumber(row[depth]!)
      if (value === null) continue
      const at = parseTime(row[time]!)
      const cast = castOf(row)
      groups.add(cast)
      if (at === null || (cast === lastCast && at !== lastTime)) agree = false
      lastCast = cast
      lastTime = at
      const key = keyOf(row)
      const spilled = verticals.add(key, value)
      if (spilled) await spilled
      if (at === null) continue
      all ??= { min: at, max: at }
      widen(all, at)
      const alsoSpilled = times.add(key, at)
      if (alsoSpilled) await alsoSpilled
    }
  }
  return {
    casts: groups.groups,
    vertical: await verticals.end(groups.endsHalf(false)),
    time: await times.end(false),
    agree,
    times: all,
  }
}

function extentOf(record: Keyed): SeenExtent {
  const extent = { min: record[1] as number, max: record[2] as number }
  return record[3] === 1 ? { ...extent, half: true } : extent
}

export function hull(a: SeenExtent, b: SeenExtent): SeenExtent {
  const extent = { min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) }
  return a.half || b.half ? { ...extent, half: true } : extent
}

export function widen(extent: Extent, value: number): void {
  if (value < extent.min) extent.min = value
  if (value > extent.max) extent.max = value
}
