/** What the owners of datasets are told: reports, a badge, a search, and messages in either language. */
import { parse } from 'csv-parse/sync'
import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { Database } from '../../src/database/port.ts'
import { finishRun, type StoredTold } from '../../src/inventory/audit.ts'
import { runFact, runSentence } from '../../src/rules/reasons/run.ts'
import { badgeColour } from '../../src/serve/badge.ts'
import { gridBounds, hexagonCentre } from '../../src/serve/hexagons.ts'
import type { RunControl, RunView } from '../../src/serve/ports.ts'
import { mostFound } from '../../src/serve/routes/search.ts'
import {
  DatasetSummary,
  FoundDataset,
  IndexedDataset,
  ReportGroup,
  RunAnswer,
  RunSummary,
  ServerSummary,
  TracksAnswer,
} from '../../src/serve/schemas.ts'
import { type ApiServer, createServer } from '../../src/serve/server.ts'
import { mostFound as mostShown } from '../../src/web/model/datasets.ts'
import { openMigrated } from '../support/engine.ts'
import { alpha, at, beta, runId, seedAudit, seedRun } from './audit.ts'

const slug = 'erddap-alpha-ca-erddap'
let database: Database
let server: ApiServer
let base: string
const engine = new Map<string, RunView>()

beforeAll(async () => {
  database = await openMigrated()
  await seedAudit(database)
  await tell(12, alpha, 'ctd_casts', {
    facts: [
      {
        code: 'MISSING_CF_ROLE',
        values: { cdmDataType: 'Profile', needed: 'profile_id', present: [] },
      },
    ],
    warnings: [],
    remedies: [
      {
        code: 'ADD_CF_ROLE',
        of: 'MISSING_CF_ROLE',
        values: { role: 'profile_id', from: 'cast', alternatives: [], variables: null },
      },
    ],
    title: 'Casts of the gulf',
    organizations: ['Institut de la mer & <friends>'],
  })
  await tell(12, alpha, 'buoy_A', {
    facts: [],
    warnings: [{ code: 'ROWS_DROPPED', values: { reason: 'no_position', count: 6, ids: ['s4'] } }],
  })
  const runs: RunControl = {
    schedules: async () => [],
    trigger: async () => ({ outcome: 'unknown-source' }),
    find: async (id) => engine.get(id) ?? null,
  }
  server = createServer({ database, port: 0, cacheSeconds: 0, runs })
  base = await server.listen()
}, 240_000)

afterAll(async () => {
  await server?.close()
  await database?.close()
})

async function tell(hour: number, url: string, id: string, told: StoredTold): Promise<void> {
  await database.query(
    `INSERT INTO harvester.attempt_facts (run_id, erddap_url, dataset_id, told, attempted_at)
     VALUES ($1, $2, $3, $4, $5)`,
    [runId(hour), url, id, JSON.stringify(told), at(hour)],
  )
}

async function read<T extends z.ZodType>(path: string, schema: T): Promise<z.output<T>> {
  const answer = await fetch(`${base}${path}`)
  expect([path, answer.status]).toEqual([path, 200])
  return schema.parse(await answer.json())
}

