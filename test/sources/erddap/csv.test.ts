import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type CsvOptions, readCsv } from '../../../src/sources/erddap/csv.ts'
import { decodeEscapes } from '../../../src/sources/erddap/escapes.ts'
import { answerOf, recording, recordingNames } from './recordings.ts'

const url = 'https://erddap.example/erddap/tabledap/x.csv'

function source(bytes: Uint8Array | string, options: { type?: string; pieces?: number[] } = {}) {
  const whole = typeof bytes === 'string' ? Buffer.from(bytes) : bytes
  let cancelled = 0
  return {
    url,
    headers: { 'content-type': options.type ?? 'text/csv;charset=UTF-8' },
    body: (async function* () {
      let at = 0
      for (const size of options.pieces ?? []) {
        yield whole.subarray(at, at + size)
        at += size
      }
      yield whole.subarray(at)
    })(),
    cancel: () => {
      cancelled += 1
    },
    cancelled: () => cancelled,
  }
}

async function read(
  bytes: Uint8Array | string,
  options: Partial<CsvOptions> = {},
  more: Parameters<typeof source>[1] = {},
) {
  const table = await readCsv(source(bytes, more), { unitsRow: true, ...options })
  if (!table) return null
  const rows: string[][] = []
  for await (const row of table.rows) rows.push([...row])
  return { columns: table.columns, rows }
}

/** As ERDDAP writes a cell: as JSON where that is needed, and then `""` for each `\"`, also that of its end. */
function erddapCell(text: string): string {
  let escaped = ''
  for (const char of text.split('')) {
    const code = char.charCodeAt(0)
    if (char === '\\') escaped += '\\\\'
    else if (char === '"') escaped += '\\"'
    else if (char === '\n') escaped += '\\n'
    else if (char === '\r') escaped += '\\r'
    else if (char === '\t') escaped += '\\t'
    else if (code < 32 || code > 126) escaped += `\\u${code.toString(16).padStart(4, '0')}`
    else escaped += char
  }
  return /[",\\]/.test(escaped) ? `"${escaped}"`.replaceAll('\\"', '""') : escaped
}

/** As any RFC 4180 writer does, without escapes: line breaks stand in quotes. */
const plainCell = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

describe('a CSV of ERDDAP', () => {
  it('gives back any text that ERDDAP can write, however the answer is cut into pieces', async () => {
    const cell = fc.string({
      unit: fc.constantFrom('a', '"', ',', '\n', '\r', '\t', '\\', 'é', '’', '\u{1f41f}', ' ', 'n', 'u', '0'),
    })
    await fc.assert(
      fc.asyncProperty(
        fc
          .integer({ min: 2, max: 4 })
          .chain((width) =>
            fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 8 }),
          ),
        fc.array(fc.integer({ min: 1, max: 9 })),
        async (rows, pieces) => {
          const names = rows[0]!.map((_, at) => `c${at}`)
          const text = [names, names.map(() => ''), ...rows.map((row) => row.map(erddapCell))]
            .map((line) => `${line.join(',')}\n`)
            .join('')
          expect(await read(text, {}, { pieces, type: 'text/csv;charset=ISO-8859-1' })).toEqual({
            columns: names,
            rows,
          })
        },
      ),
      { numRuns: 300 },
    )
  })

  it('may hold line breaks and non-ASCII text as they are, in UTF-8 cut anywhere', async () => {
    const cell = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', 'é', '漢', '\u{1f41f}') })
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 5 })),
        fc.constantFrom('\n', '\r\n'),
        async (rows, pieces, end) => {
          const text = [['a', 'b'], ['', ''], ...rows.map((row) => row.map(plainCell))]
            .map((line) => line.join(',') + end)
            .join('')
          expect((await read(text, {}, { pieces }))!.rows).toEqual(rows)
        },
      ),
      { numRuns: 300 },
    )
  })

  it.each([
    ['D:\\CTD\\2015\\', '"D:\\\\CTD\\\\2015\\""'],
    ['\\', '"\\""'],
    ['a\\\\', '"a\\\\\\""'],
    ['a\\"', '"a\\\\"""'],
    ['a "b\\', '"a ""b\\""'],
  ])('gives back %j, whose last backslash ERDDAP takes for one before a quote', async (text, written) => {
    expect(erddapCell(text)).toBe(written)
    for (const end of ['\n', '\r\n']) {
      const body = `a,b${end},${end}${written},${written}${end}x,${written}${end}`
      for (const size of [1, 2, 3, body.length]) {
        const pieces = Array.from({ length: body.length / size }, () => size)
        expect((await read(body, {}, { pieces }))!.rows).toEqual([
          [text, text],
          ['x', text],
        ])
      }
    }
  })

  it('may have single backslashes before its quotes, as servers before the escapes wrote them', async () => {
    expect((await read('a,b\n,\n"C:\\x""y""",1\n"the \\"" key",2\n"a,b\\",3\n'))!.rows).toEqual([
      ['C:\\x"y"', '1'],
      ['the " key', '2'],
      ['a,b\\', '3'],
    ])
  })

  it('is read by the charset that it states', async () => {
    const bytes = Buffer.from('a\n\ncaf\xe9\n', 'latin1')
    expect((await read(bytes, {}, { type: 'text/csv;charset=ISO-8859-1' }))!.rows).toEqual([['café']])
    expect((await read(Buffer.from('\ufeffa\n\ncafé\n'), { columns: ['a'] }))!.rows).toEqual([['café']])
  })

  it('loses no record when the units of a lone column are an empty line', async () => {
    expect((await read('station_id\n\nSTN00\nSTN01\n'))!.rows).toEqual([['STN00'], ['STN01']])
  })

  it('keeps an empty value of a lone column', async () => {
    expect((await read('id\n\nA\n\nB\n'))!.rows).toEqual([['A'], [''], ['B']])
  })

  it('keeps ids as they are written', async () => {
    expect((await read('id,x\n,\n007,1.10\nNA,nan\n'))!.rows).toEqual([
      ['007', '1.10'],
      ['NA', 'nan'],
    ])
  })

  it('that is empty, or has no row, is no table', async () => {
    expect(await read('')).toBeNull()
    expect(await read('a,b\nm,s\n')).toBeNull()
    expect(await read('a,b\n', { unitsRow: false })).toBeNull()
  })

  it('may have its units in a line of any width', async () => {
    expect((await read('a,b\n\n1,2\n'))!.rows).toEqual([['1', '2']])
  })
})

