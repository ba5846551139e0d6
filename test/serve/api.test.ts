/** What the portals' front end expects of the read API, written down against a database with a known audit. */
import { gunzipSync } from 'node:zlib'
import { parse } from 'csv-parse/sync'
import { XMLParser } from 'fast-xml-parser'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { Database } from '../../src/database/port.ts'
import { pagesOfRuns } from '../../src/runs/index.ts'
import { BiologyAnswer } from '../../src/serve/routes/biology.ts'
import {
  CoverageAnswer,
  DatasetAttempt,
  DatasetSummary,
  ReasonCount,
  RunAnswer,
  RunSummary,
  ServerSummary,
  TrendPoint,
} from '../../src/serve/schemas.ts'
import { type ApiServer, createServer } from '../../src/serve/server.ts'
import { encodeUrlSlug } from '../../src/serve/slugs.ts'
import { openMigrated } from '../support/engine.ts'
import {
  alpha,
  at,
  beta,
  gone,
  obis,
  runId,
  seedAttempts,
  seedAudit,
  seedProfiles,
  seedRun,
} from './audit.ts'

const slug = 'erddap-alpha-ca-erddap'
let database: Database
let server: ApiServer
let base: string

beforeAll(async () => {
  database = await openMigrated()
  await seedAudit(database)
  await seedProfiles(database)
  server = createServer({
    database,
    port: 0,
    cacheSeconds: 0,
    pageOfRun: pagesOfRuns({ PREFECT_UI_URL: 'https://prefect.example.org/' }),
  })
  base = await server.listen()
})

afterAll(async () => {
  await server?.close()
  await database?.close()
})

async function ask(path: string, status = 200): Promise<unknown> {
  const answer = await fetch(`${base}${path}`)
  const body: unknown = await answer.json()
  expect({ path, status: answer.status }).toEqual({ path, status })
  return body
}

async function read<T extends z.ZodType>(path: string, schema: T): Promise<z.output<T>> {
  return schema.parse(await ask(path))
}

describe('GET /api/harvest/servers', () => {
  test('gives a source each, by URL, with the counts of its latest run', async () => {
    const servers = await read('/api/harvest/servers', z.array(ServerSummary))
    expect(servers.map((one) => one.erddap_url)).toEqual([beta, alpha, gone, obis])
    expect(servers.find((one) => one.erddap_url === alpha)).toEqual({
      erddap_url: alpha,
      slug,
      source: 'erddap',
      last_attempted_at: at(12, 4).toISOString(),
      last_run_id: runId(12),
      n_success: 2,
      n_skipped: 1,
      n_error: 1,
      n_total: 4,
      n_unchanged: 1,
      n_indexed: 2,
      n_datasets: 4,
      n_left_out: 1,
      n_failing: 1,
      last_error: null,
      last_error_facts: null,
      orphaned: false,
      gridded_datasets: 7,
    })
  })

  test('says why the listing of a source failed, and keeps the counts of the last run that had any', async () => {
    const servers = await read('/api/harvest/servers', z.array(ServerSummary))
    expect(servers.find((one) => one.erddap_url === beta)).toMatchObject({
      last_error: 'The list of datasets could not be had: 502',
      last_run_id: runId(20),
      n_success: 1,
    })
  })

  test('marks a source that left the configuration, and OBIS as what it is', async () => {
    const servers = await read('/api/harvest/servers', z.array(ServerSummary))
    expect(servers.find((one) => one.erddap_url === gone)?.orphaned).toBe(true)
    expect(servers.find((one) => one.erddap_url === obis)?.source).toBe('obis')
  })
})