describe('a report', () => {
  test('of a server groups what is not harvested by its remedy, then what is with a warning', async () => {
    const groups = await read(`/api/harvest/report/${slug}`, z.array(ReportGroup))
    expect(groups.map(({ kind, reason_code, remedy }) => [kind, reason_code, remedy])).toEqual([
      ['reason', 'HTTP_ERROR', null],
      ['reason', 'MISSING_CF_ROLE', 'ADD_CF_ROLE'],
      ['warning', 'ROWS_DROPPED', null],
    ])
    const [cast] = groups[1]!.datasets
    expect(cast).toMatchObject({
      dataset_id: 'ctd_casts',
      title: 'Casts of the gulf',
      in_index: false,
      values: { needed: 'profile_id' },
      change: expect.stringContaining('<att name="cf_role">profile_id</att>'),
    })
    expect(groups[2]!.datasets[0]).toMatchObject({ dataset_id: 'buoy_A', in_index: true })
  })

  test('speaks French where it is asked to, and old attempts keep their English sentence', async () => {
    const groups = await read(`/api/harvest/report/${slug}?lang=fr`, z.array(ReportGroup))
    expect(groups[0]).toMatchObject({
      reason: 'Le serveur a refusé ou échoué',
      datasets: [{ message: 'GET 500 <b>Whoops</b>' }],
    })
    expect(groups[1]).toMatchObject({
      remedy_title: 'ajouter un cf_role',
      datasets: [
        { what: expect.stringContaining('donnez-lui le cf_role'), message: expect.stringContaining('exige') },
      ],
    })
    expect(groups[2]!.datasets[0]!.message).toBe(
      '6 lignes retirées, car chacune n’a pas de position : s4 et 5 autres',
    )
  })

  test('is a table and a feed, too', async () => {
    const csv = await (await fetch(`${base}/api/harvest/report/${slug}.csv`)).text()
    const rows = parse(csv, { columns: true }) as Record<string, string>[]
    expect(rows.map((row) => row.dataset_id)).toEqual(['mooring-7', 'ctd_casts', 'buoy_A'])
    expect(rows[1]!.change).toContain('profile_id')
    const feed = await (await fetch(`${base}/api/harvest/report/${slug}.atom?lang=fr`)).text()
    expect(XMLValidator.validate(feed)).toBe(true)
    const { entry } = new XMLParser().parse(feed).feed
    expect(entry.map((one: { title: string }) => one.title)).toContain(
      'ctd_casts: Aucune variable avec le cf_role requis',
    )
  })

  test('of an organization has its datasets only, by the name that the metadata give', async () => {
    const name = encodeURIComponent('Institut de la mer & <friends>')
    const groups = await read(`/api/harvest/report/organization/${name}`, z.array(ReportGroup))
    expect(groups.flatMap(({ datasets }) => datasets.map((one) => one.dataset_id))).toEqual(['ctd_casts'])
    const csv = await (await fetch(`${base}/api/harvest/report/organization/${name}.csv`)).text()
    expect(csv).toContain('ctd_casts')
    expect((await fetch(`${base}/api/harvest/report/organization/nobody`)).status).toBe(404)
    expect((await fetch(`${base}/api/harvest/report/nowhere`)).status).toBe(404)
  })
})

describe('a badge', () => {
  test('says how many datasets are harvested, and may be shown elsewhere', async () => {
    const answer = await fetch(`${base}/badge/${slug}.svg`)
    expect(answer.headers.get('content-type')).toContain('image/svg+xml')
    expect(answer.headers.get('cache-control')).toBe('public, max-age=600')
    const svg = await answer.text()
    expect(XMLValidator.validate(svg)).toBe(true)
    expect(svg).toContain('aria-label="harvested 2 of 4"')
    expect(await (await fetch(`${base}/badge/${slug}.svg?lang=fr`)).text()).toContain('moissonnés 2 sur 4')
    expect((await fetch(`${base}/badge/nowhere.svg`)).status).toBe(404)
  })

  test.each([
    [85, 91, false, 'amber'],
    [91, 91, false, 'green'],
    [91, 91, true, 'red'],
    [40, 91, false, 'red'],
    [0, 0, false, 'grey'],
  ] as const)('of %i of %i, failed %s, is %s', (harvested, total, failed, colour) => {
    expect(badgeColour(harvested, total, failed)).toBe(colour)
  })
})

describe('the search', () => {
  test('finds datasets of all sources by id, title, reason and its words in either language', async () => {
    const find = async (text: string) =>
      (await read(`/api/harvest/search?q=${encodeURIComponent(text)}`, z.array(FoundDataset))).map(
        ({ dataset_id }) => dataset_id,
      )
    expect(await find('MOORING')).toEqual(['mooring-7'])
    expect(await find('casts of the')).toEqual(['ctd_casts'])
    expect(await find('Bouée')).toEqual(['buoy_A'])
    expect(await find('http_error')).toEqual(['mooring-7'])
    expect(await find('aucune occurrence')).toEqual(['f0e7b7d4'])
    // Neither accents nor the apostrophes of print are typed by everybody.
    expect(await find('REFUSE ou echoue')).toEqual(['mooring-7'])
    expect(await find('no such thing')).toEqual([])
    expect(await find('  ')).toEqual([])
    expect(await find('100%')).toEqual(['tide 100%/é'])
  })

  test('gives at most as many as make the page say that there may be more', () => {
    expect(mostFound).toBe(mostShown)
  })
})

