/** What the answers say about each position and day of samples. */

import type { Extent } from '../../../rules/extent.ts'
import { parseNumber } from '../../../rules/numbers.ts'
import { parseTime } from '../../../rules/time.ts'
import { pointId } from '../../../rules/tracks/rows.ts'
import { dayOf } from '../../../rules/tracks/time.ts'
import { indexOf } from '../table.ts'
import { type Collector, hull, type Unplaced } from './collector.ts'
import type { TrackQuestions } from './questions.ts'

export interface SampledPoint {
  day: number
  latitude: number
  longitude: number
  records: number | null
}

export interface PointSettings {
  /** Positions at most. */
  limit: number
  /** Whether the counts are counts of records. */
  counting: boolean
}

/** Positions by day; rows that read the same are one. */
export class DayPositions implements Collector {
  readonly points = new Map<string, SampledPoint>()
  readonly unplaced: Unplaced
  readonly #settings: PointSettings
  readonly #data: string | null
  #places = { time: 0, latitude: 0, longitude: 0, data: -1 }

  constructor(questions: TrackQuestions, settings: PointSettings) {
    this.#settings = settings
    this.#data = questions.data
    this.unplaced = { groups: 0, records: settings.counting ? 0 : null }
  }

  get left(): boolean {
    return this.points.size > this.#settings.limit
  }

  columns(columns: readonly string[]): void {
    this.#places = pointPlaces(columns, this.#data)
  }

  add(row: readonly string[]): void {
    const at = this.#places
    const counted = at.data < 0 ? null : (parseNumber(row[at.data]!) ?? 0)
    const records = this.#settings.counting ? counted : null
    const point = pointOf(row, at)
    if (point === null) {
      this.unplaced.groups += 1
      if (this.unplaced.records !== null) this.unplaced.records += records ?? 0
      return
    }
    const id = pointId(point)
    const known = this.points.get(id)
    if (!known) this.points.set(id, { ...point, records })
    else known.records = known.records === null || records === null ? null : known.records + records
  }
}

/** Depth or altitude by position and day. */
export class PointDepths implements Collector {
  readonly depths = new Map<string, Extent>()
  readonly #vertical: string
  #places = { time: 0, latitude: 0, longitude: 0, data: -1 }

  constructor(vertical: string) {
    this.#vertical = vertical
  }

  columns(columns: readonly string[]): void {
    this.#places = pointPlaces(columns, this.#vertical)
  }

  add(row: readonly string[]): void {
    const value = parseNumber(row[this.#places.data]!)
    const point = pointOf(row, this.#places)
    if (value === null || point === null) return
    const id = pointId(point)
    this.depths.set(id, hull(this.depths.get(id) ?? null, value))
  }
}

function pointPlaces(columns: readonly string[], data: string | null) {
  return {
    time: indexOf(columns, 'time'),
    latitude: indexOf(columns, 'latitude'),
    longitude: indexOf(columns, 'longitude'),
    data: data === null ? -1 : columns.indexOf(data),
  }
}

function pointOf(
  row: readonly string[],
  at: { time: number; latitude: number; longitude: number },
): Omit<SampledPoint, 'records'> | null {
  const time = parseTime(row[at.time]!)
  const latitude = parseNumber(row[at.latitude]!)
  const longitude = parseNumber(row[at.longitude]!)
  if (time === null || latitude === null || longitude === null) return null
  return { day: dayOf(time), latitude, longitude }
}
