/** Reading a table answer by its columns. */

import { HarvesterError } from '../../errors.ts'
import type { ErddapTable } from './types.ts'

/** Rows as they came together: asking for each by itself costs more than working on it. */
export async function* batchesOf(table: ErddapTable): AsyncGenerator<readonly (readonly string[])[]> {
  if (table.batches) yield* table.batches
  else for await (const row of table.rows) yield [row]
}

export function indexOf(columns: readonly string[], column: string): number {
  const index = columns.indexOf(column)
  if (index < 0) {
    throw new HarvesterError(
      'HTTP_BAD_ANSWER',
      `the answer has no column ${column}, only ${columns.join(', ')}`,
    )
  }
  return index
}
