import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFailed } from 'vitest'
import { assemble } from '../deploy/dockerfile.ts'
import { type ComposeModel, resolveCompose } from '../support/compose.ts'
import { type Instance, type Network, startNetwork } from '../support/containers.ts'
import { waitUntil } from '../support/prefect.ts'

/** With what breaks addresses, shells and Compose files that are careless. */
const password = 'p@ss/wo:rd %$1\'"é'
const pacific = 'http://erddap.test:8201/erddap'
const atlantic = 'http://erddap.test:8202/erddap'
const configuration = `erddap_urls:
  - url: ${pacific}
    concurrency: 4
  - ${atlantic}
ckan_url: http://erddap.test:8203`
const login = 'admin:a long random text'
const variables = {
  DB_PASSWORD: password,
  PREFECT_API_AUTH_STRING: login,
  HARVEST_CONFIG_YAML: configuration,
  HARVESTER_CRON: '* * * * *',
  HARVEST_TRIGGER_ENABLED: 'true',
}

let folder: string
let image: string
let network: Network
let base: ComposeModel
let remote: ComposeModel
const running: Record<string, Instance> = {}

const exec = (args: string[], more: Record<string, string> = {}) =>
  running['worker-1']!.exec(['node', 'bin/harvester.js', ...args], more)
/** A question to the Prefect server, from within. */
async function prefect<T>(path: string, body?: unknown): Promise<T> {
  const script = `fetch('http://prefect:4200/api' + process.argv[1], { headers: { 'content-type': 'application/json', authorization: 'Basic ${Buffer.from(login).toString('base64')}' }, ...(process.argv[2] && { method: 'POST', body: process.argv[2] }) }).then((r) => r.text()).then((t) => process.stdout.write(t))`
  const args = body === undefined ? [path] : [path, JSON.stringify(body)]
  const { output } = await network.run(['node', '-e', script, ...args])
  return JSON.parse(output) as T
}
interface Run {
  id: string
  name: string
  state_type: string
  state: { message?: string }
  labels: Record<string, string>
  auto_scheduled: boolean
}
const endedRuns = (name: string) =>
  prefect<Run[]>('/flow_runs/filter', {
    deployments: { name: { any_: [name] } },
    // The server plans an hour ahead: only what has ended is of interest.
    flow_runs: { state: { type: { any_: ['COMPLETED', 'FAILED', 'CRASHED'] } } },
    sort: 'EXPECTED_START_TIME_DESC',
    limit: 50,
  })
async function rows(query: string): Promise<string[]> {
  const { code, output } = await running.db!.exec(
    ['psql', '-h', 'db', '-U', 'harvester', '-d', 'cde', '-XAtc', query],
    {
      PGPASSWORD: password,
    },
  )
  if (code !== 0) throw new Error(output)
  return output.trim().split('\n').filter(Boolean)
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'deploy-image-'))
  chmodSync(folder, 0o755)
  image = join(folder, 'opt')
  mkdirSync(image)
  renameSync(assemble(folder), join(image, 'harvester'))
  for (const place of ['.data', '.cache', 'harvest', 'logs']) mkdirSync(join(image, 'harvester', place))
  network = await startNetwork(image, ['db', 'prefect', 'erddap.test'])
  base = resolveCompose(['docker-compose.yml'], variables)
  remote = resolveCompose(['docker-compose.worker.yaml'], {
    DB_PASSWORD: password,
    PREFECT_API_AUTH_STRING: login,
    DB_HOST: 'db',
    DB_USER: 'harvester',
    PREFECT_API_URL: 'http://prefect:4200/api',
    HARVEST_CONFIG_YAML: 'ckan_url: http://erddap.test:8203',
    WORKER_NAME: 'far-away',
  })
  // The image's npm commands are run in it.
}, 600_000)

afterAll(async () => {
  await network?.stop()
  if (folder) rmSync(folder, { recursive: true, force: true })
})

// What the services said explains a failure better than the assertion.
beforeEach(() => {
  onTestFailed(() => {
    for (const { name, output } of Object.values(running))
      console.error(`---- ${name}\n${output().slice(-4000)}`)
  })
})

