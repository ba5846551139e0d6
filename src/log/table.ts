/** Tables for people: text that others wrote is cut and visible in every cell. */
import Table, { type TableConstructorOptions } from 'cli-table3'
import { cut, visible } from '../text.ts'

type Cell = string | number

/** A table without colours, to which rows are pushed. */
export class TextTable {
  readonly #table: Table.Table

  constructor(options: TableConstructorOptions) {
    this.#table = new Table({ style: { head: [], border: [] }, ...options })
  }

  push(...rows: readonly (readonly Cell[])[]): void {
    for (const row of rows)
      this.#table.push(row.map((cell) => (typeof cell === 'string' ? visible(cut(cell)) : cell)))
  }

  toString(): string {
    return this.#table.toString()
  }
}
