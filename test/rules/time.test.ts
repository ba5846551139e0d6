import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { durationInWords, formatTime, parseTime } from '../../src/rules/time.ts'

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
    // A leap second is the start of what follows.
    ['2016-12-31T23:59:60Z', Date.UTC(2017, 0, 1)],
    ['2023-01-02T11:00:00+23:00', noon - 24 * 3_600_000],
    ['2023-01-02T12:59:00+00:59', noon],
    ['8640000000000', 8.64e15],
    ['-8640000000000', -8.64e15],
    ['0', 0],
    ['-0', 0],
    ['0.0', 0],
    ['-1.0E9', -1e12],
    ['-0001-01-01T00:00:00Z', -62_198_755_200_000],
    // As ERDDAP writes them: without a plus sign. Milliseconds that were taken for seconds are such times.
    ['52970-05-02T00:00:00Z', Date.parse('+052970-05-02T00:00:00Z')],
    ['+052970-05-02T00:00:00Z', Date.parse('+052970-05-02T00:00:00Z')],
    ['10000-01-01', Date.parse('+010000-01-01T00:00:00Z')],
    ['-12345-01-01', Date.parse('-012345-01-01T00:00:00Z')],
    ['271820-12-31T00:00:00Z', Date.parse('+271820-12-31T00:00:00Z')],
    ['275761-01-01T00:00:00Z', 8.64e15],
    // Microseconds that were.
    ['50948202-03-04T05:06:07Z', 8.64e15],
    ['-50948202-03-04T05:06:07Z', -8.64e15],
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
    '52970-02-30',
    '50948202-13-01',
    '50948202-03-04T05:06:07+25:00',
    '1234567890-01-01',
    '02023-',
    '2023-01-02T25:00:00Z',
    '2023-01-02T24:00:01Z',
    '2023-01-02T12:60:00Z',
    '2023-01-02T12:00:61Z',
    '2023-01-02T12:00:00+24:00',
    '2023-01-02T12:00:00+02:60',
    '8640000000000.001',
    '-8640000000000.001',
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
    // A sign or a length is another.
    '2023/01-02T12:00:00Z',
    '2023-01/02T12:00:00Z',
    '2023-01-02X12:00:00Z',
    '2023-01-02T12/00:00Z',
    '2023-01-02T12:00/00Z',
    '2023-01-02T12:00:00X',
    '2023-01-02T12:00:00Zs',
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

test.each([
  [0, '0 seconds'],
  [1000, '1 second'],
  [1499, '1 second'],
  [1500, '2 seconds'],
  [119_499, '119 seconds'],
  [119_500, '2 minutes'],
  [7_199_000, '120 minutes'],
  [7_200_000, '2 hours'],
  [172_799_000, '48 hours'],
  [172_800_000, '2 days'],
  [63_115_199_000, '730 days'],
  [63_115_200_000, '2 years'],
  [90 * 365.25 * 86_400_000, '90 years'],
])('%i ms are %s', (ms, said) => {
  expect(durationInWords(ms)).toBe(said)
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
