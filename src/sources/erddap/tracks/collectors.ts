/** What the answers about a track say, by cast, by cell or by position. Memory holds no more than the rows need. */

import { HarvesterError } from '../../../errors.ts'
import type { Extent } from '../../../rules/extent.ts'
import { parseNumber } from '../../../rules/numbers.ts'
import { normaliseLongitude, positionFault } from '../../../rules/position.ts'
import { parseTime } from '../../../rules/time.ts'
import {
  cellCentre,
  cellOf,
  isOutside,
  normaliseLongitudeCell,
  readLatitudeCell,
  readLongitudeCell,
} from '../../../rules/tracks/cells.ts'
import { CellRows, MonthDepths } from '../../../rules/tracks/ladder.ts'
import { pointId } from '../../../rules/tracks/rows.ts'
import { dayOf } from '../../../rules/tracks/time.ts'
import { DayVertices } from '../../../rules/tracks/track.ts'
import { idReader, separator } from '../identity.ts'
import { indexOf } from '../table.ts'
import type { Collector } from './ask.ts'
import type { TrackQuestions } from './questions.ts'

type ReadId = (row: readonly string[]) => string
/** Of the id columns, those that hold numbers: NaN is no id there. */
type Numeric = ReadonlySet<string>

/** Records that lie nowhere, or at no time. */
export interface Unplaced {
  groups: number
  records: number | null
}

/** A text of its own: what is kept of an answer would keep its piece of the answer in memory. */
function copied(text: string): string {
  return Buffer.from(text).toString()
}

export interface CastKey {
  trajectory: string
  cast: string
}

abstract class CastCollector<V> implements Collector {
  readonly casts = new Map<string, CastKey & { value: V }>()
  readonly #questions: TrackQuestions
  readonly #numeric: Numeric
  #trajectory: ReadId = () => ''
  #cast: ReadId = () => ''

  constructor(questions: TrackQuestions, numeric: Numeric) {
    this.#questions = questions
    this.#numeric = numeric
  }

  columns(columns: readonly string[]): void {
    this.#trajectory = idReader(columns, this.#questions.trajectory, this.#numeric)
    this.#cast = idReader(columns, this.#questions.cast, this.#numeric)
    this.places(columns)
  }

  add(row: readonly string[]): void {
    const trajectory = this.#trajectory(row)
    const cast = this.#cast(row)
    const key = `${trajectory}${separator}${cast}`
    const known = this.casts.get(key)
    const value = this.join(known?.value, row)
    if (known) known.value = value
    else this.casts.set(key, { trajectory: copied(trajectory), cast: copied(cast), value })
  }

  protected abstract places(columns: readonly string[]): void
  protected abstract join(known: V | undefined, row: readonly string[]): V
}

export interface CastTime {
  position: { latitude: number; longitude: number } | null
  /** Of the position. */
  at: number | null
  time: Extent | null
}

/** First position and extent of time of each cast. */
export class CastTimes extends CastCollector<CastTime> {
  readonly #limit: number
  #time = 0
  #latitude = 0
  #longitude = 0

  constructor(questions: TrackQuestions, numeric: Numeric, limit: number) {
    super(questions, numeric)
    this.#limit = limit
  }

  get left(): boolean {
    return this.casts.size > this.#limit
  }

  protected places(columns: readonly string[]): void {
    this.#time = indexOf(columns, 'time')
    this.#latitude = indexOf(columns, 'latitude')
    this.#longitude = indexOf(columns, 'longitude')
  }

