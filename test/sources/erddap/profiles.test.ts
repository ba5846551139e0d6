/** What is believed of answers that are lacking, wrong or from another moment: one dataset, its answers made by hand. */
import { describe, expect, it } from 'vitest'
import { decideFromMetadata } from '../../../src/rules/decisions.ts'
import type { ProfileRow } from '../../../src/rules/profile.ts'
import type { ProfileAnswer } from '../../../src/sources/erddap/profile-question.ts'
import { harvestProfiles } from '../../../src/sources/erddap/profiles.ts'
import { promisedByList } from '../../../src/sources/erddap/promised.ts'
import { unknownAbilities } from '../../../src/sources/erddap/server-abilities.ts'
import type { DatasetMetadata, ErddapTable } from '../../../src/sources/erddap/types.ts'
import { listedAs, metadataOf, vocabularies } from '../../rules/examples.ts'

type Rows = readonly (readonly string[])[]
/** Rows of the columns that were asked for; null where the server says that there are none. */
type Answer = Rows | null | ((columns: readonly string[]) => Rows | null)

interface Server {
  count: Answer
  distinct?: Answer
  minMax?: Record<string, Answer>
}

const buoy = {
  station: { cf_role: 'timeseries_id' },
  time: { standard_name: 'time' },
  latitude: { standard_name: 'latitude' },
  longitude: { standard_name: 'longitude' },
  depth: { standard_name: 'depth' },
  temp: { standard_name: 'sea_water_temperature' },
}

const subset = { subsetVariables: 'station, latitude, longitude' }

interface Seen {
  answer: ProfileAnswer
  rows: ProfileRow[]
  asked: string[]
}

async function harvest(
  server: Server,
  {
    variables = buoy as Record<string, Record<string, string>>,
    globals = subset as Record<string, string>,
    type = 'TimeSeries',
    row = {} as Record<string, string>,
  } = {},
): Promise<Seen> {
  const metadata: DatasetMetadata = metadataOf(variables, { cdm_data_type: type, ...globals })
  const decision = decideFromMetadata({ listed: listedAs(type), metadata, vocabularies })
  if (decision.kind === 'skip') throw new Error(`skipped: ${decision.outcome.reason}`)
  const asked: string[] = []
  const rows: ProfileRow[] = []
  const reply = (question: string, columns: readonly string[], given: Answer = null): ErddapTable | null => {
    asked.push(`${columns.join(',')}&${question}`)
    const found = typeof given === 'function' ? given(columns) : given
    if (found === null) return null
    return {
      columns,
      rows: (async function* () {
        yield* found
      })(),
    }
  }
  const answer = await harvestProfiles({
    plan: decision.plan,
    metadata,
    abilities: unknownAbilities(),
    listed: promisedByList({ ...listedAs(type), row }),
    isMirrored: () => false,
    now: Date.UTC(2026, 10, 28),
    folder: '/nowhere',
    signal: new AbortController().signal,
    onRows: async (some) => {
      rows.push(...some)
    },
    queries: {
      count: async (columns, groups) => reply(`orderByCount("${groups.join(',')}")`, columns, server.count),
      distinct: async (columns) => reply('distinct()', columns, server.distinct),
      minMax: async (groups, variable, also) =>
        reply(
          `orderByMinMax("${[...groups, variable].join(',')}")`,
          [...groups, ...also, variable],
          server.minMax?.[variable],
        ),
    },
  })
  return { answer, rows, asked }
}

/** Rows of a count: the columns asked for, by name. */
const counted =
  (...groups: Record<string, string>[]): Answer =>
  (columns) =>
    groups.map((group) => columns.map((column) => group[column] ?? '10'))

const two = counted(
  { station: 'K0', latitude: '45', longitude: '-125' },
  { station: 'K1', latitude: '46', longitude: '-125' },
)
const extentOf = (...values: [station: string, min: string, max: string][]): Rows =>
  values.flatMap(([station, min, max]) => [
    [station, min],
    [station, max],
  ])
