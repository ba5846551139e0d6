import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseNumber, roundTo } from '../../src/rules/numbers.ts'

describe('roundTo', () => {
  test.each([
    [1.00005, 4, 1.0001],
    [1.00004999, 4, 1],
    [1.005, 2, 1.01],
    [-1.00005, 4, -1.0001],
    [-1.00004, 4, -1],
    [236.70005 - 360, 4, -123.3],
    [2.5, 0, 3],
    [0.5, 0, 1],
    [1.5, 0, 2],
    [-123.456789, 4, -123.4568],
    [49.99995, 4, 50],
    [0.00005, 4, 0.0001],
    [1e-7, 4, 0],
    [5e-5, 4, 0.0001],
    [123456789.00005, 4, 123456789.0001],
    [1e21, 4, 1e21],
    [1.7976931348623157e308, 4, 1.7976931348623157e308],
  ])('of %d to %d decimals is %d', (value, decimals, rounded) => {
    expect(roundTo(value, decimals)).toBe(rounded)
  })

  test('rounds halves away from zero, by the digits that are written', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2_000_000_000 }), (units) => {
        const half = Number(`${units}.5e-4`)
        expect(roundTo(half, 4)).toBe(Number(`${units + 1}e-4`))
        expect(roundTo(-half, 4)).toBe(Number(`-${units + 1}e-4`))
      }),
    )
  })

  test('leaves what has four decimals or fewer as it is', () => {
    fc.assert(
      fc.property(fc.integer({ min: -3_600_000, max: 150_000_000 }), (units) => {
        const value = Number(`${units}e-4`)
        expect(roundTo(value, 4)).toBe(value + 0)
      }),
    )
  })

  test('is never further off than half a unit, and rounding twice changes nothing', () => {
    fc.assert(
      fc.property(fc.double({ min: -1e6, max: 1e6, noNaN: true }), (value) => {
        const rounded = roundTo(value, 4)
        expect(Math.abs(rounded - value)).toBeLessThanOrEqual(0.00005 + 1e-9)
        expect(roundTo(rounded, 4)).toBe(rounded)
        expect(Object.is(rounded, -0)).toBe(false)
      }),
    )
  })

  test('leaves what is not finite', () => {
    expect(roundTo(Number.NaN, 4)).toBeNaN()
    expect(roundTo(Number.POSITIVE_INFINITY, 4)).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('parseNumber', () => {
  test.each([
    ['1', 1],
    ['-0.5', -0.5],
    ['1.0E3', 1000],
    ['1e-3', 0.001],
    ['+7', 7],
    ['.5', 0.5],
    ['5.', 5],
    [' 42 ', 42],
    ['-0.0', 0],
  ])('reads %j', (text, value) => {
    expect(parseNumber(text)).toBe(value)
  })

  test.each([
    '',
    ' ',
    'NaN',
    'nan',
    'NA',
    'null',
    'Infinity',
    '-Infinity',
    '1e999',
    '0x10',
    '1,5',
    '1 2',
    '12abc',
    '--1',
    '1_000',
    '.',
    'e5',
  ])('gives null for %j', (text) => {
    expect(parseNumber(text)).toBeNull()
  })
})
