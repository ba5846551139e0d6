/** How ERDDAP writes values and tables: Java numbers, escaped text, and the table formats. */

import type { Cell, ColumnType, Row } from './dataset.ts'

export interface Column {
  name: string
  type: ColumnType
  /** Unit of the second line; '' where there is none. */
  units: string
  /** Times are written in ISO form, with or without milliseconds. */
  time?: 'seconds' | 'millis'
}

export interface Table {
  columns: readonly Column[]
  rows: Iterable<Row>
}

export interface TextStyle {
  /** Whether non-ASCII text is sent as `\u00e9`; some servers send it raw in their charset. */
  escapes: boolean
}

/** A double as Java prints it: `48.0`, `1.6725312E9`, `-0.0`. */
export function javaDouble(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0'
  const size = Math.abs(value)
  if (size >= 1e7 || size < 1e-3) {
    const [mantissa = '', exponent = ''] = value.toExponential().split('e')
    return `${mantissa.includes('.') ? mantissa : `${mantissa}.0`}E${Number(exponent)}`
  }
  const text = String(value)
  return text.includes('.') ? text : `${text}.0`
}

/** Epoch seconds as ISO text; '' when missing. */
export function isoTime(seconds: number, precision: 'seconds' | 'millis' = 'seconds'): string {
  if (Number.isNaN(seconds)) return ''
  // A year is four digits or as many as it needs, without a plus sign.
  const iso = new Date(Math.round(seconds * 1000)).toISOString().replace(/^(?:\+|(-))0*(?=\d{4})/, '$1')
  return precision === 'millis' ? iso : `${iso.slice(0, -5)}Z`
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that ERDDAP escapes
const escaped = /[\u0000-\u001f\\\u007f-\uffff]/g
// biome-ignore lint/suspicious/noControlCharactersInRegex: raw servers escape only these
const escapedRaw = /[\u0000-\u001f\\]/g
const quoted = /[,"\\]|^ | $/

function escapeCharacter(character: string): string {
  if (character === '\n') return '\\n'
  if (character === '\r') return '\\r'
  if (character === '\t') return '\\t'
  if (character === '\\') return '\\\\'
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/**
 * A text cell of a CSV, escaped and quoted where it must be. Each `\"` becomes `""` at the end, also where the quote is the
 * closing one behind a backslash.
 */
function csvText(text: string, style: TextStyle): string {
  const safe = text.replace(style.escapes ? escaped : escapedRaw, escapeCharacter)
  return quoted.test(safe) ? `"${safe.replaceAll('"', '\\"')}"`.replaceAll('\\"', '""') : safe
}

/** A JSON string with ERDDAP's ASCII-only escapes. */
export function jsonText(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

function tsvText(text: string): string {
  const json = jsonText(text)
  return json.length === text.length + 2 ? text : json
}

function numberText(value: number, column: Column): string {
  if (Number.isNaN(value)) return 'NaN'
  if (column.type === 'double') return javaDouble(value)
  if (column.type === 'float') return javaDouble(Number.parseFloat(value.toPrecision(7)))
  return String(value)
}

function plainCell(cell: Cell, column: Column): string {
  if (typeof cell === 'string') return cell
  if (column.time !== undefined) return isoTime(cell, column.time)
  return numberText(cell, column)
}

function jsonCell(cell: Cell, column: Column): string {
  if (typeof cell === 'string') return column.units === 'UTC' && cell === '' ? 'null' : jsonText(cell)
  if (Number.isNaN(cell)) return 'null'
  return column.time === undefined ? String(cell) : `"${isoTime(cell, column.time)}"`
}

/** The formats of tabledap that the look-alike writes, with their content type and extension of the file's name. */
export const tableFormats = {
  '.csv': { type: 'text/csv;charset=ISO-8859-1', extension: '.csv' },
  '.csv0': { type: 'text/csv;charset=ISO-8859-1', extension: '.csv' },
  '.csvp': { type: 'text/csv;charset=ISO-8859-1', extension: '.csv' },
  '.tsv': { type: 'text/tab-separated-values;charset=ISO-8859-1', extension: '.tsv' },
  '.json': { type: 'application/json;charset=UTF-8', extension: '.json' },
  '.jsonlKVP': { type: 'application/x-jsonlines;charset=UTF-8', extension: '.jsonl' },
} as const

export type TableFormat = keyof typeof tableFormats

export function isTableFormat(extension: string): extension is TableFormat {
  return Object.hasOwn(tableFormats, extension)
}

/** The pieces of an answer, each about 64 kB. */
export function* writeTable(table: Table, format: TableFormat, style: TextStyle): Generator<string> {
  let piece = ''
  for (const line of writeLines(table, format, style)) {
    piece += line
    if (piece.length > 65_536) {
      yield piece
      piece = ''
    }
  }
  if (piece !== '') yield piece
}

function* writeLines(table: Table, format: TableFormat, style: TextStyle): Generator<string> {
  const { columns, rows } = table
  const text = (value: string) => (format === '.tsv' ? tsvText(value) : csvText(value, style))
  const separator = format === '.tsv' ? '\t' : ','
  const joined = (cells: readonly string[]) => `${cells.map(text).join(separator)}\n`
  switch (format) {
    case '.json':
      yield* writeJson(columns, rows)
      return
    case '.jsonlKVP':
      for (const row of rows) {
        const pairs = columns.map(
          (column, at) => `${jsonText(column.name)}:${jsonCell(row[at] ?? '', column)}`,
        )
        yield `{${pairs.join(', ')}}\n`
      }
      return
    case '.csvp':
      yield joined(columns.map(({ name, units }) => (units === '' ? name : `${name} (${units})`)))
      break
    case '.csv':
    case '.tsv':
      yield joined(columns.map(({ name }) => name))
      yield joined(columns.map(({ units }) => units))
      break
    case '.csv0':
      break
  }
  const last = columns.length - 1
  for (const row of rows) {
    let line = ''
    for (let at = 0; at <= last; at++) {
      const cell = row[at] ?? ''
      const column = columns[at] as Column
      line += typeof cell === 'string' ? text(cell) : plainCell(cell, column)
      line += at === last ? '\n' : separator
    }
    yield line
  }
}

function* writeJson(columns: readonly Column[], rows: Iterable<Row>): Generator<string> {
  const list = (items: readonly string[]) => `[${items.join(', ')}]`
  yield '{\n  "table": {\n'
  yield `    "columnNames": ${list(columns.map(({ name }) => jsonText(name)))},\n`
  yield `    "columnTypes": ${list(columns.map(({ type, time }) => jsonText(time === undefined ? type : 'String')))},\n`
  yield `    "columnUnits": ${list(columns.map(({ units }) => (units === '' ? 'null' : jsonText(units))))},\n`
  yield '    "rows": [\n'
  let before = ''
  for (const row of rows) {
    yield `${before}      ${list(columns.map((column, at) => jsonCell(row[at] ?? '', column)))}`
    before = ',\n'
  }
  yield '\n    ]\n  }\n}\n'
}
