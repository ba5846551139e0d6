import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { migrate } from '../../../src/database/migrate.ts'
import { openDatabase } from '../../../src/database/open.ts'
import type { Database } from '../../../src/database/port.ts'
import { type CkanServer, startCkan } from '../../../src/demo/ckan.ts'
import { type ErddapServer, startErddap } from '../../../src/demo/erddap.ts'
import { scaleDatasets } from '../../../src/demo/scale.ts'
import { databaseRunStore } from '../../../src/inventory/run-store.ts'
import type { JsonReport } from '../../../src/operate/backfill/report.ts'
import { openStateTypes, type RunStore } from '../../../src/runs/index.ts'
import { waitUntil } from '../../support/prefect.ts'
import { harvesterProgram } from '../../support/program.ts'

let folder = ''
let database: Database
let store: RunStore
let sources: ErddapServer[]
let ckan: CkanServer
const children = new Set<ChildProcess>()

// This process owns the embedded database; the commands come in by its socket.
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backfill-'))
  database = await openDatabase({ kind: 'embedded', dataFolder: join(folder, 'data') })
  await migrate(database)
  store = databaseRunStore(database)
  ckan = await startCkan({ records: [] })
  sources = await Promise.all(
    [0, 1, 2].map(() =>
      startErddap({ datasets: scaleDatasets({ kind: 'mixed', datasets: 3, profiles: 4 }) }),
    ),
  )
})
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL')
  await Promise.all([...(sources ?? []), ...(ckan ? [ckan] : [])].map((server) => server.close()))
  await database?.close()
  await rm(folder, { recursive: true, force: true })
})

interface Command {
  child: ChildProcess
  err: () => string
  ended: Promise<{ code: number | null; out: string; err: string }>
}

