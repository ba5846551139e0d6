import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { migrate } from '../../src/database/migrate.ts'
import { openDatabase } from '../../src/database/open.ts'
import type { Database } from '../../src/database/port.ts'
import { loadFolder } from '../../src/inventory/load/load.ts'
import { dataset, profile, writeRunFolder } from '../support/run-folder.ts'
import { describeBelief } from './belief.suite.ts'
import { describeLoad } from './load.suite.ts'
import { describeMigrations } from './migrate.suite.ts'
import { describePort } from './port.suite.ts'
import { describeRunStore } from './run-store.suite.ts'

// The engine takes seconds to start and most of a gigabyte to run: one serves all the suites of this file.
let folder: string | undefined
let engine: Promise<Database> | undefined

async function open(): Promise<Database> {
  folder ??= await mkdtemp(join(tmpdir(), 'harvester-database-'))
  const settings = { kind: 'embedded' as const, dataFolder: folder }
  engine ??= openDatabase(settings)
  await engine
  return openDatabase(settings)
}

afterAll(async () => {
  await (await engine)?.close()
  if (folder) await rm(folder, { recursive: true, force: true })
})

describe('a statement on the embedded engine', () => {
  it('that takes longer than the limit ends with its connection, and the next one is answered', async () => {
    await open()
    const database = await openDatabase(
      { kind: 'embedded', dataFolder: folder! },
      { statementMs: 1000, maxConnections: 1 },
    )
    await expect(database.query('SELECT pg_sleep(3)')).rejects.toMatchObject({
      code: 'DATABASE_FAILED',
      facts: { transient: true },
    })
    await expect
      .poll(async () => (await database.query('SELECT 1 AS one').catch(() => null))?.rows, {
        timeout: 30_000,
      })
      .toEqual([{ one: 1 }])
    await database.close()
  })
})

describe('the room of rows that were replaced, on the embedded engine', () => {
  const size = async (database: Database) =>
    (await database.query<{ bytes: number }>(`SELECT pg_relation_size('replaced') AS bytes`)).rows[0]!.bytes

  it('is used again once it was tidied, for nothing else does so there', async () => {
    const database = await open()
    await database.query('CREATE TABLE replaced AS SELECT n FROM generate_series(1, 20000) n')
    const before = await size(database)
    for (let round = 0; round < 5; round += 1) {
      await database.query('UPDATE replaced SET n = n + 1')
      await database.tidy()
    }
    expect(await size(database)).toBeLessThan(2.5 * before)
    await database.query('DROP TABLE replaced')
    await database.close()
  })

  it('is tidied by every load, the catalogue of staging tables too', async () => {
    const database = await open()
    await migrate(database)
    // Each leaves its columns behind in the catalogue, as the staging tables of a load do.
    const columns = Array.from({ length: 1500 }, (_, i) => `c${i} int`).join(', ')
    for (let made = 0; made < 5; made += 1)
      await database.query(`CREATE TABLE left_behind (${columns}); DROP TABLE left_behind`)
    const folder = await writeRunFolder({ datasets: [dataset('a')], profiles: [profile('a', 's1')] })
    await loadFolder(database, folder, { mode: 'incremental' })
    await rm(dirname(folder), { recursive: true, force: true })
    const { rows } = await database.query<{ dead: number }>(
      `SELECT n_dead_tup AS dead FROM pg_stat_all_tables WHERE relname = 'pg_attribute'`,
    )
    expect(rows[0]!.dead).toBeLessThan(5_000)
    await database.close()
  })
})

describePort('the embedded engine', open)
describeMigrations('the embedded engine', async () => {
  const database = await open()
  await database.query('DROP SCHEMA IF EXISTS cde, harvester CASCADE')
  return database
})
describeLoad('the embedded engine', open)
describeBelief('the embedded engine', open)
describeRunStore('the embedded engine', open)
