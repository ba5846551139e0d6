import { describe, expect, it } from 'vitest'
import { HarvesterError } from '../../../src/errors.ts'
import type { DatasetPlan } from '../../../src/rules/decisions.ts'
import { decideFromMetadata } from '../../../src/rules/decisions.ts'
import type { ProfileRow } from '../../../src/rules/profile.ts'
import { type MovingType, movingTypes } from '../../../src/rules/tracks/types.ts'
import type { TrackQuestion } from '../../../src/sources/erddap/tracks/answer.ts'
import { spansOf, TooLarge } from '../../../src/sources/erddap/tracks/ask.ts'
import { harvestTracks } from '../../../src/sources/erddap/tracks/harvest.ts'
import type { DatasetMetadata, ListedDataset } from '../../../src/sources/erddap/types.ts'
import { decodeUrl, groupedUrl } from '../../../src/sources/erddap/urls.ts'
import { vocabularies as all, listedAs } from '../../rules/examples.ts'
import { recordedMetadata, recordedTable } from '../../support/recorded-table.ts'

const step = '0.0833333333333333'
const vocabularies = {
  ...all,
  oceanVariables: all.oceanVariables.filter(({ name }) => name === 'subSurfaceTemperature'),
}

interface Table {
  columns: readonly string[]
  rows: readonly (readonly string[])[]
}
type Answer = Table | null | Error

function asTrack(metadata: DatasetMetadata): DatasetMetadata {
  return { ...metadata, globals: new Map([...metadata.globals, ['cdm_data_type', 'Trajectory']]) }
}

function tableOf(columns: string, ...rows: string[]): Table {
  return { columns: columns.split(','), rows: rows.map((row) => row.split(',')) }
}

/** Of a dataset of which little is known. */
const bareMetadata = (type: MovingType, roles: Record<string, string>): DatasetMetadata => ({
  datasetId: 'tk',
  globals: new Map([['cdm_data_type', type]]),
  variables: ['platform', 'cast', 'time', 'latitude', 'longitude', 'temp'].map((name) => ({
    name,
    dataType: name === 'platform' ? 'String' : 'double',
    attributes: new Map<string, string>([
      ...(roles[name] ? [['cf_role', roles[name]] as const] : []),
      ...(name === 'temp' ? [['standard_name', 'sea_water_temperature'] as const] : []),
    ]),
  })),
})

async function harvest(
  metadata: DatasetMetadata,
  answers: (query: string) => Answer,
  more: Partial<TrackQuestion> & { list?: Partial<ListedDataset>; plan?: DatasetPlan } = {},
) {
  const listed: ListedDataset = { ...listedAs(''), datasetId: 'tk', ...more.list }
  const decision = decideFromMetadata({ listed, metadata, vocabularies, moving: movingTypes })
  if (decision.kind === 'skip') throw new Error(`skipped ${decision.outcome.reason}`)
  const asked: string[] = []
  const rows: ProfileRow[] = []
  const answer = (query: string) => {
    asked.push(query)
    const found = answers(query)
    if (found instanceof Error) throw found
    if (found === null) return null
    return {
      columns: found.columns,
      rows: (async function* () {
        yield* found.rows
      })(),
      url: `http://x/erddap/tabledap/tk.csv?${query}`,
    }
  }
  const result = harvestTracks({
    plan: decision.plan,
    metadata,
    dataset: listed,
    listed: null,
    now: Date.parse('2026-01-01T00:00:00Z'),
    signal: new AbortController().signal,
    maxRows: 20_000,
    isMirrored: () => false,
    answersItself: async () => false,
    onRows: async (more) => {
      rows.push(...more)
    },
    queries: {
      distinct: async (columns) => answer(`${columns.join(',')}&distinct()`),
      grouped: async (question, span) =>
        answer(
          decodeUrl(groupedUrl('http://x/erddap', 'tk', question, span ?? undefined)).replace(/^.*\?/, ''),
        ),
    },
    ...more,
  })
  return { asked, rows, plan: decision.plan, result }
}

const sum = (rows: readonly ProfileRow[]) => rows.reduce((total, row) => total + (row.n_records ?? 0), 0)
const codes = (warnings: readonly { code: string }[]) => warnings.map(({ code }) => code)

