import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { formatCell, formatDecimal, itemsCut } from '../../src/inventory/cell.ts'
import { tableColumns } from '../../src/inventory/contract.ts'
import { folderStamp, RunFolder, removeOldFolders } from '../../src/inventory/folder.ts'
import { compareCodePoints } from '../../src/inventory/order.ts'
import { ExternalSorter, type Keyed } from '../../src/inventory/sort.ts'
import { Spool } from '../../src/inventory/spool.ts'
import { csvLines, TableWriter } from '../../src/inventory/writer.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tables-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const text = fc.string({
  unit: fc.oneof(
    fc.constantFrom('a', 'é', '"', ',', '\n', '\r', ' ', '\u2028', '\ue000', '\uffff', '😀'),
    fc.string({ minLength: 1, maxLength: 1 }),
  ),
})

describe('the order of text', () => {
  it('is that of its UTF-8 bytes, whatever the characters', () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(Math.sign(compareCodePoints(a, b))).toBe(
          Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))),
        )
      }),
    )
  })
})

describe('a cell', () => {
  it.each([
    [null, ''],
    ['', ''],
    [['a', 'b'], '["a","b"]'],
    [[], '[]'],
    [new Date(Date.UTC(2023, 0, 2, 3, 4, 5, 678)), '2023-01-02T03:04:05Z'],
    [-0, '0'],
    [12.5, '12.5'],
    [1e21, '1000000000000000000000'],
    [0.0000001, '0.0000001'],
  ])('%j is written as %j', (cell, expected) => {
    expect(formatCell(cell)).toBe(expected)
  })

  it('counts the items of its lists that are cut or left out', () => {
    const long = 'é'.repeat(1001)
    expect(itemsCut([['a', 'b'], 'a text', null, 1, []])).toBe(0)
    // A NUL that no database holds is no cut.
    expect(itemsCut([['a\0b']])).toBe(0)
    expect(itemsCut([['a', long], [long]])).toBe(2)
    expect(JSON.parse(formatCell(['a', long]))).toEqual(['a', 'é'.repeat(1000)])
    const many = Array.from({ length: 2500 }, () => 'x'.repeat(2000))
    expect((JSON.parse(formatCell(many)) as string[]).length + itemsCut([many])).toBe(2500)
    expect(itemsCut([many])).toBeGreaterThan(0)
  })

  it('holds any time to the second, as ISO 8601 writes it', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true }),
        (time) => {
          expect(formatCell(time)).toBe(`${time.toISOString().slice(0, -5)}Z`)
        },
      ),
    )
    // Nothing is made up for what no file can hold: the rules drop such a row.
    expect(() => formatCell(new Date(8e15))).toThrow(RangeError)
  })

  it('holds any finite number without an exponent and without losing it', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e15, max: 1e15 }), (value) => {
        const written = formatDecimal(value)
        expect(written).toMatch(/^-?\d+(\.\d+)?$/)
        expect(Number(written)).toBeCloseTo(value, 12)
      }),
    )
  })
})

describe('a table', () => {
  it('has its header even without rows', async () => {
    const writer = await TableWriter.create(join(folder, 'profiles.csv'), 'profiles')
    await writer.close()
    expect(await readFile(join(folder, 'profiles.csv'), 'utf8')).toBe(`${tableColumns.profiles.join(',')}\n`)
  })

  it('is read back as it was written, with quotes, commas, line breaks and accents', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { minLength: 1 }), (rows) => {
        const read = parse(csvLines(rows), {
          record_delimiter: '\n',
          skip_empty_lines: false,
          relax_column_count: false,
        }) as string[][]
        expect(read).toEqual(rows)
      }),
    )
  })

  it('says which file could not be written, and what to do', async () => {
    await expect(TableWriter.create(join(folder, 'nowhere', 'x.csv'), 'ckan')).rejects.toMatchObject({
      code: 'WRITE_FAILED',
      message: expect.stringContaining('nowhere'),
    })
  })
})