const times = extentOf(
  ['K0', '2021-03-01T00:00:00Z', '2021-03-02T00:00:00Z'],
  ['K1', '2021-03-01T00:00:00Z', '2021-03-02T00:00:00Z'],
)
const depths = extentOf(['K0', '5', '20'], ['K1', '5', '30'])
const contradictory = { code: 'CONTRADICTORY_ANSWERS' }

describe('a time that no file can hold', () => {
  it.each(['52970-05-02T00:00:00Z', '50948202-03-04T05:06:07Z', '-12345-01-01T00:00:00Z'])(
    'drops its row, counted, and is not taken for a missing one: %s',
    async (time) => {
      const ends = extentOf(
        ['K0', '2021-03-01T00:00:00Z', time],
        ['K1', '2021-03-01T00:00:00Z', '2021-03-02T00:00:00Z'],
      )
      const { answer, rows } = await harvest({ count: two, minMax: { time: ends, depth: depths } })
      expect(rows.map((row) => row.timeseries_id)).toEqual(['K1'])
      expect(answer.warnings).toEqual([
        { code: 'ROWS_DROPPED', values: { reason: 'time_outside', count: 1, ids: ['K0'] } },
      ])
    },
  )
})

describe('"no rows" of the times', () => {
  it('is not believed of stations whose times the server counted', async () => {
    await expect(harvest({ count: two, minMax: { depth: depths } })).rejects.toMatchObject({
      ...contradictory,
      facts: { contradiction: { kind: 'positions-only' } },
    })
  })

  it('is asked once more, and mended by the second answer', async () => {
    let refusals = 2
    const time: Answer = (columns) =>
      refusals-- > 0
        ? null
        : times.map(([id, at]) =>
            columns.map((name) => (name === 'time' ? at! : name === 'station' ? id! : '1')),
          )
    const { answer, rows } = await harvest({ count: two, minMax: { time, depth: depths } })
    expect(rows).toHaveLength(2)
    expect(answer).toMatchObject({ agree: true, warnings: [] })
  })

  it('is not believed of the only station either', async () => {
    const count = counted({ station: 'K0', latitude: '45', longitude: '-125' })
    await expect(harvest({ count, minMax: { depth: depths } })).rejects.toMatchObject(contradictory)
  })

  it('is not believed where the list says from when to when they are', async () => {
    const count = counted({ station: 'K0', latitude: '45', longitude: '-125', time: '0' })
    const row = { minTime: '2021-03-01T00:00:00Z', maxTime: '2021-03-02T00:00:00Z', minLatitude: '45' }
    await expect(harvest({ count }, { row })).rejects.toMatchObject(contradictory)
  })

  it('is believed where none was counted and nothing else knows of any', async () => {
    const count = counted(
      { station: 'K0', latitude: '45', longitude: '-125', time: '0' },
      { station: 'K1', latitude: '46', longitude: '-125', time: '0' },
    )
    const { answer, rows } = await harvest({ count }, { row: { minLatitude: '45', maxLatitude: '46' } })
    expect(rows).toEqual([])
    expect(answer.empty.step).toBe('times')
  })
})

describe('"no rows" of the depths', () => {
  it('of stations whose depths were counted is asked again, told, and no proof for the next run', async () => {
    const { answer, rows, asked } = await harvest({ count: two, minMax: { time: times } })
    expect(rows).toHaveLength(2)
    expect(answer.agree).toBe(false)
    expect(answer.warnings).toContainEqual({
      code: 'ANSWERS_DISAGREE',
      values: { answer: 'verticals', count: 2, ids: ['K0', 'K1'] },
    })
    expect(asked.filter((question) => question.includes('"station,depth"')).length).toBeGreaterThan(1)
  })

  it('is mended by the second answer', async () => {
    let refusals = 2
    const depth: Answer = (columns) =>
      refusals-- > 0
        ? null
        : depths.map(([id, value]) => columns.map((name) => (name === 'station' ? id! : value!)))
    const { answer, rows } = await harvest({ count: two, minMax: { time: times, depth } })
    expect(rows.map((row) => row.depth_max)).toEqual([20, 30])
    expect(answer).toMatchObject({ agree: true, warnings: [] })
  })

  it('is the surface where no depth was counted', async () => {
    const count = counted(
      { station: 'K0', latitude: '45', longitude: '-125', depth: '0' },
      { station: 'K1', latitude: '46', longitude: '-125', depth: '0' },
    )
    const { answer, rows } = await harvest({ count, minMax: { time: times } })
    expect(rows.map((row) => [row.depth_min, row.depth_max])).toEqual([
      [0, 0],
      [0, 0],
    ])
    expect(answer).toMatchObject({ agree: true, warnings: [] })
  })

  it('of the only station is no proof either', async () => {
    const count = counted({ station: 'K0', latitude: '45', longitude: '-125' })
    const { answer } = await harvest({ count, minMax: { time: times.slice(0, 2) } })
    expect(answer.agree).toBe(false)
  })
})

