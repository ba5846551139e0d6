import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CkanServer, startCkan } from '../../src/demo/ckan.ts'
import { type ErddapOptions, startErddap } from '../../src/demo/erddap.ts'
import type { HostileRule } from '../../src/demo/hostile.ts'
import { describe as dataset, day, epoch } from './build.ts'
import { harvester, readTable, runFolders, start } from './run.ts'

const closing: (() => Promise<void>)[] = []
const root = mkdtempSync(join(tmpdir(), 'acceptance-'))
let ckan: CkanServer
/** Nobody listens there. */
const dead = 'http://127.0.0.1:9'
const patience = 120_000

beforeAll(async () => {
  ckan = await startCkan({ records: [] })
  closing.push(ckan.close)
})

afterAll(async () => {
  for (const close of closing) await close()
  rmSync(root, { recursive: true, force: true })
})

const folder = () => mkdtempSync(join(root, 'run-'))

function good(id: string) {
  const at = epoch('2021-01-01T00:00:00Z')
  return dataset({
    id,
    type: 'TimeSeries',
    ids: [['station', 'timeseries_id']],
    rows: [
      ['A', at, 1, 1],
      ['B', at + day, 2, 2],
    ],
  })
}

async function serve(count: number, rules: HostileRule[] = [], more: Partial<ErddapOptions> = {}) {
  const ids = Array.from({ length: count }, (_, at) => `d${String(at).padStart(3, '0')}`)
  const server = await startErddap({ datasets: ids.map(good), ...more })
  server.setHostile(rules)
  closing.push(server.close)
  return server
}

const says = (body: string): HostileRule['behave'] => ({ kind: 'status', status: 200, body })

describe('datasets that answer badly', () => {
  it(
    'each end in one attempt that says what and where; the others are harvested, and so are they without CKAN',
    async () => {
      const server = await serve(80, [
        { match: /info\/d001/, behave: { kind: 'html' } },
        { match: /tabledap\/d002/, behave: { kind: 'truncated', bytes: 60 } },
        { match: /tabledap\/d003/, behave: says('station,latitude\n,degrees_north\nA,1\n') },
        { match: /info\/d004/, behave: says('Row Type,Variable Name,Value\na,b,c\n') },
        {
          match: /info\/d005/,
          behave: says('Row Type,Variable Name,Attribute Name,Data Type,Value\n1,2,3,4,5\n'),
        },
        { match: /info\/d006/, behave: { kind: 'status', status: 403, body: 'You are on the blocklist.' } },
        { match: /d007.*orderByCount/, behave: { kind: 'status', status: 400, body: 'No.' } },
      ])
      const cwd = folder()
      const ended = await harvester(
        ['harvest', '--url', server.url, '--ckan-url', dead, '--folder', 'out', '--no-load'],
        cwd,
      )
      expect(ended).toMatchObject({ code: 0 })
      expect(ended.stdout).toContain('Completed: 74 harvested, 6 of 80 failed')
      expect(ended.stderr).toMatch(/"level":"warn".*CKAN/)
      const written = runFolders(join(cwd, 'out')).complete[0] ?? ''
      expect(existsSync(join(written, 'ckan.csv'))).toBe(false)
      const attempts = readTable(written, 'harvest_attempts')
      expect(attempts).toHaveLength(80)
      const failed = attempts.filter(({ status }) => status !== 'success')
      expect(failed.map(({ dataset_id, reason_code }) => `${dataset_id} ${reason_code}`)).toEqual([
        'd001 HTTP_ERROR',
        'd002 HTTP_ERROR',
        'd003 HTTP_ERROR',
        'd004 HTTP_ERROR',
        'd005 BAD_METADATA',
        'd006 HTTP_ERROR',
      ])
      const message = Object.fromEntries(failed.map((one) => [one.dataset_id, one.error_message]))
      expect(message.d001).toContain('HTML instead of CSV')
      expect(message.d002).toContain('truncated')
      expect(message.d003).toContain('longitude')
      expect(message.d004).toContain('Attribute Name')
      expect(message.d006).toContain('You are on the blocklist.')
      for (const one of failed) {
        expect(one.error_message, one.dataset_id).toContain(`${server.url}/`)
        expect(one.query_urls?.split('\n').at(-1), one.dataset_id).toContain(`/${one.dataset_id}`)
      }
      const uncounted = readTable(written, 'profiles').filter(({ dataset_id }) => dataset_id === 'd007')
      // Unknown is not none.
      expect(uncounted.map(({ n_records, records_per_day }) => [n_records, records_per_day])).toEqual([
        ['', ''],
        ['', ''],
      ])
    },
    patience,
  )

  it(
    'fail the run from 10 % on, which still writes what it harvested',
    async () => {
      const server = await serve(10, [{ match: /info\/d001/, behave: { kind: 'html' } }])
      const cwd = folder()
      const ended = await harvester(
        ['harvest', '--url', server.url, '--ckan-url', ckan.url, '--folder', 'out', '--no-load'],
        cwd,
      )
      expect(ended).toMatchObject({ code: 1 })
      const written = runFolders(join(cwd, 'out')).complete[0] ?? ''
      expect(readTable(written, 'datasets')).toHaveLength(9)
      expect(readTable(written, 'harvest_runs')[0]).toMatchObject({
        status: 'failed',
        error_message: /1 of 10/,
      })
    },
    patience,
  )
})

