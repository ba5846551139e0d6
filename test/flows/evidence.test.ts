/** Nothing is believed on one answer: what a data manager would have seen, run after run. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Database } from '../../src/database/port.ts'
import type { DemoDataset, Row } from '../../src/demo/dataset.ts'
import { type ErddapServer, startErddap } from '../../src/demo/erddap.ts'
import type { Patience } from '../../src/harvest/patience.ts'
import { day, describe as described, epoch, hour, none } from '../acceptance/build.ts'
import { emptyDatabase } from '../support/database.ts'
import { openMigrated } from '../support/engine.ts'
import { createHarvester, type Harvested, type Harvester } from '../support/harvester.ts'

/** The server lives in the past, so that what is changed on it has been left alone for long. */
const serverTime = Date.UTC(2024, 5, 1)
const start = epoch('2021-03-01T00:00:00Z')

let database: Database
const closing: { close(): Promise<unknown> }[] = []

beforeAll(async () => {
  database = await openMigrated()
}, 240_000)
afterAll(async () => {
  await database?.close()
})
beforeEach(() => emptyDatabase(database))
afterEach(async () => {
  for (const part of closing.splice(0).reverse()) await part.close()
})

async function serve(...datasets: DemoDataset[]): Promise<ErddapServer> {
  const server = await startErddap({ datasets, now: () => serverTime })
  closing.push(server)
  return server
}

async function harvesterOf(
  server: ErddapServer,
  { patience, ...settings }: Record<string, unknown> & { patience?: Patience } = {},
): Promise<Harvester> {
  const made = await createHarvester({
    settings: { erddap_urls: [server.url], ...settings },
    database,
    ...(patience && { patience }),
  })
  closing.push(made)
  return made
}

/** Readings of a station: id, time, latitude, longitude, depth. */
function station(id: string, latitude: number, count = 48): Row[] {
  return Array.from({ length: count }, (_, step) => [id, start + step * hour, latitude, -125, 5])
}

const threeStations = () => [...station('K0', 45), ...station('K1', 46), ...station('K2', 47)]

const files = () =>
  ['f0', 'f1', 'f2'].map((name) => ({ name: `${name}.csv`, lastModified: Date.UTC(2022, 0), size: 2000 }))

function stations(
  id: string,
  rows: readonly Row[] = threeStations(),
  more: Partial<DemoDataset> = {},
): DemoDataset {
  return described({
    id,
    type: 'TimeSeries',
    ids: [['station', 'timeseries_id']],
    vertical: 'depth',
    globals: { subsetVariables: 'station, latitude, longitude' },
    ranges: { time: `${start}, ${start + 47 * hour}` },
    rows,
    more: { files: files(), ...more },
  })
}

/** A Profile dataset without depth whose time is in `subsetVariables`: 20 casts of 10 records. */
function casts(id: string, more: Partial<DemoDataset> = {}): DemoDataset {
  return described({
    id,
    type: 'Profile',
    ids: [['cast', 'profile_id']],
    globals: { subsetVariables: 'cast, time, latitude, longitude' },
    ranges: { time: `${start}, ${start + 19 * day}` },
    rows: Array.from({ length: 200 }, (_, at): Row => {
      const cast = Math.floor(at / 10)
      return [`cast${String(cast).padStart(5, '0')}`, start + cast * day, 47 + cast / 100, -60]
    }),
    more,
  })
}

const withMeasure = (rows: readonly Row[]) => rows.map((row): Row => [...row, 1])

async function indexed(id: string) {
  const { rows } = await database.query<{ id: string; latitude: number; n_records: number | null }>(
    `SELECT coalesce(timeseries_id, profile_id) AS id, latitude::float8 AS latitude, n_records::int AS n_records
     FROM cde.profiles WHERE dataset_id = $1 ORDER BY 1`,
    [id],
  )
  return rows
}

const reasonOf = async (run: Harvested, id: string) => {
  const row = (await run.table('datasets')).find((row) => row.dataset_id === id)!
  return row.content_hash === '' ? row.content_hash_reason : 'a hash'
}

