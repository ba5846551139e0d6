/** Gliders, floats, drifters, ships and samples, from a server that looks alike to the index. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Database } from '../../src/database/port.ts'
import type { DemoDataset, Row } from '../../src/demo/dataset.ts'
import { type ErddapOptions, type ErddapServer, startErddap } from '../../src/demo/erddap.ts'
import { drifters, floats, glider, ship, survey } from '../../src/demo/moving.ts'
import { tracksOfIndex } from '../../src/inventory/queries/tracks.ts'
import { day, describe as described, epoch } from '../acceptance/build.ts'
import { emptyDatabase } from '../support/database.ts'
import { openMigrated } from '../support/engine.ts'
import { createHarvester, type Harvester } from '../support/harvester.ts'

const serverTime = Date.UTC(2024, 5, 1)
const files = [{ name: 'a.csv', lastModified: Date.UTC(2023, 0), size: 2000 }]

let database: Database
const closing: { close(): Promise<unknown> }[] = []

beforeAll(async () => {
  database = await openMigrated()
})
afterAll(() => database?.close())
beforeEach(() => emptyDatabase(database))
afterEach(async () => {
  for (const part of closing.splice(0).reverse()) await part.close()
})

async function serve(datasets: DemoDataset[], more: Partial<ErddapOptions> = {}): Promise<ErddapServer> {
  const server = await startErddap({ datasets, now: () => serverTime, ...more })
  closing.push(server)
  return server
}

async function harvesterOf(server: ErddapServer, settings: Record<string, unknown> = {}): Promise<Harvester> {
  const made = await createHarvester({
    settings: { erddap_urls: [server.url], moving_platforms: 'all', ...settings },
    database,
  })
  closing.push(made)
  return made
}

const asked = (server: ErddapServer) => server.requests.map(({ path }) => path)
const tracks = async () =>
  (
    await database.query<{ dataset_id: string; trajectory_id: string; n_rows: number; geom: string | null }>(
      `SELECT dataset_id, trajectory_id, n_rows, ST_AsText(geom) AS geom FROM harvester.tracks ORDER BY 1, 2`,
    )
  ).rows

const demoGlider = (more: Partial<DemoDataset> = {}) =>
  glider({
    id: 'glider',
    title: 'A glider',
    from: '2023-05-01T00:00:00Z',
    casts: 40,
    levels: 6,
    lost: 10,
    more,
  })
const demoDrifters = (more: Partial<DemoDataset> = {}) =>
  drifters({ id: 'drifters', title: 'Drifters', from: '2022-01-01T00:00:00Z', count: 5, records: 1200, more })
const fleet = (more: Partial<DemoDataset> = {}) => [
  demoGlider(more),
  floats({
    id: 'floats',
    title: 'Floats',
    from: '2021-01-01T00:00:00Z',
    count: 8,
    cycles: 6,
    levels: 4,
    more,
  }),
  demoDrifters(more),
  ship({ id: 'ship', title: 'A ship', from: '2022-03-01T00:00:00Z', records: 3000, stepSeconds: 1800, more }),
  survey({
    id: 'survey',
    title: 'A survey',
    from: '2019-06-01T00:00:00Z',
    stations: 24,
    levels: 5,
    years: 2,
    more,
  }),
]

function station(id: string): DemoDataset {
  const start = epoch('2021-03-01T00:00:00Z')
  return described({
    id,
    type: 'TimeSeries',
    ids: [['station', 'timeseries_id']],
    ranges: { time: `${start}, ${start + 47 * day}` },
    rows: Array.from({ length: 48 }, (_, step): Row => [id, start + step * day, 45, -60]),
    more: { files },
  })
}

/** Records by trajectory, month and cell, from the rows themselves. */
function cellsOf(dataset: DemoDataset, idName: string | null): { cells: Map<string, number>; left: number } {
  const at = (name: string) => dataset.variables.findIndex((one) => one.name === name)
  const [id, time, latitude, longitude] = [at(idName ?? ''), at('time'), at('latitude'), at('longitude')]
  const cells = new Map<string, number>()
  let left = 0
  const centre = (value: number) =>
    Math.round(((Math.floor(value / 0.0833333333333333) + 0.5) / 12) * 1e4) / 1e4
  for (const row of dataset.rows()) {
    const [north, east] = [Number(row[latitude]), Number(row[longitude])]
    if (Number.isNaN(north) || Number.isNaN(east)) {
      left += 1
      continue
    }
    const month = new Date(Number(row[time]) * 1000).toISOString().slice(0, 7)
    const key =
      `${id < 0 ? '' : row[id]} ${month} ${centre(north)},${centre(east >= 180 ? east - 360 : east)}`.trim()
    cells.set(key, (cells.get(key) ?? 0) + 1)
  }
  return { cells, left }
}

