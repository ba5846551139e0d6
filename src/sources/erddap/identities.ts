/**
 * The answers of a server, brought together by identity. Each answer is sorted by identity (spilled to disk where it
 * is long) and then read side by side with the others, so that memory does not grow with the number of profiles.
 */

import { HarvesterError } from '../../errors.ts'
import { compareCodePoints } from '../../inventory/order.ts'
import { ExternalSorter, type Keyed, SortedCursor } from '../../inventory/sort.ts'
import type { DatasetPlan } from '../../rules/decisions.ts'
import { storableText } from '../../rules/limits.ts'
import { parseNumber } from '../../rules/numbers.ts'
import { normaliseLongitude } from '../../rules/position.ts'
import type { Extent } from '../../rules/profile.ts'
import { parseTime } from '../../rules/time.ts'
import type { DatasetMetadata, ErddapTable } from './types.ts'

/** Sorts before every character that an id may hold. */
const separator = '\u0000'
/** Identities handed on together. */
const groupsAtOnce = 500

/** What tells one profile row from another, in the order of the columns of profiles.csv. */
export interface IdentityColumns {
  timeseries: string | null
  profile: string | null
  /** The cast within a station (TimeSeriesProfile), which is no part of the identity. */
  cast: string | null
  /** What a missing cast looks like: empty, or NaN where the variable is a number. */
  missingCasts: readonly string[]
  /** Of the id columns, those that hold numbers: NaN is no id there, but a missing one. */
  numeric: ReadonlySet<string>
}

export function identityColumns(plan: DatasetPlan, metadata: DatasetMetadata): IdentityColumns {
  const { timeseriesIdVariable, profileIdVariable, identity } = plan
  const has = (column: string | null) => (column !== null && identity.includes(column) ? column : null)
  const cast = plan.cdmDataType === 'TimeSeriesProfile' ? profileIdVariable : null
  const castType = metadata.variables.find(({ name }) => name === cast)?.dataType
  const numeric = metadata.variables.filter(({ dataType }) => !textTypes.has(dataType.toLowerCase()))
  return {
    timeseries: has(timeseriesIdVariable),
    profile: has(profileIdVariable),
    cast,
    missingCasts: castType === 'String' ? [''] : ['', 'NaN'],
    numeric: new Set(numeric.map(({ name }) => name)),
  }
}

/** Types of ERDDAP (none: it is not known) in which `NaN` is a text like any other. */
const textTypes: ReadonlySet<string> = new Set(['', 'string', 'char'])

/** The key by which rows are joined and ordered: `timeseries_id`, then `profile_id`. */
function keyReader(
  columns: readonly string[],
  identity: IdentityColumns,
): (row: readonly string[]) => string {
  const timeseries = idReader(columns, identity.timeseries, identity.numeric)
  const profile = idReader(columns, identity.profile, identity.numeric)
  return (row) => `${timeseries(row)}${separator}${profile(row)}`
}

/** The ids of one column, as they are stored. */
function idReader(
  columns: readonly string[],
  column: string | null,
  numeric: ReadonlySet<string>,
): (row: readonly string[]) => string {
  if (column === null) return () => ''
  const index = indexOf(columns, column)
  return numeric.has(column)
    ? (row) => (row[index] === 'NaN' ? '' : row[index]!)
    : (row) => storableText(row[index]!)
}

export function idsOfKey(
  key: string,
  identity: IdentityColumns,
): { timeseriesId: string | null; profileId: string | null } {
  const at = key.indexOf(separator)
  return {
    timeseriesId: identity.timeseries === null ? null : key.slice(0, at),
    profileId: identity.profile === null ? null : key.slice(at + 1),
  }
}

/** How many values each of some columns has, of one identity. */
export interface CountsOf {
  /** The greatest of them. */
  greatest: number
  /** Null where the column was not counted. */
  time: number | null
  vertical: number | null
}

/** Everything the positions' answer says of one identity. */
export interface PositionGroup {
  key: string
  position: { latitude: number; longitude: number } | null
  /** Positions differ between the rows of this identity. */
  severalPositions: boolean
  casts: number
  /** Where the answer counts. */
  counts: CountsOf | null
  /** Of all its times, where the answer has them; epoch milliseconds. */
  time: Extent | null
}

/** What an answer was asked to hold beside ids and positions. */
export interface PositionContents {
  /** Counted columns; none where the answer does not count. */
  counted: readonly string[]
  /** That of them which is the depth or the altitude. */
  vertical: string | null
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
        // Casts of a station come together, so that they can be counted without remembering them.
        cast < 0 ? key : `${key}${separator}${row[cast]}`,
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

function widen(extent: Extent, value: number): void {
  if (value < extent.min) extent.min = value
  if (value > extent.max) extent.max = value
}

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
        group = { key, position: null, severalPositions: false, casts: 0, counts: null, time: null }
        firstSequence = Number.POSITIVE_INFINITY
        lastCast = undefined
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

/** Sums of counted columns, in their order, as what they are the counts of. */
function countsReader(
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

/** A value by identity, for the side of a join. */
export interface KeyedValues<V> {
  /** The value of a key, at once where it is at hand; keys must be asked for in ascending order. */
  at(key: string): V | null | Promise<V | null>
  /** All keys in ascending order, each once or several times in a row, with the value of that row. */
  entries(): AsyncIterable<readonly (readonly [key: string, value: V])[]>
  close(): Promise<void>
}

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

/** Counts by identity. */
export async function collectCounts(
  table: ErddapTable,
  identity: IdentityColumns,
  { counted, vertical }: Pick<PositionContents, 'counted' | 'vertical'>,
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

function extentOf(record: Keyed): Extent {
  return { min: record[1] as number, max: record[2] as number }
}

function hull(a: Extent, b: Extent): Extent {
  return { min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) }
}

/** The sorted records as values by key. */
async function joined<V>(
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

/** Rows as they came together: asking for each by itself costs more than working on it. */
async function* batchesOf(table: ErddapTable): AsyncGenerator<readonly (readonly string[])[]> {
  if (table.batches) yield* table.batches
  else for await (const row of table.rows) yield [row]
}

function indexOf(columns: readonly string[], column: string): number {
  const index = columns.indexOf(column)
  if (index < 0) {
    throw new HarvesterError(
      'HTTP_BAD_ANSWER',
      `the answer has no column ${column}, only ${columns.join(', ')}`,
    )
  }
  return index
}