const warningsOf = ({ log }: Harvested) => log.filter(({ level }) => level === 'warn').map(({ text }) => text)
const attemptOf = (run: Harvested, id: string) => run.attempts.find(({ datasetId }) => datasetId === id)!

describe('a new station', () => {
  it('whose file the server had not read yet is indexed once it has', async () => {
    const server = await serve(stations('buoys'))
    const harvest = await harvesterOf(server)
    // The manifest has the file at once, with an old time; the data of the server do not.
    const added = { name: 'f9.csv', lastModified: Date.UTC(2021, 0), size: 483 }
    server.addFile('buoys', added, withMeasure(station('K9', 45.5, 10)))
    const first = await harvest.run()
    expect((await indexed('buoys')).map(({ id }) => id)).toEqual(['K0', 'K1', 'K2'])
    expect(await reasonOf(first, 'buoys')).toBe('a hash')
    expect((await harvest.run()).outcomes).toEqual({ buoys: 'UNCHANGED' })
    server.reread('buoys')
    expect((await harvest.run()).outcomes).toEqual({ buoys: 'success' })
    expect((await indexed('buoys')).map(({ id }) => id)).toEqual(['K0', 'K1', 'K2', 'K9'])
    expect((await harvest.run()).outcomes).toEqual({ buoys: 'UNCHANGED' })
  })

  it('of a server that updates by itself is indexed at once, although its cached table lacks it', async () => {
    const live = stations('live', threeStations(), { updates: true })
    live.variables = live.variables.filter(({ name }) => name !== 'depth')
    live.rows = () =>
      threeStations().map(([id, time, latitude, longitude]) => [id!, time!, latitude!, longitude!, 1])
    const server = await serve(live)
    const harvest = await harvesterOf(server)
    await harvest.run()
    const added = { name: 'b.csv', lastModified: Date.UTC(2023, 0), size: 295 }
    server.addFile(
      'live',
      added,
      station('K9', 45.5, 6).map(([id, time, latitude, longitude]) => [id!, time!, latitude!, longitude!, 1]),
    )
    const second = await harvest.run()
    expect(second.outcomes).toEqual({ live: 'success' })
    expect((await indexed('live')).at(-1)).toEqual({ id: 'K9', latitude: 45.5, n_records: 6 })
    expect(await reasonOf(second, 'live')).toBe('a hash')
  })
})

describe('a station that moved', () => {
  it('in place is where its data say, not where a cached table has it', async () => {
    const server = await serve(stations('buoys'))
    const harvest = await harvesterOf(server)
    await harvest.run()
    const moved = withMeasure([...station('K0', 45), ...station('K1', 46.9), ...station('K2', 47)])
    server.rewriteFile('buoys', () => moved, 'f1.csv')
    await harvest.run({ force: true, dataset_ids: ['buoys'] })
    expect((await indexed('buoys'))[1]).toMatchObject({ id: 'K1', latitude: 46.9 })
    server.reread('buoys')
    expect((await harvest.run()).outcomes).toEqual({ buoys: 'success' })
    expect((await harvest.run()).outcomes).toEqual({ buoys: 'UNCHANGED' })
  })
})

describe('ids that the owner remapped', () => {
  it('without any visible sign are found when the harvest is 30 days old', async () => {
    const server = await serve(stations('buoys'))
    const harvest = await harvesterOf(server)
    await harvest.run()
    const renamed = withMeasure([...station('X0', 45), ...station('X1', 46), ...station('X2', 47)])
    server.rewriteFile('buoys', () => renamed, 'f1.csv')
    expect((await harvest.run()).outcomes).toEqual({ buoys: 'UNCHANGED' })
    await database.query(`UPDATE cde.harvest_attempts SET attempted_at = attempted_at - interval '31 days'`)
    expect((await harvest.run()).outcomes).toEqual({ buoys: 'success' })
    expect((await indexed('buoys')).map(({ id }) => id)).toEqual(['X0', 'X1', 'X2'])
  })
})