describe('a dataset', () => {
  test('is told in the language that is asked for, with its codes and values beside', async () => {
    const datasets = await read(`/api/harvest/servers/${slug}?lang=fr`, z.array(DatasetSummary))
    const cast = datasets.find(({ dataset_id }) => dataset_id === 'ctd_casts')
    expect(cast).toMatchObject({
      error_message: 'Profile exige une variable au cf_role profile_id; rôles présents : aucun',
      in_index: false,
      told: { facts: [{ code: 'MISSING_CF_ROLE' }], remedies: [{ code: 'ADD_CF_ROLE' }] },
    })
  })

  test('has in the table of its server the title and message of the language that is asked for', async () => {
    const row = async (language: string, id: string) => {
      const csv = await (await fetch(`${base}/api/harvest/servers/${slug}.csv?lang=${language}`)).text()
      const found = (parse(csv, { columns: true }) as Record<string, string>[]).find(
        ({ dataset_id }) => dataset_id === id,
      )
      return [found?.title, found?.error_message]
    }
    expect(await row('en', 'buoy_A')).toEqual(['Buoy A', ''])
    expect(await row('fr', 'buoy_A')).toEqual(['Bouée A', ''])
    // One that has no French title keeps its own.
    expect(await row('fr', 'ctd_casts')).toEqual([
      'Casts of the gulf',
      'Profile exige une variable au cf_role profile_id; rôles présents : aucun',
    ])
  })

  test('is found by the message in the language that is asked for', async () => {
    const find = async (text: string, language: string) =>
      (
        await read(
          `/api/harvest/servers/${slug}?q=${encodeURIComponent(text)}&lang=${language}`,
          z.array(DatasetSummary),
        )
      ).map(({ dataset_id }) => dataset_id)
    expect(await find('roles presents : aucun', 'fr')).toEqual(['ctd_casts'])
    expect(await find('roles presents : aucun', 'en')).toEqual([])
  })

  test('is in the index or is not, whatever its last attempt said', async () => {
    const index = (id: string) => read(`/api/harvest/index/${slug}/${encodeURIComponent(id)}`, IndexedDataset)
    // Its latest attempt failed; what was loaded before is still there.
    expect(await index('mooring-7')).toMatchObject({ in_index: true, title: 'Mooring' })
    // Its latest attempt succeeded, but nothing of it was ever loaded.
    expect(await index('tide 100%/é')).toMatchObject({ in_index: false, n_profiles: null })
  })
})

describe('a run that was killed', () => {
  test('is what the engine says, on its page and in the list, though the audit knows no end of it', async () => {
    await seedRun(database, { hour: 30, status: 'running', source: beta })
    engine.set(runId(30), {
      runId: runId(30),
      state: 'Crashed',
      final: true,
      source: beta,
      createdAt: at(30),
      startedAt: at(30),
      triggeredBy: 'schedule',
      message: 'the process died',
    })
    const { run } = await read(`/api/harvest/runs/${runId(30)}`, RunAnswer)
    expect(run).toMatchObject({ status: 'failed', error_message: 'Crashed: the process died' })
    const recent = await read('/api/harvest/runs/recent', z.array(RunSummary))
    expect(recent[0]).toMatchObject({ run_id: runId(30), status: 'failed' })
  })

  test('and taken up again under another id is found by the id that people have', async () => {
    for (const hour of [40, 41])
      await database.query(
        `INSERT INTO harvester.run_progress (run_id, flow_run_id, phase, done, total, started_at, updated_at)
         VALUES ($1, $2, 'harvest-datasets', 1, 4, $3, now())`,
        [runId(hour), runId(40), at(hour)],
      )
    await seedRun(database, { hour: 40, status: 'failed', error: 'Crashed', source: beta })
    await seedRun(database, { hour: 41, status: 'running', source: beta })
    const { run } = await read(`/api/harvest/runs/${runId(40)}`, RunAnswer)
    expect(run).toMatchObject({ run_id: runId(41), status: 'running', flow_run_id: runId(40) })
  })
})

