import { describe, expect, it } from 'vitest'
import { castFacts, castId, pointFacts } from '../../../src/rules/tracks/rows.ts'
import { cutTime, dayOf, endOfDay } from '../../../src/rules/tracks/time.ts'

describe('the row of a cast', () => {
  it('is named after its trajectory too where there are several', () => {
    expect(castId('glider', '12', true)).toBe('glider/12')
    expect(castId('glider', '12', false)).toBe('12')
  })

  it.each([
    [0, null],
    [1, 1],
    [null, null],
  ])('is one cast, with %j records counted %j of them', (records, expected) => {
    const facts = castFacts({
      profileId: '12',
      position: { latitude: 1, longitude: 2 },
      time: { min: 5, max: 6 },
      vertical: { min: 0, max: 9 },
      records,
    })
    expect(facts).toEqual({
      timeseriesId: null,
      profileId: '12',
      position: { latitude: 1, longitude: 2 },
      time: { min: 5, max: 6 },
      vertical: { min: 0, max: 9 },
      records: expected,
      casts: 1,
    })
  })
})

describe('the row of a position and a day', () => {
  it('is named after both, and lasts the day', () => {
    const day = Date.parse('2020-02-29T00:00:00Z')
    const point = { day, latitude: 48.123456, longitude: -123.5, records: 4 }
    expect(pointFacts(point, { vertical: null, range: null })).toEqual({
      timeseriesId: null,
      profileId: '2020-02-29 48.1235,-123.5',
      position: { latitude: 48.123456, longitude: -123.5 },
      time: { min: day, max: Date.parse('2020-02-29T23:59:59Z') },
      vertical: null,
      records: 4,
      casts: 1,
    })
  })
})

describe('a day', () => {
  it.each([
    ['2020-02-29T00:00:00Z', '2020-02-29T00:00:00Z'],
    ['2020-02-29T12:00:00Z', '2020-02-29T00:00:00Z'],
    ['2020-02-29T23:59:59.999Z', '2020-02-29T00:00:00Z'],
    ['1969-12-31T23:59:59Z', '1969-12-31T00:00:00Z'],
  ])('of %s begins at %s', (time, start) => {
    expect(dayOf(Date.parse(time))).toBe(Date.parse(start))
    expect(endOfDay(dayOf(Date.parse(time)))).toBe(Date.parse(start) + 86_399_000)
  })

  it('is cut to one moment of the metadata, and left where they have none of it', () => {
    expect(cutTime({ min: 10, max: 20 }, { min: 20, max: 30 })).toEqual({ min: 20, max: 20 })
    expect(cutTime({ min: 10, max: 20 }, { min: 21, max: 30 })).toEqual({ min: 10, max: 20 })
    expect(cutTime({ min: 10, max: 20 }, { min: 12, max: 15 })).toEqual({ min: 12, max: 15 })
  })
})