describe('sources that cannot be listed', () => {
  it(
    'fail the run and are named with a remedy; the good one is harvested',
    async () => {
      const list = /allDatasets/
      const well = await serve(3)
      const bad = {
        html: await serve(1, [{ match: list, behave: { kind: 'html' } }]),
        cut: await serve(1, [{ match: list, behave: { kind: 'truncated', bytes: 250 } }]),
        empty: await serve(0),
        starting: await serve(1),
        blank: await serve(1, [{ match: list, behave: says('') }]),
      }
      bad.starting.setPhase('unknown')
      const broken = [
        ...Object.values(bad).map(({ url }) => url),
        `${ckan.url}/erddap`,
        `${dead}/erddap`,
        'http://no-such-host.invalid/erddap',
      ]
      const cwd = folder()
      const urls = [well.url, ...broken].flatMap((url) => ['--url', url])
      const ended = await harvester(
        ['harvest', ...urls, '--ckan-url', ckan.url, '--folder', 'out', '--no-load'],
        cwd,
      )
      expect(ended).toMatchObject({ code: 1 })
      const written = runFolders(join(cwd, 'out')).complete[0] ?? ''
      const datasets = readTable(written, 'datasets')
      expect(datasets.map(({ erddap_url }) => erddap_url)).toEqual([well.url, well.url, well.url])
      const [run] = readTable(written, 'harvest_runs')
      expect(run).toMatchObject({ status: 'failed' })
      expect(ended.stdout).toContain('8 of 9 sources failed')
      for (const url of broken) expect(run?.error_message).toContain(`${url}: `)
      for (const what of [
        'HTML instead of CSV',
        'truncated',
        'lists no public tabular dataset',
        'Currently unknown datasetID=allDatasets',
        'answered 404',
        'refuses connections',
        'does not resolve',
        // remedies
        'still starting',
        'Check the address',
        'Open the address in a browser',
      ])
        expect(run?.error_message).toContain(what)
    },
    patience,
  )

  it(
    'are not what is asked for and listed by nobody: that is an attempt of its own',
    async () => {
      const [one, two] = [await serve(2), await serve(3)]
      const cwd = folder()
      const ids = ['d000', 'd002', 'nowhere'].flatMap((id) => ['--dataset-id', id])
      const ended = await harvester(
        [
          'harvest',
          '--url',
          one.url,
          '--url',
          two.url,
          ...ids,
          '--ckan-url',
          ckan.url,
          '--folder',
          'out',
          '--no-load',
        ],
        cwd,
      )
      expect(ended.stdout).toContain('nowhere')
      const attempts = readTable(runFolders(join(cwd, 'out')).complete[0] ?? '', 'harvest_attempts')
      expect(attempts.map((row) => [row.erddap_url, row.dataset_id, row.reason_code]).sort()).toEqual(
        [
          [one.url, 'd000', ''],
          [one.url, 'nowhere', 'NOT_LISTED'],
          [two.url, 'd000', ''],
          [two.url, 'd002', ''],
        ].sort(),
      )
    },
    patience,
  )
})