describe('a bad answer is refused, saying why', () => {
  const refused = (
    bytes: string,
    message: string | RegExp,
    options: Partial<CsvOptions> = {},
    type?: string,
  ) =>
    expect(read(bytes, options, type ? { type } : {})).rejects.toMatchObject({
      code: 'HTTP_BAD_ANSWER',
      message: typeof message === 'string' ? `GET ${url}: ${message}` : expect.stringMatching(message),
    })

  it('HTML', async () => {
    await refused(
      '<!DOCTYPE html>\n<html><head><title>Sign in</title></head></html>',
      'HTML instead of CSV ("Sign in")',
    )
    await refused('\n\n <HTML><body>Maintenance</body></HTML>', 'HTML instead of CSV ("Maintenance")')
    await refused('please wait', 'HTML instead of CSV', {}, 'text/html')
  })

  it('an error with a status of success', () =>
    refused(
      'Error {\n    code=500;\n    message="Internal: oh";\n}\n',
      'an error instead of CSV: Internal: oh',
    ))

  it('a missing column', async () => {
    await refused('a,c\n,\n1,2\n', 'the column b is missing, there are: a, c', { columns: ['a', 'b'] })
    await refused('a\n\n1\n', 'the columns b, c are missing, there are: a', { columns: ['b', 'a', 'c'] })
  })

  it('rows with the wrong number of cells', async () => {
    await refused('a,b\n,\n1,2\n3\n', 'line 4 has 1 cell, the header has 2')
    await refused('a,b\n,\n1,2,3\n', 'line 3 has 3 cells, the header has 2')
    await refused('a,b\n,\n1,2\n\n3,4\n', 'line 4 is empty')
  })

  it('text behind a quoted cell', () =>
    refused('a,b\n,\n"x"y,2\n', 'line 3: text follows the closing quote of cell 1'))

  it('an answer cut at any place', async () => {
    const whole = 'id,name\n,m\nA,"x, ""y"""\nB,"l1\nl2"\nC,3\n'
    for (let length = 1; length < whole.length; length += 1) {
      const cut = whole.slice(0, length)
      // Cut behind a whole row nobody can tell, except in the header.
      if (/^id,name\n,m\n(A,"x, ""y"""\n)?(B,"l1\nl2"\n)?$/.test(cut)) continue
      await expect(read(cut), JSON.stringify(cut)).rejects.toMatchObject({ code: 'HTTP_BAD_ANSWER' })
    }
  })

  it('a line that never ends', async () => {
    const endless = {
      ...source(''),
      body: (async function* () {
        yield Buffer.from('a,b\n,\n"')
        for (;;) yield Buffer.alloc(256 * 1024, 'x')
      })(),
    }
    await expect(readCsv(endless, { unitsRow: true })).rejects.toMatchObject({
      code: 'HTTP_BAD_ANSWER',
      message: `GET ${url}: line 3 does not end`,
    })
  })
})

