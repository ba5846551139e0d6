/** What the answers say about each cast. */

import type { Extent } from '../../../rules/extent.ts'
import { parseNumber } from '../../../rules/numbers.ts'
import { parseTime } from '../../../rules/time.ts'
import { idReader, separator } from '../identity.ts'
import { indexOf } from '../table.ts'
import { type Collector, copied, hull, type Numeric, type ReadId } from './collector.ts'
import type { TrackQuestions } from './questions.ts'

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