describe('GET /api/harvest/servers/:slug', () => {
  test('gives errors first, then skipped, then success, by id, an unchanged dataset as success', async () => {
    const datasets = await read(`/api/harvest/servers/${slug}`, z.array(DatasetSummary))
    expect(datasets.map(({ dataset_id, status, reason_code }) => [dataset_id, status, reason_code])).toEqual([
      ['mooring-7', 'error', 'HTTP_ERROR'],
      ['ctd_casts', 'skipped', 'MISSING_CF_ROLE'],
      ['buoy_A', 'success', null],
      ['tide 100%/é', 'success', null],
    ])
  })

  test('tells of each its last ten attempts, newest first, and its last success', async () => {
    const [mooring, casts, buoy] = await read(`/api/harvest/servers/${slug}`, z.array(DatasetSummary))
    expect(mooring?.history_statuses).toEqual([
      'error',
      'success',
      'success',
      'success',
      'error',
      'success',
      'success',
      'success',
      'error',
      'success',
    ])
    expect(mooring?.history_times[0]).toBe(at(12, 3).toISOString())
    expect(mooring?.history_times[9]).toBe(at(3, 3).toISOString())
    expect(mooring?.last_success_at).toBe(at(11, 3).toISOString())
    expect(casts?.last_success_at).toBeNull()
    expect(buoy).toMatchObject({
      title: 'Buoy A',
      title_fr: 'Bouée A',
      content_hash: 'abc',
      last_updated_at: at(3).toISOString(),
      verified_at: at(12).toISOString(),
      last_success_at: at(12, 1).toISOString(),
      attempted_at: at(12, 1).toISOString(),
      run_id: runId(12),
      query_urls: `${alpha}/info/buoy_A/index.csv`,
    })
    expect(new Set(buoy?.history_statuses)).toEqual(new Set(['success']))
  })

  test('understands the base64url form of the URL', async () => {
    expect(await ask(`/api/harvest/servers/${encodeUrlSlug(alpha)}`)).toEqual(
      await ask(`/api/harvest/servers/${slug}`),
    )
    expect(
      await ask(`/api/harvest/servers/${encodeURIComponent('beta-example-org:8443-erddap')}`),
    ).toHaveLength(1)
  })

  test.each([
    ['status=error', ['mooring-7']],
    ['status=success', ['buoy_A', 'tide 100%/é']],
    ['status=', ['mooring-7', 'ctd_casts', 'buoy_A', 'tide 100%/é']],
    ['q=BUOY', ['buoy_A']],
    ['q=cf_role', ['ctd_casts']],
    ['q=whoops', ['mooring-7']],
    ['q=100%25', ['tide 100%/é']],
    ['q=_', ['mooring-7', 'ctd_casts', 'buoy_A']],
    ['status=success&q=whoops', []],
    ["q='%20OR%20true--", []],
  ])('filters by %s', async (query, ids) => {
    const datasets = await read(`/api/harvest/servers/${slug}?${query}`, z.array(DatasetSummary))
    expect(datasets.map((dataset) => dataset.dataset_id)).toEqual(ids)
  })
})

describe('GET /api/harvest/dataset/:slug/:datasetId', () => {
  test('gives every attempt, newest first, with what ran it', async () => {
    const attempts = await read(`/api/harvest/dataset/${slug}/mooring-7`, z.array(DatasetAttempt))
    expect(attempts).toHaveLength(12)
    expect(attempts[0]).toEqual({
      run_id: runId(12),
      attempted_at: at(12, 3).toISOString(),
      status: 'error',
      reason_code: 'HTTP_ERROR',
      error_message: 'GET 500 <b>Whoops</b>',
      duration_ms: 1200,
      source: 'erddap',
      query_urls: `${alpha}/info/mooring-7/index.csv`,
      git_sha: 'abc1234def',
      run_started_at: at(12).toISOString(),
      told: null,
    })
  })

  test('finds ids with blanks, signs and slashes', async () => {
    const id = encodeURIComponent('tide 100%/é')
    expect(await ask(`/api/harvest/dataset/${slug}/${id}`)).toHaveLength(12)
  })

  test('is 404 where there is none', async () => {
    expect(await ask(`/api/harvest/dataset/${slug}/nothing`, 404)).toEqual({ error: expect.any(String) })
    expect(await ask('/api/harvest/dataset/nowhere/buoy_A', 404)).toEqual({ error: expect.any(String) })
  })
})

