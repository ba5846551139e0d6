import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { owned } from '../text.ts'
import { readLines } from './lines.ts'
import { compareCodePoints } from './order.ts'
import { writeFailed } from './writer.ts'

/** A record with the text it is ordered by. Values are what JSON keeps. */
export type Keyed = readonly [key: string, ...values: (string | number | null)[]]

/** Records held in memory before a sorted run goes to disk. */
const defaultLimit = 100_000
/** Their keys may be long, one by one. */
const mostKeyCharacters = 16 * 1024 * 1024
/** Records read or handed on together: asking for them one by one would cost more than sorting them. */
const blockSize = 1000
const blockCharacters = 256 * 1024

/**
 * Sorts any number of records in bounded memory: sorted runs of at most `limit` records (fewer where their
 * keys are long) are spilled to files below `folder` and merged while reading. Records of equal key stay in the order in which they were added.
 */
export class ExternalSorter {
  readonly #folder: string
  readonly #limit: number
  #spillFolder: string | undefined
  #runs: string[] = []
  /** Whether each run on disk follows the one before, and with which key the last one ends. */
  #inOrder = true
  #lastKey: string | undefined
  #records: Keyed[] = []
  #keyCharacters = 0

  constructor(folder: string, limit = defaultLimit) {
    this.#folder = folder
    this.#limit = limit
  }

  /** Adds a record, which is the sorter's from now on; await the promise, if there is one, before adding the next. */
  add(record: Keyed): Promise<void> | undefined {
    const key = owned(record[0])
    // In place: a new record for each row would cost more than sorting it.
    ;(record as unknown as [string])[0] = key
    this.#records.push(record)
    this.#keyCharacters += key.length
    const full = this.#records.length >= this.#limit || this.#keyCharacters >= mostKeyCharacters
    return full ? this.#spill() : undefined
  }

  /**
   * All records are there. What is left in memory of a long table goes to disk as well, since it may be a while before
   * it is read: several tables of one dataset wait for each other.
   */
  async complete(): Promise<void> {
    if (this.#runs.length > 0 && this.#records.length > 0) await this.#spill()
  }

  /** The records in order of their keys, in blocks; one block where all of them are in memory. */
  async *sorted(): AsyncGenerator<readonly Keyed[]> {
    this.#sortRecords()
    if (!this.#isFollowedBy(this.#records)) return yield* this.#merged()
    // Servers mostly answer in order: nothing is to be merged.
    for (const path of this.#runs) yield* readRun(path)
    yield this.#records
  }

  /** Removes what was spilled. */
  async close(): Promise<void> {
    this.#records = []
    if (this.#spillFolder) await rm(this.#spillFolder, { recursive: true, force: true })
  }

  #sortRecords(): void {
    const records = this.#records
    let ordered = true
    for (let i = 1; i < records.length && ordered; i++) {
      ordered = compareCodePoints(records[i - 1]![0], records[i]![0]) <= 0
    }
    if (!ordered) records.sort((a, b) => compareCodePoints(a[0], b[0]))
  }

  /** Whether these records may stand behind the runs on disk, one after the other. */
  #isFollowedBy(records: readonly Keyed[]): boolean {
    const [first] = records
    return (
      this.#inOrder &&
      (!first || this.#lastKey === undefined || compareCodePoints(this.#lastKey, first[0]) <= 0)
    )
  }

  async #spill(): Promise<void> {
    this.#sortRecords()
    const records = this.#records
    this.#inOrder = this.#isFollowedBy(records)
    this.#lastKey = records.at(-1)![0]
    this.#records = []
    this.#keyCharacters = 0
    try {
      this.#spillFolder ??= await mkdtemp(join(this.#folder, 'sort-'))
      const path = join(this.#spillFolder, `run-${this.#runs.length}.jsonl`)
      const stream = createWriteStream(path)
      let failure: unknown
      stream.on('error', (error) => {
        failure = error
      })
      for (const block of blocksOf(records)) {
        if (failure !== undefined) break
        // A line for each block, so that it is written and read in one piece.
        if (!stream.write(`${JSON.stringify(block)}\n`)) await once(stream, 'drain')
      }
      stream.end()
      if (failure === undefined) await once(stream, 'close')
      if (failure !== undefined) throw failure
      this.#runs.push(path)
    } catch (error) {
      throw writeFailed(this.#spillFolder ?? this.#folder, error)
    }
  }

  async *#merged(): AsyncGenerator<readonly Keyed[]> {
    // Of records with one key those of an earlier run come first: runs are in order of time, the memory's is last.
    const cursors = [
      ...this.#runs.map((path) => new SortedCursor(readRun(path))),
      new SortedCursor(only(this.#records)),
    ]
    for (const cursor of cursors) await cursor.refill()
    let block: Keyed[] = []
    let characters = 0
    for (;;) {
      let least: SortedCursor | undefined
      for (const cursor of cursors) {
        const record = cursor.current
        if (record && (!least || compareCodePoints(record[0], least.current![0]) < 0)) least = cursor
      }
      if (!least) break
      const record = least.current!
      block.push(record)
      characters += record[0].length
      if (!least.advance()) await least.refill()
      if (block.length >= blockSize || characters >= blockCharacters) {
        yield block
        block = []
        characters = 0
      }
    }
    if (block.length > 0) yield block
  }
}

/** Reads sorted blocks record by record, without a promise for each. */
export class SortedCursor {
  readonly #blocks: AsyncIterator<readonly Keyed[]>
  #block: readonly Keyed[] = []
  #at = 0
  #ended = false

  constructor(blocks: AsyncIterator<readonly Keyed[]>) {
    this.#blocks = blocks
  }

  /** Undefined at the end of a block, and at the end of everything. */
  get current(): Keyed | undefined {
    return this.#block[this.#at]
  }

  /** Whether nothing comes any more, once `current` is undefined. */
  get ended(): boolean {
    return this.#ended
  }

  /** Steps on; false when the block is used up and {@link refill} is due. */
  advance(): boolean {
    this.#at += 1
    return this.#at < this.#block.length
  }

  async refill(): Promise<void> {
    while (!this.#ended && this.#at >= this.#block.length) {
      const next = await this.#blocks.next()
      this.#at = 0
      this.#block = next.done ? [] : next.value
      this.#ended = next.done === true
    }
  }
}

/** Blocks of few enough records, and characters of their keys. */
function* blocksOf(records: readonly Keyed[]): Generator<readonly Keyed[]> {
  let from = 0
  let characters = 0
  for (let at = 0; at < records.length; at++) {
    characters += records[at]![0].length
    if (at + 1 - from < blockSize && characters < blockCharacters) continue
    yield records.slice(from, at + 1)
    from = at + 1
    characters = 0
  }
  if (from < records.length) yield records.slice(from)
}

async function* readRun(path: string): AsyncGenerator<readonly Keyed[]> {
  for await (const line of readLines(path)) yield JSON.parse(line.text) as Keyed[]
}

async function* only(records: readonly Keyed[]): AsyncGenerator<readonly Keyed[]> {
  yield records
}
