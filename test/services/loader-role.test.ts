/** The role for workers of docs/database-role.md is enough for loads, runs and limits, and changes nothing but rows. */
import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { migrate } from '../../src/database/migrate.ts'
import { openDatabase } from '../../src/database/open.ts'
import type { Database } from '../../src/database/port.ts'
import { loadFolder } from '../../src/inventory/load/load.ts'
import { databaseRunStore } from '../../src/inventory/run-store.ts'
import { checkDatabase } from '../../src/operate/doctor/database.ts'
import { startPostgres, type TestServer } from '../support/postgres.ts'
import { dataset, obis, profile, type RunContent, writeRunFolder } from '../support/run-folder.ts'

let postgres: TestServer
let loader: Database
let asLoader: Parameters<typeof openDatabase>[0]
const folders: string[] = []

beforeAll(async () => {
  postgres = await startPostgres()
  const settings = await postgres.createDatabase('cde')
  const owner = await postgres.open('cde')
  await migrate(owner)
  await owner.close()
  const guide = readFileSync(new URL('../../docs/database-role.md', import.meta.url), 'utf8')
  const sql = [...guide.matchAll(/```sql\n([\s\S]*?)```/g)].map(([, text]) => text ?? '')
  await postgres.execute('cde', sql.find((text) => text.includes('harvester_loader')) ?? '')
  await postgres.execute('cde', 'CREATE SCHEMA portal; CREATE TABLE portal.accounts (name text)')
  asLoader = { ...settings, user: 'harvester_loader' }
  loader = await openDatabase(asLoader)
})
afterAll(async () => {
  await loader?.close()
  await postgres?.stop()
  for (const folder of folders) await rm(dirname(folder), { recursive: true, force: true })
})

async function load(content: RunContent) {
  const folder = await writeRunFolder(content)
  folders.push(folder)
  return loadFolder(loader, folder, { mode: 'incremental' })
}

describe('the role', () => {
  it('loads datasets, profiles and cells, and loads again what changed', async () => {
    const cells = [
      {
        dataset_id: 'o',
        latitude: 45,
        longitude: -60,
        scientific_names: ['Gadus morhua'],
        n_records: 3,
        time_min: '2020-01-01T00:00:00Z',
        time_max: '2020-01-02T00:00:00Z',
        depth_min: 0,
        depth_max: 1,
      },
    ]
    const of = (title: string) => [
      dataset('a', { title }),
      dataset('o', { erddap_url: obis, source_type: 'obis', cdm_data_type: '', title }),
    ]
    const first = await load({ datasets: of('first'), profiles: [profile('a', 's')], obis_cells: cells })
    expect(first.datasets.inserted).toBe(2)
    const second = await load({
      at: '2026-01-02T00:00:00Z',
      datasets: of('second'),
      profiles: [profile('a', 's'), profile('a', 't')],
      obis_cells: cells,
    })
    // Titles come with records of the catalogue, of which there are none; the number of profiles is another.
    expect(second.datasets.updated).toBe(1)
    expect(second.profiles.inserted).toBe(1)
    expect([...first.warnings, ...second.warnings]).toEqual([])
    const { rows } = await loader.query('SELECT * FROM cde.obis_scientific_names')
    expect(rows).toHaveLength(1)
  })

  it('is all that a doctor asks for', async () => {
    const findings: string[] = []
    for await (const { level, what, text } of checkDatabase(asLoader, new AbortController().signal))
      if (level !== 'ok') findings.push(`${what}: ${text}`)
    expect(findings).toEqual([])
  })

  it('keeps runs', async () => {
    const store = databaseRunStore(loader)
    expect(await store.runs({})).toEqual([])
  })

  it.each([
    'CREATE TABLE cde.mine (n int)',
    'CREATE TABLE harvester.mine (n int)',
    'DROP TABLE cde.profiles',
    'ALTER TABLE cde.profiles ADD COLUMN mine int',
    'CREATE SCHEMA mine',
    'CREATE ROLE mine',
    'SELECT * FROM portal.accounts',
    'SELECT * FROM cde.download_jobs',
    'TRUNCATE cde.profiles',
  ])('cannot %s', async (sql) => {
    await expect(loader.query(sql)).rejects.toMatchObject({ code: 'DATABASE_FAILED' })
  })
})