describe('GET /api/harvest/runs', () => {
  test('recent gives the last runs, newest first, unchanged datasets counted apart', async () => {
    const runs = await read('/api/harvest/runs/recent', z.array(RunSummary))
    expect(runs).toHaveLength(15)
    expect(runs[0]?.run_id).toBe(runId(22))
    expect(runs[3]).toEqual({
      run_id: runId(12),
      started_at: at(12).toISOString(),
      finished_at: at(12, 30).toISOString(),
      git_sha: 'abc1234def',
      status: 'ok',
      error_message: null,
      facts: null,
      scope: 'single',
      triggered_source: alpha,
      triggered_by: 'schedule',
      duration_s: 1800,
      n_success: 1,
      n_unchanged: 1,
      n_skipped: 1,
      n_error: 1,
      n_total: 4,
    })
  })

  test('one run has its attempts by source, then status, then id, and keeps what is unchanged', async () => {
    const { run, attempts } = await read(`/api/harvest/runs/${runId(12)}`, RunAnswer)
    expect(run).toMatchObject({ run_id: runId(12), prefect_flow_run_id: null, n_unchanged: 1 })
    expect(attempts.map(({ dataset_id, status, reason_code }) => [dataset_id, status, reason_code])).toEqual([
      ['mooring-7', 'error', 'HTTP_ERROR'],
      ['buoy_A', 'skipped', 'UNCHANGED'],
      ['ctd_casts', 'skipped', 'MISSING_CF_ROLE'],
      ['tide 100%/é', 'success', null],
    ])
  })

  test('the attempts of a run are given whole, in pages, and by what they came to', async () => {
    const path = `/api/harvest/runs/${runId(12)}`
    const whole = await read(path, RunAnswer)
    const page = async (query: string) => (await read(`${path}?${query}`, RunAnswer)).attempts
    expect(await page('limit=100')).toEqual(whole.attempts)
    expect([...(await page('limit=3')), ...(await page('limit=3&offset=3'))]).toEqual(whole.attempts)
    expect(await page('limit=3&offset=4')).toEqual([])
    for (const [outcome, ids] of [
      ['error', ['mooring-7']],
      ['unchanged', ['buoy_A']],
      ['skipped', ['ctd_casts']],
      ['success', ['tide 100%/é']],
    ] as const)
      expect([outcome, (await page(`outcome=${outcome}&limit=9`)).map((one) => one.dataset_id)]).toEqual([
        outcome,
        ids,
      ])
    expect((await read(`${path}?limit=0`, RunAnswer)).run).toEqual(whole.run)
    // What is empty is not given: no limit, not one of 0.
    for (const query of ['limit=', 'limit=%20', 'limit=&offset=&outcome=&lang='])
      expect([query, await page(query)]).toEqual([query, whole.attempts])
    for (const query of ['limit=-1', 'limit=1.5', 'limit=x', 'offset=-1', 'limit=1e9', 'outcome=well'])
      await ask(`${path}?${query}`, 400)
  })

  test('a run is found by its flow run too, with its page of Prefect', async () => {
    const { run } = await read('/api/harvest/runs/11111111-2222-4333-8444-555555555555', RunAnswer)
    expect(run.run_id).toBe(runId(22))
    expect(run.prefect_url).toBe(
      'https://prefect.example.org/runs/flow-run/11111111-2222-4333-8444-555555555555',
    )
  })

  test('an unknown run is 404, what is no id is 400', async () => {
    await ask('/api/harvest/runs/99999999-0000-4000-8000-000000000000', 404)
    for (const id of ['17', 'abc', "'; DROP TABLE cde.harvest_runs; --", '%00']) {
      await ask(`/api/harvest/runs/${encodeURIComponent(id)}`, 400)
    }
  })
})

describe('GET /api/harvest/reasons', () => {
  test('counts the latest attempts that are no success, most frequent first', async () => {
    expect(await read('/api/harvest/reasons', z.array(ReasonCount))).toEqual([
      { reason_code: 'CDM_DATA_TYPE_UNSUPPORTED', n: 2 },
      { reason_code: 'HTTP_ERROR', n: 1 },
      { reason_code: 'MISSING_CF_ROLE', n: 1 },
      { reason_code: 'NO_OCCURRENCES', n: 1 },
    ])
  })

  test('of one source counts only its own', async () => {
    expect(await ask(`/api/harvest/reasons/${slug}`)).toEqual([
      { reason_code: 'HTTP_ERROR', n: 1 },
      { reason_code: 'MISSING_CF_ROLE', n: 1 },
    ])
    await ask('/api/harvest/reasons/nowhere', 404)
  })
})

