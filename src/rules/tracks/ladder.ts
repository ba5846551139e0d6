/**
 * Rows of one trajectory (or of a dataset without) by period and cell, made coarser until they fit a limit. Each step
 * joins whole rows of the one before, so that it can be taken as soon as there are too many rows: what follows cannot
 * make them fewer, and memory holds no more of them than the limit.
 */

import type { Extent } from '../extent.ts'
import { cellsPerDegree } from './cells.ts'
import { dayOf, monthOf, type Period, periodOfMonth } from './time.ts'

export interface Rung {
  period: Period
  /** Cells of 1/12 degree on each side. */
  size: number
  byTrajectory: boolean
}

/** From the finest to the coarsest; nothing follows the last. */
export const ladder: readonly Rung[] = [
  { period: 'month', size: 1, byTrajectory: true },
  { period: 'year', size: 1, byTrajectory: true },
  { period: 'year', size: cellsPerDegree / 4, byTrajectory: true },
  { period: 'year', size: cellsPerDegree / 2, byTrajectory: true },
  { period: 'year', size: cellsPerDegree, byTrajectory: true },
  { period: 'all', size: cellsPerDegree, byTrajectory: true },
  { period: 'all', size: 2 * cellsPerDegree, byTrajectory: true },
  { period: 'all', size: 2 * cellsPerDegree, byTrajectory: false },
]

/** The records of one day in one cell. */
export interface DayCell {
  trajectory: string
  /** Start of the UTC day, epoch milliseconds. */
  day: number
  /** Numbers of 1/12 degree, the longitude within ±180. */
  latitude: number
  longitude: number
  /** Null where nobody knows. */
  records: number | null
}

/** A row: the days of one period in one cell, added up. Numbers are those of cells of the rung's size. */
export interface CellRow {
  trajectory: string
  /** Of the first day: months since the year 0. */
  month: number
  latitude: number
  longitude: number
  firstDay: number
  lastDay: number
  records: number | null
}

export class CellRows {
  /** Days in cells that were added. */
  days = 0
  readonly #limit: number
  #at = 0
  #rows = new Map<string, CellRow>()

  /** @param limit rows that are not to be exceeded, but for the last rung */
  constructor(limit: number) {
    this.#limit = limit
  }

  get rung(): Rung {
    return ladder[this.#at]!
  }

  /** Steps down from the finest. */
  get step(): number {
    return this.#at
  }

  get size(): number {
    return this.#rows.size
  }

  add(cell: DayCell): void {
    this.days += 1
    this.#join({
      trajectory: cell.trajectory,
      month: monthOf(cell.day),
      latitude: floorDivided(cell.latitude, this.rung.size),
      longitude: floorDivided(cell.longitude, this.rung.size),
      firstDay: cell.day,
      lastDay: cell.day,
      records: cell.records,
    })
    while (this.#rows.size > this.#limit && this.#at < ladder.length - 1) this.#coarsen()
  }

  rows(): IterableIterator<CellRow> {
    return this.#rows.values()
  }

  #join(row: CellRow): void {
    const { period, byTrajectory } = this.rung
    const trajectory = byTrajectory ? row.trajectory : ''
    const key = `${periodOfMonth(row.month, period)} ${row.latitude} ${row.longitude} ${trajectory}`
    const known = this.#rows.get(key)
    if (!known) {
      this.#rows.set(key, { ...row, trajectory })
      return
    }
    if (row.firstDay < known.firstDay) {
      known.firstDay = row.firstDay
      known.month = row.month
    }
    known.lastDay = Math.max(known.lastDay, row.lastDay)
    known.records = known.records === null || row.records === null ? null : known.records + row.records
  }

  #coarsen(): void {
    const before = this.#rows
    const { size } = this.rung
    this.#at += 1
    const factor = this.rung.size / size
    this.#rows = new Map()
    for (const row of before.values())
      this.#join({
        ...row,
        latitude: floorDivided(row.latitude, factor),
        longitude: floorDivided(row.longitude, factor),
      })
  }
}

function floorDivided(number: number, by: number): number {
  return by === 1 ? number : Math.floor(number / by)
}

/** Least and greatest depth of each trajectory in each month. */
export class MonthDepths {
  readonly #months = new Map<string, Map<number, Extent>>()
  readonly #periods = new Map<string, Extent | null>()

  /** @param time of a record of that month, epoch milliseconds */
  add(trajectory: string, time: number, depth: number): void {
    let months = this.#months.get(trajectory)
    if (!months) {
      months = new Map()
      this.#months.set(trajectory, months)
    }
    const month = monthOf(dayOf(time))
    const known = months.get(month)
    if (!known) months.set(month, { min: depth, max: depth })
    else widen(known, depth, depth)
  }

  get trajectories(): IterableIterator<string> {
    return this.#months.keys()
  }

  /** Of a row's trajectory in its period; null where there is none. */
  of(row: Pick<CellRow, 'trajectory' | 'month'>, { period, byTrajectory }: Rung): Extent | null {
    const wanted = periodOfMonth(row.month, period)
    const key = `${wanted} ${byTrajectory ? row.trajectory : ''}`
    let found = this.#periods.get(key)
    if (found !== undefined) return found
    found = null
    const trajectories = byTrajectory ? [this.#months.get(row.trajectory)] : this.#months.values()
    for (const months of trajectories)
      for (const [month, extent] of months ?? []) {
        if (periodOfMonth(month, period) !== wanted) continue
        if (found === null) found = { ...extent }
        else widen(found, extent.min, extent.max)
      }
    this.#periods.set(key, found)
    return found
  }
}

function widen(extent: Extent, min: number, max: number): void {
  if (min < extent.min) extent.min = min
  if (max > extent.max) extent.max = max
}