describe('the external sorter', () => {
  it('gives what an ordinary stable sort gives, however little memory it has', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.constantFrom('b', 'a', 'é', '😀', '\u2028', '\ue000'), text)),
        fc.integer({ min: 1, max: 5 }),
        fc.boolean(),
        fc.boolean(),
        async (records, limit, inOrder, complete) => {
          const expected = [...records].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
          const sorter = new ExternalSorter(folder, limit)
          for (const record of inOrder ? expected : records) await sorter.add(record as unknown as Keyed)
          if (complete) await sorter.complete()
          // Several read what was sorted, one after the other.
          for (const _reader of [1, 2]) {
            const found: Keyed[] = []
            for await (const block of sorter.sorted()) found.push(...block)
            expect(found).toEqual(expected)
          }
          await sorter.close()
        },
      ),
      { numRuns: 80 },
    )
    expect(await readdir(folder)).toEqual([])
  })

  it.each([
    ['a run after the other', (n: number) => n],
    ['runs that are merged', (n: number) => (n * 7) % 2500],
  ])('gives sorted records in blocks of at most a thousand, and of some 256 kB: %s', async (_how, nth) => {
    const sorter = new ExternalSorter(folder, 2000)
    const keys = Array.from({ length: 2500 }, (_, n) =>
      String(nth(n)).padStart(nth(n) < 1500 ? 4 : 1000, '0'),
    )
    for (const key of keys) await sorter.add([key])
    await sorter.complete()
    const blocks: number[] = []
    const found: string[] = []
    for await (const block of sorter.sorted()) {
      found.push(...block.map(([key]) => key))
      blocks.push(block.reduce((sum, [key]) => sum + key.length, 0))
      expect(block.length).toBeLessThanOrEqual(1000)
    }
    await sorter.close()
    expect(found).toEqual([...keys].sort())
    expect(Math.max(...blocks)).toBeLessThan(256 * 1024 + 1000)
    expect(blocks.length).toBeLessThan(10)
  })
})

describe('the spool', () => {
  const key = (datasetId: string) => ({ erddapUrl: 'https://e.example/erddap', datasetId })

  it('gives datasets in order of source and id, with their rows, however they came', async () => {
    const spool = await Spool.open<{ n: number }>(folder)
    for (const [id, rows] of [
      ['b', 3],
      ['a', 0],
      ['c', 2],
    ] as const) {
      const piece = spool.piece()
      for (let i = 0; i < rows; i++) await piece.write([[id, i]])
      await spool.commit(key(id), { n: rows }, piece)
    }
    const seen: string[] = []
    const writer = await TableWriter.create(join(folder, 'out.csv'), 'profiles')
    for await (const { key, entry, rows, copyRows } of spool.entries()) {
      seen.push(`${key.datasetId}:${entry.n}:${rows}`)
      await copyRows(writer)
    }
    await writer.close()
    expect(seen).toEqual(['a:0:0', 'b:3:3', 'c:2:2'])
    expect((await readFile(join(folder, 'out.csv'), 'utf8')).split('\n').slice(1, -1)).toEqual([
      'b,0',
      'b,1',
      'b,2',
      'c,0',
      'c,1',
    ])
    expect(writer.rows).toBe(5)
    await spool.remove()
  })

  it('keeps a large dataset whole that does not fit in memory', async () => {
    const spool = await Spool.open<null>(folder)
    const piece = spool.piece()
    const line = 'x'.repeat(1000)
    for (let i = 0; i < 30; i++) await piece.write(Array.from({ length: 100 }, () => [line]))
    await spool.commit(key('large'), null, piece)
    await spool.close()
    expect((await readFile(join(folder, 'spool', 'rows.csv'), 'utf8')).length).toBe(3000 * 1001)
    expect((await readdir(join(folder, 'spool'))).sort()).toEqual(['ledger.jsonl', 'rows.csv'])
  })

  it('goes on after a crash with every dataset that was complete, and nothing of the one that was not', async () => {
    const spool = await Spool.open<number>(folder)
    for (const id of ['a', 'b']) {
      const piece = spool.piece()
      await piece.write([[id, 1]])
      await spool.commit(key(id), 1, piece)
    }
    await spool.close()
    // The crash left a ledger line cut off in the middle, and rows of a dataset that has no line.
    await appendFile(join(folder, 'spool', 'ledger.jsonl'), '{"key":{"erddapUrl":"x"')
    await appendFile(join(folder, 'spool', 'rows.csv'), 'half,a,ro')
    const again = await Spool.open<number>(folder)
    expect(again.leftover).toBe(2)
    expect(await again.take(key('c'), (entry) => entry)).toBeNull()
    expect(await again.take(key('a'), (entry) => entry + 10)).toEqual({ entry: 11, rows: 1 })
    const piece = again.piece()
    await piece.write([['c', 1]])
    await again.commit(key('c'), 1, piece)
    const entries = async () => {
      const found: [string, number, number][] = []
      for await (const one of again.entries()) found.push([one.key.datasetId, one.entry, one.rows])
      return found
    }
    // What nobody took over does not count: it may not even be listed any more.
    expect(await entries()).toEqual([
      ['a', 11, 1],
      ['c', 1, 1],
    ])
    expect(await again.take(key('b'), () => null)).toBeNull()
    expect(await entries()).toHaveLength(2)
    await again.close()
    expect(await readFile(join(folder, 'spool', 'rows.csv'), 'utf8')).toBe('a,1\nb,1\nc,1\n')
  })
})

