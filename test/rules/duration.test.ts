import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readingsPerDay } from '../../src/rules/duration.ts'

describe('readingsPerDay', () => {
  test.each([
    ['PT1H', 24],
    ['P1D', 1],
    ['P0Y0M0DT1H', 24],
    ['P0Y0M0DT0H30M0S', 48],
    ['PT15M', 96],
    ['PT1S', 86_400],
    ['PT0.5S', 172_800],
    ['PT0,5S', 172_800],
    ['P1W', 1 / 7],
    ['P2W', 1 / 14],
    ['P1DT12H', 1 / 1.5],
    [' PT1H ', 24],
    ['+PT1H', 24],
    ['P0000-00-00T01:00:00', 24],
  ])('reads %s', (duration, readings) => {
    expect(readingsPerDay(duration)).toBeCloseTo(readings, 10)
  })

  test('gives calendar units their mean length', () => {
    expect(readingsPerDay('P1Y')).toBeCloseTo(1 / 365.2425, 12)
    expect(readingsPerDay('P1M')).toBeCloseTo(12 / 365.2425, 12)
  })

  test.each([
    '',
    ' ',
    'P',
    'PT',
    'P1DT',
    'P1',
    '1H',
    'T1H',
    'PT1D',
    'P1H',
    'P1S',
    'PT1M1H',
    'P1D1Y',
    'hourly',
    'NaN',
    'P1.D',
    'P-1D',
    '-P1D',
    'P0D',
    'PT0S',
    'PT0.0S',
    'P0000-00-00T00:00:00',
    'PT1H,PT2H',
    'PT1H30',
    // Longer than any number, and shorter than any.
    `P${'9'.repeat(400)}D`,
    `PT0.${'0'.repeat(320)}1S`,
    'P0001-00-00',
  ])('ignores %j', (duration) => {
    expect(readingsPerDay(duration)).toBeNull()
  })

  test('times the length of the interval is one day, for any duration', () => {
    const amount = fc.nat({ max: 999 })
    fc.assert(
      fc.property(amount, amount, amount, amount, amount, amount, (y, mo, d, h, mi, s) => {
        const days = y * 365.2425 + (mo * 365.2425) / 12 + d + h / 24 + mi / 1440 + s / 86_400
        const readings = readingsPerDay(`P${y}Y${mo}M${d}DT${h}H${mi}M${s}S`)
        if (days === 0) expect(readings).toBeNull()
        else expect(readings! * days).toBeCloseTo(1, 9)
      }),
    )
  })

  test('never gives anything but null or a positive number, whatever the text', () => {
    const pieces = fc.constantFrom(
      'P',
      'T',
      'Y',
      'M',
      'W',
      'D',
      'H',
      'S',
      '0',
      '1',
      '9',
      '.',
      ',',
      '-',
      '+',
      ':',
    )
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const readings = readingsPerDay(parts.join(''))
        expect(readings === null || (Number.isFinite(readings) && readings > 0)).toBe(true)
      }),
      { numRuns: 1000 },
    )
  })
})
