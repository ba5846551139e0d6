import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DemoSources, startDemoSources } from '../../src/demo/sources.ts'
import { harvester, runFolders, start } from '../acceptance/run.ts'
import { type SharedPostgres, sharedPostgres } from '../support/shared.ts'

/** The real command, a look-alike ERDDAP, and a real PostgreSQL with PostGIS. */
describe('harvester harvest with a real PostgreSQL', () => {
  let server: SharedPostgres
  let sources: DemoSources
  let folder: string
  let url: string

  beforeAll(async () => {
    server = sharedPostgres()
    sources = await startDemoSources({ addresses: 'loopback' })
    folder = mkdtempSync(join(tmpdir(), 'harvester-postgres-'))
    await server.createDatabase('harvest')
    url = server.url('harvest').replace('@', ':ignored@')
  })
  afterAll(async () => {
    await sources?.close()
    await server?.stop()
    if (folder) rmSync(folder, { recursive: true, force: true })
  })

  const harvest = (...more: string[]) =>
    harvester(['harvest', '--url', sources.pacific.url, '--ckan-url', sources.ckan.url, ...more], folder, {
      DATABASE_URL: url,
    })
  const rows = async <T>(sql: string): Promise<T[]> => {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    try {
      return (await client.query(sql)).rows as T[]
    } finally {
      await client.end()
    }
  }

  it('asks for a migration before it asks any server', async () => {
    sources.pacific.clearRequests()
    const ended = await harvest()
    expect(ended.code).toBe(1)
    expect(ended.stderr).toMatch(/harvester migrate/)
    expect(sources.pacific.requests).toHaveLength(0)
  })

  it('migrates, harvests and loads; a second time changes only what was seen', async () => {
    expect((await harvester(['migrate'], folder, { DATABASE_URL: url })).code).toBe(0)
    const first = await harvest()
    expect(first.code, first.stderr).toBe(0)
    const keys =
      'SELECT d.pk, d.dataset_id, count(p.pk)::int AS n, min(p.pk) AS least, max(p.pk) AS most FROM cde.datasets d JOIN cde.profiles p ON p.dataset_pk = d.pk GROUP BY 1, 2 ORDER BY 2'
    const before = await rows<{ dataset_id: string }>(keys)
    expect(before.length).toBeGreaterThan(10)
    const second = await harvest('--force')
    expect(second.code, second.stderr).toBe(0)
    expect(await rows(keys)).toEqual(before)
  })

  it('loads a folder by itself', async () => {
    const [run] = runFolders(join(folder, 'harvest')).complete
    const ended = await harvester(['load', run!], folder, { DATABASE_URL: url })
    expect(ended.code, ended.stderr).toBe(0)
    expect(ended.stdout).toMatch(/Loaded /)
  })

  it('ends at Ctrl-C with 130: the run is recorded as cancelled, nothing is half-written', async () => {
    sources.pacific.setLatency(200)
    sources.pacific.clearRequests()
    const running = start(
      [
        'harvest',
        '--url',
        sources.pacific.url,
        '--ckan-url',
        sources.ckan.url,
        '--folder',
        'stopped',
        '--force',
      ],
      folder,
      { DATABASE_URL: url },
    )
    // In the middle of the harvest, however slow this machine is.
    while (sources.pacific.requests.length < 8) await new Promise((resolve) => setTimeout(resolve, 20))
    running.kill('SIGINT')
    const ended = await running.ended
    sources.pacific.setLatency(0)
    expect(ended.code, ended.stderr).toBe(130)
    expect(runFolders(join(folder, 'stopped'))).toEqual({ complete: [], other: [] })
    const [last] = await rows<{ status: string; error_message: string }>(
      'SELECT status, error_message FROM cde.harvest_runs ORDER BY started_at DESC LIMIT 1',
    )
    expect(last).toMatchObject({ status: 'failed', error_message: expect.stringMatching(/^Cancelled/) })
  })

  it.each([
    ['a database that is not there', (good: string) => good.replace(/\/harvest_\w+\?/, '/nowhere?'), 1],
    ['a server that is not there', () => 'postgresql://nobody:secret-word@127.0.0.1:1/none', 1],
  ])('says what is wrong with %s, and nothing secret', async (_, change, code) => {
    const ended = await harvester(
      ['harvest', '--url', sources.pacific.url, '--ckan-url', sources.ckan.url],
      folder,
      { DATABASE_URL: change(url) },
    )
    expect(ended.code).toBe(code)
    expect(ended.stderr).toMatch(/harvester: /)
    expect(ended.stderr).not.toMatch(/secret-word|:wrong@/)
  })
})