describe('a table', () => {
  it('of too many rows ends with TABLE_TOO_LONG, and the request with it', async () => {
    const answer = source(`a,b\n,\n${'1,2\n'.repeat(11)}`)
    await expect(readCsv(answer, { unitsRow: true, maxRows: 10 })).rejects.toMatchObject({
      code: 'TABLE_TOO_LONG',
      message: `GET ${url}: the table has more than 10 rows`,
    })
    expect(answer.cancelled()).toBeGreaterThan(0)
  })

  it('ends its request when the reader leaves the loop', async () => {
    for (const way of ['rows', 'batches'] as const) {
      const answer = source('a,b\n,\n1,2\n3,4\n', { pieces: [10] })
      const table = (await readCsv(answer, { unitsRow: true }))!
      for await (const _ of table[way]!) break
      expect(answer.cancelled()).toBe(1)
    }
  })

  it('gives the same rows in batches', async () => {
    const table = await readCsv(source('a,b\n,\n1,2\n3,4\n5,6\n', { pieces: [11, 4] }), { unitsRow: true })
    const rows: (readonly string[])[] = []
    for await (const batch of table!.batches!) rows.push(...batch)
    expect(rows).toEqual([
      ['1', '2'],
      ['3', '4'],
      ['5', '6'],
    ])
  })
})

describe('escapes', () => {
  it.each([
    ['\\u00e9', 'é'],
    ['\\u00E9t\\u00e9', 'Été'.toLowerCase()],
    ['a\\nb\\tc\\rd', 'a\nb\tc\rd'],
    ['C:\\\\new', 'C:\\new'],
    ['\\\\u00e9', '\\u00e9'],
    ['\\"', '"'],
    ['\\x \\u12 \\', '\\x \\u12 \\'],
    ['\\ud83d\\udc1f', '\u{1f41f}'],
  ])('%j is %j', (written, meant) => {
    expect(decodeEscapes(written)).toBe(meant)
  })
})

describe('every recorded CSV', () => {
  const tables = recordingNames.filter((name) => {
    const { status, headers, url: asked } = recording(name)
    return (
      status === 200 &&
      /text\/csv/.test(headers['content-type'] ?? '') &&
      /\.(csv|manifest)(\?|$)/.test(asked) &&
      !/^(head_|rows_gzip)/.test(name)
    )
  })

  it('is one of very many', () => expect(tables.length).toBeGreaterThan(60))

  it.each(tables)('%s is read whole', async (name) => {
    const unitsRow = recording(name).url.includes('/tabledap/')
    const table = (await readCsv(answerOf(name), { unitsRow }))!
    let rows = 0
    for await (const row of table.rows) {
      rows += 1
      expect(row).toHaveLength(table.columns.length)
    }
    const lines = recording(name).body.toString('latin1').split('\n').length - 1
    expect(rows).toBe(lines - (unitsRow ? 2 : 1))
  })
})

describe('a row that does not end', () => {
  it('is no more work where it comes in small pieces', async () => {
    const row = `"\n",${'"a",'.repeat(250_000)}`
    const pieces = Array.from({ length: row.length / 50 }, () => 50)
    const began = process.cpuUsage()
    await expect(read(`a,b\nc,d\n1,2\n${row}`, {}, { pieces })).rejects.toThrow(
      'truncated: line 4 does not end',
    )
    const { user, system } = process.cpuUsage(began)
    // Looked at with every piece it is a minute.
    expect((user + system) / 1000).toBeLessThan(10_000)
  })

  it('is read whole whatever pieces it comes in', async () => {
    const text = `a,b\nc,d\n1,"${'x\n'.repeat(500)}"\n2,${'y'.repeat(900)}\n3,4\n`
    const whole = await read(text)
    for (const size of [1, 7, 64, 500])
      expect(
        await read(text, {}, { pieces: Array.from({ length: text.length / size }, () => size) }),
      ).toEqual(whole)
  })
})