describe('a dataset whose source file is half copied', () => {
  it('keeps its stations, run after run, until the file is whole', async () => {
    const server = await serve(stations('buoys'), stations('other'))
    const harvest = await harvesterOf(server)
    await harvest.run()
    // The server marked the files bad: nothing to count, but the stations are in its cached table.
    server.rewriteFile('buoys', () => [], 'f1.csv')
    for (let run = 0; run < 4; run += 1) {
      const again = await harvest.run({ force: true, dataset_ids: ['buoys'] })
      expect(again.outcomes.buoys).toBe('CONTRADICTORY_ANSWERS')
      expect(attemptOf(again, 'buoys').message).toMatch(/positions/)
      expect((await indexed('buoys')).map(({ n_records }) => n_records)).toEqual([48, 48, 48])
    }
    server.rewriteFile('buoys', () => withMeasure(threeStations()), 'f1.csv')
    expect((await harvest.run({ force: true, dataset_ids: ['buoys'] })).outcomes.buoys).toBe('success')
  })

  it('is an error, not a dataset without profiles, where only its metadata know of rows', async () => {
    const empty = stations('buoys', [])
    empty.globals = empty.globals.filter(({ name }) => name !== 'subsetVariables')
    const server = await serve(empty, stations('other'))
    const harvest = await harvesterOf(server)
    const run = await harvest.run()
    expect(run.outcomes).toEqual({ buoys: 'CONTRADICTORY_ANSWERS', other: 'success' })
    expect(attemptOf(run, 'buoys').message).toMatch(/no rows, but .* 2021-03-01T00:00:00Z/)
  })

  it('has no profiles where nothing says that there are rows', async () => {
    const empty = stations('buoys', [])
    empty.globals = empty.globals.filter(({ name }) => name !== 'subsetVariables')
    for (const variable of empty.variables)
      variable.attributes = variable.attributes.filter(({ name }) => name !== 'actual_range')
    const server = await serve(empty, stations('other'))
    const run = await (await harvesterOf(server)).run()
    expect(run.outcomes).toEqual({ buoys: 'NO_PROFILES_FOUND', other: 'success' })
  })

  it('with a broken line has the station once, at its place', async () => {
    const broken = [...station('K1', 46, 23), ['K1', none, none, none, none] as Row]
    const server = await serve(stations('buoys', [...station('K0', 45), ...broken, ...station('K2', 47)]))
    const run = await (await harvesterOf(server)).run()
    expect(run.outcomes).toEqual({ buoys: 'success' })
    expect(await indexed('buoys')).toEqual([
      { id: 'K0', latitude: 45, n_records: 48 },
      { id: 'K1', latitude: 46, n_records: 23 },
      { id: 'K2', latitude: 47, n_records: 48 },
    ])
  })
})

describe('a file type of several dimensions', () => {
  it('is harvested with its counts, although the server says that it has nothing to count', async () => {
    const server = await serve(stations('moorings', threeStations(), { multidimensional: true }))
    const harvest = await harvesterOf(server)
    const run = await harvest.run()
    expect(run.outcomes).toEqual({ moorings: 'success' })
    expect((await indexed('moorings')).map(({ n_records }) => n_records)).toEqual([48, 48, 48])
    expect(warningsOf(run)).toEqual([])
    expect(await reasonOf(run, 'moorings')).toBe('a hash')
    expect((await harvest.run()).outcomes).toEqual({ moorings: 'UNCHANGED' })
  })

  it('is harvested where its casts are known by their time', async () => {
    const dataset = described({
      id: 'casts',
      type: 'TimeSeriesProfile',
      ids: [['station', 'timeseries_id']],
      vertical: 'depth',
      globals: { subsetVariables: 'station, time, latitude, longitude', cdm_profile_variables: 'time' },
      rows: ['MD0', 'MD1'].flatMap((id, at) =>
        Array.from(
          { length: 100 },
          (_, step): Row => [id, start + Math.floor(step / 5) * hour, 55 + at, -30 - at, (step % 5) * 5],
        ),
      ),
      more: { multidimensional: true },
    })
    const time = dataset.variables.find(({ name }) => name === 'time')!
    time.attributes.push({ name: 'cf_role', type: 'String', value: 'profile_id' })
    const run = await (await harvesterOf(await serve(dataset))).run()
    expect(run.outcomes).toEqual({ casts: 'success' })
    const rows = await run.table('profiles')
    expect(rows.map(({ n_records, n_profiles, depth_max }) => [n_records, n_profiles, depth_max])).toEqual([
      ['100', '20', '20'],
      ['100', '20', '20'],
    ])
  })
})

