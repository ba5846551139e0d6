/** A recorded answer as the rows of a table. */

import { readFileSync } from 'node:fs'
import { parse } from 'csv-parse/sync'
import { readMetadata } from '../../src/sources/erddap/metadata.ts'
import type { DatasetMetadata } from '../../src/sources/erddap/types.ts'

const folder = new URL('../recorded/erddap/tracks/', import.meta.url)

/** @param unitsRow whether a row of units follows the header, as in all answers about data */
export function recordedTable(name: string, unitsRow = true): { columns: string[]; rows: string[][] } {
  const text = readFileSync(new URL(`${name}.body`, folder), 'utf8')
  const [columns = [], ...rows] = parse(text, {
    relax_column_count: true,
    skip_empty_lines: false,
  }) as string[][]
  return { columns, rows: unitsRow ? rows.slice(1) : rows }
}

export async function recordedMetadata(name: string): Promise<DatasetMetadata> {
  const { columns, rows } = recordedTable(name, false)
  const every = (async function* () {
    yield* rows
  })()
  return readMetadata(name, '', { columns, rows: every })
}