describe('what a run says of itself', () => {
  test('comes as facts too, unless somebody settled the run otherwise', async () => {
    const facts = [runFact('LIST_SHORT', { listed: 3, lacking: 20, known: 22 })]
    const error = runSentence('en', facts)
    await seedRun(database, { hour: 50, status: 'failed', error, source: beta })
    await seedRun(database, { hour: 51, status: 'running', source: alpha })
    for (const hour of [50, 51])
      await finishRun(database, runId(hour), {
        finishedAt: at(hour, 20),
        status: 'failed',
        errorMessage: error,
        facts,
      })
    await database.query(`UPDATE cde.harvest_runs SET error_message = 'Crashed' WHERE run_id = $1`, [
      runId(51),
    ])
    const { run } = await read(`/api/harvest/runs/${runId(50)}`, RunAnswer)
    expect(run).toMatchObject({ error_message: error, facts })
    const recent = await read('/api/harvest/runs/recent', z.array(RunSummary))
    expect(recent.slice(0, 2).map((one) => [one.error_message, one.facts])).toEqual([
      ['Crashed', null],
      [error, facts],
    ])
    const servers = await read('/api/harvest/servers', z.array(ServerSummary))
    expect(servers.find(({ erddap_url }) => erddap_url === beta)).toMatchObject({
      last_error: error,
      last_error_facts: facts,
    })
  })
})

describe('tracks of platforms that move', () => {
  test('are features with their facts, of one dataset or of all, and drawn where they can be', async () => {
    await database.query(
      `INSERT INTO harvester.tracks VALUES
         ($1, 'drifters', 'd/1', '2022-01-01', '2022-02-01', NULL, 31, 5, 179.5, -179.5, 40, 41,
          ST_GeomFromText('MULTILINESTRING((179.5 40, 180 40.5), (-180 40.5, -179.5 41))', 4326)),
         ($1, 'drifters', '', '2022-01-01', '2022-01-01', 1, 1, 1, 10, 10, 5, 5, NULL),
         ($2, 'ship', 'CCGS', '2022-01-01', '2022-03-01', 900, 60, 40, -60, -50, 40, 48, NULL)`,
      [alpha, beta],
    )
    const all = await read('/api/harvest/tracks', TracksAnswer)
    expect(all.features.map(({ properties }) => properties.trajectory_id)).toEqual(['CCGS', 'd/1', ''])
    const { features, truncated } = await read(
      `/api/harvest/tracks?source=${slug}&dataset=drifters`,
      TracksAnswer,
    )
    expect(truncated).toBe(false)
    expect(features).toHaveLength(2)
    expect(features[0]).toMatchObject({
      geometry: {
        type: 'MultiLineString',
        coordinates: [
          [
            [179.5, 40],
            [180, 40.5],
          ],
          [
            [-180, 40.5],
            [-179.5, 41],
          ],
        ],
      },
      properties: { n_records: null, n_days: 31, n_rows: 5, west: 179.5, east: -179.5 },
    })
    expect(features[1]!.geometry).toBeNull()
    const ids = async (query: string) =>
      (await read(`/api/harvest/tracks?${query}`, TracksAnswer)).features.map(
        ({ properties }) => properties.trajectory_id,
      )
    // In view: across the antimeridian from either side and from both, elsewhere, and where only the ends meet it.
    expect(await ids('bbox=179,39,180,42')).toEqual(['d/1'])
    expect(await ids('bbox=-180,39,-179,42')).toEqual(['d/1'])
    expect(await ids('bbox=179.9,39,-179.9,42')).toEqual(['d/1'])
    expect(await ids('bbox=20,-10,-160,42')).toEqual(['d/1'])
    expect(await ids('bbox=20,-10,-55,42')).toEqual(['CCGS', 'd/1'])
    expect(await ids('bbox=-170,-10,170,60')).toEqual(['CCGS', ''])
    expect(await ids('bbox=179.4,40.9,179.6,42')).toEqual([])
    expect(await ids('bbox=-180,-90,180,90')).toEqual(['CCGS', 'd/1', ''])
    expect(await ids(`source=${slug}&bbox=-180,-90,180,90`)).toEqual(['d/1', ''])
    expect((await fetch(`${base}/api/harvest/tracks?source=nobody`)).status).toBe(404)
    expect((await read(`/api/harvest/tracks?source=${slug}&dataset=none`, TracksAnswer)).features).toEqual([])
  })
})

