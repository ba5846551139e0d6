import { type FileHandle, open } from 'node:fs/promises'
import { stringify } from 'csv-stringify/sync'
import { HarvesterError } from '../errors.ts'
import { formatCell } from './cell.ts'
import type { Cell } from './column.ts'
import { cellsOf, type TableName, type TableRow, tableColumns } from './contract.ts'

/** Rows gathered before they are written: large enough to be quick, small enough to hold many tables open. */
const rowsAtOnce = 500
/** Lines gathered before they are written: most datasets have less than one kilobyte of rows. */
const bytesAtOnce = 64 * 1024

/** `quoted_match`: a lone carriage return needs quotes too, which the library only gives to its own delimiters. */
const format = { record_delimiter: '\n', quoted_match: /\r/ } as const

/** The CSV text of records, a line each. */
export function csvLines(records: readonly (readonly Cell[])[]): string {
  return records.length === 0
    ? ''
    : stringify(
        records.map((record) => record.map(formatCell)),
        format,
      )
}

/** A file being written; every failure says which file, and what to do. */
export class OutputFile {
  readonly path: string
  readonly #handle: FileHandle
  #written = 0

  private constructor(path: string, handle: FileHandle) {
    this.path = path
    this.#handle = handle
  }

  static async create(path: string, flags: 'wx' | 'w' | 'a' = 'w'): Promise<OutputFile> {
    try {
      const handle = await open(path, flags)
      const file = new OutputFile(path, handle)
      if (flags === 'a') file.#written = (await handle.stat()).size
      return file
    } catch (error) {
      throw writeFailed(path, error)
    }
  }

  /** Bytes in the file so far. */
  get length(): number {
    return this.#written
  }

  async write(content: string | Uint8Array): Promise<void> {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content
    try {
      for (let at = 0; at < bytes.length; ) {
        const { bytesWritten } = await this.#handle.write(bytes, at, bytes.length - at)
        at += bytesWritten
      }
    } catch (error) {
      throw writeFailed(this.path, error)
    }
    this.#written += bytes.length
  }

  async close(): Promise<void> {
    try {
      await this.#handle.close()
    } catch (error) {
      throw writeFailed(this.path, error)
    }
  }
}

/**
 * Writes one table of the column contract, streaming.
 * @throws HarvesterError WRITE_FAILED
 */
export class TableWriter<T extends TableName> {
  readonly table: T
  readonly #file: OutputFile
  #waiting: Cell[][] = []
  #lines: Uint8Array[] = []
  #lineBytes = 0
  #rows = 0

  private constructor(table: T, file: OutputFile) {
    this.table = table
    this.#file = file
  }

  static async create<T extends TableName>(path: string, table: T): Promise<TableWriter<T>> {
    const file = await OutputFile.create(path)
    await file.write(csvLines([tableColumns[table]]))
    return new TableWriter(table, file)
  }

  get rows(): number {
    return this.#rows
  }

  async write(row: TableRow<T>): Promise<void> {
    this.#waiting.push(cellsOf(this.table, row))
    this.#rows += 1
    if (this.#waiting.length >= rowsAtOnce) await this.#put(this.#takeWaiting())
  }

  /** Appends lines that {@link csvLines} has made already. */
  async append(lines: Uint8Array, rows: number): Promise<void> {
    if (this.#waiting.length > 0) await this.#put(this.#takeWaiting())
    await this.#put(lines)
    this.#rows += rows
  }

  async close(): Promise<void> {
    try {
      await this.#put(this.#takeWaiting())
      await this.#flush()
    } finally {
      await this.#file.close()
    }
  }

  #takeWaiting(): Uint8Array {
    const records = this.#waiting
    this.#waiting = []
    return Buffer.from(csvLines(records))
  }

  async #put(lines: Uint8Array): Promise<void> {
    this.#lines.push(lines)
    this.#lineBytes += lines.length
    if (this.#lineBytes >= bytesAtOnce) await this.#flush()
  }

  async #flush(): Promise<void> {
    const lines = this.#lines
    this.#lines = []
    this.#lineBytes = 0
    if (lines.length > 0) await this.#file.write(Buffer.concat(lines))
  }
}

export function writeFailed(path: string, cause: unknown): HarvesterError {
  const code = (cause as NodeJS.ErrnoException).code
  const remedy =
    code === 'ENOSPC' || code === 'EDQUOT'
      ? 'Make room on that disk, or choose another folder.'
      : code === 'EACCES' || code === 'EPERM' || code === 'EROFS'
        ? 'Give this user the right to write there, or choose another folder.'
        : 'Check that the folder exists and can be written to.'
  return new HarvesterError('WRITE_FAILED', `${path} could not be written (${code ?? 'error'})`, {
    cause,
    remedy,
  })
}
