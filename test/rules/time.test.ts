import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatTime, parseTime } from '../../src/rules/time.ts'

const noon = Date.UTC(2023, 0, 2, 12)
const anyTime = fc.integer({ min: -62_167_219_200, max: 253_402_300_799 })

describe('parseTime', () => {
  test.each([
    ['2023-01-02T12:00:00Z', noon],
    ['2023-01-02T12:00:00', noon],
    ['2023-01-02 12:00:00', noon],
    ['2023-01-02T12:00Z', noon],
    ['2023-01-02T12Z', noon],
    ['2023-01-02T12:00:00+00:00', noon],
    ['2023-01-02T09:00:00-03:00', noon],
    ['2023-01-02T09:00:00-0300', noon],
    ['2023-01-02T09:30:00-02:30', noon],
    ['2023-01-02T14:00:00+02', noon],
    ['2023-01-02T12:00:00.250Z', noon + 250],
    ['2023-01-02T12:00:00.25Z', noon + 250],
    ['2023-01-02T12:00:00.123456789Z', noon + 123],
    ['2023-01-02', noon - 43_200_000],
    ['2023-01-02Z', noon - 43_200_000],
    ['2023-01-01T24:00:00Z', noon - 43_200_000],
    ['1672660800', noon],
    ['1.6726608E9', noon],
    ['1.6726608e+9', noon],
    [' 1.6726608E9 ', noon],
    ['1.59101280025E9', 1_591_012_800_250],
    ['0', 0],
    ['0.0', 0],
    ['-1.0E9', -1e12],
    ['-0001-01-01T00:00:00Z', -62_198_755_200_000],
    ['0050-06-01T00:00:00Z', Date.parse('0050-06-01T00:00:00Z')],
  ])('reads %j', (text, ms) => {
    expect(parseTime(text)).toBe(ms)
  })

  test.each([
    '',
    ' ',
    'NaN',
    'nan',
    'null',
    'Infinity',
    '-Infinity',
    'now',
    'yesterday',
    '2023-13-01',
    '2023-02-30',
    '2023-01-02T25:00:00Z',
    '2023-01-02T24:00:01Z',
    '2023-01-02T12:60:00Z',
    '2023-01-02T12:00:00X',
    '0x10',
    '1E300',
    '1,5',
    '12:00',
    '2023-01-02T12:00:00+25:00',
    '--',
    '.',
    'E5',
  ])('gives null for %j', (text) => {
    expect(parseTime(text)).toBeNull()
  })

  test('reads epoch seconds however they are written', () => {
    fc.assert(
      fc.property(anyTime, (seconds) => {
        expect(parseTime(String(seconds))).toBe(seconds * 1000)
        expect(parseTime(seconds.toExponential())).toBe(seconds * 1000)
        expect(parseTime(seconds.toExponential().replace('e+', 'E'))).toBe(seconds * 1000)
      }),
    )
  })

  test('an offset moves the clock and not the moment', () => {
    fc.assert(
      fc.property(anyTime, fc.integer({ min: -14 * 60, max: 14 * 60 }), (seconds, offset) => {
        fc.pre(seconds > -62_167_219_200 + 90_000 && seconds < 253_402_300_799 - 90_000)
        const local = formatTime((seconds + offset * 60) * 1000).slice(0, -1)
        const size = Math.abs(offset)
        const zone = `${offset < 0 ? '-' : '+'}${String(Math.floor(size / 60)).padStart(2, '0')}:${String(size % 60).padStart(2, '0')}`
        expect(parseTime(local + zone)).toBe(seconds * 1000)
      }),
    )
  })

  test('reads the usual form like any other way to write the same moment', () => {
    fc.assert(
      fc.property(fc.integer({ min: -62_167_219_200, max: 253_402_300_799 }), (seconds) => {
        const usual = formatTime(seconds * 1000)
        expect(parseTime(usual)).toBe(seconds * 1000)
        expect(parseTime(usual.replace('T', ' ').replace('Z', '.000'))).toBe(seconds * 1000)
      }),
    )
  })

  test.each([
    '2023-02-29T00:00:00Z',
    '2023-00-10T00:00:00Z',
    '2023-01-00T00:00:00Z',
    '2O23-01-01T00:00:00Z',
    '2023-01-01T0:/00:00Z',
  ])('is not taken in by %j, which only looks usual', (text) => expect(parseTime(text)).toBeNull())

  test('never throws, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...'0123456789-:TZ+.Ee ') })),
        (text) => {
          const ms = parseTime(text)
          expect(ms === null || (Number.isInteger(ms) && Math.abs(ms) <= 8.64e15)).toBe(true)
        },
      ),
    )
  })
})

describe('formatTime', () => {
  test('writes whole seconds in UTC', () => {
    expect(formatTime(noon)).toBe('2023-01-02T12:00:00Z')
    expect(formatTime(noon + 999)).toBe('2023-01-02T12:00:00Z')
    expect(formatTime(-1)).toBe('1969-12-31T23:59:59Z')
  })

  test('is undone by parseTime, in any year a date can have', () => {
    fc.assert(
      fc.property(fc.integer({ min: -8.64e12, max: 8.64e12 }), (seconds) => {
        expect(parseTime(formatTime(seconds * 1000))).toBe(seconds * 1000)
      }),
    )
  })

  test('has the plain shape for the years 0 to 9999', () => {
    fc.assert(
      fc.property(anyTime, (seconds) => {
        expect(formatTime(seconds * 1000)).toMatch(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/)
      }),
    )
  })
})