describe('a glider, as a real ERDDAP answers', () => {
  it('is asked three questions, and gives a row for each cast', async () => {
    const metadata = await recordedMetadata('tracks_info_glider_moving')
    const { asked, rows, result } = await harvest(metadata, (query) =>
      query.includes('orderByMinMax("trajectory,profile_id,time")')
        ? recordedTable('casts_moving_minmax_time')
        : query.includes('orderByMinMax')
          ? recordedTable('casts_moving_minmax_depth')
          : recordedTable('casts_count'),
    )
    const answer = await result
    expect(asked).toEqual([
      'trajectory,profile_id,time,latitude,longitude&latitude!=NaN&longitude!=NaN&orderByMinMax("trajectory,profile_id,time")',
      'trajectory,profile_id,depth&orderByMinMax("trajectory,profile_id,depth")',
      'trajectory,profile_id,time,depth,temp&orderByCount("trajectory,profile_id")',
    ])
    // Of 400 casts ten have no position.
    expect(rows).toHaveLength(390)
    expect(rows.find((row) => row.profile_id === '2')).toEqual({
      timeseries_id: null,
      profile_id: '2',
      latitude: 47.007,
      longitude: -60.4745,
      depth_min: 0,
      depth_max: 508.17,
      time_min: new Date('2023-01-05T13:33:08Z'),
      time_max: new Date('2023-01-05T13:59:40Z'),
      n_records: 200,
      records_per_day: 200,
      n_profiles: 1,
    })
    expect(answer.plan).toMatchObject({
      timeseriesIdVariable: null,
      profileIdVariable: 'profile_id',
      trajectoryIdVariable: 'trajectory',
    })
    expect(answer.counts).toMatchObject({ of: 'casts', records: 390 * 200, leftOut: 10 * 200 })
    expect(answer.warnings).toEqual([
      { code: 'ROWS_DROPPED', values: expect.objectContaining({ reason: 'no_position', count: 10 }) },
    ])
    expect(answer.tracks).toHaveLength(1)
    expect(answer.tracks[0]).toMatchObject({
      trajectory_id: 'sp042-20230105T1200',
      n_records: 390 * 200,
      n_rows: 390,
      n_days: 26,
    })
    expect(answer).toMatchObject({ agree: true, fresh: true, complete: true })
    const ids = rows.map((row) => row.profile_id!)
    expect(ids).toEqual([...ids].sort())
  })

  it('is asked with a variable that has data, where all else is in a table that the server made long ago', async () => {
    const metadata = await recordedMetadata('tracks_info_glider')
    const { asked, result } = await harvest(metadata, (query) =>
      query.includes('time")')
        ? recordedTable('casts_minmax_time')
        : query.includes('orderByMinMax')
          ? recordedTable('casts_moving_minmax_depth')
          : recordedTable('casts_count'),
    )
    await result
    expect(asked[0]).toBe(
      'trajectory,profile_id,time,latitude,longitude,temp&latitude!=NaN&longitude!=NaN&orderByMinMax("trajectory,profile_id,time")',
    )
  })

  it('needs the trajectory in the ids of floats, whose cycle numbers repeat', async () => {
    const metadata = await recordedMetadata('tracks_info_argo')
    const { rows, result } = await harvest(metadata, (query) =>
      query.includes('time")')
        ? recordedTable('casts_reused_minmax_time')
        : query.includes('orderByMinMax')
          ? null
          : recordedTable('casts_reused_count'),
    )
    const answer = await result
    expect(rows[0]!.profile_id).toBe('4900000/1')
    expect(new Set(rows.map((row) => row.profile_id)).size).toBe(rows.length)
    expect(answer.tracks.map((track) => track.trajectory_id)).toEqual(['4900000', '4900001'])
    // Depths were counted, and none given.
    expect(codes(answer.warnings)).toContain('ANSWERS_DISAGREE')
    expect(answer.agree).toBe(false)
  })

  it('is refused where two pairs of ids read the same', async () => {
    const metadata = await recordedMetadata('tracks_info_argo')
    const { result } = await harvest(metadata, (query) =>
      query.includes('time")')
        ? tableOf(
            'platform_number,cycle_number,time,latitude,longitude,temp',
            'a/b,c,2020-01-01T00:00:00Z,45,-60,1',
            'a,b/c,2020-01-01T00:00:00Z,46,-60,1',
          )
        : null,
    )
    await expect(result).rejects.toMatchObject({ code: 'ERDDAP_BAD_METADATA' })
  })

  it('with more casts than the limit becomes a track', async () => {
    const metadata = await recordedMetadata('tracks_info_glider_moving')
    const { asked, rows, result } = await harvest(
      metadata,
      (query) =>
        query.includes('time")')
          ? recordedTable('casts_moving_minmax_time')
          : query.includes('orderByMinMax')
            ? tableOf('trajectory,time,depth', 'sp042-20230105T1200,2023-01-09T00:00:00Z,3')
            : recordedTable('casts_count_cells_with_data'),
      { maxRows: 100 },
    )
    const answer = await result
    expect(asked.slice(1)).toEqual([
      `trajectory,time,latitude,longitude,temp&orderByCount("trajectory,time/1day,latitude/${step},longitude/${step}")`,
      'trajectory,time,depth&orderByMinMax("trajectory,time/1month,depth")',
    ])
    expect(sum(rows)).toBe(
      recordedTable('casts_count_cells_with_data').rows.reduce((n, row) => n + Number(row[4]), 0),
    )
    expect(rows[0]).toMatchObject({ depth_min: 3, depth_max: 3, n_profiles: 1 })
    expect(answer.plan).toMatchObject({ profileIdVariable: null, trajectoryIdVariable: 'trajectory' })
    expect(answer.warnings).toEqual([
      {
        code: 'TRACK_COARSER',
        values: { limit: 100, of: 'casts', period: 'month', degrees: '1/12', byTrajectory: true },
      },
    ])
  })
})