describe('what is new in ours', () => {
  test('trend gives the time of the last runs of a source', async () => {
    const trend = await read(`/api/harvest/servers/${slug}/trend`, z.array(TrendPoint))
    expect(trend).toHaveLength(12)
    expect(trend[0]).toEqual({
      run_id: runId(12),
      started_at: at(12).toISOString(),
      duration_ms: 93_600,
      n_success: 1,
      n_unchanged: 1,
      n_skipped: 1,
      n_error: 1,
    })
  })

  test('coverage counts profiles and datasets by hexagon, the fullest first', async () => {
    const all = await read('/api/harvest/coverage', CoverageAnswer)
    expect(all).toMatchObject({
      zoom: 0,
      edge_metres: 100_000,
      n_profiles: 4,
      n_datasets: 2,
      truncated: false,
    })
    expect(all.hexagons.map(({ n_profiles, n_datasets }) => [n_profiles, n_datasets])).toEqual([
      [3, 2],
      [1, 1],
    ])
    expect(all.variables).toEqual(['seaSurfaceSalinity', 'seaSurfaceTemperature'])
    expect(all.sources).toEqual([{ erddap_url: alpha, slug }])
  })

  test('the centre of a hexagon is where PostGIS has it', async () => {
    const { hexagons } = await read('/api/harvest/coverage', CoverageAnswer)
    const { rows } = await database.query<{ x: number; y: number }>(
      `SELECT st_x(c) AS x, st_y(c) AS y FROM
       (SELECT st_transform(st_centroid(h.geom), 4326) AS c FROM cde.hexes_zoom_0 h
        JOIN cde.profiles p ON p.hex_0_pk = h.pk GROUP BY h.pk ORDER BY count(*) DESC) AS centres`,
    )
    hexagons.forEach((hexagon, index) => {
      expect(hexagon.longitude).toBeCloseTo(rows[index]?.x ?? 0, 4)
      expect(hexagon.latitude).toBeCloseTo(rows[index]?.y ?? 0, 4)
    })
    expect(hexagons).toHaveLength(2)
  })

  test('biology counts the datasets of OBIS nodes and the names with common names', async () => {
    const before = await read('/api/harvest/biology', BiologyAnswer)
    expect(before.names.n_names).toBe(0)
    await database.query(
      `INSERT INTO cde.datasets (dataset_id, erddap_url, source_type, obis_nodes, n_profiles)
       VALUES ('o1', 'https://obis.org', 'obis', '{OBIS Canada,OTN}', 7), ('o2', 'https://obis.org', 'obis', '{OBIS Canada}', 5)`,
    )
    try {
      const { nodes } = await read('/api/harvest/biology', BiologyAnswer)
      expect(nodes).toEqual([
        { node: 'OBIS Canada', n_datasets: 2, n_cells: 12 },
        { node: 'OTN', n_datasets: 1, n_cells: 7 },
      ])
    } finally {
      await database.query("DELETE FROM cde.datasets WHERE erddap_url = 'https://obis.org'")
    }
  })

  test('coverage is filtered by variable and source', async () => {
    const salinity = await read('/api/harvest/coverage?variable=seaSurfaceSalinity', CoverageAnswer)
    expect([salinity.n_profiles, salinity.n_datasets]).toEqual([1, 1])
    const source = await read(`/api/harvest/coverage?source=${slug}&variable=`, CoverageAnswer)
    expect(source.n_profiles).toBe(4)
    const none = await read('/api/harvest/coverage?variable=nothing', CoverageAnswer)
    expect(none.hexagons).toEqual([])
    await ask('/api/harvest/coverage?zoom=7', 400)
    await ask('/api/harvest/coverage?source=nowhere', 404)
  })

  test('coverage of a view has the totals of the whole, whatever is in it', async () => {
    const { n_profiles, n_datasets } = await read('/api/harvest/coverage', CoverageAnswer)
    for (const box of ['0,80,1,81', '-180,-90,180,90', '170,-90,-170,90'])
      expect(await read(`/api/harvest/coverage?bbox=${box}`, CoverageAnswer)).toMatchObject({
        n_profiles,
        n_datasets,
      })
  })

  test('a source can be had as CSV, in which no cell is a formula', async () => {
    await seedRun(database, {
      hour: 30,
      source: beta,
      attempts: [{ url: beta, id: '=cmd()', status: 'error', reason: 'UNKNOWN_ERROR', message: 'a, "b"\nc' }],
    })
    const answer = await fetch(
      `${base}/api/harvest/servers/${encodeURIComponent('beta-example-org:8443-erddap')}.csv`,
    )
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8')
    const rows = parse(await answer.text(), { columns: true }) as Array<Record<string, string>>
    expect(rows.map((row) => [row.dataset_id, row.status, row.error_message])).toEqual([
      ["'=cmd()", 'error', 'a, "b"\nc'],
      ['b1', 'success', ''],
    ])
  })

  test('a feed tells of datasets that turned bad or well again, newest first', async () => {
    const answer = await fetch(`${base}/api/harvest/servers/${slug}.atom`)
    expect(answer.headers.get('content-type')).toContain('application/atom+xml')
    const { feed } = new XMLParser({ ignoreAttributes: false }).parse(await answer.text())
    expect(
      feed.entry.map((entry: { title: string; updated: string }) => [entry.title, entry.updated]),
    ).toEqual([
      ['mooring-7: The server refused or failed', at(12, 3).toISOString()],
      ['mooring-7: is harvested again', at(9, 3).toISOString()],
      ['mooring-7: The server refused or failed', at(8, 3).toISOString()],
      ['mooring-7: is harvested again', at(5, 3).toISOString()],
      ['mooring-7: The server refused or failed', at(4, 3).toISOString()],
    ])
    expect(feed.entry[0].summary).toBe('GET 500 <b>Whoops</b>')
  })
})

