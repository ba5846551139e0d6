import { describe, expect, it } from 'vitest'
import { CellRows, type DayCell, ladder, MonthDepths } from '../../../src/rules/tracks/ladder.ts'
import { cellFacts } from '../../../src/rules/tracks/rows.ts'

const day = (text: string) => Date.parse(`${text}T00:00:00Z`)

/** Days of many trajectories, spread over years and cells; always the same. */
function* someDays(): Generator<DayCell> {
  let seed = 1
  const random = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed % below
  }
  for (let at = 0; at < 3000; at += 1)
    yield {
      trajectory: `t${random(5)}`,
      day: day('2015-01-01') + random(2500) * 86_400_000,
      latitude: random(1500) - 700,
      longitude: random(4320) - 2160,
      records: random(50),
    }
}

const sizes = ladder.map((one) => {
  const keys = new Set<string>()
  for (const { trajectory, day: at, latitude, longitude } of someDays())
    keys.add(
      [
        one.byTrajectory ? trajectory : '',
        new Date(at).toISOString().slice(0, { month: 7, year: 4, all: 0 }[one.period]),
        Math.floor(latitude / one.size),
        Math.floor(longitude / one.size),
      ].join(' '),
    )
  return keys.size
})

describe('the ladder of coarser rows', () => {
  it('goes from months and cells of 1/12 degree to all time and two degrees', () => {
    expect(ladder.map(({ period, size, byTrajectory }) => [period, size, byTrajectory])).toEqual([
      ['month', 1, true],
      ['year', 1, true],
      ['year', 3, true],
      ['year', 6, true],
      ['year', 12, true],
      ['all', 12, true],
      ['all', 24, true],
      ['all', 24, false],
    ])
  })

  it('adds up the days of one month in one cell', () => {
    const rows = new CellRows(10)
    const add = (text: string, latitude: number, records: number) =>
      rows.add({ trajectory: 'a', day: day(text), latitude, longitude: 2052, records })
    add('2019-06-02', -35, 4)
    add('2019-06-01', -35, 3)
    add('2019-06-30', -35, 1)
    add('2019-07-01', -35, 7)
    add('2019-06-01', -34, 2)
    const found = [...rows.rows()].map((row) => cellFacts(row, rows.rung, { vertical: null, range: null }))
    expect(found.map(({ profileId, records }) => [profileId, records])).toEqual([
      ['a 2019-06 -2.875,171.0417', 8],
      ['a 2019-07 -2.875,171.0417', 7],
      ['a 2019-06 -2.7917,171.0417', 2],
    ])
    expect(found[0]!.time).toEqual({ min: day('2019-06-01'), max: Date.parse('2019-06-30T23:59:59Z') })
  })

  it.each([
    ['first', [null, 3]],
    ['last', [3, null]],
    ['in both', [null, null]],
  ])(
    'does not know the records of a row of which it does not know those of one day: %s',
    (_where, records) => {
      const rows = new CellRows(1)
      for (const [nth, known] of records.entries())
        rows.add({
          trajectory: 'a',
          day: day(`2019-06-0${1 + nth}`),
          latitude: 1,
          longitude: 1,
          records: known,
        })
      expect([...rows.rows()].map((row) => row.records)).toEqual([null])
      // And not in the coarser row that it is joined to.
      rows.add({ trajectory: 'a', day: day('2019-07-01'), latitude: 1, longitude: 1, records: 5 })
      expect([...rows.rows()].map((row) => row.records)).toEqual([null])
      expect([rows.step, rows.size, rows.days]).toEqual([1, 1, 3])
    },
  )

  it.each(ladder.map((rung, step) => [step, rung] as const))(
    'at step %i is what adding up every day by it gives, and not finer than it must be',
    (step, rung) => {
      const expected = new Map<string, number>()
      for (const { trajectory, day: at, latitude, longitude, records } of someDays()) {
        const iso = new Date(at).toISOString()
        const key = [
          rung.byTrajectory ? trajectory : '',
          { month: iso.slice(0, 7), year: iso.slice(0, 4), all: '' }[rung.period],
          Math.floor(latitude / rung.size),
          Math.floor(longitude / rung.size),
        ].join(' ')
        expected.set(key, (expected.get(key) ?? 0) + records!)
      }
      // A limit that this step just meets; a step that is no smaller than the one before is never stopped at.
      const reached = sizes.findIndex((size) => size <= sizes[step]!)
      const rows = new CellRows(sizes[step]!)
      for (const cell of someDays()) rows.add(cell)
      expect(rows.step).toBe(reached)
      if (reached !== step) return
      const found = new Map(
        [...rows.rows()].map((row) => {
          const period = new Date(row.firstDay)
            .toISOString()
            .slice(0, { month: 7, year: 4, all: 0 }[rung.period])
          return [[row.trajectory, period, row.latitude, row.longitude].join(' '), row.records]
        }),
      )
      expect(found).toEqual(expected)
    },
  )

  it('keeps the last step whatever the limit', () => {
    const rows = new CellRows(10)
    for (const cell of someDays()) rows.add(cell)
    expect(rows.rung).toEqual({ period: 'all', size: 24, byTrajectory: false })
    expect([...rows.rows()].reduce((sum, row) => sum + row.records!, 0)).toBe(
      [...someDays()].reduce((sum, cell) => sum + cell.records!, 0),
    )
    expect([...rows.rows()].every(({ trajectory }) => trajectory === '')).toBe(true)
  })

  it.each([
    [1, 'a 2020 49.2917,-120.7083'],
    [3, 'a 2020 49.25,-120.75'],
    [6, 'a 49.5,-120.5'],
    [7, '49,-121'],
  ])('names the rows of step %i by their period and the centre of their cell', (step, expected) => {
    const rung = ladder[step]!
    const row = {
      trajectory: rung.byTrajectory ? 'a' : '',
      month: 2020 * 12 + 5,
      latitude: Math.floor(591 / rung.size),
      longitude: Math.floor(-1449 / rung.size),
      firstDay: day('2020-06-03'),
      lastDay: day('2020-06-03'),
      records: 1,
    }
    const { profileId } = cellFacts(row, rung, { vertical: null, range: null })
    expect(profileId).toBe(step === 6 ? 'a 49,-121' : expected)
  })

  it('cuts the time of a row to what the metadata say, where something is left', () => {
    const rows = new CellRows(10)
    rows.add({ trajectory: '', day: day('2021-01-27'), latitude: 1, longitude: 1, records: 1 })
    const [row] = [...rows.rows()]
    const facts = (min: string, max: string) =>
      cellFacts(row!, rows.rung, { vertical: null, range: { min: Date.parse(min), max: Date.parse(max) } })
    const inside = facts('2019-06-01T00:00:00Z', '2021-01-27T15:00:00Z')
    expect(inside.time).toEqual({ min: day('2021-01-27'), max: Date.parse('2021-01-27T15:00:00Z') })
    expect(inside.profileId).toBe('2021-01 0.125,0.125')
    // Metadata that end before the data say nothing of it.
    expect(facts('2019-06-01T00:00:00Z', '2020-01-01T00:00:00Z').time).toEqual({
      min: day('2021-01-27'),
      max: Date.parse('2021-01-27T23:59:59Z'),
    })
  })

  it('takes the depths of a trajectory in the months of the row', () => {
    const depths = new MonthDepths()
    depths.add('seal', Date.parse('2021-03-22T15:28:38Z'), 0)
    depths.add('seal', Date.parse('2021-03-20T11:04:06Z'), 598.9)
    depths.add('seal', Date.parse('2021-04-05T08:28:47Z'), 3)
    depths.add('other', Date.parse('2021-03-05T08:28:47Z'), 900)
    const march = { trajectory: 'seal', month: 2021 * 12 + 2 }
    expect(depths.of(march, ladder[0]!)).toEqual({ min: 0, max: 598.9 })
    expect(depths.of({ ...march, month: march.month + 1 }, ladder[0]!)).toEqual({ min: 3, max: 3 })
    expect(depths.of({ ...march, month: march.month + 2 }, ladder[0]!)).toBeNull()
    expect(depths.of(march, ladder[1]!)).toEqual({ min: 0, max: 598.9 })
    expect(depths.of({ ...march, trajectory: '' }, ladder[7]!)).toEqual({ min: 0, max: 900 })
  })

  it('takes them from every trajectory and month of a coarser row, and changes none', () => {
    const depths = new MonthDepths()
    depths.add('a', day('2020-01-31'), 20)
    depths.add('a', day('2020-12-01'), 10)
    depths.add('a', day('2021-01-01'), 900)
    depths.add('b', day('2020-05-01'), 30)
    const january = { trajectory: 'a', month: 2020 * 12 }
    const rung = (step: number) => ladder[step]!
    expect(depths.of(january, rung(1))).toEqual({ min: 10, max: 20 })
    expect(depths.of(january, rung(0))).toEqual({ min: 20, max: 20 })
    expect(depths.of(january, rung(5))).toEqual({ min: 10, max: 900 })
    expect(depths.of(january, rung(7))).toEqual({ min: 10, max: 900 })
    expect(depths.of({ ...january, trajectory: 'b' }, rung(5))).toEqual({ min: 30, max: 30 })
    expect(depths.of({ ...january, trajectory: 'c' }, rung(5))).toBeNull()
    expect([...depths.trajectories]).toEqual(['a', 'b'])
  })
})