describe('a track, as a real ERDDAP answers', () => {
  it('is asked one question about a drifter without depth, and its rows add up to the records of each cell', async () => {
    const metadata = await recordedMetadata('tracks_info_drifter')
    const recorded = recordedTable('track_count_cells')
    const { asked, rows, result } = await harvest(metadata, () => recorded)
    const answer = await result
    expect(asked).toEqual([
      `ID,time,latitude,longitude,temp&orderByCount("ID,time/1day,latitude/${step},longitude/${step}")`,
    ])
    const cells = new Map<string, number>()
    let unplaced = 0
    for (const [id, time, latitude, longitude, count] of recorded.rows) {
      if (latitude === 'NaN' || longitude === 'NaN') {
        unplaced += Number(count)
        continue
      }
      const centre = (cell: string) => Math.round(((Number(cell) + 0.5) / 12) * 1e4) / 1e4
      const east = Number(longitude) >= 2160 ? Number(longitude) - 4320 : Number(longitude)
      const key = `${id} ${time!.slice(0, 7)} ${centre(latitude!)},${centre(String(east))}`
      cells.set(key, (cells.get(key) ?? 0) + Number(count))
    }
    expect(unplaced).toBeGreaterThan(0)
    expect(new Map(rows.map((row) => [row.profile_id, row.n_records]))).toEqual(cells)
    expect(answer.warnings).toEqual([
      { code: 'TRACK_UNPLACED', values: { records: unplaced, groups: expect.any(Number) } },
    ])
    expect(answer.counts.records! + answer.counts.leftOut!).toBe(
      recorded.rows.reduce((total, row) => total + Number(row[4]), 0),
    )
    const first = rows.find((row) => row.profile_id === '300300000000 2019-06 -2.875,171.0417')
    expect(first).toMatchObject({ latitude: -2.875, longitude: 171.0417, depth_min: 0, n_profiles: 1 })
    expect(answer.tracks[0]!.geom).toMatch(/^MULTILINESTRING\(\(/)
  })

  it('is asked for no depth where that is constant, which is used', async () => {
    const metadata = await recordedMetadata('tracks_info_ship')
    const { asked, rows, result } = await harvest(metadata, () => recordedTable('track_count_cells_ship'))
    await result
    expect(asked).toHaveLength(1)
    expect(rows.every((row) => row.depth_min === 4.5 && row.depth_max === 4.5)).toBe(true)
    const recorded = recordedTable('track_count_cells_ship').rows
    expect(sum(rows)).toBe(
      recorded.reduce(
        (total, row) =>
          total + (Number.isNaN(Number(row[2])) || Number.isNaN(Number(row[3])) ? 0 : Number(row[4])),
        0,
      ),
    )
  })

  it('has the depths of a tag by month', async () => {
    const metadata = await recordedMetadata('tracks_info_tag')
    const { asked, rows, result } = await harvest(metadata, (query) =>
      query.includes('orderByMinMax')
        ? recordedTable('track_minmax_depth_month')
        : tableOf(
            'animal,time,latitude,longitude,temp',
            'seal-00,2021-03-20T00:00:00Z,600.0,-700.0,5',
            'seal-00,2021-04-20T00:00:00Z,600.0,-700.0,6',
          ),
    )
    const answer = await result
    expect(asked[1]).toBe('animal,time,depth&orderByMinMax("animal,time/1month,depth")')
    expect(rows.map((row) => [row.depth_min, row.depth_max])).toEqual([
      [0, 598.9],
      [0, 588.4],
    ])
    // The other animals have depths and no positions at all: asked once more, and told.
    expect(asked).toHaveLength(3)
    expect(codes(answer.warnings)).toContain('ANSWERS_DISAGREE')
  })

  it('takes an empty id among others for one trajectory, and warns', async () => {
    const metadata = await recordedMetadata('tracks_info_drifter')
    const empty = recordedTable('track_count_cells_empty_id')
    const { rows, result } = await harvest(metadata, () => ({
      columns: empty.columns,
      rows: [...empty.rows, ...recordedTable('track_count_cells').rows],
    }))
    const answer = await result
    expect(codes(answer.warnings)).toContain('TRACK_ID_EMPTY')
    expect(rows.some((row) => /^2019-12 49\./.test(row.profile_id!))).toBe(true)
    expect(answer.tracks.map((track) => track.trajectory_id)).toEqual([null, '300300000000'])
  })

  it('of a mirror that answers itself is asked for the first record of each cell', async () => {
    const metadata = asTrack(await recordedMetadata('tracks_info_glider'))
    const mirrored = { answersItself: async () => true, isMirrored: () => true }
    const { asked, rows, result } = await harvest(
      metadata,
      (query) => (query.includes('orderByMin(') ? recordedTable('mirror_first_in_cell_right') : null),
      mirrored,
    )
    const answer = await result
    expect(asked[0]).toBe(
      `trajectory,time,latitude,longitude,temp&latitude!=NaN&longitude!=NaN&orderByMin("trajectory,time/1day,latitude/${step},longitude/${step},time")`,
    )
    expect(rows.every((row) => row.n_records === null)).toBe(true)
    const { rows: right, result: origin } = await harvest(metadata, (query) =>
      query.includes('orderByCount') ? recordedTable('casts_count_cells_with_data') : null,
    )
    await origin
    expect(rows.map((row) => row.profile_id)).toEqual(right.map((row) => row.profile_id))
    expect(answer.warnings).toEqual([
      expect.objectContaining({
        code: 'RECORDS_UNCOUNTED',
        values: expect.objectContaining({ because: 'mirrored' }),
      }),
    ])
  })

  it('is not believed where cells are none: a mirror that numbers numbers', async () => {
    const metadata = asTrack(await recordedMetadata('tracks_info_glider'))
    const { result } = await harvest(metadata, () => recordedTable('mirror_count_cells_wrong'))
    await expect(result).rejects.toMatchObject({
      code: 'CONTRADICTORY_ANSWERS',
      facts: { contradiction: { kind: 'cell', what: 'latitude', value: '6768.0' } },
    })
  })

  it.each([
    ['by month', 20_000],
    // Of all times of a trajectory together.
    ['in one row', 1],
  ])('leaves out the days that nothing can hold, counted, and nothing else: %s', async (_what, maxRows) => {
    const metadata = bareMetadata('Trajectory', { platform: 'trajectory_id' })
    const { rows, result } = await harvest(
      metadata,
      () =>
        tableOf(
          'platform,time,latitude,longitude,temp',
          'p,0000-12-31T00:00:00Z,541,-723,1',
          'p,2020-01-01T00:00:00Z,541,-721,24',
          'p,2021-01-02T00:00:00Z,541,-722,24',
          'p,10000-01-01T00:00:00Z,541,-722,3',
          'q,0000-12-31T00:00:00Z,541,-721,5',
        ),
      { maxRows },
    )
    const answer = await result
    expect(sum(rows)).toBe(48)
    expect(answer.tracks).toMatchObject([
      {
        trajectory_id: 'p',
        time_min: new Date('2020-01-01T00:00:00Z'),
        time_max: new Date('2021-01-02T23:59:59Z'),
        n_records: 48,
        n_days: 2,
      },
    ])
    expect(answer.counts).toMatchObject({ groups: 5, records: 48, leftOut: 9 })
    expect(answer.warnings).toContainEqual({
      code: 'ROWS_DROPPED',
      values: expect.objectContaining({ reason: 'time_outside' }),
    })
  })

  it('is not believed a cell away from its own latitudes', async () => {
    const metadata = await recordedMetadata('tracks_info_drifter')
    const { result } = await harvest(metadata, () =>
      tableOf('ID,time,latitude,longitude,temp', 'a,2020-01-01T00:00:00Z,720.0,10.0,1'),
    )
    await expect(result).rejects.toMatchObject({ code: 'CONTRADICTORY_ANSWERS' })
  })

  it('leaves out records whose position is a value that stands for a missing one, counted', async () => {
    const filled: Record<string, [string, string][]> = {
      latitude: [
        ['_FillValue', '-9999.0'],
        ['actual_range', '45.0, 46.0'],
      ],
      longitude: [['missing_value', '1.0E20, -99.0']],
    }
    const bare = bareMetadata('Trajectory', { platform: 'trajectory_id' })
    const metadata = {
      ...bare,
      variables: bare.variables.map((one) => ({
        ...one,
        attributes: new Map([...one.attributes, ...(filled[one.name] ?? [])]),
      })),
    }
    const { rows, result } = await harvest(
      metadata,
      () =>
        tableOf(
          'platform,time,latitude,longitude,temp',
          'p,2020-01-01T00:00:00Z,-119989.0,1.2000000000000005E21,3',
          'p,2020-01-01T00:00:00Z,541.0,-721.0,24',
          'p,2020-01-02T00:00:00Z,541.0,-1189.0,2',
        ),
      { list: { row: { minLongitude: '-60.1', maxLongitude: '-60.0' } } },
    )
    const answer = await result
    expect(rows.map((row) => [row.profile_id, row.n_records])).toEqual([['p 2020-01 45.125,-60.0417', 24]])
    expect(answer.warnings).toEqual([{ code: 'TRACK_UNPLACED', values: { groups: 2, records: 5 } }])
    expect(answer.tracks).toMatchObject([{ n_records: 24, n_days: 1 }])
  })

  it('that has ids and no groups contradicts itself; without ids its list decides', async () => {
    const metadata = await recordedMetadata('tracks_info_drifter')
    const ids = await harvest(metadata, (query) =>
      query.endsWith('distinct()') ? recordedTable('track_distinct_id') : null,
    )
    await expect(ids.result).rejects.toMatchObject({ facts: { contradiction: { kind: 'ids-only' } } })
    const promised = await harvest(metadata, () => null)
    await expect(promised.result).rejects.toMatchObject({ facts: { contradiction: { kind: 'promised' } } })
    const bare: DatasetMetadata = {
      ...metadata,
      globals: new Map([...metadata.globals].filter(([name]) => !/^(geospatial|time_coverage)_/.test(name))),
      variables: metadata.variables.map((one) => ({
        ...one,
        attributes: new Map([...one.attributes].filter(([name]) => name !== 'actual_range')),
      })),
    }
    const nothing = await harvest(bare, () => null)
    expect(await nothing.result).toMatchObject({ rows: 0, empty: { step: 'positions' } })
    expect(nothing.asked.at(-1)).toBe('ID&distinct()')
  })
})

describe('samples, as a real ERDDAP answers', () => {
  it('have a row for each position and day', async () => {
    const metadata = await recordedMetadata('tracks_info_survey')
    const recorded = recordedTable('point_count_day_position')
    const { asked, rows, result } = await harvest(metadata, (query) =>
      query.includes('orderByMinMax') ? recordedTable('point_minmax_depth') : recorded,
    )
    const answer = await result
    expect(asked).toEqual([
      'time,latitude,longitude,temp&orderByCount("time/1day,latitude,longitude")',
      'time,latitude,longitude,depth&orderByMinMax("time/1day,latitude,longitude,depth")',
    ])
    expect(rows).toHaveLength(recorded.rows.length)
    expect(sum(rows)).toBe(recorded.rows.reduce((total, row) => total + Number(row[3]), 0))
    expect(rows[0]).toMatchObject({
      profile_id: '1999-04-07 46.4497,-61.6588',
      latitude: 46.4497,
      longitude: -61.6588,
      depth_min: 0,
      depth_max: 192,
      // The first record of all.
      time_min: new Date('1999-04-07T04:36:11Z'),
      time_max: new Date('1999-04-07T23:59:59Z'),
      n_records: 25,
    })
    expect(answer.tracks).toEqual([])
  })

  it('are put into cells where there are too many, on both sides of the antimeridian', async () => {
    const metadata = await recordedMetadata('tracks_info_whales')
    const recorded = recordedTable('point_count_cells_lon360')
    const { asked, rows, result } = await harvest(
      metadata,
      (query) =>
        query.includes(step)
          ? recorded
          : tableOf(
              'time,latitude,longitude,temp',
              ...Array.from(
                { length: 700 },
                (_, at) => `2005-05-01T00:00:00Z,51,${(160 + at / 20).toFixed(2)},1`,
              ),
            ),
      { maxRows: 600 },
    )
    const answer = await result
    expect(asked).toEqual([
      'time,latitude,longitude,temp&orderByCount("time/1day,latitude,longitude")',
      `time,latitude,longitude,temp&orderByCount("time/1day,latitude/${step},longitude/${step}")`,
    ])
    expect(rows.every(({ longitude }) => longitude >= -180 && longitude <= 180)).toBe(true)
    expect(rows.some(({ longitude }) => longitude < 0)).toBe(true)
    // Two records have no position.
    expect(sum(rows)).toBe(recorded.rows.reduce((total, row) => total + Number(row[3]), 0) - 2)
    expect(answer.counts).toMatchObject({ leftOut: 2 })
    expect(answer.warnings[0]).toMatchObject({ code: 'TRACK_COARSER', values: { of: 'positions' } })
    expect(answer.tracks).toEqual([])
  })

  it('keep the longitude of 0–360 in their id, and lie where it is', async () => {
    const metadata = await recordedMetadata('tracks_info_whales')
    const { rows, result } = await harvest(metadata, () =>
      tableOf(
        'time,latitude,longitude,temp',
        '2005-05-01T00:00:00Z,51,200.12346,1',
        '2005-05-01T00:00:00Z,51,200.12349,2',
      ),
    )
    await result
    expect(rows.map((row) => [row.profile_id, row.longitude, row.n_records])).toEqual([
      ['2005-05-01 51,200.1235', -159.8765, 3],
    ])
  })
})

describe('too much for the server', () => {
  const tooMuch = () =>
    new HarvesterError('HTTP_STATUS', 'too much', {
      facts: {
        status: 413,
        body: 'Your query produced too much data.',
        sentence: 'Your query produced too much data.',
        headers: {},
        url: 'http://x',
      },
    })
  const list = { minTime: '2020-01-01T00:00:00Z', maxTime: '2020-12-30T12:00:00Z' }

  it('is asked in 12 spans of whole days, and added up', async () => {
    const metadata = await recordedMetadata('tracks_info_drifter')
    const { asked, rows, result } = await harvest(
      metadata,
      (query) =>
        query.includes('time>') || query.includes('time<')
          ? tableOf('ID,time,latitude,longitude,temp', 'a,2020-05-01T00:00:00Z,12.0,10.0,2')
          : tooMuch(),
      { list },
    )
    await result
    expect(asked).toHaveLength(13)
    expect(asked[1]).toContain('longitude,temp&time<2020-01-31T00:00:00Z&orderByCount(')
    expect(asked[2]).toContain('&time>=2020-01-31T00:00:00Z&time<2020-03-01T00:00:00Z&')
    expect(asked[12]).toContain('&time>=2020-11-30T00:00:00Z&orderByCount(')
    expect(rows.map((row) => row.n_records)).toEqual([24])
  })

  it.each([
    ['0000-01-01T00:00:00Z', '2020-12-30T12:00:00Z', '2019-07-21'],
    ['2020-01-01T00:00:00Z', '52970-05-02T00:00:00Z', '2020-07-01'],
  ])('is not asked in spans of what nothing can hold: %s to %s', async (minTime, maxTime, cut) => {
    const metadata = await recordedMetadata('tracks_info_drifter')
    const { asked, result } = await harvest(
      metadata,
      (query) => (query.includes('time>') || query.includes('time<') ? null : tooMuch()),
      { list: { minTime, maxTime } },
    )
    await result.catch(() => {})
    expect(asked[1]).toContain(`&time<${cut}T00:00:00Z&`)
    expect(asked.filter((query) => query.includes('time<'))).toHaveLength(11)
  })

  it('gives up at one more failure, without a row', async () => {
    const metadata = await recordedMetadata('tracks_info_drifter')
    const { asked, rows, result } = await harvest(
      metadata,
      (query) =>
        query.includes('time<2020-01-31')
          ? tableOf('ID,time,latitude,longitude,temp', 'a,2020-01-01T00:00:00Z,12.0,10.0,2')
          : tooMuch(),
      { list },
    )
    const error = await result.catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(TooLarge)
    expect((error as TooLarge).values).toMatchObject({ spans: 12, fault: { status: 413 } })
    expect(asked).toHaveLength(3)
    expect(rows).toEqual([])
  })

  it('is never sliced of a mirror, which fails on constraints of time', async () => {
    const metadata = await recordedMetadata('tracks_info_mirror')
    const { asked, result } = await harvest(metadata, tooMuch, { list, answersItself: async () => true })
    await expect(result).rejects.toBeInstanceOf(TooLarge)
    expect(asked).toHaveLength(1)
  })

  it('has no spans within one day, and none twice', () => {
    const day = 86_400_000
    expect(spansOf({ min: 0, max: 1000 })).toEqual([])
    expect(spansOf({ min: 0, max: 2 * day })).toEqual([
      { from: null, to: day },
      { from: day, to: 2 * day },
      { from: 2 * day, to: null },
    ])
  })
})

describe('missing ids', () => {
  it('of casts make it a track; of trajectories one with an empty id', async () => {
    const { asked, rows, result, plan } = await harvest(
      bareMetadata('TrajectoryProfile', { platform: 'trajectory_id' }),
      () => tableOf('platform,time,latitude,longitude,temp', 'p,2020-05-01T00:00:00Z,12.0,10.0,2'),
    )
    await result
    expect(plan.profileIdVariable).toBeNull()
    expect(asked).toEqual([
      `platform,time,latitude,longitude,temp&orderByCount("platform,time/1day,latitude/${step},longitude/${step}")`,
    ])
    expect(rows[0]!.profile_id).toBe('p 2020-05 1.0417,0.875')
    const nobody = await harvest(bareMetadata('Trajectory', {}), () =>
      tableOf('time,latitude,longitude,temp', '2020-05-01T00:00:00Z,12.0,10.0,2'),
    )
    expect((await nobody.result).tracks).toMatchObject([{ trajectory_id: null }])
    expect(nobody.asked).toEqual([
      `time,latitude,longitude,temp&orderByCount("time/1day,latitude/${step},longitude/${step}")`,
    ])
    expect(nobody.rows[0]!.profile_id).toBe('2020-05 1.0417,0.875')
  })

  it('of numbers that are NaN are empty ones', async () => {
    const metadata = bareMetadata('TrajectoryProfile', { platform: 'trajectory_id', cast: 'profile_id' })
    const { rows, result } = await harvest(metadata, (query) =>
      query.includes('orderByCount')
        ? tableOf('platform,cast,time,temp', 'p,1,4,4', 'p,NaN,3,2')
        : tableOf(
            'platform,cast,time,latitude,longitude',
            'p,1,2020-05-01T00:00:00Z,12,10',
            'p,NaN,2020-05-02T00:00:00Z,12,10',
          ),
    )
    await result
    expect(rows.map((row) => [row.profile_id, row.n_records])).toEqual([
      ['', 3],
      ['1', 4],
    ])
  })
})
