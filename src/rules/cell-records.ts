/**
 * What is known of each cell, without an object for any of them. All numbers of a cell lie side by side: occurrences come
 * in no order, and each then waits for one line of memory instead of five.
 */

import type { OccurrenceBatch } from '../sources/obis/occurrences.ts'
import { isStorableTime } from './limits.ts'

type Measures = Pick<OccurrenceBatch, 'dateStartMs' | 'dateEndMs' | 'depthMinMetres' | 'depthMaxMetres'>

export interface CellRecord {
  place: number
  count: number
  /** Infinite where there is none, as the other ends of ranges. */
  timeMin: number
  timeMax: number
  depthMin: number
  depthMax: number
}

/** Above every place and every cell, of which there are fewer than places. */
const maxCells = 2 ** 24

/** Numbers a cell: place and count share the first, then come the four below. */
const stride = 5
const fewestCells = 1024

/** Where the numbers of a cell are, from its first. */
const [timeMin, timeMax, depthMin, depthMax] = [1, 2, 3, 4]

export class CellRecords {
  #size = 0
  #numbers = new Float64Array(fewestCells * stride)
  /** The same memory: the place of cell c is number `2 * stride * c`, its count the next. */
  #integers = new Int32Array(this.#numbers.buffer)
  /** Cells plus one, by the hash of their places; 0 is free. At most half are taken. */
  #slots = new Int32Array(2 * fewestCells)
  #shift = shiftOf(2 * fewestCells)

  get size(): number {
    return this.#size
  }

  /** The cell at a place, which is made if there is none. */
  at(place: number): number {
    const slots = this.#slots
    const mask = slots.length - 1
    let slot = hash(place) >>> this.#shift
    for (;;) {
      const cell = slots[slot]! - 1
      if (cell < 0) break
      if (this.#integers[2 * stride * cell] === place) return cell
      slot = (slot + 1) & mask
    }
    if (2 * this.#size >= slots.length) {
      this.#widen()
      return this.at(place)
    }
    const cell = this.#size
    this.#size += 1
    slots[slot] = this.#size
    const first = stride * cell
    this.#integers[2 * first] = place
    this.#integers[2 * first + 1] = 0
    this.#numbers[first + timeMin] = Number.POSITIVE_INFINITY
    this.#numbers[first + timeMax] = Number.NEGATIVE_INFINITY
    this.#numbers[first + depthMin] = Number.POSITIVE_INFINITY
    this.#numbers[first + depthMax] = Number.NEGATIVE_INFINITY
    return cell
  }

  /**
   * Counts occurrences in their cells, and widens the ranges of these; those whose cell is −1 are passed over.
   * @returns how many dates no calendar of four digits holds; they widen nothing, as what is no number does
   */
  add(cells: Int32Array, { dateStartMs, dateEndMs, depthMinMetres, depthMaxMetres }: Measures): number {
    const numbers = this.#numbers
    const integers = this.#integers
    let impossibleDates = 0
    for (let i = 0; i < cells.length; i++) {
      const cell = cells[i]!
      if (cell < 0) continue
      const first = stride * cell
      integers[2 * first + 1]! += 1
      const start = dateStartMs[i]!
      if (isStorableTime(start)) {
        if (start < numbers[first + timeMin]!) numbers[first + timeMin] = start
      } else if (!Number.isNaN(start)) impossibleDates += 1
      const end = dateEndMs[i]!
      if (isStorableTime(end)) {
        if (end > numbers[first + timeMax]!) numbers[first + timeMax] = end
      } else if (!Number.isNaN(end)) impossibleDates += 1
      const top = depthMinMetres[i]!
      if (top < numbers[first + depthMin]!) numbers[first + depthMin] = top
      const bottom = depthMaxMetres[i]!
      if (bottom > numbers[first + depthMax]!) numbers[first + depthMax] = bottom
    }
    return impossibleDates
  }

  /** The cells by their places. */
  ordered(): Uint32Array {
    // Both numbers in one sort without a function that compares: places have 24 bits, cells no more.
    const keys = new Float64Array(this.#size)
    for (let cell = 0; cell < keys.length; cell++)
      keys[cell] = this.#integers[2 * stride * cell]! * maxCells + cell
    keys.sort()
    return Uint32Array.from(keys, (key) => key % maxCells)
  }

  record(cell: number): CellRecord {
    const first = stride * cell
    return {
      place: this.#integers[2 * first]!,
      count: this.#integers[2 * first + 1]!,
      timeMin: this.#numbers[first + timeMin]!,
      timeMax: this.#numbers[first + timeMax]!,
      depthMin: this.#numbers[first + depthMin]!,
      depthMax: this.#numbers[first + depthMax]!,
    }
  }

  #widen(): void {
    const wider = new Float64Array(this.#numbers.length * 2)
    wider.set(this.#numbers)
    this.#numbers = wider
    this.#integers = new Int32Array(wider.buffer)
    this.#slots = new Int32Array(this.#slots.length * 2)
    this.#shift = shiftOf(this.#slots.length)
    const mask = this.#slots.length - 1
    for (let cell = 0; cell < this.#size; cell++) {
      let slot = hash(this.#integers[2 * stride * cell]!) >>> this.#shift
      while (this.#slots[slot]! > 0) slot = (slot + 1) & mask
      this.#slots[slot] = cell + 1
    }
  }
}

function hash(place: number): number {
  return Math.imul(place, 0x9e3779b1)
}

/** Of a hash of 32 bits, so many are not needed for so many slots. */
function shiftOf(slots: number): number {
  return 1 + Math.clz32(slots)
}