  protected join(known: CastTime | undefined, row: readonly string[]): CastTime {
    const cast = known ?? { position: null, at: null, time: null }
    const at = parseTime(row[this.#time]!)
    const latitude = parseNumber(row[this.#latitude]!)
    const longitude = parseNumber(row[this.#longitude]!)
    if (at !== null) cast.time = hull(cast.time, at)
    if (latitude === null || longitude === null) return cast
    if (cast.position === null || (at !== null && (cast.at === null || at < cast.at))) {
      cast.position = { latitude, longitude }
      cast.at = at
    }
    return cast
  }
}

/** Least and greatest depth or altitude of each cast. */
export class CastDepths extends CastCollector<Extent | null> {
  readonly #variable: string
  #at = 0

  constructor(questions: TrackQuestions, numeric: Numeric, variable: string) {
    super(questions, numeric)
    this.#variable = variable
  }

  protected places(columns: readonly string[]): void {
    this.#at = indexOf(columns, this.#variable)
  }

  protected join(known: Extent | null | undefined, row: readonly string[]): Extent | null {
    const value = parseNumber(row[this.#at]!)
    return value === null ? (known ?? null) : hull(known ?? null, value)
  }
}

export interface CastCount {
  /** The largest of all counts. */
  greatest: number
  time: number | null
  vertical: number | null
  /** By column, in the order of the question. */
  counts: number[]
}

export class CastCounts extends CastCollector<CastCount> {
  readonly #counted: readonly string[]
  readonly #vertical: string | null
  #places: number[] = []

  constructor(questions: TrackQuestions, numeric: Numeric) {
    super(questions, numeric)
    const ids = [questions.trajectory, questions.cast]
    this.#counted = questions.castCounts.columns.filter((column) => !ids.includes(column))
    this.#vertical = questions.vertical
  }

  protected places(columns: readonly string[]): void {
    this.#places = this.#counted.map((column) => indexOf(columns, column))
  }

  protected join(known: CastCount | undefined, row: readonly string[]): CastCount {
    const counts = this.#places.map((place, at) => (parseNumber(row[place]!) ?? 0) + (known?.counts[at] ?? 0))
    const of = (column: string | null) => {
      const at = column === null ? -1 : this.#counted.indexOf(column)
      return at < 0 ? null : counts[at]!
    }
    return { counts, greatest: Math.max(0, ...counts), time: of('time'), vertical: of(this.#vertical) }
  }
}

export interface CellSettings {
  numeric: Numeric
  /** Rows of a dataset at most. */
  limit: number
  /** The dataset's own range of latitudes, degrees. */
  latitudes: Extent | null
  /** Whether the counts are counts of records. */
  counting: boolean
}

/** Days in cells, added up to rows, with the vertices of tracks beside. */
abstract class TrackCollector implements Collector {
  readonly rows: CellRows
  readonly vertices = new DayVertices()
  readonly unplaced: Unplaced
  readonly #trajectories = new Map<string, string>()
  protected readonly settings: CellSettings
  readonly #questions: TrackQuestions
  #trajectory: ReadId = () => ''
  protected time = 0
  protected latitude = 0
  protected longitude = 0
  protected data = -1

  constructor(questions: TrackQuestions, settings: CellSettings) {
    this.#questions = questions
    this.settings = settings
    this.rows = new CellRows(settings.limit)
    this.unplaced = { groups: 0, records: settings.counting ? 0 : null }
  }

  get trajectories(): { has(id: string): boolean; size: number } {
    return this.#trajectories
  }

  columns(columns: readonly string[]): void {
    const { trajectory, data } = this.#questions
    this.#trajectory = idReader(columns, trajectory, this.settings.numeric)
    this.time = indexOf(columns, 'time')
    this.latitude = indexOf(columns, 'latitude')
    this.longitude = indexOf(columns, 'longitude')
    this.data = data === null ? -1 : columns.indexOf(data)
  }

  add(row: readonly string[]): void {
    const trajectory = this.#known(this.#trajectory(row))
    const time = parseTime(row[this.time]!)
    const cell = this.cell(row)
    const records = this.settings.counting ? this.#records(row) : null
    if (time === null || cell === null) {
      this.unplaced.groups += 1
      if (this.unplaced.records !== null) this.unplaced.records += records ?? 0
      return
    }
    const day = dayOf(time)
    this.rows.add({ trajectory, day, ...cell, records })
    const centre = { latitude: cellCentre(cell.latitude), longitude: cellCentre(cell.longitude) }
    if (positionFault(centre.latitude, centre.longitude) === null)
      this.vertices.add(trajectory, day, centre, records)
  }

  #known(trajectory: string): string {
    const known = this.#trajectories.get(trajectory)
    if (known !== undefined) return known
    const own = copied(trajectory)
    this.#trajectories.set(own, own)
    return own
  }

  #records(row: readonly string[]): number | null {
    return this.data < 0 ? null : (parseNumber(row[this.data]!) ?? 0)
  }

  /** Numbers of the cell of a row; null where it lies nowhere. @throws CONTRADICTORY_ANSWERS */
  protected abstract cell(row: readonly string[]): { latitude: number; longitude: number } | null
}

/** Cells by their numbers, as a server counts them. */
export class CountedCells extends TrackCollector {
  protected cell(row: readonly string[]): { latitude: number; longitude: number } | null {
    const [north, east] = [row[this.latitude]!, row[this.longitude]!]
    const latitude = readLatitudeCell(north)
    const longitude = readLongitudeCell(east)
    if (latitude === 'impossible') throw impossible('latitude', north)
    if (longitude === 'impossible') throw impossible('longitude', east)
    if (latitude === 'missing' || longitude === 'missing') return null
    if (isOutside(latitude, this.settings.latitudes)) throw impossible('latitude', north)
    return { latitude, longitude }
  }
}

/** The first record of each cell, put into its cell by the same arithmetic. */
export class FirstInCells extends TrackCollector {
  protected cell(row: readonly string[]): { latitude: number; longitude: number } | null {
    const latitude = parseNumber(row[this.latitude]!)
    const longitude = parseNumber(row[this.longitude]!)
    if (latitude === null || longitude === null) return null
    return {
      latitude: cellOf(latitude),
      longitude: normaliseLongitudeCell(cellOf(normaliseLongitude(longitude))),
    }
  }
}

function impossible(what: 'latitude' | 'longitude', value: string): HarvesterError {
  return new HarvesterError('CONTRADICTORY_ANSWERS', 'the answers of the server contradict each other', {
    remedy: 'See what the server answers: it must number cells of 1/12 degree.',
    facts: { contradiction: { kind: 'cell', what, value } },
  })
}

/** Depth or altitude by trajectory and month. */
export class TrackDepths implements Collector {
  readonly depths = new MonthDepths()
  readonly #questions: TrackQuestions
  readonly #numeric: Numeric
  #trajectory: ReadId = () => ''
  #time = 0
  #vertical = 0

  constructor(questions: TrackQuestions, numeric: Numeric) {
    this.#questions = questions
    this.#numeric = numeric
  }

  columns(columns: readonly string[]): void {
    this.#trajectory = idReader(columns, this.#questions.trajectory, this.#numeric)
    this.#time = indexOf(columns, 'time')
    this.#vertical = indexOf(columns, this.#questions.vertical!)
  }

  add(row: readonly string[]): void {
    const time = parseTime(row[this.#time]!)
    const value = parseNumber(row[this.#vertical]!)
    if (time !== null && value !== null) this.depths.add(copied(this.#trajectory(row)), time, value)
  }
}

export interface SampledPoint {
  day: number
  latitude: number
  longitude: number
  records: number | null
}

/** Positions by day; rows that read the same are one. */
export class DayPositions implements Collector {
  readonly points = new Map<string, SampledPoint>()
  readonly unplaced: Unplaced
  readonly #settings: Pick<CellSettings, 'limit' | 'counting'>
  readonly #data: string | null
  #places = { time: 0, latitude: 0, longitude: 0, data: -1 }

  constructor(questions: TrackQuestions, settings: Pick<CellSettings, 'limit' | 'counting'>) {
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

function hull(known: Extent | null, value: number): Extent {
  if (known === null) return { min: value, max: value }
  return { min: Math.min(known.min, value), max: Math.max(known.max, value) }
}
