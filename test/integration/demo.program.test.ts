import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parse } from 'csv-parse/sync'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDatabase } from '../../src/database/open.ts'
import type { Database } from '../../src/database/port.ts'
import { type Ended, harvester, runFolders } from '../acceptance/run.ts'

/** `npm start -- --once` of someone with nothing but Node, in an empty folder. */
describe('the demo', () => {
  let folder: string
  let first: Ended
  let second: Ended
  let database: Database

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'harvester-start-'))
    first = await harvester(['start', '--once'], folder)
    // A site's own variables are none of the demo's business.
    second = await harvester(['start', '--once'], folder, {
      PREFECT_API_URL: 'http://127.0.0.1:9/api',
      DATABASE_URL: 'postgresql://nobody@127.0.0.1:9/none',
    })
    database = await openDatabase({ kind: 'embedded', dataFolder: join(folder, '.data/demo') })
  }, 300_000)
  afterAll(async () => {
    await database?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const count = async (table: string): Promise<number> => {
    const { rows } = await database.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${table}`)
    return rows[0]!.n
  }
  const table = (name: string) => {
    const run = runFolders(join(folder, '.data/demo/harvest')).complete[0]!
    return parse(readFileSync(join(run, name)), { columns: true }) as Record<string, string>[]
  }

  it('ends well, says that it is the demo, how to harvest one’s own servers, and where the CSVs are', () => {
    expect(first.code, first.stderr).toBe(0)
    expect(first.stdout).toMatch(/This is the demo/)
    expect(first.stdout).toMatch(/harvester harvest --url https/)
    const [, csvs] = /CSVs: (.*\.data\/demo\/harvest\/full\/\d{8}_\d{6})/.exec(first.stdout)!
    expect(existsSync(join(resolve(folder, csvs!), 'datasets.csv'))).toBe(true)
    expect(existsSync(join(folder, '.data/demo'))).toBe(true)
  })

  it('shows each reason that a dataset can be skipped for by its metadata, and one that failed', () => {
    for (const reason of [
      'CDM_DATA_TYPE_UNSUPPORTED',
      'ON_SKIP_LIST',
      'INGEST_FLAG_FALSE',
      'MISSING_REQUIRED_VARS',
      'NO_SUPPORTED_VARIABLES',
      'DEPTH_AND_ALTITUDE',
      'MISSING_CF_ROLE',
      'NO_PROFILES_FOUND',
      'HTTP_ERROR',
    ])
      expect(first.stdout).toContain(reason)
  })

  it('is what the picture of it in the README shows', () => {
    const picture = readFileSync(join(import.meta.dirname, '../../docs/first-start.svg'), 'utf8')
      .replaceAll(/<\/text>\n?<text[^>]*>/g, '')
      .replaceAll(/\s+/g, '')
    const told = ['datasets new', 'Not harvested, by reason', 'Completed:', 'Names of species:']
    // The picture leaves out the middle of the summary, and seconds are those of another day.
    const lines = first.stdout.split('\n').filter((line) => told.some((words) => line.includes(words)))
    expect(lines.length).toBe(told.length)
    for (const line of lines)
      expect(picture, 'npm run record-start').toContain(
        line.replace(/^Loaded in [\d.]+ s/, '').replaceAll(/\s+/g, ''),
      )
  })

  it('loads exactly what the CSVs hold', async () => {
    expect(await count('cde.datasets')).toBe(table('datasets.csv').length)
    expect(await count('cde.profiles')).toBe(table('profiles.csv').length)
    expect(
      await count(
        'cde.profiles WHERE geom IS NULL OR point_pk IS NULL OR hex_0_pk IS NULL OR hex_1_pk IS NULL',
      ),
    ).toBe(0)
    expect(await count("cde.datasets WHERE title_fr LIKE '%é%'")).toBeGreaterThan(3)
  })

  it('ends each listed dataset as one attempt', () => {
    const attempts = table('harvest_attempts.csv')
    expect(new Set(attempts.map((row) => `${row.erddap_url} ${row.dataset_id}`)).size).toBe(attempts.length)
    expect(attempts.length).toBe(table('datasets.csv').length + table('skipped.csv').length)
  })

  it('proves most of it unchanged the second time, whatever variables of a real site are set', async () => {
    expect(second.code, second.stderr).toBe(0)
    expect(second.stdout).toMatch(/unchanged/)
    const { rows } = await database.query<{ status: string; n: number }>(
      'SELECT status, count(*)::int AS n FROM cde.harvest_runs GROUP BY status',
    )
    expect(rows).toEqual([{ status: 'ok', n: 2 }])
  })
})
