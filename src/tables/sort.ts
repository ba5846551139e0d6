import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { readLines } from './lines.ts'
import { compareCodePoints } from './order.ts'
import { writeFailed } from './writer.ts'

/** A record with the text it is ordered by. */
export type Keyed = readonly [key: string, ...values: string[]]

/** Records held in memory before a sorted run goes to disk. */
const defaultLimit = 150_000

/**
 * Sorts any number of records in bounded memory: sorted runs of at most `limit` records are spilled to files below
 * `folder` and merged while reading. Records of equal key stay in the order in which they were added.
 */
export class ExternalSorter {
  readonly #folder: string
  readonly #limit: number
  #spillFolder: string | undefined
  #runs: string[] = []
  #records: Keyed[] = []
  #size = 0

  constructor(folder: string, limit = defaultLimit) {
    this.#folder = folder
    this.#limit = limit
  }

  get size(): number {
    return this.#size
  }

  /** Adds a record; await the promise, if there is one, before adding the next. */
  add(record: Keyed): Promise<void> | undefined {
    this.#records.push(record)
    this.#size += 1
    return this.#records.length >= this.#limit ? this.#spill() : undefined
  }

  /** The records in order of their keys. */
  sorted(): Iterable<Keyed> | AsyncIterable<Keyed> {
    this.#sortRecords()
    return this.#runs.length === 0 ? this.#records : this.#merged()
  }

  /** Removes what was spilled. */
  async close(): Promise<void> {
    this.#records = []
    if (this.#spillFolder) await rm(this.#spillFolder, { recursive: true, force: true })
  }

  #sortRecords(): void {
    let ordered = true
    for (let i = 1; i < this.#records.length && ordered; i++) {
      ordered = compareCodePoints(this.#records[i - 1]![0], this.#records[i]![0]) <= 0
    }
    // Servers mostly answer in order already.
    if (!ordered) this.#records.sort((a, b) => compareCodePoints(a[0], b[0]))
  }

  async #spill(): Promise<void> {
    this.#sortRecords()
    const records = this.#records
    this.#records = []
    try {
      this.#spillFolder ??= await mkdtemp(join(this.#folder, 'sort-'))
      const path = join(this.#spillFolder, `run-${this.#runs.length}.jsonl`)
      const stream = createWriteStream(path)
      let failure: unknown
      stream.on('error', (error) => {
        failure = error
      })
      for (let at = 0; at < records.length && failure === undefined; at += 1000) {
        const lines = records.slice(at, at + 1000).map((record) => JSON.stringify(record))
        if (!stream.write(`${lines.join('\n')}\n`)) await once(stream, 'drain')
      }
      stream.end()
      if (failure === undefined) await once(stream, 'close')
      if (failure !== undefined) throw failure
      this.#runs.push(path)
    } catch (error) {
      throw writeFailed(this.#spillFolder ?? this.#folder, error)
    }
  }

  async *#merged(): AsyncIterable<Keyed> {
    // Later records come after earlier ones of the same key: runs are in order of time, the memory's last.
    const sources = [...this.#runs.map(readRun), toAsync(this.#records)]
    const heads = await Promise.all(
      sources.map(async (source) => (await source.next()).value as Keyed | undefined),
    )
    for (;;) {
      let least = -1
      for (let i = 0; i < heads.length; i++) {
        const head = heads[i]
        if (head && (least < 0 || compareCodePoints(head[0], heads[least]![0]) < 0)) least = i
      }
      if (least < 0) return
      yield heads[least]!
      heads[least] = (await sources[least]!.next()).value as Keyed | undefined
    }
  }
}

async function* readRun(path: string): AsyncGenerator<Keyed> {
  for await (const line of readLines(path)) yield JSON.parse(line.text) as Keyed
}

async function* toAsync(records: readonly Keyed[]): AsyncGenerator<Keyed> {
  yield* records
}