describe('"no rows" of every count', () => {
  it('of a dataset that has positions and times leaves no proof for the next run', async () => {
    const { answer, rows } = await harvest(
      {
        count: null,
        distinct: [
          ['K0', '45', '-125'],
          ['K1', '46', '-125'],
        ],
        minMax: { time: times, depth: depths },
      },
      { globals: {} },
    )
    expect(rows.map((row) => row.n_records)).toEqual([null, null])
    expect(answer).toMatchObject({ agree: false, fresh: true })
  })
})

describe('an answer of least and greatest that ends at a line end', () => {
  const cut = { time: times.slice(0, -1), depth: depths }

  it('between the two rows of its last station is asked again', async () => {
    let given = 0
    const time: Answer = () => (given++ === 0 ? cut.time : times)
    const { answer, rows } = await harvest({ count: two, minMax: { time, depth: depths } })
    expect(rows.map((row) => row.time_max.toISOString())).toEqual([
      '2021-03-02T00:00:00.000Z',
      '2021-03-02T00:00:00.000Z',
    ])
    expect(answer).toMatchObject({ agree: true, warnings: [] })
  })

  it('there each time is told, and no proof for the next run', async () => {
    for (const minMax of [cut, { time: times, depth: depths.slice(0, -1) }]) {
      const { answer } = await harvest({ count: two, minMax })
      expect(answer.agree).toBe(false)
      expect(answer.warnings).toContainEqual(
        expect.objectContaining({ values: expect.objectContaining({ count: 1, ids: ['K1'] }) }),
      )
    }
  })

  it('is whole where the last station has one record, or the server sends one row of equal values', async () => {
    const count = counted(
      { station: 'K0', latitude: '45', longitude: '-125' },
      { station: 'K1', latitude: '46', longitude: '-125', time: '1', depth: '1' },
    )
    const one = await harvest({ count, minMax: { time: times.slice(0, -1), depth: depths.slice(0, -1) } })
    expect(one.answer).toMatchObject({ agree: true, warnings: [] })
    const equal = [
      ['K0', '5'],
      ['K1', '5'],
    ]
    const old = await harvest({ count: two, minMax: { time: times, depth: equal } })
    expect(old.answer).toMatchObject({ agree: true, warnings: [] })
    expect(old.rows.map((row) => row.depth_max)).toEqual([5, 5])
  })
})

