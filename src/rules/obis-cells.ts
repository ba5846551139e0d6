/** Occurrences gathered into map cells of 1/12 degree. */

import type { ColumnWith, TableRow } from '../inventory/contract.ts'
import type { OccurrenceBatch } from '../sources/obis/occurrences.ts'
import { CellRecords } from './cell-records.ts'
import { limits } from './limits.ts'
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
  readonly #records = new CellRecords()
  readonly #names = new NameSets()
  /** The cells of a batch. */
  #room = new Int32Array(0)

  constructor(region: Region | null) {
    this.#region = region
  }

  /** Number of cells so far. */
  get size(): number {
    return this.#records.size
  }

  /** Names of all cells together: what the memory grows with. */
  get namings(): number {
    return this.#names.size
  }

  // Column after column, so that each loop is short: the next occurrences are fetched while one is waited for.
  add(batch: OccurrenceBatch): void {
    const cells = this.#place(batch)
    this.counts.impossibleDates += this.#records.add(cells, batch)
    this.#names.addAll(cells, batch.name)
  }

  /** The cells from south to north and west to east. */
  *cells(names: readonly string[]): Generator<ObisCell> {
    const { sorted, ranks } = byCodePoint(names)
    const ranksOf = this.#names.ranked(this.size, ranks)
    for (const cell of this.#records.ordered()) {
      const { place, count, timeMin, timeMax, depthMin, depthMax } = this.#records.record(cell)
      const found = ranksOf(cell)
      const named = new Array<string>(found.length)
      for (let at = 0; at < found.length; at++) named[at] = sorted[found[at]!]!
      yield {
        latitude: unsnap(Math.floor(place / columns) - middleRow),
        longitude: unsnap((place % columns) - middleColumn),
        n_records: count,
        ...timesOf(timeMin, timeMax),
        ...depthsOf(depthMin, depthMax),
        scientific_names: named,
      }
    }
  }

  /** The cell of each occurrence, −1 for those that have none. Counts them. */
  #place({ latitude, longitude, absence, dropped, rows }: OccurrenceBatch): Int32Array {
    const { counts } = this
    const region = this.#region
    const records = this.#records
    if (this.#room.length < rows) this.#room = new Int32Array(rows)
    const cells = this.#room.subarray(0, rows).fill(-1)
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
      cells[i] = records.at((row + middleRow) * columns + snap(lon) + middleColumn)
    }
    return cells
  }
}

/** The number of the nearest twelfth of a degree; halves go away from zero. */
function snap(degrees: number): number {
  const twelfths = degrees * perDegree
  return twelfths < 0 ? -Math.round(-twelfths) : Math.round(twelfths)
}

/** Degrees of every possible number of twelfths, from −180° on; made when there is a first cell. */
let degreesOf: Float64Array | undefined

function unsnap(twelfths: number): number {
  degreesOf ??= Float64Array.from({ length: columns }, (_, at) =>
    roundTo((at - middleColumn) / perDegree, cellDecimals),
  )
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

/** Names in the order of their code points, and the place of each in it: the names of cells then sort by numbers. */
function byCodePoint(names: readonly string[]): { sorted: string[]; ranks: Uint32Array } {
  const bytes = names.map((name) => Buffer.from(name))
  const ordered = names.map((_, id) => id).sort((a, b) => Buffer.compare(bytes[a]!, bytes[b]!))
  const ranks = new Uint32Array(names.length)
  for (let rank = 0; rank < ordered.length; rank++) ranks[ordered[rank]!] = rank
  return { sorted: ordered.map((id) => names[id]!), ranks }
}
