/** Where each identity is: the answer that the others are held against and joined to. */

import { ExternalSorter, type Keyed } from '../../inventory/sort.ts'
import type { Extent } from '../../rules/extent.ts'
import { storableText } from '../../rules/limits.ts'
import { parseNumber } from '../../rules/numbers.ts'
import { normaliseLongitude } from '../../rules/position.ts'
import { parseTime } from '../../rules/time.ts'
import { type CountedColumns, type CountsOf, countsReader } from './counts.ts'
import { widen } from './extents.ts'
import { type IdentityColumns, keyReader, separator } from './identity.ts'
import type { KeyedValues } from './keyed-values.ts'
import { batchesOf, indexOf } from './table.ts'
import type { ErddapTable } from './types.ts'

/** Identities handed on together. */
const groupsAtOnce = 500

/** Everything the positions' answer says of one identity. */
export interface PositionGroup {
  key: string
  position: { latitude: number; longitude: number } | null
  /** Positions differ between the rows of this identity. */
  severalPositions: boolean
  casts: number
  /** Casts of which times, or depths, were counted, one without an id included. */
  castsWith: { times: number; verticals: number }
  /** Where the answer counts. */
  counts: CountsOf | null
  /** Of all its times, where the answer has them; epoch milliseconds. */
  time: Extent | null
}

/** What an answer was asked to hold beside ids and positions. */
export interface PositionContents extends CountedColumns {
  /** Whether each time has a row of its own. */
  timed: boolean
}

export interface PositionTable {
  /** One identity in the whole answer. */
  single: boolean
  /** Extents of all positions, degrees; null where there is none. */
  places: { latitude: Extent; longitude: Extent } | null
  /** Whether the answer counts records too. */
  counted: boolean
  /** Whether the answer has the times too. */
  timed: boolean
  /** Where the answer came from. */
  url: string | undefined
  /** In order of their keys, several at a time. */
  groups(): AsyncIterable<readonly PositionGroup[]>
  close(): Promise<void>
}

/**
 * Reads positions (latitude and longitude by role column), with counts or times where the answer has them.
 * The first row of an identity in the answer that has a position gives it: ERDDAP sorts, so that it is the same one at each harvest.
 */
export async function collectPositions(
  table: ErddapTable,
  identity: IdentityColumns,
  contents: PositionContents,
  folder: string,
): Promise<PositionTable> {
  const keyOf = keyReader(table.columns, identity)
  const latitude = indexOf(table.columns, 'latitude')
  const longitude = indexOf(table.columns, 'longitude')
  const cast = identity.cast === null ? -1 : indexOf(table.columns, identity.cast)
  const counts = contents.counted.map((column) => indexOf(table.columns, column))
  const time = contents.timed ? indexOf(table.columns, 'time') : -1
  const sorter = new ExternalSorter(folder)
  const places = new Places()
  let first: string | undefined
  let single = true
  let sequence = 0
  for await (const rows of batchesOf(table)) {
    for (const row of rows) {
      const key = keyOf(row)
      first ??= key
      if (key !== first) single = false
      const north = parseNumber(row[latitude]!)
      const east = longitudeOf(row[longitude]!)
      if (north !== null && east !== null) places.add(north, east)
      const record: [string, ...(string | number | null)[]] = [
        // Casts of a station come together, so that they can be counted without remembering them. As they are stored:
        // an id that is a NUL, which a `char` without a value is, would be taken for a separator.
        cast < 0 ? key : `${key}${separator}${storableText(row[cast]!)}`,
        sequence++,
        north,
        east,
      ]
      for (const column of counts) record.push(parseNumber(row[column]!) ?? 0)
      if (time >= 0) record.push(parseTime(row[time]!))
      const spilled = sorter.add(record)
      if (spilled) await spilled
    }
  }
  await sorter.complete()
  const keyOfRecord =
    cast < 0 ? (key: string) => key : (key: string) => key.slice(0, key.lastIndexOf(separator))
  return {
    single: single && first !== undefined,
    places: places.extents,
    counted: counts.length > 0,
    timed: time >= 0,
    url: table.url,
    groups: () =>
      positionGroups(sorter.sorted(), {
        keyOf: keyOfRecord,
        missingCasts: cast < 0 ? null : identity.missingCasts,
        counted: contents.counted,
        vertical: contents.vertical,
        timed: time >= 0,
      }),
    close: () => sorter.close(),
  }
}

