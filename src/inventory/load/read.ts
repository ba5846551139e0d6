import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CsvError, parse } from 'csv-parse/sync'
import type { CopyValue } from '../../database/port.ts'
import { HarvesterError } from '../../errors.ts'
import { storableText } from '../../rules/limits.ts'
import { amount } from '../../text.ts'
import { CellFault } from '../cell-check.ts'
import { type CheckedColumn, checkedColumns, type TableName } from '../contract.ts'

/** A cell that was refused, as it stands in `rejected.csv`. */
export interface Reject {
  /** Of the dataset whose row it is, as far as the row says; empty where it does not. */
  erddapUrl: string
  datasetId: string
  file: string
  line: number
  column: string
  value: string
  reason: string
}

export interface CheckedRow {
  /** Line of the file where the row begins; the header is line 1. */
  line: number
  /** In the order of {@link checkedColumns}; what was refused is null here. */
  cells: CopyValue[]
  faults: Reject[]
}

const mostOfAValue = 200
/** In characters: a file whose quotation never ends must not fill the memory. */
const longestRecord = 1 << 24

export function unreadable(path: string, message: string, cause?: unknown): HarvesterError {
  return new HarvesterError('FOLDER_UNREADABLE', `${path} ${message}`, {
    ...(cause === undefined ? {} : { cause }),
    remedy: 'Harvest again, or load a folder that is complete.',
  })
}

export async function fileExists(folder: string, file: TableName): Promise<boolean> {
  return stat(join(folder, `${file}.csv`)).then(
    (found) => found.isFile(),
    () => false,
  )
}

/**
 * The rows of one file of a run folder, each cell checked, streaming.
 *
 * @throws HarvesterError FOLDER_UNREADABLE when the file cannot be read, lacks a column or was cut off
 */
export async function* readChecked(
  folder: string,
  file: TableName,
  signal?: AbortSignal,
): AsyncGenerator<CheckedRow> {
  const name = `${file}.csv`
  const path = join(folder, name)
  await refuseCutOff(path)
  const columns = checkedColumns[file]
  let places: number[] | undefined
  let headerLength = 0
  for await (const { line, record } of readRecords(path, signal)) {
    if (!places) {
      places = placesOf(record, columns, path)
      headerLength = record.length
    } else yield checkRow(name, line, record, places, headerLength, columns)
  }
  if (!places) throw unreadable(path, 'is empty, without even a header')
}

/**
 * The records of a CSV with the line where each begins. Most have no quotation mark and are split at their commas;
 * the others are left to csv-parse.
 */
async function* readRecords(
  path: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<{ line: number; record: string[] }> {
  let line = 0
  let begins = 1
  let open = ''
  let marks = 0
  try {
    for await (const text of readLines(path, signal)) {
      line += 1
      if (open === '') {
        begins = line
        if (!text.includes('"')) {
          const plain = withoutCarriageReturn(text)
          if (plain !== '') yield { line, record: plain.split(',') }
          continue
        }
      }
      marks = (open === '' ? 0 : marks) + quotationMarks(text)
      open = open === '' ? text : `${open}\n${text}`
      if (open.length > longestRecord)
        throw unreadable(path, `has a quotation in line ${begins} that does not end`)
      if (marks % 2 === 1) continue
      const records = parse(withoutCarriageReturn(open), { relax_column_count: true }) as string[][]
      open = ''
      yield { line: begins, record: records[0] ?? [] }
    }
  } catch (error) {
    if (error instanceof HarvesterError) throw error
    if (error instanceof CsvError)
      throw unreadable(path, `is no readable CSV at line ${begins}: ${error.message}`, error)
    throw unreadable(path, 'cannot be read', error)
  }
  if (open !== '') throw unreadable(path, `has a quotation in line ${begins} that does not end`)
}

/** A file of Windows ends its lines with CR LF; a CR within a quotation is the text's own. */
function withoutCarriageReturn(text: string): string {
  return text.endsWith('\r') ? text.slice(0, -1) : text
}

async function* readLines(path: string, signal: AbortSignal | undefined): AsyncGenerator<string> {
  let rest = ''
  let first = true
  for await (const chunk of createReadStream(path, { encoding: 'utf8', highWaterMark: 1 << 17 })) {
    if (signal?.aborted) throw new HarvesterError('CANCELLED', 'The load was cancelled.')
    let text = rest + (chunk as string)
    if (first && text.startsWith('\ufeff')) text = text.slice(1)
    first = false
    let at = 0
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', at)) {
      yield text.slice(at, end)
      at = end + 1
    }
    rest = text.slice(at)
  }
}

function quotationMarks(text: string): number {
  let count = 0
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) count += 1
  return count
}

function placesOf(header: string[], columns: readonly { name: string }[], path: string): number[] {
  const missing = columns.map((column) => column.name).filter((name) => !header.includes(name))
  if (missing.length > 0)
    throw unreadable(path, `lacks the column${missing.length > 1 ? 's' : ''} ${missing.join(', ')}`)
  return columns.map((column) => header.indexOf(column.name))
}

function checkRow(
  file: string,
  line: number,
  record: string[],
  places: number[],
  headerLength: number,
  columns: readonly CheckedColumn[],
): CheckedRow {
  const cells: CopyValue[] = new Array(columns.length)
  const faults: Reject[] = []
  const named = (name: string) => {
    const index = columns.findIndex((column) => column.name === name)
    return index < 0 ? '' : shown(record[places[index]!] ?? '')
  }
  const fault = (cell: Omit<Reject, 'erddapUrl' | 'datasetId'>) =>
    faults.push({ erddapUrl: named('erddap_url'), datasetId: named('dataset_id'), ...cell })
  if (record.length !== headerLength)
    fault({
      file,
      line,
      column: '',
      value: shown(record.join(',')),
      reason: `has ${amount(record.length, 'cell')} instead of ${headerLength}`,
    })
  for (let index = 0; index < columns.length; index++) {
    const text = record[places[index]!] ?? ''
    const checked = columns[index]!.check(text)
    if (checked instanceof CellFault) {
      cells[index] = null
      fault({
        file,
        line,
        column: columns[index]!.name,
        value: shown(text),
        reason: checked.reason,
      })
    } else cells[index] = checked
  }
  return { line, cells, faults }
}

/** A value as it can be shown and stored: not endless, no NUL, no half of a pair. */
function shown(value: string): string {
  return storableText(value.slice(0, mostOfAValue).replaceAll('\0', '\\0'))
}

/** Every writer ends the last line: a file that does not was cut off while it was written or copied. */
async function refuseCutOff(path: string): Promise<void> {
  let handle: Awaited<ReturnType<typeof open>>
  try {
    handle = await open(path)
  } catch (error) {
    throw unreadable(path, 'cannot be read', error)
  }
  try {
    const { size } = await handle.stat()
    if (size === 0) throw unreadable(path, 'is empty, without even a header')
    const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1)
    if (buffer[0] !== 10)
      throw unreadable(path, 'ends in the middle of a line: it was not written to its end')
  } finally {
    await handle.close()
  }
}
