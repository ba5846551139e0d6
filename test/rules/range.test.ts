import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { actualRange } from '../../src/rules/range.ts'
import type { DatasetMetadata } from '../../src/sources/erddap/types.ts'

const now = Date.UTC(2026, 0, 1)

function withRange(variable: string, text: string): DatasetMetadata {
  return {
    datasetId: 'buoy',
    globals: new Map(),
    variables: [
      { name: 'other', dataType: 'double', attributes: new Map([['actual_range', '7, 8']]) },
      { name: variable, dataType: 'double', attributes: new Map([['actual_range', text]]) },
    ],
  }
}

const rangeOf = (variable: string, text: string) => actualRange(withRange(variable, text), variable, { now })

describe('actual_range of time', () => {
  const closed = { min: 1_672_531_200_000, max: 1_672_635_600_000, openEnded: false }

  test('is epoch seconds in E notation', () => {
    expect(rangeOf('time', '1.6725312E9, 1.6726356E9')).toEqual(closed)
  })

  test('may be ISO times', () => {
    expect(rangeOf('time', '2023-01-01T00:00:00Z, 2023-01-02T05:00:00Z')).toEqual(closed)
  })

  test('has its blanks trimmed', () => {
    expect(rangeOf('time', '  1.6725312E9 ,1.6726356E9  ')).toEqual(closed)
  })

  test('may be of any magnitude and sign', () => {
    expect(rangeOf('time', '-2.2089888E9, 0.0')).toEqual({
      min: -2_208_988_800_000,
      max: 0,
      openEnded: false,
    })
    expect(rangeOf('time', '12.5, 1000')).toEqual({ min: 12_500, max: 1_000_000, openEnded: false })
  })

  test('with a maximum of NaN goes on until now', () => {
    expect(rangeOf('time', '1.6725312E9, NaN')).toEqual({ min: closed.min, max: now, openEnded: true })
    expect(rangeOf('time', '2023-01-01T00:00:00Z,NaN')).toEqual({
      min: closed.min,
      max: now,
      openEnded: true,
    })
  })

  test('with a minimum of NaN cannot be used', () => {
    expect(rangeOf('time', 'NaN, 1.6726356E9')).toBeNull()
    expect(rangeOf('time', 'NaN, NaN')).toBeNull()
  })

  test('that starts after its end is left to the rule that drops such rows', () => {
    expect(rangeOf('time', '200, 100')).toEqual({ min: 200_000, max: 100_000, openEnded: false })
  })
})

describe('actual_range of depth and altitude', () => {
  test('is two numbers', () => {
    expect(rangeOf('depth', '0.0, 50.5')).toEqual({ min: 0, max: 50.5, openEnded: false })
    expect(rangeOf('altitude', '-12, -3')).toEqual({ min: -12, max: -3, openEnded: false })
  })

  test('is minimum and maximum whatever their order', () => {
    expect(rangeOf('depth', '50, 0')).toEqual({ min: 0, max: 50, openEnded: false })
  })

  test.each([
    'NaN, NaN',
    '0.0, NaN',
    'NaN, 5',
    '5',
    '',
    ' ',
    '5,',
    ',5',
    '1, 2, 3',
    'a, b',
    '0, Infinity',
    '2023-01-01, 2023-01-02',
  ])('cannot be used when it is %j', (text) => expect(rangeOf('depth', text)).toBeNull())
})

test.each(['5', '', '1.6725312E9,', '1, 2, 3', 'now, now', '1.6725312E9, Infinity'])(
  'a time range of %j cannot be used',
  (text) => expect(rangeOf('time', text)).toBeNull(),
)

test('a variable without actual_range, and one that is not there, have no range', () => {
  const metadata = withRange('depth', '0, 1')
  const bare = { ...metadata, variables: [{ name: 'depth', dataType: 'double', attributes: new Map() }] }
  expect(actualRange(bare, 'depth', { now })).toBeNull()
  expect(actualRange(metadata, 'time', { now })).toBeNull()
})

test('any two epoch seconds come back as milliseconds', () => {
  const seconds = fc.integer({ min: -1e10, max: 1e10 })
  fc.assert(
    fc.property(seconds, seconds, (first, last) => {
      expect(rangeOf('time', `${first.toExponential()}, ${last}`)).toEqual({
        min: first * 1000,
        max: last * 1000,
        openEnded: false,
      })
    }),
  )
})
