import { readFile, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { migrate, migrationState, requireMigrated } from '../../src/database/migrate.ts'
import type { Database } from '../../src/database/port.ts'
import { isHarvesterError } from '../../src/errors.ts'
import { loadFolder } from '../../src/inventory/load/load.ts'
import { portalQueries } from '../support/portal-queries.ts'
import { dataset, profile, writeRunFolder } from '../support/run-folder.ts'
import { type SharedPostgres, sharedPostgres } from '../support/shared.ts'
import { contentOf } from '../support/snapshot.ts'

describe('a database that the Python harvester made', () => {
  let server: SharedPostgres
  let database: Database
  beforeAll(async () => {
    server = sharedPostgres()
    await server.createDatabase('adopted')
    await server.execute(
      'adopted',
      await readFile(new URL('../support/adopted-database.sql', import.meta.url), 'utf8'),
    )
    database = await server.open('adopted')
  })
  afterAll(async () => {
    await database?.close()
    await server?.stop()
  })
  const answers = async () => Promise.all(portalQueries.map(async (sql) => (await database.query(sql)).rows))

  it('is not touched by anything but migrate', async () => {
    const error = await requireMigrated(database).catch((caught: unknown) => caught)
    expect(isHarvesterError(error, 'DATABASE_NOT_READY')).toBe(true)
    expect((error as { remedy: string }).remedy).toContain('harvester migrate')
  })

  it('is adopted while the portal reads, and answers as before', async () => {
    const before = await answers()
    const functions = (
      await database.query(
        `SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'cde'::regnamespace AND proname IN ('remove_all_data') ORDER BY 1`,
      )
    ).rows
    const stop = new AbortController()
    let reads = 0
    const reading = (async () => {
      while (!stop.signal.aborted) {
        await answers()
        reads += 1
      }
    })()
    const results = await Promise.all([migrate(database), migrate(database)])
    stop.abort()
    await reading
    expect(results.map((result) => result.adopted).sort()).toEqual([false, true])
    expect(reads).toBeGreaterThan(0)
    expect(await answers()).toEqual(before)
    expect(
      (
        await database.query(
          `SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'cde'::regnamespace AND proname IN ('remove_all_data') ORDER BY 1`,
        )
      ).rows,
    ).toEqual(functions)
    expect((await migrationState(database)).pending).toEqual([])
    const state = await contentOf(database)
    expect(state.points).toHaveLength(30)
    expect(state.skipped).toHaveLength(1)
    for (const row of state.profiles!)
      expect(row).toMatchObject({ at_point: true, in_cells: true, inside: true, days: 11 })
  })

  it('does not build an index that is there under another name', async () => {
    const { rows } = await database.query<{ name: string }>(
      `SELECT indexname AS name FROM pg_indexes WHERE tablename = 'profiles' AND indexdef LIKE '%gist%' OR tablename = 'profiles' AND indexdef LIKE '%(latitude)'`,
    )
    expect(rows.map((row) => row.name).sort()).toEqual(['profiles_geom_idx', 'profiles_latitude_idx'])
  })

  it('is loaded into by touching only what differs', async () => {
    const before = await database.query<{ pk: number; xmin: string }>(
      `SELECT pk, xmin::text FROM cde.profiles WHERE dataset_id = 'a' ORDER BY pk`,
    )
    const row = (n: number) => profile('a', `s${n}`, { latitude: 40 + n, longitude: -60 - n })
    const folder = await writeRunFolder({
      datasets: [dataset('a')],
      profiles: [
        ...Array.from({ length: 29 }, (_, i) => row(i + 1)),
        { ...row(30), n_records: 999 },
        row(31),
      ],
      verified: [{ dataset_id: 'b' }],
    })
    const summary = await loadFolder(database, folder, { mode: 'incremental' })
    expect(summary.profiles).toMatchObject({ inserted: 1, updated: 1, deleted: 0 })
    const after = await database.query<{ pk: number; xmin: string }>(
      `SELECT pk, xmin::text FROM cde.profiles WHERE dataset_id = 'a' ORDER BY pk`,
    )
    expect(after.rows.slice(0, 29)).toEqual(before.rows.slice(0, 29))
    expect(
      (
        await database.query(
          `SELECT pk, pk_url, title_fr, ckan_id, organization_pks, n_profiles FROM cde.datasets WHERE dataset_id = 'a'`,
        )
      ).rows,
    ).toEqual([
      { pk: 11, pk_url: 2, title_fr: 'Titre de a', ckan_id: 'ck-a', organization_pks: [2], n_profiles: 31 },
    ])
    const state = await contentOf(database)
    for (const found of state.profiles!)
      expect(found).toMatchObject({ at_point: true, in_cells: true, inside: true, days: 11 })
    await rm(dirname(folder), { recursive: true, force: true })
  })

  it('is refused when a migration that was applied has changed since', async () => {
    await server.execute('adopted', `UPDATE harvester.migrations SET checksum = 'other' WHERE number = 1`)
    const error = await migrate(database).catch((caught: unknown) => caught)
    expect(isHarvesterError(error, 'MIGRATION_CHANGED')).toBe(true)
    await server.execute(
      'adopted',
      `DELETE FROM harvester.migrations WHERE number = 1; INSERT INTO harvester.migrations (number, name, checksum, min_reader) VALUES (900, '900-future', 'x', 1)`,
    )
    // A newer schema is accepted as long as it says that this version can read it.
    await migrate(database)
    await requireMigrated(database)
    await server.execute('adopted', 'UPDATE harvester.migrations SET min_reader = 900 WHERE number = 900')
    const newer = await requireMigrated(database).catch((caught: unknown) => caught)
    expect(isHarvesterError(newer, 'DATABASE_NOT_READY')).toBe(true)
  })
})

describe('an adoption that was interrupted while the Python harvester went on writing', () => {
  let server: SharedPostgres
  let database: Database
  beforeAll(async () => {
    server = sharedPostgres()
    await server.createDatabase('interrupted')
    await server.execute(
      'interrupted',
      await readFile(new URL('../support/adopted-database.sql', import.meta.url), 'utf8'),
    )
    database = await server.open('interrupted')
  })
  afterAll(async () => {
    await database?.close()
    await server?.stop()
  })

  it('is brought to its end, and the profile that came in twice stands once', async () => {
    const stop = new AbortController()
    const log = (message: string) => message.startsWith('applying 004') && stop.abort()
    await migrate(database, { log, signal: stop.signal }).catch(() => undefined)
    expect((await migrationState(database)).pending[0]).toMatch(/^004-/)
    const { rows } = await database.query<{ names: string }>(
      `SELECT string_agg(column_name, ', ') AS names FROM information_schema.columns
       WHERE table_schema = 'cde' AND table_name = 'profiles' AND column_name <> 'pk' AND is_generated = 'NEVER'`,
    )
    const names = rows[0]!.names
    const { count } = await database.query(
      `INSERT INTO cde.profiles (${names}) SELECT ${names} FROM cde.profiles WHERE profile_id IS NULL LIMIT 1`,
    )
    expect(count).toBe(1)
    const before = await contentOf(database)
    await migrate(database)
    expect((await migrationState(database)).pending).toEqual([])
    expect((await contentOf(database)).profiles).toHaveLength(before.profiles!.length - 1)
  })
})
