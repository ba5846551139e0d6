/**
 * The occurrences of an OBIS parquet file, by column and streaming: of each wanted column some megabytes are at hand
 * at a time, whatever the size of the file or of its row groups.
 */

import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadataAsync,
  parquetSchema,
  type SchemaTree,
} from 'hyparquet'
import { describeError, HarvesterError, isHarvesterError } from '../../errors.ts'
import {
  type NameTable,
  type NumericColumn,
  nameColumn,
  numericColumnNames,
  numericColumns,
  type OccurrenceBatch,
} from './occurrences.ts'
import { type ByteSource, ColumnReader } from './parquet-column.ts'
import { type Leaf, PageRoom, SharedRoom } from './parquet-page.ts'

export interface ParquetOccurrences {
  /** As the footer says. */
  rows: number
  /** Columns that the file lacks; it is read without them. */
  missing: string[]
  batches(names: NameTable): AsyncGenerator<OccurrenceBatch>
}

/** Without these no occurrence can be placed on the map and named. */
const indispensable = [numericColumns.latitude, numericColumns.longitude, nameColumn]

/**
 * Reads the footer.
 * @throws HarvesterError HTTP_BAD_ANSWER for what is no such parquet file (truncated, corrupt, a column missing)
 */
export async function openOccurrences(file: ByteSource): Promise<ParquetOccurrences> {
  const metadata = await readFooter(file)
  const tree = schemaOf(file, metadata)
  const found = new Map<string, Leaf>()
  const missing: string[] = []
  for (const column of [...Object.values(numericColumns), nameColumn]) {
    const leaf = findLeaf(tree, ['interpreted', column]) ?? findLeaf(tree, [column])
    if (leaf) found.set(column, leaf)
    else missing.push(column)
  }
  const lost = indispensable.filter((column) => missing.includes(column))
  if (lost.length > 0)
    throw unreadable(
      file,
      `the column${lost.length > 1 ? 's' : ''} ${lost.join(', ')} ${lost.length > 1 ? 'are' : 'is'} missing`,
    )
  return {
    rows: Number(metadata.num_rows),
    missing,
    batches: (names) => readBatches(file, metadata, found, names),
  }
}

async function* readBatches(
  file: ByteSource,
  metadata: FileMetaData,
  leaves: ReadonlyMap<string, Leaf>,
  names: NameTable,
): AsyncGenerator<OccurrenceBatch> {
  try {
    const groups = metadata.row_groups.filter((group) => group.num_rows > 0n)
    const rooms = new Map([...leaves.keys()].map((column) => [column, new PageRoom()]))
    const shared = new SharedRoom()
    const open = (index: number) => {
      const group = groups[index]
      if (!group) return null
      const readers = new Map<string, ColumnReader>()
      for (const [column, leaf] of leaves) {
        const path = leaf.path.join('.')
        const chunk = group.columns.find(
          (candidate) => candidate.meta_data?.path_in_schema.join('.') === path,
        )
        if (!chunk?.meta_data) throw unreadable(file, `row group ${index} lacks the column ${path}`)
        const reader = new ColumnReader(
          file,
          chunk.meta_data,
          leaf,
          column === nameColumn ? names : null,
          rooms.get(column)!,
          shared,
        )
        reader.prefetch()
        readers.set(column, reader)
      }
      return { rows: Number(group.num_rows), readers }
    }
    for (let index = 0, group = open(0); group; index += 1) {
      // The first pieces of the next group arrive while this one is worked on.
      const next = open(index + 1)
      yield* readGroup(group.rows, group.readers)
      group = next
    }
  } catch (error) {
    if (isHarvesterError(error)) throw error
    throw unreadable(file, error instanceof Error ? error.message : String(error), error)
  }
}

async function* readGroup(
  rows: number,
  readers: ReadonlyMap<string, ColumnReader>,
): AsyncGenerator<OccurrenceBatch> {
  for (let at = 0; at < rows; ) {
    await Promise.all([...readers.values()].map((reader) => reader.fill()))
    let length = rows - at
    for (const reader of readers.values()) length = Math.min(length, reader.available)
    if (length === 0) throw new Error(`a row group ends after ${at} of its ${rows} rows`)
    const numbers = (column: NumericColumn): Float64Array => {
      const reader = readers.get(numericColumns[column])
      return reader ? (reader.take(length) as Float64Array) : none(length)
    }
    const columns = Object.fromEntries(
      numericColumnNames.map((column) => [column, numbers(column)]),
    ) as Record<NumericColumn, Float64Array>
    yield { rows: length, ...columns, name: readers.get(nameColumn)!.take(length) as Int32Array }
    at += length
  }
}

let nothing = new Float64Array(0)

/** A column that the file lacks. */
function none(rows: number): Float64Array {
  if (nothing.length < rows) nothing = new Float64Array(rows).fill(Number.NaN)
  return nothing.subarray(0, rows)
}

async function readFooter(file: ByteSource): Promise<FileMetaData> {
  const buffer: AsyncBuffer = {
    byteLength: file.bytes,
    async slice(start, end = file.bytes) {
      const piece = await file.slice(start < 0 ? file.bytes + start : start, end)
      return piece.buffer.slice(piece.byteOffset, piece.byteOffset + piece.byteLength) as ArrayBuffer
    },
  }
  try {
    return await parquetMetadataAsync(buffer, { geoparquet: false })
  } catch (error) {
    if (isHarvesterError(error) && error.code !== 'HTTP_BAD_ANSWER') throw error
    throw unreadable(file, error instanceof Error ? error.message : String(error), error)
  }
}

/** The footer is well-formed; what it says need not be: a node may have more children than there are. */
function schemaOf(file: ByteSource, metadata: FileMetaData): SchemaTree {
  try {
    return parquetSchema(metadata)
  } catch (error) {
    throw unreadable(file, `its schema contradicts itself: ${describeError(error)}`, error)
  }
}

function findLeaf(tree: SchemaTree, path: readonly string[]): Leaf | null {
  const nodes: SchemaTree[] = [tree]
  for (const name of path) {
    const next = nodes.at(-1)!.children.find((child) => child.element.name === name)
    if (!next || next.element.repetition_type === 'REPEATED') return null
    nodes.push(next)
  }
  const leaf = nodes.at(-1)!
  return leaf.children.length === 0 && leaf.element.type ? { path: leaf.path, nodes } : null
}

function unreadable(file: ByteSource, what: string, cause?: unknown): HarvesterError {
  return new HarvesterError('HTTP_BAD_ANSWER', `${file.name} cannot be read as parquet: ${what}`, {
    ...(cause === undefined ? {} : { cause }),
  })
}
