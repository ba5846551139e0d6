import { createReadStream } from 'node:fs'
import { type FileHandle, mkdir, open, rm, stat, truncate } from 'node:fs/promises'
import { insideFolder } from '../inside.ts'
import { itemsCut } from './cell.ts'
import type { Cell } from './column.ts'
import type { TableName } from './contract.ts'
import { readLines } from './lines.ts'
import { compareCodePoints } from './order.ts'
import { csvLines, OutputFile, type TableWriter } from './writer.ts'

/** A piece larger than this goes to a file of its own until it is committed. */
const pieceInMemoryBytes = 1024 * 1024
const bytesAtOnce = 256 * 1024

export interface SpoolKey {
  erddapUrl: string
  datasetId: string
}

interface Piece {
  offset: number
  length: number
  rows: number
}

interface Indexed {
  key: SpoolKey
  offset: number
  length: number
  /** Written by the run that is going on, or taken over by it. */
  current: boolean
}
type Index = Map<string, Indexed>

interface LedgerLine<E> {
  key: SpoolKey
  piece: Piece
  entry: E
}

/**
 * What a run has harvested so far, on disk: one ledger line a dataset, and the rows of all of them in one file, so
 * that memory holds an index only and an interrupted run can go on where it was. A dataset is in it whole or not
 * at all: its rows are written before its ledger line.
 */
export class Spool<E> {
  readonly folder: string
  readonly #rows: OutputFile
  readonly #ledger: OutputFile
  readonly #index: Index
  #last: Promise<unknown> = Promise.resolve()
  #pieces = 0
  #closed = false

  private constructor(folder: string, rows: OutputFile, ledger: OutputFile, index: Index) {
    this.folder = folder
    this.#rows = rows
    this.#ledger = ledger
    this.#index = index
  }

  /** Opens the spool in a folder, with whatever an interrupted run left there complete. */
  static async open<E>(folder: string): Promise<Spool<E>> {
    const path = insideFolder(folder, 'spool')
    await mkdir(path, { recursive: true })
    const ledgerPath = insideFolder(path, 'ledger.jsonl')
    const rowsPath = insideFolder(path, 'rows.csv')
    const index: Index = new Map()
    let ledgerEnd = 0
    let rowsEnd = 0
    if (await exists(ledgerPath)) {
      const rowsLength = (await exists(rowsPath)) ? (await stat(rowsPath)).size : 0
      for await (const { text, offset, length } of readLines(ledgerPath)) {
        const line = parseLedgerLine<E>(text)
        if (!line || line.piece.offset + line.piece.length > rowsLength) break
        index.set(keyText(line.key), { key: line.key, offset, length, current: false })
        ledgerEnd = offset + length
        rowsEnd = Math.max(rowsEnd, line.piece.offset + line.piece.length)
      }
      await truncate(ledgerPath, ledgerEnd)
      if (rowsLength > 0) await truncate(rowsPath, rowsEnd)
    }
    return new Spool(
      path,
      await OutputFile.create(rowsPath, 'a'),
      await OutputFile.create(ledgerPath, 'a'),
      index,
    )
  }

  /**
   * Takes over what an interrupted run left of a dataset, rows and all, as `judge` words it; null where there is
   * nothing or `judge` does not want it. What is not taken over does not count.
   */
  async take(key: SpoolKey, judge: (entry: E) => E | null): Promise<{ entry: E; rows: number } | null> {
    const indexed = this.#index.get(keyText(key))
    if (!indexed || indexed.current) return null
    const left = await this.#readOne(indexed)
    const entry = judge(left.entry)
    if (entry === null) return null
    await this.#inTurn(() => this.#writeLine({ key, entry, piece: left.piece }))
    return { entry, rows: left.piece.rows }
  }