describe('the services of docker-compose.yml, in the order of their dependencies', () => {
  it('db becomes healthy', async () => {
    running.db = await network.start('db', base.services.db!, 'postgres')
    await waitUntil('the database', () => running.db!.healthy())
  })

  it('prepare creates the extensions and the database of the Prefect server, once', async () => {
    const service = base.services.prepare!
    const first = await network.once('prepare', service, 'postgres')
    expect(first).toEqual({ code: 0, output: 'The database prefect was created.\n' })
    expect(await network.once('prepare', service, 'postgres')).toEqual({
      code: 0,
      output: 'The database prefect is there.\n',
    })
  })

  it('migrate prepares the index, and finds it ready the second time', async () => {
    const first = await network.once('migrate', base.services.migrate!, 'harvester')
    expect(first).toMatchObject({ code: 0, output: expect.stringContaining('Applied') })
    const second = await network.once('migrate', base.services.migrate!, 'harvester')
    expect(second).toMatchObject({ code: 0, output: expect.stringContaining('up to date') })
  })

  it('prefect starts on PostgreSQL and becomes healthy', async () => {
    running.prefect = await network.start('prefect', base.services.prefect!, 'prefect')
    await waitUntil('the Prefect server', () => running.prefect!.healthy(), 180_000, 1000)
    expect(await prefect('/admin/version')).toBe('3.8.8')
  })

  it('two workers, one on another host and the dashboard become healthy', async () => {
    running.sources = network.spawn('sources', ['demo', '--host', '127.0.0.1', '--port', '8201'])
    await waitUntil('the servers', () => running.sources!.output().includes('ready ckan'))
    running['worker-1'] = await network.start('worker-1', base.services.worker!, 'harvester')
    running['worker-2'] = await network.start('worker-2', base.services.worker!, 'harvester')
    running.remote = await network.start('remote', remote.services.worker!, 'harvester')
    running.dashboard = await network.start('dashboard', base.services.dashboard!, 'harvester')
    for (const name of ['worker-1', 'worker-2', 'remote', 'dashboard'])
      await waitUntil(`${name}: ${running[name]!.output()}`, () => running[name]!.healthy(), 60_000, 1000)
    const workers = await prefect<{ name: string; status: string }[]>(
      '/work_pools/harvest/workers/filter',
      {},
    )
    expect(workers.map(({ name, status }) => `${name} ${status}`).sort()).toEqual([
      'far-away ONLINE',
      'worker-1-1 ONLINE',
      'worker-2-1 ONLINE',
    ])
  })

  it('two registering workers leave one set of deployments', async () => {
    const found = await prefect<{ name: string; version: string; schedules: unknown[] }[]>(
      '/deployments/filter',
      {
        sort: 'NAME_ASC',
      },
    )
    expect(found.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['harvest-all', 'harvest-erddap-test-8201', 'harvest-erddap-test-8202']),
    )
    expect(new Set(found.map(({ name }) => name)).size).toBe(found.length)
    const all = found.find(({ name }) => name === 'harvest-all')
    expect(all).toMatchObject({ version: 'abc1234', schedules: [expect.anything()] })
  })

  it('a harvest that the schedule started lands in the database', async () => {
    let done: Run | undefined
    await waitUntil(
      'a scheduled harvest',
      async () => {
        done = (await endedRuns('harvest-all')).find((run) => run.auto_scheduled)
        return done !== undefined
      },
      240_000,
      2000,
    )
    expect(done).toMatchObject({ state_type: 'COMPLETED' })
    const datasets = await rows('SELECT erddap_url, count(*) FROM cde.datasets GROUP BY 1 ORDER BY 1')
    expect(datasets.map((row) => row.split('|')[0])).toEqual([pacific, atlantic])
    expect(Number((await rows('SELECT count(*) FROM cde.profiles'))[0])).toBeGreaterThan(0)
    const recorded = await rows('SELECT DISTINCT triggered_by, git_sha FROM cde.harvest_runs')
    expect(recorded).toEqual(['schedule|abc1234'])
  })

  it('its log files are in the volume that the dashboard shares', async () => {
    const { output } = await running.dashboard!.exec(['ls', 'logs'])
    expect(output).toContain('harvest_')
  })

  it('trigger enqueues a run and ends at once; the run completes', async () => {
    const { code, output } = await exec(['trigger', 'harvest-erddap-test-8201', '--param', 'force=true'])
    expect(code).toBe(0)
    const [, id] = /enqueued: \S+ ([0-9a-f-]{36})/.exec(output) ?? []
    expect(output).toContain(`http://localhost:14200/runs/flow-run/${id}`)
    let state = ''
    await waitUntil('the run', async () => {
      const run = await prefect<Run>(`/flow_runs/${id}`)
      state = run.state_type
      return ['COMPLETED', 'FAILED', 'CRASHED'].includes(state)
    })
    expect(state).toBe('COMPLETED')
  })

  it.each([
    ['an unknown deployment', ['trigger', 'harvest-nowhere'], {}, /harvest-nowhere/],
    ['a parameter of the wrong kind', ['trigger', 'harvest-all', '--param', 'force=[1]'], {}, /force/],
    [
      'a server that is not there',
      ['trigger', '--timeout', '5'],
      { PREFECT_API_URL: 'http://prefect:4999/api' },
      /was not taken within 5 s|cannot be reached/,
    ],
  ])('trigger fails in time, and says so, for %s', async (_, args, environment, sentence) => {
    const began = Date.now()
    const { code, output } = await exec(args, environment as Record<string, string>)
    expect(code).not.toBe(0)
    expect(output).toMatch(sentence)
    // Far less than the five minutes for which it waits for a run, and enough for a busy machine.
    expect(Date.now() - began).toBeLessThan(90_000)
  })

  it('the dashboard shows the runs', async () => {
    const script = `fetch('http://127.0.0.1:8098/api/harvest/runs/recent').then((r) => r.text()).then((t) => process.stdout.write(t))`
    const { output } = await running.dashboard!.exec(['node', '-e', script])
    const recent = JSON.parse(output) as { status: string; triggered_source: string }[]
    expect(recent.map(({ triggered_source }) => triggered_source)).toEqual(
      expect.arrayContaining([pacific, atlantic]),
    )
  })

  it('SIGTERM ends the workers of the first host with 0, and the remote one goes on alone', async () => {
    const codes = await Promise.all([running['worker-1']!.stop(), running['worker-2']!.stop()])
    expect(codes).toEqual([0, 0])
    const { code, output } = await running.dashboard!.exec([
      'node',
      'bin/harvester.js',
      'trigger',
      'harvest-erddap-test-8202',
      '--param',
      'force=true',
      '--wait',
    ])
    expect({ code, output }).toMatchObject({ code: 0, output: expect.stringContaining('Completed') })
    const [, id] = /enqueued: \S+ ([0-9a-f-]{36})/.exec(output) ?? []
    expect((await prefect<Run>(`/flow_runs/${id}`)).labels['prefect.worker.name']).toBe('far-away')
  })

  it('a Prefect server with a password lets in who has it', async () => {
    expect(await running.prefect!.stop()).toBeLessThanOrEqual(0)
    const guarded = resolveCompose(['docker-compose.yml'], {
      ...variables,
      PREFECT_API_AUTH_STRING: 'admin:s3cret word',
    })
    running.prefect = await network.start('prefect-guarded', guarded.services.prefect!, 'prefect')
    await waitUntil('the Prefect server', () => running.prefect!.healthy(), 120_000, 1000)
    const as = (auth: string) =>
      running.dashboard!.exec(['node', 'bin/harvester.js', 'trigger', '--timeout', '10'], {
        PREFECT_API_AUTH_STRING: auth,
      })
    expect(await as('admin:wrong')).toMatchObject({
      code: 1,
      output: expect.stringMatching(/401|refuse|login/i),
    })
    expect(await as('')).toMatchObject({ code: 1 })
    expect(await as('admin:s3cret word')).toMatchObject({ code: 0 })
  })
})
