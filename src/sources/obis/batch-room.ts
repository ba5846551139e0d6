/** Memory that two threads share, in which one leaves a batch of occurrences for the other. */

import { type NumericColumn, numericColumnNames, type OccurrenceBatch } from './occurrences.ts'

/** Rows of a batch that goes from one thread to the other: some milliseconds of work. */
export const roomRows = 16_384
const numberBytes = 8
const nameBytes = 4

export class BatchRoom {
  /** What the other thread makes its own room of. */
  readonly memory: SharedArrayBuffer
  readonly #numbers: Record<NumericColumn, Float64Array>
  readonly #names: Int32Array

  constructor(memory?: SharedArrayBuffer) {
    const bytesOfNumbers = roomRows * numberBytes
    const namesAt = numericColumnNames.length * bytesOfNumbers
    this.memory = memory ?? new SharedArrayBuffer(namesAt + roomRows * nameBytes)
    this.#numbers = Object.fromEntries(
      numericColumnNames.map((column, at) => [
        column,
        new Float64Array(this.memory, at * bytesOfNumbers, roomRows),
      ]),
    ) as Record<NumericColumn, Float64Array>
    this.#names = new Int32Array(this.memory, namesAt, roomRows)
  }

  put(batch: OccurrenceBatch, from: number, to: number): void {
    for (const column of numericColumnNames) this.#numbers[column].set(batch[column].subarray(from, to))
    this.#names.set(batch.name.subarray(from, to))
  }

  /** Valid until the other thread may put something else there. */
  take(rows: number): OccurrenceBatch {
    const columns = Object.fromEntries(
      numericColumnNames.map((column) => [column, this.#numbers[column].subarray(0, rows)]),
    ) as Record<NumericColumn, Float64Array>
    return { rows, ...columns, name: this.#names.subarray(0, rows) }
  }
}
