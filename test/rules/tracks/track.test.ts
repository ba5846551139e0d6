import { describe, expect, it } from 'vitest'
import { DayVertices } from '../../../src/rules/tracks/track.ts'

const dayMs = 86_400_000

function tracksOf(
  cells: [trajectory: string, day: number, latitude: number, longitude: number, records: number | null][],
  range: { min: number; max: number } | null = null,
) {
  const days = new DayVertices()
  for (const [trajectory, day, latitude, longitude, records] of cells)
    days.add(trajectory, day * dayMs, { latitude, longitude }, records)
  return days.tracks(new Map([['a', 7]]), range)
}

describe('the track of a trajectory', () => {
  it('is drawn in the order of its days, whatever the order of the answer', () => {
    const [track] = tracksOf([
      ['a', 2, 12, 22, 1],
      ['a', 0, 10, 20, 1],
      ['a', 1, 10, 22, 1],
    ])
    expect(track).toMatchObject({
      geom: 'MULTILINESTRING((20 10,22 10,22 12))',
      time_min: new Date(0),
      time_max: new Date(3 * dayMs - 1000),
      n_days: 3,
      n_records: 3,
      n_rows: 7,
    })
  })

  it.each([
    ['known', 3, 1, 10.25],
    ['none in one', 3, 0, 10.25],
    ['unknown in one', 3, null, 10.25],
    ['unknown', null, null, 10.5],
  ])('weighs the cells of a day by their records, at least by one: %s', (_what, first, second, latitude) => {
    const [track] = tracksOf([
      ['a', 0, 10, 20, first],
      ['a', 0, 11, 20, second],
    ])
    expect([track!.south, track!.north]).toEqual([latitude, latitude])
    expect(track!.n_records).toBe(first === null || second === null ? null : first + second)
    expect([track!.n_days, track!.geom]).toEqual([1, null])
  })

  it('does not know its records once it does not know those of a cell', () => {
    const [track] = tracksOf([
      ['a', 0, 10, 20, null],
      ['a', 1, 10, 20, 4],
    ])
    expect(track!.n_records).toBeNull()
  })

  it('has no name where the dataset has but one, and no rows where none was said', () => {
    const tracks = tracksOf([
      ['', 0, 10, 20, 1],
      ['b', 0, 10, 20, 2],
    ])
    expect(tracks.map((track) => [track.trajectory_id, track.n_rows, track.n_records])).toEqual([
      [null, 0, 1],
      ['b', 0, 2],
    ])
  })

  it('begins and ends where the metadata say, within its days', () => {
    const [track] = tracksOf(
      [
        ['a', 0, 10, 20, 1],
        ['a', 1, 10, 20, 1],
      ],
      { min: dayMs / 4, max: dayMs * 1.5 },
    )
    expect([track!.time_min, track!.time_max]).toEqual([new Date(dayMs / 4), new Date(dayMs * 1.5)])
  })
})