describe('a run folder', () => {
  it('has its name only when it is complete, and a second one of the same second gets the next', async () => {
    const start = new Date('2026-01-02T03:04:05Z')
    const first = await RunFolder.open(folder, 'e', '1')
    expect(await readdir(join(folder, 'e'))).toEqual(['.partial-1'])
    await first.complete(start)
    const second = await RunFolder.open(folder, 'e', '2')
    await second.complete(start)
    expect((await readdir(join(folder, 'e'))).sort()).toEqual(['20260102_030405', '20260102_030406'])
    expect(folderStamp(start)).toBe('20260102_030405')
  })

  it('leaves nothing when it is discarded', async () => {
    const run = await RunFolder.open(folder, 'e', '1')
    await run.discard()
    expect(await readdir(folder)).toEqual([])
  })

  it('is kept while it is one of the newest, or young; abandoned ones go after a day', async () => {
    const now = new Date('2026-06-10T00:00:00Z')
    const names = [
      '20260601_000000',
      '20260602_000000',
      '20260603_000000',
      '.partial-old',
      '.partial-new',
      'notes',
    ]
    for (const name of names) {
      await mkdir(join(folder, name))
      const age = name === '.partial-new' || name === '20260601_000000' ? 1 : 48
      const time = new Date(now.getTime() - age * 3_600_000)
      await utimes(join(folder, name), time, time)
    }
    const removed = await removeOldFolders(folder, { keep: 1, youngestHours: 6, most: 50 }, now)
    expect(removed.map((path) => path.slice(folder.length + 1)).sort()).toEqual([
      '.partial-old',
      '20260602_000000',
    ])
  })

  it('goes however young it is, where a fast schedule has made too many; the newest stay', async () => {
    const now = new Date('2026-06-10T01:00:00Z')
    const names = Array.from({ length: 60 }, (_, minute) =>
      folderStamp(new Date(now.getTime() - minute * 60_000)),
    )
    for (const name of names) await mkdir(join(folder, name))
    await removeOldFolders(folder, { keep: 5, youngestHours: 6, most: 20 }, now)
    expect((await readdir(folder)).sort().reverse()).toEqual(names.slice(0, 20))
    await removeOldFolders(folder, { keep: 25, youngestHours: 6, most: 3 }, now)
    expect(await readdir(folder)).toHaveLength(20)
  })
})