describe('switched off', () => {
  it('nothing of what moves is asked for, and the folder is as before', async () => {
    const server = await serve([...fleet(), station('buoy')])
    const harvester = await harvesterOf(server, { moving_platforms: [] })
    const run = await harvester.run()
    expect(run.outcomes).toEqual({
      buoy: 'success',
      drifters: 'CDM_DATA_TYPE_UNSUPPORTED',
      floats: 'CDM_DATA_TYPE_UNSUPPORTED',
      glider: 'CDM_DATA_TYPE_UNSUPPORTED',
      ship: 'CDM_DATA_TYPE_UNSUPPORTED',
      survey: 'CDM_DATA_TYPE_UNSUPPORTED',
    })
    expect(asked(server).filter((path) => /glider|floats|drifters|ship|survey|version/.test(path))).toEqual(
      [],
    )
    await expect(run.table('tracks')).rejects.toThrow()
    expect(run.attempts.find(({ datasetId }) => datasetId === 'ship')!.message).toBe(
      'cdm_data_type "Trajectory" is not one of TimeSeries, Profile, TimeSeriesProfile',
    )
  })
})

describe('switched on', () => {
  it('everything that moves is in the index, in few questions, with its records', async () => {
    const server = await serve([...fleet(), station('buoy')])
    const harvester = await harvesterOf(server)
    const run = await harvester.run()
    expect(new Set(Object.values(run.outcomes))).toEqual(new Set(['success']))
    const questions = (id: string) => asked(server).filter((path) => path.includes(`${id}`)).length
    expect(['glider', 'floats', 'drifters', 'ship', 'survey'].map(questions)).toEqual([4, 4, 2, 2, 3])
    expect(asked(server).filter((path) => path.endsWith('/version'))).toHaveLength(1)

    const profiles = await run.table('profiles')
    const rows = (id: string) => profiles.filter((row) => row.dataset_id === id)
    const records = (id: string) => rows(id).reduce((sum, row) => sum + Number(row.n_records), 0)
    expect(rows('glider')).toHaveLength(36)
    expect(records('glider')).toBe(36 * 6)
    expect(rows('floats').map((row) => row.profile_id)).toContain('4902003/2')
    for (const id of ['drifters', 'ship'] as const) {
      const { cells } = cellsOf(server.dataset(id), id === 'ship' ? 'ship' : 'ID')
      expect(new Map(rows(id).map((row) => [row.profile_id, Number(row.n_records)]))).toEqual(cells)
    }
    expect(rows('survey')).toHaveLength(48)
    expect(records('survey')).toBe(240)
    expect(rows('survey').every((row) => Number(row.longitude) < 0)).toBe(true)
    const { left } = cellsOf(server.dataset('drifters'), 'ID')
    const told = run.attempts.find(({ datasetId }) => datasetId === 'drifters')!.warnings
    expect(told).toEqual([
      { code: 'TRACK_ID_EMPTY', values: { variable: 'ID' } },
      { code: 'TRACK_UNPLACED', values: { records: left, groups: expect.any(Number) } },
    ])
    expect(run.log.some(({ text }) => text.includes(`${left} left out = 6000 that the server counts`))).toBe(
      true,
    )

    const datasets = await run.table('datasets')
    expect(datasets.find((row) => row.dataset_id === 'glider')).toMatchObject({
      cdm_data_type: 'TrajectoryProfile',
      timeseries_id_variable: '',
      profile_id_variable: 'profile_id',
      trajectory_id_variable: 'trajectory',
      n_profiles: '36',
    })
    const stored = await tracks()
    expect(stored.map((track) => track.dataset_id)).toEqual([
      ...Array(5).fill('drifters'),
      ...Array(8).fill('floats'),
      'glider',
      'ship',
    ])
    // One of them crosses the antimeridian, one has no id.
    expect(stored.filter((track) => /180 .*-180 /.test(track.geom ?? '')).length).toBeGreaterThan(0)
    expect(stored[0]!.trajectory_id).toBe('')
    expect(await run.table('tracks')).toHaveLength(stored.length)
    const shown = await tracksOfIndex(database, {
      erddapUrl: server.url,
      datasetId: 'ship',
      variable: null,
      view: null,
      limit: 10,
    })
    expect(shown).toMatchObject([{ trajectory_id: 'CCGS Demonstration', n_records: 3000, n_days: 63 }])
    const geometry = JSON.parse(shown[0]!.geometry!) as { type: string; coordinates: [number, number][][] }
    expect(geometry.type).toBe('MultiLineString')
    expect(geometry.coordinates[0]![0]![0]).toBeCloseTo(-70.4, 1)
  })

  it('nothing changes in the index where nothing changed, and unchanged datasets are skipped', async () => {
    const server = await serve(fleet({ files }))
    const harvester = await harvesterOf(server)
    await harvester.run()
    const state = async () =>
      (
        await database.query<{ state: string }>(
          `SELECT string_agg(dataset_id || trajectory_id || xmin::text, ',' ORDER BY dataset_id, trajectory_id) AS state FROM harvester.tracks`,
        )
      ).rows[0]!.state
    const before = await state()
    const again = await harvester.run()
    expect(new Set(Object.values(again.outcomes))).toEqual(new Set(['UNCHANGED']))
    await harvester.run({ force: true })
    expect(await state()).toBe(before)
    // Another limit gives other rows.
    const coarser = await harvesterOf(server, { moving_max_rows: 1000 })
    const changed = await coarser.run()
    expect(new Set(Object.values(changed.outcomes))).toEqual(new Set(['success']))
  })

  it('a server before 2.00 is asked for its version once, and for nothing else', async () => {
    const server = await serve([...fleet(), station('buoy')], { version: '1.82' })
    const harvester = await harvesterOf(server)
    const run = await harvester.run()
    expect(run.outcomes.glider).toBe('SERVER_TOO_OLD_FOR_TRACKS')
    expect(run.outcomes.buoy).toBe('success')
    expect(asked(server).filter((path) => /glider|floats|drifters|ship|survey/.test(path))).toEqual([])
    expect(asked(server).filter((path) => path.endsWith('/version'))).toHaveLength(1)
  })

  it('a mirror that answers itself gives the same rows, without counts', async () => {
    const origin = demoDrifters()
    const mirror: DemoDataset = {
      ...demoDrifters(),
      id: 'mirror',
      erddapClass: 'EDDTableFromErddap',
      mirrors: () => origin,
    }
    const server = await serve([
      origin,
      mirror,
      { ...demoGlider(), id: 'seconded', erddapClass: 'EDDTableFromErddap', mirrors: () => demoGlider() },
    ])
    const harvester = await harvesterOf(server)
    const run = await harvester.run()
    expect(run.outcomes).toEqual({ drifters: 'success', mirror: 'success', seconded: 'success' })
    const profiles = await run.table('profiles')
    const rows = (id: string) => profiles.filter((row) => row.dataset_id === id)
    expect(rows('mirror').map((row) => row.profile_id)).toEqual(rows('drifters').map((row) => row.profile_id))
    expect(new Set(rows('mirror').map((row) => row.n_records))).toEqual(new Set(['']))
    expect(rows('seconded')).toHaveLength(36)
    const questions = asked(server).filter((path) => path.includes('/mirror'))
    expect(questions.filter((path) => path.includes('orderByCount'))).toEqual([])
    expect(questions.filter((path) => path.includes('orderByMin('))).toHaveLength(1)
  })

  it('data that go on arriving are asked once a day', async () => {
    const server = await serve([{ ...demoDrifters({ files }) }])
    server.setAttribute('drifters', 'time', 'actual_range', '1.6409952E9, NaN')
    const harvester = await harvesterOf(server)
    expect((await harvester.run()).outcomes).toEqual({ drifters: 'success' })
    server.clearRequests()
    const second = await harvester.run()
    expect(second.outcomes).toEqual({ drifters: 'UNCHANGED' })
    expect(second.attempts[0]!.facts[0]!.code).toBe('ASKED_RECENTLY')
    expect(asked(server).filter((path) => path.includes('tabledap/drifters'))).toEqual([])
    const eager = await harvesterOf(server, { moving_min_hours: 0 })
    expect((await eager.run()).outcomes).toEqual({ drifters: 'success' })
  })

  it('what is too large for its server keeps its rows, however often', async () => {
    const server = await serve([demoDrifters(), station('buoy'), station('other')])
    const harvester = await harvesterOf(server, { prune: { missing_runs: 1 }, prune_after_hours: 0 })
    await harvester.run()
    const before = await tracks()
    server.setHostile([
      {
        match: /tabledap\/drifters\.csv\?.*orderByCount/,
        behave: {
          kind: 'status',
          status: 413,
          body: 'Error {\n    code=413;\n    message="Payload Too Large: Your query produced too much data.";\n}\n',
        },
      },
    ])
    server.clearRequests()
    const run = await harvester.run()
    expect(run.outcomes.drifters).toBe('TRACK_TOO_LARGE')
    expect(asked(server).filter((path) => path.includes('orderByCount("ID'))).toHaveLength(2)
    await harvester.run({ incremental: false, source: null })
    expect(await tracks()).toEqual(before)
    const { rows } = await database.query(`SELECT 1 FROM harvester.dataset_absence`)
    expect(rows).toEqual([])
  })

  it('in parts it is all there', async () => {
    const server = await serve([demoDrifters()])
    server.setHostile([
      {
        match: /tabledap\/drifters\.csv\?.*orderByCount/,
        times: 1,
        behave: {
          kind: 'status',
          status: 413,
          body: 'Error {\n    code=413;\n    message="Payload Too Large: Your query produced too much data.";\n}\n',
        },
      },
    ])
    const run = await (await harvesterOf(server)).run()
    const { cells } = cellsOf(server.dataset('drifters'), 'ID')
    const profiles = await run.table('profiles')
    expect(new Map(profiles.map((row) => [row.profile_id, Number(row.n_records)]))).toEqual(cells)
  })
})