test('tracks are as fine as they are stored, and in a view as fine as it can show', async () => {
  const zigzag = Array.from({ length: 200 }, (_, index) => `${20 + index / 100} ${(index % 2) * 0.02}`)
  await database.query(
    `INSERT INTO harvester.tracks VALUES ($1, 'fine', 'z', '2022-01-01', '2022-02-01', 200, 31, 31, 20, 22, 0, 0.02,
       ST_GeomFromText('MULTILINESTRING((${zigzag.join(',')}))', 4326))`,
    [alpha],
  )
  const vertices = async (bbox: string) => {
    const { features } = await read(
      `/api/harvest/tracks?source=${slug}&dataset=fine&bbox=${bbox}`,
      TracksAnswer,
    )
    return features[0]!.geometry!.coordinates.flat().length
  }
  expect(await vertices('')).toBe(200)
  expect(await vertices('19,-1,23,1')).toBe(200)
  expect(await vertices('-180,-90,180,90')).toBe(2)
})

describe('an id that is none', () => {
  test.each(['abc', '%2e%2e', '123', "1' OR '1", '00000000-0000-4000-8000-00000000000'])(
    '%s is a 400 that says so',
    async (id) => {
      for (const path of [`/api/harvest/runs/${id}`, `/api/harvest/runs/${id}/events`]) {
        const answer = await fetch(`${base}${path}`)
        if (answer.url.endsWith('/api/harvest/') || answer.status === 404) continue
        expect([path, answer.status]).toEqual([path, 400])
        expect(((await answer.json()) as { error: string }).error).toMatch(/runId/)
      }
    },
  )

  test('a language that nobody speaks here is a 400, too', async () => {
    expect((await fetch(`${base}/api/harvest/report/${slug}?lang=de`)).status).toBe(400)
    expect((await fetch(`${base}/api/harvest/coverage?bbox=1,2,3`)).status).toBe(400)
    expect((await fetch(`${base}/api/harvest/coverage?bbox=1,4,3,2`)).status).toBe(400)
    expect((await fetch(`${base}/api/harvest/tracks?bbox=1,2,1,4`)).status).toBe(400)
  })
})

test('hexagons in view are those whose centres lie in the box, with a row of neighbours around', () => {
  const box = [-70, 40, -50, 50] as const
  const { columns, rows } = gridBounds(box, 100_000)
  for (let column = -80; column <= 0; column += 1)
    for (let row = 0; row <= 60; row += 1) {
      const { longitude, latitude } = hexagonCentre(column, row, 100_000)
      const inside = longitude >= box[0] && longitude <= box[2] && latitude >= box[1] && latitude <= box[3]
      if (!inside) continue
      expect(column >= columns![0] && column <= columns![1] && row >= rows![0] && row <= rows![1]).toBe(true)
    }
  expect(gridBounds(null, 100_000)).toEqual({ columns: null, rows: null })
  const across = gridBounds([170, 40, -170, 50], 100_000)
  expect(across.columns).toEqual([
    gridBounds([170, 40, 180, 50], 100_000).columns![0],
    gridBounds([-180, 40, -170, 50], 100_000).columns![1],
  ])
  expect(gridBounds([10.5, 40, 10, 50], 100_000).columns).toBeNull()
})