describe('a mirror that answers itself', () => {
  it('has unknown counts and a warning, not a 1 in every row, and is never proven unchanged', async () => {
    const origin = casts('origin')
    const mirror = casts('mirror', {
      mirrors: () => origin,
      erddapClass: 'EDDTableFromErddap',
      rows: () => [],
    })
    const server = await serve(mirror, casts('own'))
    const run = await (await harvesterOf(server)).run()
    expect(run.outcomes).toEqual({ mirror: 'success', own: 'success' })
    const rows = await run.table('profiles')
    const countsOf = (id: string) =>
      new Set(rows.filter((row) => row.dataset_id === id).map((row) => row.n_records))
    expect(countsOf('mirror')).toEqual(new Set(['']))
    expect(countsOf('own')).toEqual(new Set(['10']))
    expect(await reasonOf(run, 'mirror')).toBe('HASH_FEDERATED_UNRESOLVED')
    expect(
      warningsOf(run).filter((text) => /records of 20 of 20 rows are not known/.test(text)),
    ).toHaveLength(1)
  })
})

describe('a server that fails for a moment', () => {
  it('on counts does not make n_records 0', async () => {
    const server = await serve(stations('buoys'))
    const harvest = await harvesterOf(server)
    await harvest.run()
    server.setHostile([
      { match: /orderByCount/, behave: { kind: 'status', status: 501, body: 'out of order' } },
    ])
    const second = await harvest.run({ force: true, dataset_ids: ['buoys'] })
    expect(second.outcomes).toEqual({ buoys: 'success' })
    expect((await second.table('profiles')).map((row) => row.n_records)).toEqual(['', '', ''])
    expect(await reasonOf(second, 'buoys')).not.toBe('a hash')
    expect(warningsOf(second).filter((text) => text.includes('n_records is empty'))).toHaveLength(1)
  })

  it.each([
    ['the positions', /orderByCount/, 4],
    ['the times', /orderByMinMax\("station,time"\)/, 4],
  ])('and cuts %s at a line end is asked again, and the index is whole', async (_what, match, lines) => {
    const server = await serve(stations('buoys'))
    const harvest = await harvesterOf(server)
    server.setHostile([{ match, behave: { kind: 'cut', lines }, times: 1 }])
    const run = await harvest.run()
    expect(run.outcomes).toEqual({ buoys: 'success' })
    expect(await indexed('buoys')).toHaveLength(3)
    expect(await reasonOf(run, 'buoys')).toBe('a hash')
  })

  it('and cuts the positions after the first station, each time: a warning, no hash', async () => {
    const server = await serve(stations('buoys'))
    const harvest = await harvesterOf(server)
    server.setHostile([{ match: /orderByCount/, behave: { kind: 'cut', lines: 3 } }])
    const run = await harvest.run()
    expect(run.outcomes).toEqual({ buoys: 'success' })
    expect(await reasonOf(run, 'buoys')).toBe('HASH_NOT_SETTLED')
    expect(warningsOf(run)).toContainEqual(
      expect.stringMatching(/2 ids are in another answer.*positions.*K1, K2/),
    )
    server.setHostile([])
    expect((await harvest.run()).outcomes).toEqual({ buoys: 'success' })
    expect(await indexed('buoys')).toHaveLength(3)
  })
})

