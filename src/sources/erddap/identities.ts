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

/** Everything the positions' answer says of one identity. */
export interface PositionGroup {
  key: string
  position: { latitude: number; longitude: number } | null
  /** Positions differ between the rows of this identity. */
  severalPositions: boolean
  casts: number
  /** The greatest count among the counted columns, where the answer counts. */
  count: number
  /** Of all its times, where the answer has them; epoch milliseconds. */
  time: Extent | null
}

export interface PositionTable {
  /** One identity in the whole answer. */
  single: boolean
  /** Whether the answer counts records too. */
  counted: boolean
  /** Whether the answer has the times too. */
  timed: boolean
  /** In order of their keys, several at a time. */
  groups(): AsyncIterable<readonly PositionGroup[]>
  close(): Promise<void>
}

/**
 * Reads positions (latitude and longitude by role column), with counts if `also` names columns, or with times.
 * The first row of an identity in the answer that has a position gives it: ERDDAP sorts, so that it is the same one at each harvest.
 */
export async function collectPositions(
  table: ErddapTable,
  identity: IdentityColumns,
  also: readonly string[] | 'time',
  folder: string,
): Promise<PositionTable> {
  const keyOf = keyReader(table.columns, identity)
  const latitude = indexOf(table.columns, 'latitude')
  const longitude = indexOf(table.columns, 'longitude')
  const cast = identity.cast === null ? -1 : indexOf(table.columns, identity.cast)
  const counts = also === 'time' ? [] : also.map((column) => indexOf(table.columns, column))
  const time = also === 'time' ? indexOf(table.columns, 'time') : -1
  const sorter = new ExternalSorter(folder)
  let first: string | undefined
  let single = true
  let sequence = 0
  for await (const rows of batchesOf(table)) {
    for (const row of rows) {
      const key = keyOf(row)
      first ??= key
      if (key !== first) single = false
      const record: [string, ...(string | number | null)[]] = [
        // Casts of a station come together, so that they can be counted without remembering them.
        cast < 0 ? key : `${key}${separator}${row[cast]}`,
        sequence++,
        parseNumber(row[latitude]!),
        longitudeOf(row[longitude]!),
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
    counted: counts.length > 0,
    timed: time >= 0,
    groups: () =>
      positionGroups(sorter.sorted(), {
        keyOf: keyOfRecord,
        missingCasts: cast < 0 ? null : identity.missingCasts,
        countColumns: counts.length,
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

async function* positionGroups(
  blocks: AsyncIterable<readonly Keyed[]>,
  {
    keyOf,
    missingCasts,
    countColumns,
    timed,
  }: {
    keyOf: (key: string) => string
    missingCasts: readonly string[] | null
    countColumns: number
    timed: boolean
  },
): AsyncGenerator<readonly PositionGroup[]> {
  let group: PositionGroup | undefined
  let firstSequence = Number.POSITIVE_INFINITY
  let lastCast: string | undefined
  let sums: number[] = []
  let done: PositionGroup[] = []
  const finish = (ended: PositionGroup) => {
    for (const sum of sums) ended.count = Math.max(ended.count, sum)
    done.push(ended)
  }
  for await (const block of blocks) {
    for (const record of block) {
      const full = record[0]
      const key = keyOf(full)
      if (group?.key !== key) {
        if (group) finish(group)
        group = { key, position: null, severalPositions: false, casts: 0, count: 0, time: null }
        firstSequence = Number.POSITIVE_INFINITY
        lastCast = undefined
        sums = new Array<number>(countColumns).fill(0)
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
      for (let i = 0; i < countColumns; i++) sums[i]! += record[4 + i] as number
      const at = timed ? (record[4] as number | null) : null
      if (at !== null) {
        group.time ??= { min: at, max: at }
        if (at < group.time.min) group.time.min = at
        if (at > group.time.max) group.time.max = at
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

/** A value by identity, for the side of a join. */
export interface KeyedValues<V> {
  /** The value of a key, at once where it is at hand; keys must be asked for in ascending order. */
  at(key: string): V | null | Promise<V | null>
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
  return joined(
    sorter,
    (record): Extent => ({ min: record[1] as number, max: record[2] as number }),
    (a, b) => ({ min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) }),
  )
}

/** Counts by identity: the greatest among the counted columns. */
export async function collectCounts(
  table: ErddapTable,
  identity: IdentityColumns,
  columns: readonly string[],
  folder: string,
): Promise<KeyedValues<number>> {
  const keyOf = keyReader(table.columns, identity)
  const indexes = columns.map((column) => indexOf(table.columns, column))
  const sorter = new ExternalSorter(folder)
  for await (const rows of batchesOf(table)) {
    for (const row of rows) {
      let greatest = 0
      for (const index of indexes) greatest = Math.max(greatest, parseNumber(row[index]!) ?? 0)
      const spilled = sorter.add([keyOf(row), greatest])
      if (spilled) await spilled
    }
  }
  return joined(
    sorter,
    (record) => record[1] as number,
    (a, b) => a + b,
  )
}

/** The sorted records as values by key. */
async function joined<V>(
  sorter: ExternalSorter,
  read: (record: Keyed) => V,
  join: (a: V, b: V) => V,
): Promise<KeyedValues<V>> {
  await sorter.complete()
  const cursor = new SortedCursor(sorter.sorted())
  await cursor.refill()
  const at = (key: string, found: V | null): V | null | Promise<V | null> => {
    let value = found
    for (let record = cursor.current; record !== undefined; record = cursor.current) {
      const order = compareCodePoints(record[0], key)
      if (order > 0) return value
      if (order === 0) value = value === null ? read(record) : join(value, read(record))
      cursor.advance()
    }
    return cursor.ended ? value : cursor.refill().then(() => at(key, value))
  }
  return { at: (key) => at(key, null), close: () => sorter.close() }
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
