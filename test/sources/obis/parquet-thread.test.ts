import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { parquetOf } from '../../../src/demo/obis.ts'
import type { ObisOccurrence } from '../../../src/demo/obis-datasets.ts'
import { HarvesterError } from '../../../src/errors.ts'
import { packageFile } from '../../../src/package.ts'
import { NameTable, numericColumnNames, type OccurrenceBatch } from '../../../src/sources/obis/occurrences.ts'
import { openOccurrences } from '../../../src/sources/obis/parquet.ts'
import type { ByteSource } from '../../../src/sources/obis/parquet-column.ts'
import {
  batchesByThread,
  mayUseThread,
  type ThreadedBatches,
} from '../../../src/sources/obis/parquet-thread.ts'

const occurrences = Array.from(
  { length: 40_000 },
  (_, id): ObisOccurrence => ({
    id: `o-${id}`,
    decimalLatitude: 44 + (id % 41) / 20,
    decimalLongitude: -62 - (id % 31) / 20,
    date_start: id % 7 === 0 ? null : Date.UTC(2010, 0, 1 + (id % 300)),
    date_end: Date.UTC(2010, 0, 2 + (id % 300)),
    minimumDepthInMeters: id % 3 === 0 ? null : id % 50,
    maximumDepthInMeters: 50 + (id % 50),
    scientificName: id % 11 === 0 ? null : `${id % 5 === 0 ? '  ' : ''}Species ${(id * id) % 1700}`,
    absence: id % 13 === 0,
  }),
)
const file = parquetOf(occurrences, { rowGroupSize: 5000 })

function source(bytes: Uint8Array, more: Partial<ByteSource> = {}): ByteSource {
  return {
    name: 'https://files.example.org/set.parquet',
    bytes: bytes.length,
    slice: async (start, end) => bytes.slice(start, end),
    ...more,
  }
}

/** All that comes, column by column, with the names that the numbers stand for. */
async function collect(batches: AsyncIterable<OccurrenceBatch>, names: NameTable) {
  const columns = new Map<string, number[]>()
  const put = (column: string, values: Iterable<number>) => {
    const all = columns.get(column) ?? []
    for (const value of values) all.push(value)
    columns.set(column, all)
  }
  for await (const batch of batches) {
    for (const column of numericColumnNames) put(column, batch[column])
    put('name', batch.name)
  }
  return { columns, names: names.names }
}

async function readHere(bytes: ByteSource) {
  const names = new NameTable()
  return collect((await openOccurrences(bytes)).batches(names), names)
}

function readByThread(bytes: ByteSource, more: Partial<ThreadedBatches> = {}) {
  const names = new NameTable()
  const { signal } = new AbortController()
  return collect(batchesByThread({ file: bytes, names, signal, ...more }), names)
}

async function errorOf(work: Promise<unknown>): Promise<HarvesterError> {
  const error: unknown = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(HarvesterError)
  return error as HarvesterError
}

/** Bytes up to some part of the file come, and its end; others never do. */
const neverAfter = (part: number) =>
  source(file, {
    slice: (start, end) =>
      start < file.length * part || end > file.length * 0.97
        ? Promise.resolve(file.slice(start, end))
        : new Promise(() => {}),
  })

describe('a thread that decodes occurrences', () => {
  it('gives what a reader here gives, in the same order and with the same numbers of names', async () => {
    const here = await readHere(source(file))
    expect(here.columns.get('latitude')).toHaveLength(occurrences.length)
    expect(here.names.length).toBeGreaterThan(100)
    expect(await readByThread(source(file))).toEqual(here)
    const asBuilt = (orders: unknown) =>
      new Worker(packageFile('dist/sources/obis/parquet-worker.js'), { workerData: orders })
    expect(await readByThread(source(file), { start: asBuilt })).toEqual(here)
    // A group of more rows than go from thread to thread at once, and columns that the file lacks.
    const other = source(parquetOf(occurrences, { rowGroupSize: 50_000, without: ['absence', 'date_end'] }))
    expect(await readByThread(other)).toEqual(await readHere(other))
  })

  it('ends with the same error as a reader here', async () => {
    const spoilt = file.slice()
    spoilt.fill(0xff, Math.floor(file.length * 0.4), Math.floor(file.length * 0.6))
    const here = await errorOf(readHere(source(spoilt)))
    expect(here.code).toBe('HTTP_BAD_ANSWER')
    const there = await errorOf(readByThread(source(spoilt)))
    const told = ({ code, message, remedy, facts, cause }: HarvesterError) => ({
      ...{ code, message, remedy, facts },
      cause: (cause as Error).message,
    })
    expect(told(there)).toEqual(told(here))
  })

  it('ends with the very error of the request whose bytes it lacks', async () => {
    const refused = new HarvesterError('HTTP_CONNECT', 'the connection broke', {
      remedy: 'Mend it.',
      facts: { host: 'files.example.org' },
    })
    const slice: ByteSource['slice'] = async (start, end) => {
      if (start > file.length / 2 && end < file.length * 0.97) throw refused
      return file.slice(start, end)
    }
    expect(await errorOf(readByThread(source(file, { slice })))).toBe(refused)
  })

  it('ends when the signal says so, while bytes are waited for', async () => {
    const reason = new HarvesterError('CANCELLED', 'the run was cancelled')
    const controller = new AbortController()
    const bytes = neverAfter(0.4)
    const work = readByThread(
      source(file, {
        slice: (start, end) => {
          setTimeout(() => controller.abort(reason), 100)
          return bytes.slice(start, end)
        },
      }),
      { signal: controller.signal },
    )
    expect(await errorOf(work)).toBe(reason)
  })

  it.each([
    ['ended with code 7', 'process.exit(7)'],
    ['died: out of luck', "setTimeout(() => { throw new Error('out of luck') }, 20)"],
  ])('that %s is an error, not a wait without end', async (what, code) => {
    const start = () => new Worker(code, { eval: true })
    const error = await errorOf(readByThread(source(file), { start }))
    expect(error.code).toBe('INTERNAL')
    expect(error.message).toBe(`the thread that decoded ${source(file).name} ${what}`)
  })

  it('is used for large files, as long as a processor is left for it', async () => {
    expect(mayUseThread(10_000)).toBe(false)
    expect(mayUseThread(5_000_000)).toBe(availableParallelism() > 1)
    const { signal } = new AbortController()
    const readers = [1, 2].map(() => batchesByThread({ file: source(file), names: new NameTable(), signal }))
    const firsts = await Promise.all(readers.map((reader) => reader.next()))
    expect(firsts.map(({ done }) => done)).toEqual([false, false])
    expect(mayUseThread(5_000_000)).toBe(false)
    // Who leaves early leaves no thread behind.
    for (const reader of readers) await reader.return(undefined)
    expect(mayUseThread(5_000_000)).toBe(availableParallelism() > 1)
  })
})