describe('on, off, on', () => {
  it('rows and tracks go and come again', async () => {
    const server = await serve([demoDrifters(), ...['a', 'b', 'c', 'd'].map(station)])
    const on = await harvesterOf(server)
    await on.run()
    const before = await tracks()
    expect(before).toHaveLength(5)
    const off = await harvesterOf(server, { moving_platforms: ['Point'] })
    await off.run()
    expect(await tracks()).toEqual([])
    const left = await database.query<{ dataset_id: string }>(
      `SELECT DISTINCT dataset_id FROM cde.profiles ORDER BY 1`,
    )
    expect(left.rows.map((row) => row.dataset_id)).toEqual(['a', 'b', 'c', 'd'])
    await on.run()
    expect(await tracks()).toEqual(before)
  })

  it('never more than half of a source at once', async () => {
    const server = await serve([...fleet(), station('a')])
    await (await harvesterOf(server)).run()
    const before = await tracks()
    await (await harvesterOf(server, { moving_platforms: [] })).run()
    expect(await tracks()).toEqual(before)
  })

  it('a source may ask for less than all others', async () => {
    const server = await serve(fleet())
    const harvester = await harvesterOf(server, {
      erddap_urls: [{ url: server.url, moving_platforms: ['Trajectory'] }],
    })
    expect((await harvester.run()).outcomes).toEqual({
      drifters: 'success',
      floats: 'CDM_DATA_TYPE_UNSUPPORTED',
      glider: 'CDM_DATA_TYPE_UNSUPPORTED',
      ship: 'success',
      survey: 'CDM_DATA_TYPE_UNSUPPORTED',
    })
  })
})
