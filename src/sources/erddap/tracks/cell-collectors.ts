/** What the answers say about each day and cell of a track, and about depths by month. */

import { HarvesterError } from '../../../errors.ts'
import { isStorableTime } from '../../../rules/limits.ts'
import { parseNumber } from '../../../rules/numbers.ts'
import { normaliseLongitude, positionFault } from '../../../rules/position.ts'
import { parseTime } from '../../../rules/time.ts'
import {
  cellCentre,
  cellOf,
  isOutside,
  normaliseLongitudeCell,
  type OwnCoordinates,
  readLatitudeCell,
  readLongitudeCell,
} from '../../../rules/tracks/cells.ts'
import { CellRows, MonthDepths } from '../../../rules/tracks/ladder.ts'
import { dayOf } from '../../../rules/tracks/time.ts'
import { DayVertices } from '../../../rules/tracks/track.ts'
import { idReader } from '../identity.ts'
import { indexOf } from '../table.ts'
import { type Collector, copied, type Numeric, type ReadId, type Unplaced } from './collector.ts'
import type { TrackQuestions } from './questions.ts'

export interface CellSettings {
  numeric: Numeric
  /** Rows of a dataset at most. */
  limit: number
  /** What the dataset says of its own coordinates. */
  latitude: OwnCoordinates
  longitude: OwnCoordinates
  /** Whether the counts are counts of records. */
  counting: boolean
}

/** Days in cells, added up to rows, with the vertices of tracks beside. */
abstract class TrackCollector implements Collector {
  readonly rows: CellRows
  /** At times that nothing can hold. Apart, since a row that they were added to would be lost with them. */
  readonly outside: CellRows
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
    this.outside = new CellRows(settings.limit)
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
    if (!isStorableTime(time)) {
      this.outside.add({ trajectory, day, ...cell, records })
      return
    }
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
    const latitude = readLatitudeCell(north, this.settings.latitude)
    const longitude = readLongitudeCell(east, this.settings.longitude)
    if (latitude === 'impossible') throw impossible('latitude', north)
    if (longitude === 'impossible') throw impossible('longitude', east)
    if (latitude === 'missing' || longitude === 'missing') return null
    if (isOutside(latitude, this.settings.latitude.range)) throw impossible('latitude', north)
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
    if (time !== null && isStorableTime(time) && value !== null)
      this.depths.add(copied(this.#trajectory(row)), time, value)
  }
}