/** Normalised before positions are compared: 350 and −10 are one place. */
function longitudeOf(text: string): number | null {
  const longitude = parseNumber(text)
  return longitude === null ? null : normaliseLongitude(longitude)
}

/** Least and greatest of positions. */
class Places {
  #extents: { latitude: Extent; longitude: Extent } | null = null

  add(latitude: number, longitude: number): void {
    const known = this.#extents
    if (known === null) {
      this.#extents = {
        latitude: { min: latitude, max: latitude },
        longitude: { min: longitude, max: longitude },
      }
      return
    }
    widen(known.latitude, latitude)
    widen(known.longitude, longitude)
  }

  get extents() {
    return this.#extents
  }
}

const countedOfCasts = ['times', 'verticals'] as const
const noCasts: typeof countedOfCasts | readonly [] = []

async function* positionGroups(
  blocks: AsyncIterable<readonly Keyed[]>,
  {
    keyOf,
    missingCasts,
    counted,
    vertical,
    timed,
  }: PositionContents & {
    keyOf: (key: string) => string
    missingCasts: readonly string[] | null
  },
): AsyncGenerator<readonly PositionGroup[]> {
  let group: PositionGroup | undefined
  let firstSequence = Number.POSITIVE_INFINITY
  let lastCast: string | undefined
  let lastWith = { times: '', verticals: '' }
  const countedAt = {
    times: counted.indexOf('time'),
    verticals: vertical === null ? -1 : counted.indexOf(vertical),
  }
  let sums: number[] = []
  let done: PositionGroup[] = []
  const timeAt = 4 + counted.length
  const toCounts = countsReader(counted, vertical)
  const finish = (ended: PositionGroup) => {
    if (counted.length > 0) ended.counts = toCounts(sums)
    done.push(ended)
  }
  for await (const block of blocks) {
    for (const record of block) {
      const full = record[0]
      const key = keyOf(full)
      if (group?.key !== key) {
        if (group) finish(group)
        group = {
          key,
          position: null,
          severalPositions: false,
          casts: 0,
          castsWith: { times: 0, verticals: 0 },
          counts: null,
          time: null,
        }
        firstSequence = Number.POSITIVE_INFINITY
        lastCast = undefined
        lastWith = { times: '', verticals: '' }
        sums = new Array<number>(counted.length).fill(0)
        if (done.length >= groupsAtOnce) {
          yield done
          done = []
        }
      }
      if (missingCasts && full !== lastCast) {
        lastCast = full
        // A row without a cast's id is no cast.
        if (!missingCasts.includes(full.slice(key.length + 1))) group.casts += 1
      }
      for (let i = 0; i < counted.length; i++) sums[i]! += record[4 + i] as number
      // Of a cast with several positions there are several rows.
      for (const name of missingCasts ? countedOfCasts : noCasts) {
        const at = countedAt[name]
        if (at < 0 || lastWith[name] === full || !((record[4 + at] as number) > 0)) continue
        lastWith[name] = full
        group.castsWith[name] += 1
      }
      const at = timed ? (record[timeAt] as number | null) : null
      if (at !== null) {
        group.time ??= { min: at, max: at }
        widen(group.time, at)
      }
      const [, order, latitude, longitude] = record as unknown as [
        string,
        number,
        number | null,
        number | null,
      ]
      if (latitude === null || longitude === null) continue
      const known = group.position
      if (known && (known.latitude !== latitude || known.longitude !== longitude))
        group.severalPositions = true
      if (order < firstSequence) {
        firstSequence = order
        group.position = { latitude, longitude }
      }
    }
  }
  if (group) finish(group)
  if (done.length > 0) yield done
}

/** The ids and counts of an answer that gives positions too. */
export function entriesOf(positions: PositionTable): KeyedValues<CountsOf> {
  const unknown: CountsOf = { greatest: 0, time: null, vertical: null }
  return {
    at: () => null,
    async *entries() {
      for await (const groups of positions.groups())
        yield groups.map(({ key, counts }) => [key, counts ?? unknown] as const)
    },
    close: async () => {},
  }
}

export async function firstGroup(positions: PositionTable): Promise<PositionGroup | undefined> {
  for await (const [group] of positions.groups()) return group
  return undefined
}