describe('casts of stations', () => {
  const tower = { ...buoy, cast: { cf_role: 'profile_id' } }
  const globals = { subsetVariables: 'station, cast, latitude, longitude' }
  const castsOf = (station: string, ...ids: string[]) =>
    ids.map((cast) => ({ station, cast, latitude: '45', longitude: '-125' }))
  /** Two rows a cast: station, cast, whatever else was asked for, and a time. */
  const timesOf =
    (...casts: { station: string; cast: string }[]): Answer =>
    (columns) =>
      casts.flatMap(({ station, cast }) =>
        ['00', '01'].map((hour) =>
          columns.map((column) =>
            column === 'time' ? `2021-03-01T${hour}:00:00Z` : column === 'cast' ? cast : station,
          ),
        ),
      )
  const all = [...castsOf('K0', 'c0', 'c1'), ...castsOf('K1', 'c2', 'c3')]
  const depth = extentOf(['K0', '5', '20'], ['K1', '5', '30'])
  const more = { variables: tower, globals, type: 'TimeSeriesProfile' }

  it('are asked for with their times, in no request more', async () => {
    const { answer, rows, asked } = await harvest(
      { count: counted(...all), minMax: { time: timesOf(...all), depth } },
      more,
    )
    expect(rows.map((row) => [row.timeseries_id, row.n_profiles, row.n_records])).toEqual([
      ['K0', 2, 20],
      ['K1', 2, 20],
    ])
    expect(answer).toMatchObject({ agree: true, warnings: [] })
    expect(asked).toHaveLength(3)
  })

  it('of the last station that were cut off are asked for again', async () => {
    let given = 0
    const count: Answer = (columns) =>
      (counted(...(given++ === 0 ? all.slice(0, -1) : all)) as (columns: readonly string[]) => Rows)(columns)
    const { answer, rows } = await harvest({ count, minMax: { time: timesOf(...all), depth } }, more)
    expect(rows.map((row) => row.n_profiles)).toEqual([2, 2])
    expect(answer).toMatchObject({ agree: true, warnings: [] })
  })

  it('of the only station that were cut off are told, although its metadata know its times', async () => {
    const station = castsOf('K0', 'c0', 'c1', 'c2')
    const ranged = {
      ...tower,
      time: { standard_name: 'time', actual_range: '1614556800, 1614560400' },
      depth: { standard_name: 'depth', actual_range: '5, 20' },
    }
    const { answer } = await harvest(
      { count: counted(...station.slice(0, 2)), minMax: { time: timesOf(...station) } },
      { ...more, variables: ranged },
    )
    expect(answer.agree).toBe(false)
    expect(answer.warnings).toContainEqual({
      code: 'ANSWERS_DISAGREE',
      values: { answer: 'positions', count: 1, ids: ['K0'] },
    })
  })

  it('without a time are rightly missing from the times', async () => {
    const untimed = [...all, { station: 'K1', cast: 'c4', latitude: '45', longitude: '-125', time: '0' }]
    const { answer } = await harvest(
      { count: counted(...untimed), minMax: { time: timesOf(...all), depth } },
      more,
    )
    expect(answer).toMatchObject({ agree: true, warnings: [] })
  })
})

describe('records of casts without a depth', () => {
  const { depth: _, station: __, ...places } = buoy
  const profile = { cast: { cf_role: 'profile_id' }, ...places }
  const cast = { cast: 'c0', latitude: '45', longitude: '-125' }

  it.each(['cast', 'cast, time, latitude, longitude'])(
    'are those of a variable with data, with subsetVariables %s',
    async (subsetVariables) => {
      // Of several dimensions: a cast has one time, and ten values.
      const count: Answer = (columns) => [
        columns.map((column) => cast[column as 'cast'] ?? (columns.includes('temp') ? '10' : '1')),
      ]
      const time: Answer = (columns) => {
        const row = columns.map((column) => (column === 'time' ? '2021-03-01T00:00:00Z' : 'c0'))
        return [row, row]
      }
      const { rows } = await harvest(
        { count, minMax: { time } },
        { variables: profile, globals: { subsetVariables }, type: 'Profile' },
      )
      expect(rows.map((row) => row.n_records)).toEqual([10])
    },
  )
})

describe('"no rows" of a whole dataset', () => {
  it.each([
    ['time', { time_coverage_start: '2021-03-01T00:00:00Z', time_coverage_end: '2021-03-02T00:00:00Z' }],
    ['latitude', { geospatial_lat_min: '45', geospatial_lat_max: '46.0' }],
  ])('is a contradiction where its attributes know of a %s', async (what, globals) => {
    await expect(harvest({ count: null }, { globals })).rejects.toMatchObject({
      ...contradictory,
      facts: { contradiction: { kind: 'promised', by: 'metadata', what } },
    })
  })

  it('is believed where nothing knows of any', async () => {
    const { answer } = await harvest({ count: null }, { globals: { geospatial_lat_min: 'NaN' } })
    expect(answer.empty.step).toBe('positions')
  })
})