describe('the events of a run', () => {
  test('tell of attempts and counts as they come, and end with the run', async () => {
    const hour = 40
    await seedRun(database, {
      hour,
      source: alpha,
      status: 'running',
      attempts: [{ url: alpha, id: 'buoy_A' }],
    })
    const answer = await fetch(`${base}/api/harvest/runs/${runId(hour)}/events`)
    expect(answer.headers.get('content-type')).toContain('text/event-stream')
    const events = readEvents(answer)
    const told: Array<[string, unknown]> = []
    for await (const { event, data } of events) {
      if (event === 'attempts') told.push([event, data.map((one: { dataset_id: string }) => one.dataset_id)])
      if (event === 'run') told.push([event, [data.run.status, data.run.n_total, data.progress]])
      if (event === 'end') told.push([event, data])
      if (event === 'run' && data.run.n_total === 1)
        await seedAttempts(database, hour, [{ url: alpha, id: 'late' }], 5)
      if (event === 'run' && data.run.n_total === 2 && data.run.status === 'running') {
        await database.query(
          `UPDATE cde.harvest_runs SET status = 'ok', finished_at = $2 WHERE run_id = $1`,
          [runId(hour), at(hour, 9)],
        )
      }
    }
    expect(told).toEqual([
      ['attempts', ['buoy_A']],
      ['run', ['running', 1, { phase: 'harvest-datasets', done: 1, total: 4 }]],
      ['attempts', ['late']],
      ['run', ['running', 2, { phase: 'harvest-datasets', done: 2, total: 4 }]],
      ['run', ['ok', 2, { phase: 'finished', done: 2, total: 2 }]],
      ['end', { status: 'ok' }],
    ])
    await database.query('DELETE FROM cde.harvest_runs WHERE run_id = $1', [runId(hour)])
  })

  test('of a run that has ended come at once; of no run are 404', async () => {
    const told: string[] = []
    for await (const { event } of readEvents(await fetch(`${base}/api/harvest/runs/${runId(12)}/events`)))
      told.push(event)
    expect(told).toEqual(['attempts', 'run', 'end'])
    await ask('/api/harvest/runs/99999999-0000-4000-8000-000000000000/events', 404)
  })

  test('are followed by nobody who only asks for their headers', async () => {
    // 200 may watch at a time.
    for (let asked = 0; asked < 205; asked++) {
      const { status } = await fetch(`${base}/api/harvest/runs/${runId(12)}/events`, { method: 'HEAD' })
      expect(status).toBe(200)
    }
    expect(await (await fetch(`${base}/api/harvest/runs/${runId(12)}/events`)).text()).toContain('event: end')
  })
})

