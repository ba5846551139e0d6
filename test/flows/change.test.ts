import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Database } from '../../src/database/port.ts'
import { timeSeries, yearlyFiles } from '../../src/demo/build.ts'
import { type CkanServer, startCkan } from '../../src/demo/ckan.ts'
import type { DemoDataset } from '../../src/demo/dataset.ts'
import { type ErddapOptions, type ErddapServer, startErddap } from '../../src/demo/erddap.ts'
import { scaleDatasets } from '../../src/demo/scale.ts'
import { addAttempts, startRun } from '../../src/inventory/audit.ts'
import { lastDataHarvests } from '../../src/inventory/fingerprints.ts'
import { emptyDatabase } from '../support/database.ts'
import { openMigrated } from '../support/engine.ts'
import { createHarvester, type Harvester } from '../support/harvester.ts'

/** The servers live in 2024, so that what is changed on them has been left alone for long. */
const serverTime = Date.UTC(2024, 5, 1)
const stations = [
  { id: 'A1', latitude: 48.5, longitude: -63.1, name: 'A1' },
  { id: 'A2', latitude: 48.7, longitude: -63.4, name: 'A2' },
]

function buoys(id: string, more: Partial<DemoDataset> = {}): DemoDataset {
  return timeSeries({
    id,
    title: `Buoys ${id}`,
    institution: 'Loopback test',
    stations: stations as never,
    measures: ['surfaceTemperature'],
    from: '2022-01-01T00:00:00Z',
    stepSeconds: 3600,
    count: 30,
    more: { files: yearlyFiles(id, [2021, 2022]), ...more },
  })
}

let database: Database
const closing: { close(): Promise<unknown> }[] = []

beforeAll(async () => {
  database = await openMigrated()
})
afterAll(async () => {
  await database?.close()
})
beforeEach(() => emptyDatabase(database))
afterEach(async () => {
  for (const part of closing.splice(0).reverse()) await part.close()
})

async function serve(
  options: Partial<ErddapOptions> & Pick<ErddapOptions, 'datasets'>,
): Promise<ErddapServer> {
  const server = await startErddap({ now: () => serverTime, ...options })
  closing.push(server)
  return server
}

async function harvester(
  server: ErddapServer,
  settings: Record<string, unknown> = {},
  options: { oneShot?: boolean } = {},
): Promise<Harvester> {
  const made = await createHarvester({
    settings: { erddap_urls: [server.url], ...settings },
    database,
    ...options,
  })
  closing.push(made)
  return made
}

const asked = (server: ErddapServer, id: string) =>
  server.requests.filter(({ path }) => path.includes(id)).map(({ path }) => path.replace('/erddap/', ''))

/** What was asked of dataset `a`. */
const askedOfA = (server: ErddapServer) => asked(server, '/a').filter((path) => /^\w+\/a[./]/.test(path))

const rowOf = async (id: string) =>
  (
    await database.query<{
      content_hash: string | null
      content_hash_reason: string | null
      title: string
      title_fr: string | null
      last_updated_at: Date
      verified_at: Date
    }>('SELECT * FROM cde.datasets WHERE dataset_id = $1', [id])
  ).rows[0]!

function catalogued(server: ErddapServer, id: string): Record<string, unknown> {
  return {
    id: `record-${id}`,
    title_translated: { en: `Catalogued ${id}`, fr: `Bouées ${id}` },
    'cited-responsible-party': [{ 'organisation-name': 'Catalogue Centre' }],
    resources: [{ url: `${server.url}/tabledap/${id}.html` }],
  }
}

