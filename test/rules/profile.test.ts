/** The row of one identity: what it is made of, and at which numbers it is dropped. */
import { describe, expect, it } from 'vitest'
import { limits } from '../../src/rules/limits.ts'
import { type ProfileFacts, profileRow } from '../../src/rules/profile.ts'

const start = Date.UTC(2020, 0, 1)
const facts: ProfileFacts = {
  timeseriesId: 's',
  profileId: null,
  position: { latitude: 48.123456, longitude: 235 },
  time: { min: start, max: start + 2 * 86_400_000 },
  vertical: { min: 2, max: 5 },
  records: 10,
  casts: 4,
}
const plan = { cdmDataType: 'TimeSeries', vertical: 'depth' } as const
const row = (more: Partial<ProfileFacts>, as: object = {}) => {
  const result = profileRow({ ...facts, ...more }, { ...plan, ...as })
  return result.kind === 'row' ? result.row : result.reason
}

it('has the position rounded and west of 180, records, and casts as counted', () => {
  expect(row({})).toMatchObject({ latitude: 48.1235, longitude: -125, n_records: 10, records_per_day: 5 })
  expect(row({})).toMatchObject({ n_profiles: 4, depth_min: 2, depth_max: 5 })
  expect(row({ records: null })).toMatchObject({ n_records: null, records_per_day: null })
  expect(row({}, { cdmDataType: 'Profile' })).toMatchObject({ n_profiles: 1 })
})

describe('the depth', () => {
  it('is metres down, whatever the order and the direction it is given in', () => {
    expect(row({ vertical: { min: 5, max: 2 } })).toMatchObject({ depth_min: 2, depth_max: 5 })
    expect(row({ vertical: { min: -5, max: -2 } }, { vertical: 'altitude' })).toMatchObject({
      depth_min: 2,
      depth_max: 5,
    })
    expect(row({ vertical: { min: 0, max: 3 } }, { vertical: 'altitude' })).toMatchObject({ depth_min: -3 })
    expect(row({ vertical: null })).toMatchObject({ depth_min: 0, depth_max: 0 })
    expect(row({}, { vertical: null })).toMatchObject({ depth_min: 0, depth_max: 0 })
  })

  it('may be as deep and as high as the limits say, and no more', () => {
    const { deepestMetres: deepest, shallowestMetres: highest } = limits
    expect(row({ vertical: { min: highest, max: deepest } })).toMatchObject({ depth_max: deepest })
    expect(row({ vertical: { min: 0, max: deepest + 0.1 } })).toBe('too_deep')
    expect(row({ vertical: { min: highest - 0.1, max: 0 } })).toBe('too_high')
  })
})

it('is dropped without a place or a time, and where it ends before it begins', () => {
  expect(row({ position: null })).toBe('no_position')
  expect(row({ time: null })).toBe('no_time')
  expect(row({ time: { min: start, max: start } })).toMatchObject({ time_min: new Date(start) })
  expect(row({ time: { min: start + 1, max: start } })).toBe('start_after_end')
  expect(row({ time: { min: start, max: Date.UTC(10_000, 0, 1) } })).toBe('time_outside')
  expect(row({ timeseriesId: 'x'.repeat(limits.keyBytes + 1) })).toBe('id_too_long')
  expect(row({ profileId: 'x'.repeat(limits.keyBytes + 1) })).toBe('id_too_long')
})
