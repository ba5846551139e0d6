import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CellFault } from '../../src/inventory/cell-check.ts'
import { checkedColumns, type TableName } from '../../src/inventory/contract.ts'
import { linesWkt } from '../../src/rules/tracks/line.ts'

function check(file: TableName, column: string, text: string): unknown {
  const found = checkedColumns[file].find((candidate) => candidate.name === column)!
  const result = found.check(text)
  return result instanceof CellFault ? `refused: ${result.reason}` : result
}

describe('the check of a cell', () => {
  it('keeps every time that a Date can write', () => {
    fc.assert(
      fc.property(
        fc.date({
          min: new Date('0001-01-01T00:00:00Z'),
          max: new Date('9999-12-31T23:59:59Z'),
          noInvalidDate: true,
        }),
        (time) => {
          const text = time.toISOString()
          expect(check('profiles', 'time_min', text)).toBe(text)
        },
      ),
    )
  })

  it('takes the days that the calendar has, and the times of a day, and no others', () => {
    const two = (value: number) => String(value).padStart(2, '0')
    fc.assert(
      fc.property(
        fc.constantFrom(1900, 1999, 2000, 2020, 2023, 2100),
        fc.integer({ min: 0, max: 13 }),
        fc.constantFrom(0, 1, 15, 28, 29, 30, 31, 32),
        fc.constantFrom('00:00:00', '23:59:59', '24:00:00', '12:60:00', '12:00:60'),
        (year, month, day, time) => {
          const text = `${year}-${two(month)}-${two(day)}T${time}Z`
          const date = new Date(text)
          const there =
            time !== '24:00:00' &&
            !Number.isNaN(date.getTime()) &&
            date.toISOString() === text.replace('Z', '.000Z')
          expect([text, check('profiles', 'time_min', text)]).toEqual([
            text,
            there ? text : expect.stringMatching(/^refused/),
          ])
        },
      ),
      { numRuns: 3000 },
    )
  })

  it('takes cells of OBIS above the surface, at any depth that a number can say', () => {
    for (const text of ['-3', '-20000', '0', '20000'])
      expect(check('obis_cells', 'depth_min', text)).toBe(text)
  })

  it.each([
    '2021-02-29T00:00:00Z',
    '2020-13-01T00:00:00Z',
    '2020-01-01T24:00:00Z',
    '0000-01-01T00:00:00Z',
    'now',
    'infinity',
    '2020-1-1',
  ])('refuses %s as a time', (text) => expect(check('profiles', 'time_min', text)).toMatch(/^refused/))

  it('reads a time without a zone as UTC', () => {
    expect(check('profiles', 'time_max', '2020-02-29T01:02:03')).toBe('2020-02-29T01:02:03Z')
  })

  it('keeps every number within its range, and no other', () => {
    fc.assert(
      fc.property(fc.double({ min: -200, max: 200, noNaN: true }), (value) => {
        const kept = check('profiles', 'latitude', String(value)) === String(value)
        expect(kept).toBe(value >= -85.06 && value <= 85.06)
      }),
    )
  })

  it.each(['NaN', 'Infinity', '1,5', '0x10', ' 1', '1e400', '--1'])('refuses %s as a position', (text) =>
    expect(check('profiles', 'latitude', text)).toMatch(/^refused/),
  )

  it('takes whole numbers, also as 12.0, within the type of the column', () => {
    expect(check('profiles', 'n_records', '12.0')).toBe('12')
    expect(check('datasets', 'num_columns', '0')).toBe('0')
    expect(check('datasets', 'num_columns', '-1')).toMatch(/^refused/)
    expect(check('datasets', 'num_columns', '2147483648')).toMatch(/^refused/)
    expect(check('profiles', 'n_records', '2147483648')).toBe('2147483648')
    expect(check('profiles', 'n_records', '-1')).toMatch(/^refused/)
  })

  it('keeps every list of texts', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' })), (list) => {
        const clean = list.map((text) => text.replaceAll('\0', ''))
        expect(check('datasets', 'organizations', JSON.stringify(clean))).toEqual(clean)
      }),
    )
    for (const text of ['[1]', '{"a":1}', '["a"', 'a', 'null', '["\\u0000"]'])
      expect(check('datasets', 'organizations', text)).toMatch(/^refused/)
  })

  it('keeps lines on the map, as we and others write them', () => {
    const position = fc.tuple(
      fc.double({ min: -180, max: 180, noNaN: true }),
      fc.double({ min: -85.06, max: 85.06, noNaN: true }),
    )
    const lines = fc.array(fc.array(position, { minLength: 2 }), { minLength: 1 })
    fc.assert(
      fc.property(lines as fc.Arbitrary<[number, number][][]>, (drawn) => {
        const text = linesWkt(drawn)!
        expect(check('tracks', 'geom', text)).toBe(text)
      }),
    )
    for (const text of ['MULTILINESTRING ((1 2, 3 4), (5 6, 7 -8.5))', 'MultiLineString((0 0,0 0))'])
      expect(check('tracks', 'geom', text)).toBe(text)
    expect(check('tracks', 'geom', '')).toBeNull()
  })

  it.each([
    'no shape',
    'POINT(1 2)',
    'SRID=3857;MULTILINESTRING((1 2,3 4))',
    'MULTILINESTRING((1 2, 3))',
    'MULTILINESTRING((1 2))',
    'MULTILINESTRING((1 2,3 4 5))',
    'MULTILINESTRING((1 2,3 4)',
    'MULTILINESTRING((1 2,3 4)))',
    'MULTILINESTRING((1 2,3 4),)',
    'MULTILINESTRING((1 2,3 4),(5 6))',
    'MULTILINESTRING((1 2,NaN 4))',
    'MULTILINESTRING()',
    'MULTILINESTRING(())',
    'MULTILINESTRING EMPTY',
  ])('refuses %s as lines on the map', (text) =>
    expect(check('tracks', 'geom', text)).toMatch(/^refused: is not a line like MULTILINESTRING/),
  )

  it('reads an empty cell as nothing, where something is not required', () => {
    expect(check('profiles', 'timeseries_id', '')).toBeNull()
    expect(check('profiles', 'latitude', '')).toMatch(/^refused: must not be empty/)
    expect(check('datasets', 'dataset_id', '')).toMatch(/^refused/)
  })

  it.each([
    ['datasets', 'title', 'a\0b', 'holds a NUL character'],
    ['datasets', 'organizations', '["a\\u0000b"]', 'holds a NUL character'],
    ['datasets', 'organizations', '{"a":"b"}', 'is not a JSON list of texts'],
    ['datasets', 'organizations', '"text"', 'is not a JSON list of texts'],
    ['datasets', 'organizations', '["a",1]', 'is not a JSON list of texts'],
    ['datasets', 'dataset_id', 'x'.repeat(5000), 'is longer than the'],
    ['datasets', 'erddap_url', 'ftp://erddap.example/erddap', 'is not a URL'],
    ['datasets', 'erddap_url', 'https:///erddap', 'is not a URL'],
    ['datasets', 'num_columns', '1.5', 'is not a whole number'],
    ['datasets', 'num_columns', 'many', 'is not a whole number'],
    ['harvest_runs', 'run_id', '7', 'is not a UUID'],
    ['harvest_attempts', 'status', 'done', 'is none of '],
    ['profiles', 'time_min', '2015-02-29T00:00:00Z', 'is not a time like'],
    ['tracks', 'geom', 'MULTILINESTRING((1 2,180.5 4))', 'has a position outside of ±180, ±85.06'],
    ['tracks', 'geom', 'MULTILINESTRING((1 2,3 -1e400))', 'has a position outside of ±180, ±85.06'],
  ] as const)('says of %s.%s what is wrong with it: %j', (file, column, text, reason) => {
    expect(check(file, column, text)).toContain(`refused: ${reason}`)
  })

  it.each([
    ['datasets', 'erddap_url', 'http://erddap.example/erddap'],
    ['datasets', 'num_columns', '2147483647'],
    ['harvest_runs', 'run_id', '0b5a6d0e-6e2c-4a39-9d0f-9b3a0f2f6c11'],
    ['harvest_attempts', 'status', 'skipped'],
    ['profiles', 'time_min', '2024-02-29'],
    ['profiles', 'time_min', '2000-02-29'],
  ] as const)('keeps %s.%s: %j', (file, column, text) => {
    expect(check(file, column, text)).toBe(column === 'time_min' ? `${text}Z` : text)
  })
})
