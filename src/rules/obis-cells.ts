/** Occurrences gathered into map cells of 1/12 degree. */

import type { ColumnWith, TableRow } from '../inventory/contract.ts'
import type { OccurrenceBatch } from '../sources/obis/occurrences.ts'
import { isStorableTime, limits } from './limits.ts'
import { NameSets } from './name-sets.ts'
import { roundTo } from './numbers.ts'

/** Cells a degree. */
const perDegree = 12
const cellDecimals = 8
/** Of ±180°: both ends are cells of their own. */
const columns = 360 * perDegree + 1
const middleColumn = 180 * perDegree
const middleRow = 90 * perDegree
/** The furthest row of cells that a map can show: the cell is judged, not the occurrence that is brought to it. */
const furthestRow = Math.floor(limits.latitude * perDegree)

/** A row of obis_cells.csv, less what names its dataset; its names each once, by code point. */
export type ObisCell = Omit<TableRow<'obis_cells'>, ColumnWith<'obis_cells', 'key'>>

export interface CellCounts {
  /** All records that were given. */
  records: number
  /** Records that say that a species was not found, and those that OBIS itself leaves out. */
  absences: number
  dropped: number
  /** What is left: something that was found. */
  occurrences: number
  /** Without latitude or longitude, or in a cell that no map can show: beyond ±85.06° or ±180°. */
  misplaced: number
  outsideRegion: number
  /** Dates that no calendar of four digits holds; the occurrences count all the same. */
  impossibleDates: number
}

/** Whether a position (degrees) is wanted. */
export interface Region {
  contains(longitude: number, latitude: number): boolean
}

/**
 * Adds up occurrences, batch by batch. Memory grows with the number of cells and of their names, not with that of
 * the occurrences.
 */
export class CellGatherer {
  readonly counts: CellCounts = {
    records: 0,
    absences: 0,
    dropped: 0,
    occurrences: 0,
    misplaced: 0,
    outsideRegion: 0,
    impossibleDates: 0,
  }
  readonly #region: Region | null
  /** By row of cells, the number of each cell plus one; a row is made when its first cell is. */
  readonly #rows = new Map<number, Int32Array>()
  readonly #places = new Numbers(Int32Array)
  readonly #occurrences = new Numbers(Int32Array)
  readonly #timeMin = new Numbers(Float64Array)
  readonly #timeMax = new Numbers(Float64Array)
  readonly #depthMin = new Numbers(Float64Array)
  readonly #depthMax = new Numbers(Float64Array)
  readonly #names = new NameSets()
  #size = 0

  constructor(region: Region | null) {
    this.#region = region
  }

  /** Number of cells so far. */
  get size(): number {
    return this.#size
  }

  /** Names of all cells together: what the memory grows with. */
  get namings(): number {
    return this.#names.size
  }