  /** Datasets that an interrupted run left. */
  get leftover(): number {
    let n = 0
    for (const { current } of this.#index.values()) if (!current) n += 1
    return n
  }

  /** A place for the rows of one dataset. */
  piece(): SpoolPiece {
    this.#pieces += 1
    const name = `piece-${this.#pieces}.csv`
    return new SpoolPiece(() => insideFolder(this.folder, name))
  }

  /** Writes what became of a dataset, with its rows if it has any. */
  commit(key: SpoolKey, entry: E, piece?: SpoolPiece): Promise<void> {
    return this.#inTurn(async () => {
      const at = this.#rows.length
      if (piece) await piece.copyTo(this.#rows)
      await this.#writeLine({
        key,
        entry,
        piece: { offset: at, length: this.#rows.length - at, rows: piece?.rows ?? 0 },
      })
    })
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#last.then(work)
    this.#last = done.catch(() => undefined)
    return done
  }

  async #writeLine(line: LedgerLine<E>): Promise<void> {
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`)
    const offset = this.#ledger.length
    await this.#ledger.write(bytes)
    this.#index.set(keyText(line.key), { key: line.key, offset, length: bytes.length, current: true })
  }

  async #readOne(indexed: Indexed): Promise<LedgerLine<E>> {
    const ledger = await open(insideFolder(this.folder, 'ledger.jsonl'), 'r')
    try {
      return await readLedgerLine<E>(ledger, indexed)
    } finally {
      await ledger.close()
    }
  }

  /** Everything committed or taken over, ordered by source and dataset. */
  async *entries(): AsyncGenerator<{
    key: SpoolKey
    entry: E
    rows: number
    copyRows: <T extends TableName>(to: TableWriter<T>) => Promise<void>
  }> {
    const ordered = [...this.#index.entries()]
      .filter(([, { current }]) => current)
      .sort(([a], [b]) => compareCodePoints(a, b))
      .map(([, value]) => value)
    const opened: FileHandle[] = []
    const reading = async (name: string) => {
      const handle = await open(insideFolder(this.folder, name), 'r')
      opened.push(handle)
      return handle
    }
    try {
      const ledger = await reading('ledger.jsonl')
      const all = await reading('rows.csv')
      for (const indexed of ordered) {
        const { key, entry, piece } = await readLedgerLine<E>(ledger, indexed)
        yield { key, entry, rows: piece.rows, copyRows: (to) => copyRows(all, piece, to) }
      }
    } finally {
      for (const handle of opened) await handle.close()
    }
  }

  /** Waits until everything committed is in the files. */
  async settled(): Promise<void> {
    await this.#last
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#last
    await this.#rows.close()
    await this.#ledger.close()
  }

  /** Closes the spool and removes its files. */
  async remove(): Promise<void> {
    await this.close()
    await rm(this.folder, { recursive: true, force: true })
  }
}

/** The rows of one dataset while they come in. */
export class SpoolPiece {
  /** Looked at on the disk when it is needed: most pieces stay in memory. */
  readonly #path: () => string
  #memory: Buffer[] = []
  #memoryBytes = 0
  #file: OutputFile | undefined
  rows = 0
  /** Items of lists that are longer than a cell holds. */
  itemsCut = 0

  constructor(path: () => string) {
    this.#path = path
  }

  async write(records: readonly (readonly Cell[])[]): Promise<void> {
    const bytes = Buffer.from(csvLines(records))
    this.rows += records.length
    for (const record of records) this.itemsCut += itemsCut(record)
    if (this.#file) return this.#file.write(bytes)
    this.#memory.push(bytes)
    this.#memoryBytes += bytes.length
    if (this.#memoryBytes > pieceInMemoryBytes) {
      this.#file = await OutputFile.create(this.#path())
      await this.#file.write(Buffer.concat(this.#memory))
      this.#memory = []
    }
  }

  async copyTo(target: OutputFile): Promise<void> {
    if (!this.#file) {
      if (this.#memoryBytes > 0) await target.write(Buffer.concat(this.#memory))
      return
    }
    await this.#file.close()
    for await (const chunk of createReadStream(this.#path(), { highWaterMark: bytesAtOnce }))
      await target.write(chunk as Buffer)
    await rm(this.#path(), { force: true })
  }

  async discard(): Promise<void> {
    this.#memory = []
    if (this.#file) {
      await this.#file.close().catch(() => undefined)
      await rm(this.#path(), { force: true })
    }
  }
}

async function readLedgerLine<E>(ledger: FileHandle, { offset, length }: Indexed): Promise<LedgerLine<E>> {
  return JSON.parse((await readBytes(ledger, offset, length)).toString('utf8')) as LedgerLine<E>
}

async function copyRows<T extends TableName>(
  from: FileHandle,
  { offset, length, rows }: Piece,
  to: TableWriter<T>,
): Promise<void> {
  const end = offset + length
  for (let at = offset; at < end; at += bytesAtOnce)
    await to.append(await readBytes(from, at, Math.min(bytesAtOnce, end - at)), at === offset ? rows : 0)
}

/** @throws Error when the file ends before */
async function readBytes(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length)
  for (let got = 0; got < length; ) {
    const { bytesRead } = await file.read(bytes, got, length - got, offset + got)
    if (bytesRead === 0) throw new Error(`a file of the spool ends ${length - got} bytes too early`)
    got += bytesRead
  }
  return bytes
}

function keyText(key: SpoolKey): string {
  return `${key.erddapUrl}\u0000${key.datasetId}`
}

function parseLedgerLine<E>(text: string): LedgerLine<E> | undefined {
  try {
    return JSON.parse(text) as LedgerLine<E>
  } catch {
    return undefined
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