describe('every answer', () => {
  test('is compressed, has an ETag, and is not sent again to whoever has it', async () => {
    const path = `${base}/api/harvest/servers/${slug}`
    const plain = await fetch(path, { headers: { 'accept-encoding': 'identity' } })
    expect(plain.headers.get('content-encoding')).toBeNull()
    expect(plain.headers.get('cache-control')).toBe('no-cache')
    const etag = plain.headers.get('etag') ?? ''
    expect(etag).toMatch(/^W\/"/)
    const again = await fetch(path, { headers: { 'if-none-match': `"other", ${etag}` } })
    expect(again.status).toBe(304)
    expect(await again.text()).toBe('')
    const zipped = await rawGet(path, { 'accept-encoding': 'br, gzip' })
    expect(zipped.encoding).toBe('gzip')
    expect(gunzipSync(zipped.body).toString()).toBe(await plain.text())
  })

  test('answers HEAD, and says what it is not', async () => {
    const head = await fetch(`${base}/api/harvest/servers`, { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
    expect((await fetch(`${base}/api/harvest/nothing`)).status).toBe(404)
    expect((await fetch(`${base}/api/harvest/servers`, { method: 'DELETE' })).status).toBe(404)
  })

  test.each([
    '/api/harvest/servers/%00',
    `/api/harvest/servers/${slug}?status=bad`,
    `/api/harvest/servers/${slug}?q=%00`,
    `/api/harvest/dataset/${slug}/a%00b`,
    '/api/harvest/dataset/%E0%A4%A/x',
    '/api/harvest/runs/..%2f..%2fetc%2fpasswd',
    '/api/harvest/coverage?zoom=x',
    ...[
      '-1e12,0,1e12,1',
      '1e12,-10,-1e12,10',
      '-1e300,-90,1e300,90',
      '0,-91,1,0',
      '170,0,190,1',
      ',,1,1',
    ].flatMap((box) => [`/api/harvest/coverage?bbox=${box}`, `/api/harvest/tracks?bbox=${box}`]),
    `/api/harvest/servers/${slug}?q=${'x'.repeat(500)}`,
  ])('%s is 400 with an error in words', async (path) => {
    const body = await ask(path, 400)
    expect(body).toEqual({ error: expect.stringMatching(/\S/) })
  })

  test.each([
    '/api/harvest/servers/..%2f..%2fetc%2fpasswd',
    '/api/harvest/servers/constructor',
    '/api/harvest/servers/💥',
    '/assets/..%2findex.html',
    '/assets/%2e%2e%2f%2e%2e%2fpackage.json',
    '/harvester_logs/any.log',
    '/nothing',
  ])('%s is 404', async (path) => {
    await ask(path, 404)
  })
})

interface SseMessage {
  event: string
  // biome-ignore lint/suspicious/noExplicitAny: what the events hold is what is tested
  data: any
}

async function* readEvents(answer: Response): AsyncGenerator<SseMessage> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of answer.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true })
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const fields = new Map(
        text
          .slice(0, end)
          .split('\n')
          .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
      )
      text = text.slice(end + 2)
      const event = fields.get('event')
      if (event) yield { event, data: JSON.parse(fields.get('data') ?? 'null') }
    }
  }
}

/** Node's fetch unpacks by itself; this does not. */
async function rawGet(
  url: string,
  headers: Record<string, string>,
): Promise<{ encoding: string; body: Buffer }> {
  const { get } = await import('node:http')
  return new Promise((resolve, reject) => {
    get(url, { headers }, (answer) => {
      const parts: Buffer[] = []
      answer.on('data', (part: Buffer) => parts.push(part))
      answer.on('end', () =>
        resolve({ encoding: answer.headers['content-encoding'] ?? '', body: Buffer.concat(parts) }),
      )
    }).on('error', reject)
  })
}