function start(args: readonly string[], env: Record<string, string> = {}): Command {
  const child = spawn(process.execPath, [...harvesterProgram, 'backfill', ...args], {
    cwd: folder,
    env: {
      ...process.env,
      DATABASE: 'embedded',
      HARVESTER_DATA_DIR: join(folder, 'data'),
      HARVESTER_CACHE_DIR: join(folder, 'cache'),
      HARVESTER_LOG_DIR: join(folder, 'logs'),
      HARVEST_CONFIG_YAML: JSON.stringify({
        erddap_urls: sources.map(({ url }) => url),
        ckan_url: ckan.url,
        folder: join(folder, 'harvest'),
      }),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.add(child)
  let out = ''
  let err = ''
  child.stdout.on('data', (data: Buffer) => {
    out += data
  })
  child.stderr.on('data', (data: Buffer) => {
    err += data
  })
  const ended = new Promise<{ code: number | null; out: string; err: string }>((done) =>
    child.once('close', (code) => {
      children.delete(child)
      done({ code, out, err })
    }),
  )
  return { child, err: () => err, ended }
}

const backfill = (...args: string[]) => start(args).ended
const slug = (index: number) => `127-0-0-1-${sources[index]?.port}`
const allSources = () => sources.map(({ url }) => url).join(',')
const report = (out: string) => JSON.parse(out) as JsonReport

describe('harvester backfill', () => {
  it('says what is wrong with its words, all at once, and starts nothing', async () => {
    const nowhere = { DATABASE: '', DATABASE_URL: 'postgresql://nobody@127.0.0.1:9/none?sslmode=disable' }
    const cases: [string[], RegExp][] = [
      [['harvest-all'], /needs --each/],
      [['harvest-all', '--each', 'force'], /--each force has no name and values/],
      [
        ['harvest-all', '--each', 'force=true', '--parallel', '0'],
        /--parallel .*'0' is invalid.*from 1 to 100.*--help/s,
      ],
      [['harvest-all', '--each', 'force=true', '--key', 'a b'], /--key "a b" is not usable/],
      [
        ['harvest-elsewhere', '--each', 'force=true'],
        /no deployment "harvest-elsewhere".*Name one of: harvest-/s,
      ],
      [
        ['harvest-all', '--each', 'force=true,perhaps', '--param', 'sorce=a'],
        /force = perhaps: .*there is no parameter sorce/,
      ],
      [
        [`harvest-${slug(0)}`, '--each', 'source=a.example.org,b.example.org'],
        /"a.example.org".*"b.example.org"/,
      ],
    ]
    const ends = await Promise.all(cases.map(([args]) => start(args, nowhere).ended))
    for (const [index, [, message]] of cases.entries())
      expect(ends[index]).toMatchObject({ code: 2, err: expect.stringMatching(message) })
    expect(await store.runs({})).toEqual([])
  }, 240_000)

  it('harvests each source with what is known of it, and once only', async () => {
    const args = [`harvest-${slug(0)}`, '--each', `source=${slug(0)},${slug(1)}`, '--param', 'force=true']
    const dry = await backfill(...args, '--dry-run')
    expect(dry).toMatchObject({ code: 0, out: expect.stringMatching(/be started.*be started/s) })
    expect(await store.runs({})).toEqual([])

    const first = await backfill(...args, '--json', '--parallel', '2')
    expect(first.err).toMatch(/no standalone process lives/)
    expect(first.code).toBe(0)
    const { key, runs } = report(first.out)
    expect(runs.map(({ parameters, state, deployment }) => [parameters.source, state, deployment])).toEqual(
      [0, 1].map((index) => [sources[index]?.url, 'Completed', `harvest-${slug(index)}`]),
    )
    const { rows } = await database.query<{ erddap_url: string; count: number }>(
      'SELECT erddap_url, count(*)::int AS count FROM cde.datasets GROUP BY 1 ORDER BY 1',
    )
    expect(rows).toEqual(
      sources
        .slice(0, 2)
        .map(({ url }) => ({ erddap_url: url, count: 3 }))
        .sort((a, b) => (a.erddap_url < b.erddap_url ? -1 : 1)),
    )
    const again = await backfill(...args)
    expect(again).toMatchObject({ code: 0, out: expect.stringContaining('2 runs: 2 Completed') })
    expect(again.err).toContain(`Backfill ${key}`)
    expect(await store.runs({})).toHaveLength(2)
  }, 240_000)

  it('goes on after a kill and after Ctrl-C where it was, and ends with what happened', async () => {
    const [, stuck] = sources
    stuck?.setHostile([{ match: /./, behave: { kind: 'silent' } }])
    const args = [`harvest-${slug(2)}`, '--each', `source=${allSources()}`, '--key', 'killed']
    const tag = 'backfill:killed'
    const running = async () =>
      (await store.runs({ tag, types: ['RUNNING'] })).filter(
        ({ parameters }) => parameters.source === stuck?.url,
      )
    const first = start(args)
    await waitUntil('the second run', async () => (await running()).length === 1, 120_000)
    const [{ id } = { id: '' }] = await running()
    first.child.kill('SIGKILL')
    await first.ended

    const second = start(args)
    // Taken up again at once, though nobody waited for the dead process to be forgotten.
    await waitUntil('the second run, again', async () => (await store.run(id))?.runCount === 2, 120_000)
    second.child.kill('SIGINT')
    expect(await second.ended).toMatchObject({
      code: 130,
      out: expect.stringMatching(/Completed.*Not started/s),
      err: expect.stringMatching(/given back; the same command goes on with backfill killed/),
    })
    expect((await store.run(id))?.state.type).toBe('SCHEDULED')
    expect(await store.runs({ tag, types: openStateTypes })).toHaveLength(1)

    stuck?.setHostile([{ match: /./, behave: { kind: 'status', status: 404 } }])
    const third = await backfill(...args, '--json')
    expect(third.code).toBe(1)
    expect(report(third.out).runs.map(({ state }) => state)).toEqual(['Completed', 'Failed', 'Completed'])
    expect(report(third.out).runs[1]?.runId).toBe(id)
    expect(third.err).toContain('--retry-failed')

    stuck?.setHostile([])
    const fourth = await backfill(...args, '--json', '--retry-failed')
    expect(fourth.code).toBe(0)
    expect(report(fourth.out).runs.map(({ attempt }) => attempt)).toEqual([1, 2, 1])
    expect(await store.runs({ tag })).toHaveLength(4)
  }, 400_000)
})