  add(batch: OccurrenceBatch): void {
    const { latitude, longitude, dateStartMs, dateEndMs, depthMinMetres, depthMaxMetres, name, rows } = batch
    const { absence, dropped } = batch
    const { counts } = this
    const region = this.#region
    counts.records += rows
    for (let i = 0; i < rows; i++) {
      if (dropped[i] === 1) {
        counts.dropped += 1
        continue
      }
      if (absence[i] === 1) {
        counts.absences += 1
        continue
      }
      counts.occurrences += 1
      const lat = latitude[i]!
      const lon = longitude[i]!
      const row = snap(lat)
      if (!(Math.abs(row) <= furthestRow && Math.abs(lon) <= limits.longitude)) {
        counts.misplaced += 1
        continue
      }
      if (region && !region.contains(lon, lat)) {
        counts.outsideRegion += 1
        continue
      }
      const cell = this.#cell(row + middleRow, snap(lon) + middleColumn)
      this.#occurrences.values[cell]! += 1
      const start = dateStartMs[i]!
      if (isStorableTime(start)) {
        if (start < this.#timeMin.values[cell]!) this.#timeMin.values[cell] = start
      } else if (!Number.isNaN(start)) counts.impossibleDates += 1
      const end = dateEndMs[i]!
      if (isStorableTime(end)) {
        if (end > this.#timeMax.values[cell]!) this.#timeMax.values[cell] = end
      } else if (!Number.isNaN(end)) counts.impossibleDates += 1
      const top = depthMinMetres[i]!
      if (top < this.#depthMin.values[cell]!) this.#depthMin.values[cell] = top
      const bottom = depthMaxMetres[i]!
      if (bottom > this.#depthMax.values[cell]!) this.#depthMax.values[cell] = bottom
      const id = name[i]!
      if (id >= 0) this.#names.add(cell, id)
    }
  }

  /** The cells from south to north and west to east. */
  *cells(names: readonly string[]): Generator<ObisCell> {
    const order = this.#places.values.slice(0, this.#size)
    const numbers = Uint32Array.from({ length: this.#size }, (_, cell) => cell)
    numbers.sort((a, b) => order[a]! - order[b]!)
    const ranks = codePointRanks(names)
    const namesOf = this.#names.grouped(this.#size)
    for (const cell of numbers) {
      const place = order[cell]!
      const ids = namesOf(cell).sort((a, b) => ranks[a]! - ranks[b]!)
      yield {
        latitude: unsnap(Math.floor(place / columns) - middleRow),
        longitude: unsnap((place % columns) - middleColumn),
        n_records: this.#occurrences.values[cell]!,
        ...timesOf(this.#timeMin.values[cell]!, this.#timeMax.values[cell]!),
        ...depthsOf(this.#depthMin.values[cell]!, this.#depthMax.values[cell]!),
        scientific_names: Array.from(ids, (id) => names[id]!),
      }
    }
  }

  #cell(row: number, column: number): number {
    let cells = this.#rows.get(row)
    if (!cells) {
      cells = new Int32Array(columns)
      this.#rows.set(row, cells)
    }
    const known = cells[column]!
    if (known > 0) return known - 1
    const cell = this.#size
    this.#size += 1
    cells[column] = this.#size
    this.#places.push(row * columns + column)
    this.#occurrences.push(0)
    this.#timeMin.push(Number.POSITIVE_INFINITY)
    this.#timeMax.push(Number.NEGATIVE_INFINITY)
    this.#depthMin.push(Number.POSITIVE_INFINITY)
    this.#depthMax.push(Number.NEGATIVE_INFINITY)
    return cell
  }
}

/** The number of the nearest twelfth of a degree; halves go away from zero. */
function snap(degrees: number): number {
  const twelfths = degrees * perDegree
  return twelfths < 0 ? -Math.round(-twelfths) : Math.round(twelfths)
}

/** Degrees of every possible number of twelfths, from −180° on. */
const degreesOf = Float64Array.from({ length: columns }, (_, at) =>
  roundTo((at - middleColumn) / perDegree, cellDecimals),
)

function unsnap(twelfths: number): number {
  return degreesOf[twelfths + middleColumn]!
}

/** A range that knows one end only is of no length; one whose ends were entered the wrong way round is turned. */
function timesOf(start: number, end: number): Pick<ObisCell, 'time_min' | 'time_max'> {
  const known = [start, end].filter((time) => Number.isFinite(time))
  return known.length === 0
    ? { time_min: null, time_max: null }
    : { time_min: new Date(Math.min(...known)), time_max: new Date(Math.max(...known)) }
}

/** What is missing is 0, and the least is never more than the greatest: portals make ranges of the two. */
function depthsOf(top: number, bottom: number): Pick<ObisCell, 'depth_min' | 'depth_max'> {
  const least = Number.isFinite(top) ? top : 0
  const greatest = Number.isFinite(bottom) ? bottom : Math.max(0, least)
  return { depth_min: Math.min(least, greatest), depth_max: Math.max(least, greatest) }
}

/** The place of each name in the order of code points, so that the names of cells sort by numbers. */
function codePointRanks(names: readonly string[]): Uint32Array {
  const bytes = names.map((name) => Buffer.from(name))
  const ordered = names.map((_, id) => id).sort((a, b) => Buffer.compare(bytes[a]!, bytes[b]!))
  const ranks = new Uint32Array(names.length)
  for (let rank = 0; rank < ordered.length; rank++) ranks[ordered[rank]!] = rank
  return ranks
}

type NumberArray = Int32Array | Float64Array

/** An array of numbers that grows. */
class Numbers<T extends NumberArray> {
  values: T
  #length = 0
  readonly #make: new (
    length: number,
  ) => T

  constructor(make: new (length: number) => T) {
    this.#make = make
    this.values = new make(1024)
  }

  push(value: number): void {
    if (this.#length === this.values.length) {
      const wider = new this.#make(this.#length * 2)
      wider.set(this.values)
      this.values = wider
    }
    this.values[this.#length] = value
    this.#length += 1
  }
}