describe('one dataset that says "no such function"', () => {
  it('costs no other dataset its counts', async () => {
    const ids = ['a', 'b', 'c', 'd']
    const server = await serve(...ids.map((id) => stations(id)))
    server.setHostile([
      {
        match: /tabledap\/a\..*orderByCount/,
        behave: {
          kind: 'status',
          status: 400,
          body: 'Error {\n    code=400;\n    message="Bad Request: Query error: No operator found in constraint=\\"orderByCount";\n}\n',
        },
      },
    ])
    const run = await (await harvesterOf(server)).run()
    const rows = await run.table('profiles')
    const countsOf = (id: string) => rows.filter((row) => row.dataset_id === id).map((row) => row.n_records)
    expect(countsOf('a')).toEqual(['', '', ''])
    for (const id of ['b', 'c', 'd']) expect(countsOf(id)).toEqual(['48', '48', '48'])
  })
})

describe('a server that is down for a while', () => {
  it('is waited for, and the whole source is harvested', async () => {
    const server = await serve(...Array.from({ length: 9 }, (_, at) => stations(`s${at}`)))
    const slept: number[] = []
    // Time passes when somebody sleeps, and the server is up again after 90 seconds of it.
    const patience: Patience = {
      hostPausesMs: [30_000, 60_000, 120_000],
      unknownMs: 0,
      sleep: async (ms) => {
        slept.push(ms)
        if (slept.length === 2) server.setHostile([])
      },
    }
    const harvest = await harvesterOf(server, {
      patience,
      erddap_urls: [{ url: server.url, concurrency: 6 }],
    })
    server.setHostile([{ match: /\/s\d[./]/, behave: { kind: 'hangup' } }])
    const run = await harvest.run()
    expect(new Set(Object.values(run.outcomes))).toEqual(new Set(['success']))
    expect(run.attempts).toHaveLength(9)
    expect(run.result.state).toBe('COMPLETED')
    expect(slept).toEqual([30_000, 60_000])
    expect(warningsOf(run)).toContainEqual(expect.stringMatching(/does not answer .*asked again in 30 s/))
  }, 240_000)
})

describe('a listed dataset that the server does not know', () => {
  it('for a moment is harvested at the end of the run', async () => {
    const server = await serve(stations('a'), stations('b'), stations('c'))
    server.startReading('a')
    server.onRequest(({ path }) => {
      if (path.includes('/info/c/')) server.reread('a')
    })
    const run = await (await harvesterOf(server)).run()
    expect(run.outcomes).toEqual({ a: 'success', b: 'success', c: 'success' })
    expect(attemptOf(run, 'a').queryUrls.filter((url) => url.includes('/info/a/'))).toHaveLength(2)
  })

  it('in the middle of its harvest is harvested at the end of the run', async () => {
    const server = await serve(stations('a'), stations('b'))
    server.onRequest(({ path }) => {
      if (path.includes('tabledap/a.csv')) server.startReading('a')
      if (path.includes('tabledap/b.csv')) server.reread('a')
    })
    const run = await (await harvesterOf(server)).run()
    server.onRequest(undefined)
    expect(run.outcomes.b).toBe('success')
    expect(await indexed('b')).toHaveLength(3)
  })

  it('twice is not found', async () => {
    const server = await serve(stations('a'), stations('b'))
    server.startReading('a')
    const run = await (await harvesterOf(server)).run()
    expect(run.outcomes).toEqual({ a: 'NOT_FOUND', b: 'success' })
    expect(run.attempts).toHaveLength(2)
  })
})

describe('casts whose variables are all in subsetVariables', () => {
  it('have as many records as they have, not 1', async () => {
    const server = await serve(casts('profiles'))
    const run = await (await harvesterOf(server)).run()
    expect(new Set((await run.table('profiles')).map((row) => row.n_records))).toEqual(new Set(['10']))
    const asked = server.requests.filter(({ path }) => path.includes('orderBy')).map(({ path }) => path)
    for (const path of asked) expect(path).toContain(',v0')
  })

  it('have unknown counts where no variable is left that the server must look up', async () => {
    const dataset = casts('profiles')
    for (const one of dataset.globals)
      if (one.name === 'subsetVariables') one.value = 'cast, time, latitude, longitude, v0'
    const run = await (await harvesterOf(await serve(dataset))).run()
    expect(new Set((await run.table('profiles')).map((row) => row.n_records))).toEqual(new Set(['']))
    expect(warningsOf(run)).toContainEqual(expect.stringContaining('every variable is in subsetVariables'))
  })
})