describe('a second harvest skips', () => {
  const kinds: [
    what: string,
    change: (parts: { server: ErddapServer; ckan: CkanServer }) => unknown,
    expected: 'UNCHANGED' | 'success',
    data: 'asked for' | 'not asked for',
  ][] = [
    ['everything when nothing changed', () => undefined, 'UNCHANGED', 'not asked for'],
    [
      'no dataset with a row in the middle, once the server has read it',
      ({ server }) => {
        server.insertRow('a', ['A1', 1_641_000_000, 48.5, -63.1, 4.2], 7)
        server.reread('a')
      },
      'success',
      'asked for',
    ],
    [
      'no dataset with a new file, however old, once the server has read it',
      ({ server }) => {
        server.addFile('a', { name: 'a_1999.csv', lastModified: Date.UTC(2000, 0), size: 10 })
        server.reread('a')
      },
      'success',
      'asked for',
    ],
    [
      'a dataset with a file that the server has not read: its data are those of before',
      ({ server }) =>
        server.addFile('a', { name: 'a_1999.csv', lastModified: Date.UTC(2000, 0), size: 10 }, [
          ['A3', 1_641_000_000, 48.9, -63.1, 4.2],
        ]),
      'UNCHANGED',
      'not asked for',
    ],
    [
      'no dataset with a touched file',
      ({ server }) => {
        server.touchFile('a')
        server.reread('a')
      },
      'success',
      'asked for',
    ],
    [
      'no dataset that was harvested longer ago than any is trusted',
      () =>
        database.query(`UPDATE cde.harvest_attempts SET attempted_at = attempted_at - interval '31 days'`),
      'success',
      'asked for',
    ],
    [
      'no dataset with another attribute',
      ({ server }) => server.setAttribute('a', 'sst', 'standard_name', 'sea_surface_skin_temperature'),
      'success',
      'asked for',
    ],
    ['no dataset with another title', ({ server }) => server.setTitle('a', 'Other'), 'success', 'asked for'],
    [
      'the data, not the words, of a dataset whose record changed in the catalogue',
      ({ ckan }) =>
        ckan.changeRecord('record-a', { title_translated: { en: 'Catalogued a', fr: 'Autre titre' } }),
      'success',
      'not asked for',
    ],
    [
      'no dataset that the catalogue has no record of any more',
      ({ ckan }) => ckan.records.splice(0, 1),
      'success',
      'asked for',
    ],
    [
      'no dataset that was harvested by other rules',
      () => database.query(`UPDATE cde.datasets SET content_hash = 'of other rules'`),
      'success',
      'asked for',
    ],
  ]

  it.each(kinds)('%s', async (_what, change, expected, data) => {
    const server = await serve({ datasets: [buoys('a'), buoys('b')] })
    const ckan = await startCkan({ records: [catalogued(server, 'a'), catalogued(server, 'b')] })
    closing.push(ckan)
    const harvest = await harvester(server, { ckan_url: ckan.url, ckan_cache_hours: 0 })
    const first = await harvest.run()
    expect(first.outcomes).toEqual({ a: 'success', b: 'success' })
    await database.query(`UPDATE cde.datasets SET verified_at = verified_at - interval '1 day'`)
    const before = await rowOf('a')
    expect(before).toMatchObject({
      content_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      title_fr: 'Bouées a',
    })

    await change({ server, ckan })
    server.clearRequests()
    const second = await harvest.run()

    expect(second.outcomes.a).toBe(expected)
    expect(second.result.state).toBe('COMPLETED')
    const questions = askedOfA(server).filter((path) => path.startsWith('tabledap/'))
    expect(questions.length > 0 ? 'asked for' : 'not asked for').toBe(data)
    const after = await rowOf('a')
    expect(after.verified_at.getTime()).toBeGreaterThan(before.verified_at.getTime())
    if (data === 'not asked for') {
      expect(askedOfA(server)).toEqual(['info/a/index.csv', 'files/a/.csv'])
      expect((await second.table('verified')).map((row) => row.dataset_id)).toContain('a')
      expect(after.content_hash).toBe(before.content_hash)
    }
    if (expected === 'UNCHANGED') expect(after.last_updated_at).toEqual(before.last_updated_at)
    else if (data === 'not asked for') {
      expect(after.title_fr).toBe('Autre titre')
      expect((await second.table('ckan')).map((row) => row.dataset_id)).toContain('a')
      expect(second.attempts.find(({ datasetId }) => datasetId === 'a')!.message).toMatch(/catalogue changed/)
    }
  })

  it('nothing that is forced, or when the run is not incremental', async () => {
    const server = await serve({ datasets: [buoys('a'), buoys('b')] })
    const harvest = await harvester(server)
    await harvest.run()
    expect((await harvest.run({ dataset_ids: ['a'], force: true })).outcomes).toEqual({ a: 'success' })
    expect((await harvest.run({ incremental: false })).outcomes).toEqual({ a: 'success', b: 'success' })
    expect((await harvest.run()).outcomes).toEqual({ a: 'UNCHANGED', b: 'UNCHANGED' })
  })

  it('no real-time dataset, which ends at the time of the run', async () => {
    const server = await serve({ datasets: [buoys('a')] })
    server.setAttribute('a', 'time', 'actual_range', '1.640995E9, NaN')
    const harvest = await harvester(server)
    await harvest.run()
    expect((await harvest.run()).outcomes).toEqual({ a: 'success' })
  })

  it('nothing without a database to ask, and stores the fingerprint all the same', async () => {
    const server = await serve({ datasets: [buoys('a')] })
    const made = await createHarvester({ settings: { erddap_urls: [server.url] } })
    closing.push(made)
    await made.run()
    const second = await made.run()
    expect(second.outcomes).toEqual({ a: 'success' })
    expect((await second.table('datasets'))[0]!.content_hash).toMatch(/^[0-9a-f]{64}$/)
  })
})

