/** Walks docs/moving-from-python.md with a site as the Python harvester leaves it, step by step. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type DemoSources, startDemoSources } from '../../src/demo/sources.ts'
import { harvester, runFolders, start } from '../acceptance/run.ts'
import { portalQueries } from '../support/portal-queries.ts'
import { startPostgres, type TestServer } from '../support/postgres.ts'
import { freePort, waitUntil } from '../support/prefect.ts'
import { root } from '../support/program.ts'

const oldUrl = 'https://erddap.example.org/erddap'
let site: string
let server: TestServer
let sources: DemoSources

/** Its own tables of runs and attempts, with a history. */
const history = `
  CREATE TABLE cde.harvest_runs (run_id uuid PRIMARY KEY, started_at timestamptz, finished_at timestamptz, git_sha text,
    status text, error_message text, prefect_flow_run_id text, scope text, triggered_source text, triggered_by text);
  CREATE TABLE cde.harvest_attempts (run_id uuid REFERENCES cde.harvest_runs ON DELETE CASCADE, erddap_url text,
    dataset_id text, source text, status text, reason_code text, error_message text, duration_ms int,
    attempted_at timestamptz, query_urls text, PRIMARY KEY (run_id, erddap_url, dataset_id));
  INSERT INTO cde.harvest_runs VALUES ('00000000-0000-0000-0000-000000000001', '2025-12-31T05:00:00Z',
    '2025-12-31T05:30:00Z', 'abc1234', 'ok', NULL, NULL, 'full', NULL, 'schedule');
  INSERT INTO cde.harvest_attempts SELECT '00000000-0000-0000-0000-000000000001', erddap_url, dataset_id, 'erddap',
    'success', NULL, NULL, 1200, '2025-12-31T05:10:00Z', NULL FROM cde.datasets;`

beforeAll(async () => {
  site = mkdtempSync(join(tmpdir(), 'moving-'))
  mkdirSync(join(site, 'out'))
  ;[server, sources] = await Promise.all([startPostgres(), startDemoSources({ addresses: 'loopback' })])
  await server.createDatabase('cde')
  await server.execute('cde', readFileSync(join(root, 'test/support/adopted-database.sql'), 'utf8'))
  await server.execute('cde', history)
  const configuration = `erddap_urls:\n${sources.erddapUrls.map((url) => `  - ${url}/\n`).join('')}cache: false
folder:
max-workers: 4
incremental: true
ckan_url: ${sources.ckanUrl}
`
  writeFileSync(
    join(site, '.env'),
    `DB_HOST=db
DB_HOST_EXTERNAL=127.0.0.1
DB_PORT=${server.port}
DB_NAME=cde
DB_USER=postgres
DB_PASSWORD=secret
DB_SSLMODE=disable
REDIS_HOST=redis
ENVIRONMENT=production
HARVEST_WORKER_LIMIT=2
CORS_ORIGINS=https://explore.example.org
INCREMENTAL_MODE=true
HARVEST_FLOW_NAME=harvest
PREFECT_PORT=4200
NGINX_PORT=80
HARVESTER_MEM_LIMIT=2g
HARVERSTER_CRON="0 5 * * *"
HARVEST_CONFIG_B64=${Buffer.from(configuration).toString('base64')}
`,
  )
})
afterAll(async () => {
  await sources?.close()
  await server?.stop()
  rmSync(site, { recursive: true, force: true })
})

const run = (args: string[], env: Record<string, string> = {}) => harvester(args, site, env)
const ask = async (database: string, sql: string) => (await server.execute(database, sql)).rows
const portal = (database: string) => Promise.all(portalQueries.map((sql) => ask(database, sql)))
const newest = () => runFolders(join(site, 'out')).complete.at(-1)!
const urlOf = (database: string) =>
  `postgresql://postgres@127.0.0.1:${server.port}/${database}?sslmode=disable`
const copied = { DB_NAME: 'copy' }
let before: unknown[][]

it('1. checks the configuration, and names what has another name here', async () => {
  const checked = await run(['config', 'check'])
  expect(checked, checked.stdout).toMatchObject({ code: 0 })
  expect(checked.stdout).toContain('from HARVEST_CONFIG_B64')
  expect(checked.stdout).toContain('"cde" at 127.0.0.1')
  for (const said of [
    'REDIS_HOST has no effect: set REDIS_URL',
    'INCREMENTAL_MODE has no effect',
    'HARVEST_FLOW_NAME has no effect',
    'PREFECT_PORT has no effect',
    'NGINX_PORT has no effect',
    'HARVERSTER_CRON is not read: did you mean HARVESTER_CRON?',
    'max-workers does nothing any more',
  ])
    expect(checked.stdout).toContain(said)
  expect(checked.stdout).not.toContain('secret')
  expect(checked.stdout).toMatch(/WORKER_LIMIT[^\n]* 2 /)
})

it('2. harvests without touching the database, and compares', async () => {
  before = await portal('cde')
  const harvested = await run(['harvest', '--no-load', '--folder', 'out'])
  expect(harvested, harvested.stderr).toMatchObject({ code: 0 })
  const compared = await run(['compare', 'database', newest()])
  expect(compared, compared.stderr).toMatchObject({ code: 1 })
  expect(compared.stdout).toContain('erddap.example.org/erddap a\n  only in OLD; NEW does not say why')
  expect(compared.stdout).toMatch(/0 differ, 2 are only in OLD, \d+ only in NEW\.\n$/)
  expect(await portal('cde')).toEqual(before)
})

