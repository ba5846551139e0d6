import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import type { CopyColumn, CopyValue, Session } from './port.ts'
import { socketOf } from './wire.ts'

/** The largest bulk of one statement on the embedded engine. */
const embeddedBatchRows = 5_000
const chunkCharacters = 1 << 16

type Rows = AsyncIterable<readonly CopyValue[]> | Iterable<readonly CopyValue[]>

/** An array of text as PostgreSQL writes it: `{"a","b"}`. */
function arrayLiteral(items: readonly string[]): string {
  return `{${items.map((item) => `"${item.replace(/[\\"]/g, '\\$&')}"`).join(',')}}`
}

function textOf(value: CopyValue): string | null {
  if (value === null) return null
  if (typeof value === 'string') return value
  if (typeof value === 'number') return String(value)
  if (typeof value === 'boolean') return value ? 't' : 'f'
  if (value instanceof Date) return value.toISOString()
  return arrayLiteral(value)
}

const special = /[\\\t\n\r]/
const escapes: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }

/** One row in PostgreSQL's text format of COPY. */
function copyLine(row: readonly CopyValue[]): string {
  let line = ''
  for (let index = 0; index < row.length; index++) {
    if (index > 0) line += '\t'
    const text = textOf(row[index]!)
    if (text === null) line += '\\N'
    else line += special.test(text) ? text.replace(/[\\\t\n\r]/g, (c) => escapes[c]!) : text
  }
  return `${line}\n`
}

/**
 * PostgreSQL: COPY, streaming. The driver's limit of a statement does not see it: one that is not over by then ends with
 * its connection, as a server that does not answer any more would hear nothing else.
 */
export async function copyByStream(
  client: pg.ClientBase,
  table: string,
  columns: readonly CopyColumn[],
  rows: Rows,
  limitMs?: number,
): Promise<number> {
  let count = 0
  async function* chunks() {
    let chunk = ''
    for await (const row of rows) {
      chunk += copyLine(row)
      count += 1
      if (chunk.length >= chunkCharacters) {
        yield Buffer.from(chunk)
        chunk = ''
      }
    }
    if (chunk) yield Buffer.from(chunk)
  }
  const target = client.query(copyFrom(`COPY ${table} (${columns.map((c) => c.name).join(', ')}) FROM STDIN`))
  const timer =
    limitMs === undefined
      ? undefined
      : setTimeout(() => socketOf(client).destroy(new Error('Query read timeout')), limitMs)
  try {
    await pipeline(Readable.from(chunks(), { objectMode: true }), target)
  } finally {
    clearTimeout(timer)
  }
  return count
}

/** The embedded engine: one INSERT for each piece of rows, the columns sent as arrays. */
export async function copyByBatches(
  session: Session,
  table: string,
  columns: readonly CopyColumn[],
  rows: Rows,
): Promise<number> {
  const names = columns.map((column) => column.name)
  const casts = columns.map((column) =>
    column.type === 'text' ? column.name : `${column.name}::${column.type}`,
  )
  const slots = columns.map((_, index) => `$${index + 1}::text[]`)
  const sql = `INSERT INTO ${table} (${names.join(', ')}) SELECT ${casts.join(', ')} FROM unnest(${slots.join(', ')}) AS batch(${names.join(', ')})`
  let batch: (string | null)[][] = columns.map(() => [])
  let count = 0
  const flush = async () => {
    if (batch[0]!.length === 0) return
    await session.query(sql, batch)
    batch = columns.map(() => [])
  }
  for await (const row of rows) {
    for (let index = 0; index < columns.length; index++) batch[index]!.push(textOf(row[index] ?? null))
    count += 1
    if (batch[0]!.length >= embeddedBatchRows) await flush()
  }
  await flush()
  return count
}