describe('the requests of a harvest', () => {
  it('that watches for changes: at most 4 a dataset, and 2 of one that did not change', async () => {
    const server = await serve({ datasets: scaleDatasets({ kind: 'mixed', datasets: 20 }) })
    const harvest = await harvester(server)
    const questions = () => server.requests.filter(({ path }) => !path.includes('"grid"')).length / 20
    await harvest.run()
    expect(questions()).toBeLessThanOrEqual(3.9)
    server.clearRequests()
    expect(new Set(Object.values((await harvest.run()).outcomes))).toEqual(new Set(['UNCHANGED']))
    expect(questions()).toBeLessThanOrEqual(2.05)
  })
})

describe('a fingerprint', () => {
  const reasonOf = async (
    server: ErddapServer,
    settings: Record<string, unknown> = {},
    options: { oneShot?: boolean } = {},
  ) => {
    const harvest = await harvester(server, settings, options)
    const run = await harvest.run()
    expect(run.outcomes).toEqual({ a: 'success' })
    const { content_hash, content_hash_reason } = (await run.table('datasets'))[0]!
    return content_hash === '' ? content_hash_reason : 'a hash'
  }

  it('is none where the list gives no address of files, and nobody asks for them', async () => {
    const dataset = buoys('a')
    delete dataset.files
    const server = await serve({ datasets: [dataset] })
    expect(await reasonOf(server)).toBe('HASH_NO_FILE_LIST')
    expect(asked(server, '/a').some((path) => path.startsWith('files/'))).toBe(false)
  })

  it.each([
    ['HASH_FILES_NOT_ACCESSIBLE', 'the server refuses to show them', 404, 'is not accessible via /files/ .'],
    ['HASH_HTTP_ERROR', 'the server fails', 501, 'out of order'],
  ])('is none, %s, where %s', async (reason, _what, status, body) => {
    const server = await serve({ datasets: [buoys('a')] })
    server.setHostile([{ match: /\/files\//, behave: { kind: 'status', status, body } }])
    expect(await reasonOf(server)).toBe(reason)
  })

  it('is none where the answer is a page for people', async () => {
    const server = await serve({ datasets: [buoys('a')] })
    server.setHostile([{ match: /\/files\//, behave: { kind: 'html' } }])
    expect(await reasonOf(server)).toBe('HASH_UNREADABLE')
  })

  it('is none while a file is young', async () => {
    const server = await serve({ datasets: [buoys('a')] })
    server.touchFile('a', undefined, Date.now() - 20 * 3_600_000)
    server.reread('a')
    expect(await reasonOf(server)).toBe('HASH_NOT_SETTLED')
    expect(asked(server, 'files/a/')).toHaveLength(1)
    expect(await reasonOf(server, { change_detection_settle: 12 })).toBe('a hash')
  })

  it('is of the files before the data: a newer file shows the next time', async () => {
    const server = await serve({ datasets: [buoys('a')] })
    const harvest = await harvester(server)
    server.onRequest(({ path }) => {
      if (!path.includes('orderBy')) return
      server.onRequest(undefined)
      server.insertRow('a', ['A1', 1_641_000_000, 48.5, -63.1, 4.2], 7)
      server.reread('a')
    })
    await harvest.run()
    expect((await rowOf('a')).content_hash_reason).toBeNull()
    expect((await harvest.run()).outcomes).toEqual({ a: 'success' })
    expect((await harvest.run()).outcomes).toEqual({ a: 'UNCHANGED' })
  })

  it('is none where a count failed that may be had another time', async () => {
    const server = await serve({ datasets: [buoys('a')] })
    server.setHostile([{ match: /orderByCount/, behave: { kind: 'wrong-length' } }])
    expect(await reasonOf(server)).toBe('HASH_HTTP_ERROR')
  })

  it('is none where the site switched it off, or answers come from the disk', async () => {
    const server = await serve({ datasets: [buoys('a')] })
    expect(await reasonOf(server, { change_detection: 'off' })).toBe('HASH_NOT_COMPUTED')
    expect(await reasonOf(server, { cache: true }, { oneShot: true })).toBe('HASH_NOT_COMPUTED')
    expect(asked(server, 'files/')).toEqual([])
    expect(await reasonOf(server, { cache: true })).toBe('a hash')
  })

  it('comes from a listing of all folders, and asks for no manifest', async () => {
    const dataset = buoys('a')
    dataset.files = [...dataset.files!, { name: 'old/more/x.csv', lastModified: Date.UTC(2010, 0), size: 7 }]
    const server = await serve({
      datasets: [dataset, ...['b', 'c', 'd'].map((id) => buoys(id))],
      version: '2.02',
    })
    const harvest = await harvester(server)
    await harvest.run()
    expect(await rowOf('a')).toMatchObject({ content_hash_reason: null })
    server.clearRequests()
    const skipped = { b: 'UNCHANGED', c: 'UNCHANGED', d: 'UNCHANGED' }
    expect((await harvest.run()).outcomes).toEqual({ a: 'UNCHANGED', ...skipped })
    expect(asked(server, 'files/a/')).toEqual(['files/a/.csv', 'files/a/old/.csv', 'files/a/old/more/.csv'])
    expect(asked(server, '.manifest')).toEqual([])
    server.touchFile('a', 'old/more/x.csv')
    server.reread('a')
    expect((await harvest.run()).outcomes).toEqual({ a: 'success', ...skipped })
  })

  it.each<[what: string, more: Partial<DemoDataset>, refused: RegExp]>([
    ['a manifest', {}, /\/files\/a\/\.csv/],
    ['a Croissant that lists files', { croissant: 'files' }, /\/files\/a(\.manifest|\/\.csv)/],
  ])(
    'comes from %s where there is no listing, once it has shown the same for 8 days',
    async (_what, more, refused) => {
      const server = await serve({ datasets: [buoys('a', more)] })
      server.setHostile([{ match: refused, behave: { kind: 'status', status: 404, body: 'no such path' } }])
      const harvest = await harvester(server)
      await harvest.run()
      expect((await rowOf('a')).content_hash_reason).toBe('HASH_NOT_SETTLED')
      await harvest.run()
      const later = (days: number) =>
        database.query(
          `UPDATE harvester.disk_views SET same_since = same_since - make_interval(days => $1::int)`,
          [days],
        )
      await later(7)
      await harvest.run()
      expect((await rowOf('a')).content_hash_reason).toBe('HASH_NOT_SETTLED')
      await later(1)
      await harvest.run()
      expect((await rowOf('a')).content_hash).toMatch(/^[0-9a-f]{64}$/)
      expect((await harvest.run()).outcomes).toEqual({ a: 'UNCHANGED' })
      server.touchFile('a')
      server.reread('a')
      expect((await harvest.run()).outcomes).toEqual({ a: 'success' })
      expect((await rowOf('a')).content_hash_reason).toBe('HASH_NOT_SETTLED')
    },
  )

  it('of more than 20 folders is not walked, neither today nor tomorrow', async () => {
    const dataset = buoys('a')
    dataset.files = Array.from({ length: 30 }, (_, at) => ({
      name: `${1990 + at}/a.csv`,
      lastModified: Date.UTC(2020, 0, 1 + at),
      size: 100,
    }))
    const server = await serve({ datasets: [dataset] })
    const harvest = await harvester(server)
    await harvest.run()
    expect(asked(server, '/files/a')).toEqual(['files/a/.csv', 'files/a.manifest'])
    await database.query(`UPDATE harvester.disk_views SET same_since = same_since - interval '8 days'`)
    server.clearRequests()
    await harvest.run()
    expect(asked(server, '/files/a')).toEqual(['files/a.manifest'])
    server.clearRequests()
    expect((await harvest.run()).outcomes).toEqual({ a: 'UNCHANGED' })
    expect(askedOfA(server)).toEqual(['info/a/index.csv', 'files/a.manifest'])
  })

  it('is none where the manifest shows what the listing does not', async () => {
    const dataset = buoys('a')
    dataset.files = Array.from({ length: 30 }, (_, at) => ({
      name: at === 0 ? 'readme.csv' : `${1990 + at}/a.csv`,
      lastModified: Date.UTC(2020, 0, 1 + at),
      size: 100,
    }))
    const server = await serve({ datasets: [dataset] })
    server.addFile('a', { name: 'new.csv', lastModified: Date.UTC(2020, 1), size: 7 })
    expect(await reasonOf(server)).toBe('HASH_NOT_SETTLED')
  })

  it('of a federated dataset follows the files of its origin', async () => {
    const origin = await serve({ datasets: [buoys('source')] })
    const copy = buoys('a', { origin: `${origin.url}/tabledap/source`, erddapClass: 'EDDTableFromErddap' })
    delete copy.files
    const server = await serve({ datasets: [copy] })
    const harvest = await harvester(server)
    await harvest.run()
    expect((await rowOf('a')).content_hash).toMatch(/^[0-9a-f]{64}$/)
    origin.clearRequests()
    expect((await harvest.run()).outcomes).toEqual({ a: 'UNCHANGED' })
    expect(asked(origin, '/files/')).toEqual(['files/source/.csv'])
    origin.insertRow('source', ['A1', 1_641_000_000, 48.5, -63.1, 4.2], 7)
    origin.reread('source')
    expect((await harvest.run()).outcomes).toEqual({ a: 'success' })
  })

  it('is none for a federated dataset that is sent round in a circle', async () => {
    const server = await serve({ datasets: [] })
    const copy = buoys('a', { erddapClass: 'EDDTableFromErddap' })
    copy.origin = `${server.url}/tabledap/a`
    server.addDataset(copy)
    const harvest = await harvester(server)
    const run = await harvest.run()
    expect(run.outcomes).toEqual({ a: 'HTTP_ERROR' })
  })
})

describe('trust in metadata', () => {
  it('skips a dataset without files for some days, says that it is no proof, and then ends', async () => {
    const dataset = buoys('a')
    delete dataset.files
    const server = await serve({ datasets: [dataset, buoys('b')] })
    const harvest = await harvester(server, { change_detection: 'metadata' })
    await harvest.run()
    expect(await rowOf('a')).toMatchObject({
      content_hash: expect.stringMatching(/^metadata:[0-9a-f]{64}$/),
      content_hash_reason: 'HASH_NO_FILE_LIST',
    })
    const second = await harvest.run()
    expect(second.outcomes).toEqual({ a: 'UNCHANGED', b: 'UNCHANGED' })
    expect(second.attempts.find(({ datasetId }) => datasetId === 'a')!.message).toMatch(/trusted, not proven/)
    expect(second.attempts.find(({ datasetId }) => datasetId === 'b')!.message).toBeNull()

    server.setAttribute('a', 'NC_GLOBAL', 'comment', 'new')
    expect((await harvest.run()).outcomes.a).toBe('success')

    await database.query(
      `UPDATE cde.harvest_attempts SET attempted_at = attempted_at - interval '31 days' WHERE dataset_id = 'a'`,
    )
    expect((await harvest.run()).outcomes).toEqual({ a: 'success', b: 'UNCHANGED' })
  })
})

describe('a list', () => {
  const many = Array.from({ length: 10 }, (_, n) => `d${n}`)

  it('that is suspiciously short is an error of the source, and nothing leaves the index', async () => {
    const server = await serve({ datasets: many.map((id) => buoys(id)) })
    const harvest = await harvester(server, { prune: { missing_runs: 1, max_share_floor: 2 } })
    await harvest.run()
    server.setPhase(6)
    server.clearRequests()
    const short = await harvest.run()
    expect(short.result.state).toBe('FAILED')
    expect(short.result.message).toMatch(/suspiciously short.*lacks 4 of the 10/)
    expect(server.requests).toHaveLength(1)
    expect((await database.query('SELECT 1 FROM cde.datasets')).count).toBe(10)

    server.setPhase('ready')
    expect(Object.values((await harvest.run()).outcomes)).toEqual(many.map(() => 'UNCHANGED'))
    server.setPhase(6)
    const believed = await harvest.run({ allow_prune: true })
    expect(believed.result.state).toBe('COMPLETED')
    expect((await database.query('SELECT 1 FROM cde.datasets')).count).toBe(6)
  })

  it('that lacks a few is believed, and those asked for by id are said to be missing', async () => {
    const server = await serve({ datasets: many.map((id) => buoys(id)) })
    const harvest = await harvester(server)
    await harvest.run()
    server.removeDataset('d9')
    const second = await harvest.run()
    expect(second.result.state).toBe('COMPLETED')
    expect(second.attempts).toHaveLength(9)
    expect((await harvest.run({ dataset_ids: ['d8', 'd9'] })).outcomes).toEqual({
      d8: 'UNCHANGED',
      d9: 'NOT_LISTED',
    })
  })
})

describe('when data were last asked for', () => {
  const erddapUrl = 'https://erddap.example.org/erddap'
  const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000)
  const head = `${erddapUrl}/tabledap/a.csv?time&distinct()`
  const data = `${erddapUrl}/tabledap/a.csv?station,latitude,longitude,time&orderByCount("station,latitude,longitude")`

  async function attempted(attempts: [runId: string, at: Date, queryUrls: string[], code?: string][]) {
    for (const [runId, at, queryUrls, code] of attempts) {
      await startRun(database, {
        runId,
        startedAt: at,
        gitSha: null,
        prefectFlowRunId: null,
        scope: 'single',
        triggeredSource: erddapUrl,
        triggeredBy: 'schedule',
      })
      await addAttempts(database, runId, [
        {
          erddapUrl,
          datasetId: 'a',
          source: 'erddap',
          status: 'success',
          reason: null,
          message: null,
          durationMs: 1,
          attemptedAt: at,
          queryUrls,
          ...(code && { told: { facts: [{ code, values: {} }], warnings: [] } }),
        },
      ])
    }
  }
  const lastOf = async (dataMark: string | null = '/tabledap/') =>
    (await lastDataHarvests(database, erddapUrl, dataMark, daysAgo(30))).get('a')
  const runIds = [1, 2].map((at) => `00000000-0000-4000-8000-00000000000${at}`) as [string, string]

  it('a change of the catalogue alone is not counted, although a redirect was followed to find out', async () => {
    const harvested = daysAgo(20)
    await attempted([
      [runIds[0], harvested, [data]],
      [runIds[1], daysAgo(3), [head], 'RECORD_CHANGED'],
    ])
    expect(await lastOf()).toEqual(harvested)
  })

  it('of a kind whose addresses do not tell, each attempt asked for data', async () => {
    const [first, second] = [daysAgo(20), daysAgo(3)]
    await attempted([
      [runIds[0], first, [data]],
      [runIds[1], second, ['https://data.example.org/of/a']],
    ])
    expect(await lastOf()).toEqual(first)
    expect(await lastOf(null)).toEqual(second)
  })

  it('a time that is yet to come is no time, and hides none', async () => {
    const harvested = daysAgo(20)
    await attempted([
      [runIds[0], harvested, [data]],
      [runIds[1], daysAgo(-3650), [data]],
    ])
    expect(await lastOf()).toEqual(harvested)
  })
})

describe('after a harvest', () => {
  const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000)
  const past = async (runId: string, at: Date, attemptedAt = at) => {
    await startRun(database, {
      runId,
      startedAt: at,
      gitSha: null,
      prefectFlowRunId: null,
      scope: 'full',
      triggeredSource: null,
      triggeredBy: 'schedule',
    })
    await database.query(`UPDATE cde.harvest_runs SET status = 'ok', finished_at = $2 WHERE run_id = $1`, [
      runId,
      at,
    ])
    await addAttempts(database, runId, [
      {
        erddapUrl: 'https://erddap.example.org/erddap',
        datasetId: 'a',
        source: 'erddap',
        status: 'success',
        reason: null,
        message: null,
        durationMs: 1,
        attemptedAt,
        queryUrls: [],
      },
    ])
  }
  const runs = async () =>
    (
      await database.query<{ run_id: string }>(`
        SELECT run_id::text FROM cde.harvest_runs WHERE triggered_by = 'schedule' ORDER BY started_at`)
    ).rows.map(({ run_id }) => run_id)
  const old = '00000000-0000-4000-8000-000000000001'
  const young = '00000000-0000-4000-8000-000000000002'

  it('the audit that is older than its retention is forgotten', async () => {
    await past(old, daysAgo(31))
    await past(young, daysAgo(29))
    const server = await serve({ datasets: [buoys('a')] })
    await (await harvester(server, { retention: { attempts_days: 30 } })).run()
    expect(await runs()).toEqual([young])
    const left = await database.query('SELECT 1 FROM cde.harvest_attempts WHERE run_id = $1', [old])
    expect(left.count).toBe(0)
  })

  it('the audit of a run in whose middle the clock was set to 1970 is as young as the run', async () => {
    await past(young, daysAgo(1), new Date(0))
    const server = await serve({ datasets: [buoys('a')] })
    await (await harvester(server, { retention: { attempts_days: 30 } })).run()
    const left = await database.query('SELECT 1 FROM cde.harvest_attempts WHERE run_id = $1', [young])
    expect(left.count).toBe(1)
  })

  it('an audit that cannot be forgotten costs a warning, not the run', async () => {
    await past(old, daysAgo(31))
    await database.query(`
      CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''kept by law''; END';
      CREATE TRIGGER keep BEFORE DELETE ON cde.harvest_attempts EXECUTE FUNCTION public.refuse()`)
    try {
      const server = await serve({ datasets: [buoys('a')] })
      const made = await harvester(server, { retention: { attempts_days: 30 } })
      const { result, log } = await made.run()
      expect(result.state).toBe('COMPLETED')
      expect(log.filter(({ level }) => level === 'warn').map(({ text }) => text)).toContainEqual(
        expect.stringContaining('kept by law'),
      )
      expect(await runs()).toEqual([old])
    } finally {
      await database.query('DROP FUNCTION public.refuse CASCADE')
    }
  })
})