describe('a run that cannot go on', () => {
  it(
    'leaves nothing behind after Ctrl-C and ends with 130',
    async () => {
      const server = await serve(300, [], { latencyMs: 20 })
      const cwd = folder()
      const running = start(
        ['harvest', '--url', server.url, '--ckan-url', ckan.url, '--folder', 'out', '--no-load'],
        cwd,
      )
      while (server.requests.length < 30) await sleep(20)
      expect(runFolders(join(cwd, 'out')).other).toHaveLength(1)
      running.kill('SIGINT')
      const ended = await running.ended
      expect(ended.code).toBe(130)
      expect(server.requests.length).toBeLessThan(600)
      expect(runFolders(join(cwd, 'out'))).toEqual({ complete: [], other: [] })
    },
    patience,
  )

  it(
    'says which file could not be written, and what to do',
    async () => {
      const server = await serve(3)
      const cwd = folder()
      writeFileSync(join(cwd, 'out'), 'a file where a folder should be')
      const ended = await harvester(
        ['harvest', '--url', server.url, '--ckan-url', ckan.url, '--folder', 'out', '--no-load'],
        cwd,
      )
      expect(ended).toMatchObject({ code: 1 })
      expect(ended.stderr).toMatch(
        /harvester: .*out.* could not be written \(ENOTDIR\).*\n {2}Check that the folder/,
      )
      expect(server.requests).toEqual([])
      expect(readFileSync(join(cwd, 'out'), 'utf8')).toBe('a file where a folder should be')
    },
    patience,
  )
})

describe('wrong usage and configuration', () => {
  const config = `erddap_urls:
  - ${dead}/erddap
  - url: ${dead}/other
    concurency: 3
    concurrency: many
folders: x
cache: perhaps
flush_redis: yes
ckan_url: nonsense
`
  const url = ['--url', `${dead}/erddap`]
  const cases: [name: string, args: string[], env: Record<string, string>, says: RegExp[]][] = [
    [
      'every bad key of a configuration, with its line',
      ['-f', 'bad.yaml', '--no-load'],
      {},
      [
        /line 4: .*concurency: unknown key/,
        /line 5: .*concurrency: .*"many"/,
        /line 6: folders: unknown key/,
        /line 7: cache: .*"perhaps"/,
        /line 9: ckan_url: .*"nonsense"/,
        /^(?!.*flush_redis)/s,
      ],
    ],
    ['a database that is half described', url, { DB_HOST: 'x', DB_NAME: 'y' }, [/DB_USER/]],
    [
      'a boolean that is none',
      [...url, '--no-load'],
      { HARVESTER_SERVE_LOGS: 'maybe' },
      [/HARVESTER_SERVE_LOGS.*maybe/],
    ],
    ['an address that is none', ['--url', 'erddap.example.org', '--no-load'], {}, [/https:\/\//]],
    [
      'a catalogue that is none',
      [...url, '--ckan-url', 'nonsense', '--no-load'],
      {},
      [/--ckan-url.*nonsense/],
    ],
    [
      'a source that is not configured',
      [...url, '--source', 'other', '--no-load'],
      {},
      [/other/, /127-0-0-1-9/],
    ],
    ['a flag that there is not', [...url, '--nope'], {}, [/--nope/]],
    ['no configuration', ['--no-load'], {}, [/--url/]],
  ]
  it.each(cases)(
    '%s: exit 2, before anything is fetched',
    async (_, args, env, patterns) => {
      const cwd = folder()
      writeFileSync(join(cwd, 'bad.yaml'), config)
      const ended = await harvester(['harvest', '--folder', 'out', ...args], cwd, env)
      expect(ended).toMatchObject({ code: 2, stdout: '' })
      for (const pattern of patterns) expect(ended.stderr).toMatch(pattern)
      expect(ended.stderr).not.toMatch(/\n\s+at /)
      expect(existsSync(join(cwd, 'out'))).toBe(false)
    },
    patience,
  )
})
