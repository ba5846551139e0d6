import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { normaliseLongitude, positionFault } from '../../src/rules/position.ts'

describe('normaliseLongitude', () => {
  test.each([
    [0, 0],
    [180, 180],
    [-180, -180],
    [181, -179],
    [270, -90],
    [360, 0],
    [361, 361],
    [-200, -200],
  ])('of %d is %d', (longitude, normalised) => {
    expect(normaliseLongitude(longitude)).toBe(normalised)
  })

  test('brings every longitude of 0–360 to ±180, on the same meridian', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 360, noNaN: true }), (longitude) => {
        const normalised = normaliseLongitude(longitude)
        expect(Math.abs(normalised)).toBeLessThanOrEqual(180)
        const turn = (longitude - normalised) / 360
        expect(turn).toBeCloseTo(Math.round(turn), 9)
      }),
    )
  })

  test('leaves every longitude of ±180', () => {
    fc.assert(
      fc.property(fc.double({ min: -180, max: 180, noNaN: true }), (longitude) => {
        expect(normaliseLongitude(longitude)).toBe(longitude)
      }),
    )
  })
})

describe('positionFault', () => {
  test.each([
    [48.5, -123.4, null],
    [0, 0, null],
    [85.06, 10, null],
    [-85.06, 10, null],
    [85.0601, 10, 'beyond_projection'],
    [-89.9, 10, 'beyond_projection'],
    [90, 10, 'pole'],
    [-90, 10, 'pole'],
    [90.0001, 10, 'latitude_outside'],
    [-91, 10, 'latitude_outside'],
    [Number.NaN, 10, 'latitude_outside'],
    [48, 180, 'antimeridian'],
    [48, -180, 'antimeridian'],
    [48, -179.99999, 'antimeridian'],
    [48, 179.9999, null],
    [48, 180.1, 'longitude_outside'],
    [48, -180.1, 'longitude_outside'],
    [48, 361, 'longitude_outside'],
    [48, Number.NaN, 'longitude_outside'],
  ])('of latitude %d, longitude %d is %s', (latitude, longitude, fault) => {
    expect(positionFault(latitude, longitude)).toBe(fault)
  })

  test('has nothing against a place that a map can show', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -85.06, max: 85.06, noNaN: true }),
        fc.double({ min: -179.9999, max: 179.9999, noNaN: true }),
        (latitude, longitude) => {
          expect(positionFault(latitude, longitude)).toBeNull()
        },
      ),
    )
  })
})