it('3. takes over a copy of the database, where portals get the answers that they got', async () => {
  await server.execute('postgres', 'CREATE DATABASE copy TEMPLATE cde')
  const migrated = await run(['migrate'], copied)
  expect(migrated, migrated.stderr).toMatchObject({ code: 0 })
  expect(migrated.stdout).toContain('The tables were there already and were taken over; nothing was lost.')
  expect(await portal('copy')).toEqual(before)
  expect(await ask('copy', `SELECT dataset_id FROM cde.harvest_attempts ORDER BY 1`)).toEqual([
    { dataset_id: 'a' },
    { dataset_id: 'b' },
  ])
  expect(await run(['compare', urlOf('cde'), urlOf('copy')])).toMatchObject({ code: 0 })
})

it('4. harvests into the copy beside the Python harvester, and lists what differs', async () => {
  const harvested = await run(['harvest', '--folder', 'out'], copied)
  expect(harvested, harvested.stderr).toMatchObject({ code: 0 })
  const compared = await run(['compare', urlOf('cde'), 'database', '--json'], copied)
  expect(compared).toMatchObject({ code: 1 })
  const { same, differences } = JSON.parse(compared.stdout) as {
    same: number
    differences: { kind: string }[]
  }
  expect(same).toBe(2)
  expect(new Set(differences.map(({ kind }) => kind))).toEqual(new Set(['only-new']))
  // What was harvested and what is in the database are the same.
  const folder = await run(['compare', newest(), 'database', '--json'], copied)
  const kinds = (JSON.parse(folder.stdout) as { differences: { kind: string }[] }).differences
  expect(kinds.map(({ kind }) => kind)).toEqual(['only-new', 'only-new'])
  expect(await portal('cde')).toEqual(before)
})

it('5. changes over: the real database, with its rows, numbers and history', async () => {
  const rows = `SELECT pk, pk_url, dataset_id, title, organization_pks FROM cde.datasets WHERE erddap_url = '${oldUrl}' ORDER BY pk`
  const held = await ask('cde', rows)
  expect(await run(['migrate'])).toMatchObject({ code: 0 })
  expect(await portal('cde')).toEqual(before)
  const port = await freePort()
  const started = start(['start'], site, {
    RUN_ON_DEPLOY: 'true',
    HARVESTER_HTTP_PORT: String(port),
    HARVEST_TRIGGER_ENABLED: 'false',
  })
  const runs = `SELECT finished_at FROM cde.harvest_runs WHERE finished_at IS NOT NULL AND git_sha IS DISTINCT FROM 'abc1234'`
  await waitUntil(
    'the runs of the deployment',
    async () => (await ask('cde', runs)).length === sources.erddapUrls.length,
  )
  const servers = await fetch(`http://127.0.0.1:${port}/api/harvest/servers`)
  expect(servers.status).toBe(200)
  started.kill('SIGTERM')
  expect((await started.ended).code).toBe(0)
  expect(await ask('cde', rows)).toEqual(held)
  const listed = await ask('cde', 'SELECT git_sha, triggered_by FROM cde.harvest_runs ORDER BY started_at')
  expect(listed[0]).toEqual({ git_sha: 'abc1234', triggered_by: 'schedule' })
  expect(listed.length).toBe(1 + sources.erddapUrls.length)
})

it('6. has a way back: the Python harvester writes into the database as before', async () => {
  await server.execute(
    'cde',
    `INSERT INTO cde.harvest_runs (run_id, started_at, status, scope, triggered_by)
       VALUES ('00000000-0000-0000-0000-000000000002', now(), 'ok', 'full', 'schedule');
     INSERT INTO cde.harvest_attempts (run_id, erddap_url, dataset_id, source, status, attempted_at)
       VALUES ('00000000-0000-0000-0000-000000000002', '${oldUrl}', 'a', 'erddap', 'success', now());
     DELETE FROM cde.profiles WHERE erddap_url = '${oldUrl}' AND dataset_id = 'b';
     INSERT INTO cde.datasets (dataset_id, erddap_url, platform, title, cdm_data_type, organizations, eovs, n_profiles)
       VALUES ('c', '${oldUrl}', 'buoy', 'Title of c', 'TimeSeries', '{Institute of Examples}', '{}', 0);
     INSERT INTO cde.skipped_datasets VALUES ('${oldUrl}', 'd', 'MISSING_CF_ROLE');`,
  )
  const again = await run(['compare', urlOf('copy'), urlOf('cde'), '--json'])
  const { differences } = JSON.parse(again.stdout) as { differences: { dataset: string }[] }
  // Of the others some go on growing.
  const ofOld = differences
    .map(({ dataset }) => dataset)
    .filter((name) => name.startsWith('erddap.example.org'))
  expect(ofOld).toEqual(['erddap.example.org/erddap b', 'erddap.example.org/erddap c'])
  // And ours takes it up again from there.
  expect(await run(['harvest', '--folder', 'out'])).toMatchObject({ code: 0 })
})
