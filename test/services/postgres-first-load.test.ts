import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeBenchFolder } from '../../bench/load/generate.ts'
import { migrate } from '../../src/database/migrate.ts'
import { openDatabase } from '../../src/database/open.ts'
import type { Database } from '../../src/database/port.ts'
import { isHarvesterError } from '../../src/errors.ts'
import { loadFolder } from '../../src/inventory/load/load.ts'
import { fewestRowsAside } from '../../src/inventory/load/merge/indexes-aside.ts'
import { startPostgres, type TestServer } from '../support/postgres.ts'
import { contentOf } from '../support/snapshot.ts'

const profiles = fewestRowsAside + 5_000

/** Every index and constraint of the schema, as the catalogue defines it, and whether it is usable. */
async function definitions(database: Database): Promise<string[]> {
  const { rows } = await database.query<{ text: string }>(`
    SELECT pg_get_indexdef(i.indexrelid) || ' ' || i.indisvalid || ' ' || i.indisunique AS text
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'cde'
    UNION ALL
    SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(k.oid) || ' ' || convalidated
    FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace WHERE n.nspname = 'cde' ORDER BY 1`)
  return rows.map(({ text }) => text)
}

/** Identities of the indexes themselves: they differ once an index was made again. */
async function indexNumbers(database: Database): Promise<string[]> {
  const { rows } = await database.query<{ id: string }>(`
    SELECT indexrelid::text AS id FROM pg_index WHERE indrelid IN ('cde.profiles'::regclass, 'cde.points'::regclass) ORDER BY 1`)
  return rows.map(({ id }) => id)
}

describe('the first load of an empty PostgreSQL', () => {
  let server: TestServer
  let base: string
  let folder: string
  let usual: Record<string, unknown[]>
  const opened: Database[] = []
  const names = new Map<Database, string>()

  const fresh = async () => {
    const name = `first_${opened.length}`
    await server.createDatabase(name)
    const database = await server.open(name)
    opened.push(database)
    names.set(database, name)
    await migrate(database)
    return database
  }

  beforeAll(async () => {
    server = await startPostgres()
    base = await mkdtemp(join(tmpdir(), 'harvester-first-'))
    folder = join(base, 'full')
    await writeBenchFolder(folder, { profiles, at: '2026-01-01T00:00:00Z' })
  })
  afterAll(async () => {
    for (const database of opened) await database.close()
    await server?.stop()
    if (base) await rm(base, { recursive: true, force: true })
  })

  it('by a role that may write but owns nothing leaves the indexes alone', async () => {
    const owner = await fresh()
    await owner.query(`
      CREATE ROLE writer LOGIN;
      GRANT USAGE ON SCHEMA cde, harvester TO writer;
      GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA cde, harvester TO writer;
      GRANT USAGE ON ALL SEQUENCES IN SCHEMA cde, harvester TO writer`)
    const database = await openDatabase({
      kind: 'postgres',
      host: '127.0.0.1',
      port: server.port,
      database: names.get(owner)!,
      user: 'writer',
      password: undefined,
      sslMode: 'disable',
      caFile: undefined,
    })
    opened.push(database)
    const before = await indexNumbers(owner)
    const summary = await loadFolder(database, folder, { mode: 'incremental' })
    expect(summary.profiles.inserted).toBe(profiles)
    expect(await indexNumbers(owner)).toEqual(before)
    usual = await contentOf(owner)
  })

  it('by the owner makes them again, and holds the same rows', async () => {
    const database = await fresh()
    const [defined, numbers] = [await definitions(database), await indexNumbers(database)]
    const summary = await loadFolder(database, folder, { mode: 'incremental' })
    expect(summary.profiles.inserted).toBe(profiles)
    expect(await definitions(database)).toEqual(defined)
    expect(await indexNumbers(database)).not.toEqual(numbers)
    expect(await contentOf(database)).toEqual(usual)

    const again = await indexNumbers(database)
    await loadFolder(database, folder, { mode: 'incremental', forceOld: true })
    expect(await indexNumbers(database)).toEqual(again)
  })

  it('goes the usual way while a reader keeps a table open', async () => {
    const database = await fresh()
    const reader = new pg.Client({
      host: '127.0.0.1',
      port: server.port,
      user: 'postgres',
      database: names.get(database)!,
    })
    await reader.connect()
    try {
      await reader.query('BEGIN; SELECT count(*) FROM cde.profiles')
      const before = await indexNumbers(database)
      await loadFolder(database, folder, { mode: 'incremental' })
      expect(await indexNumbers(database)).toEqual(before)
      expect(await contentOf(database)).toEqual(usual)
    } finally {
      await reader.end()
    }
  })

  it('shows readers nothing or everything', async () => {
    const database = await fresh()
    const reader = await server.open(names.get(database)!)
    opened.push(reader)
    const seen = new Set<number>()
    let loading = true
    const watching = (async () => {
      while (loading) {
        const { rows } = await reader.query<{ n: number }>('SELECT count(*)::int AS n FROM cde.profiles')
        seen.add(rows[0]!.n)
      }
    })()
    await loadFolder(database, folder, { mode: 'incremental' })
    loading = false
    await watching
    expect([...seen].filter((n) => n !== 0 && n !== profiles)).toEqual([])
  })

  it('that is cancelled leaves the old state with all its indexes', async () => {
    const database = await fresh()
    const [defined, numbers] = [await definitions(database), await indexNumbers(database)]
    const abort = new AbortController()
    const watcher = new pg.Client({
      host: '127.0.0.1',
      port: server.port,
      user: 'postgres',
      database: 'postgres',
    })
    await watcher.connect()
    const loading = loadFolder(database, folder, { mode: 'incremental', signal: abort.signal }).catch(
      (error: unknown) => error,
    )
    // While the first index is being made again, the rows are in and the catalogue is changed.
    for (;;) {
      const { rows } = await watcher.query(
        `SELECT 1 FROM pg_stat_activity WHERE datname = $1 AND state = 'active' AND query LIKE 'CREATE%INDEX%'`,
        [names.get(database)],
      )
      if (rows.length > 0) break
      if (await Promise.race([loading.then(() => true), new Promise((r) => setTimeout(() => r(false), 1))]))
        break
    }
    abort.abort()
    await watcher.end()
    const end = await loading
    const after = await server.open(names.get(database)!)
    opened.push(after)
    // The cancellation comes too late on a very quick machine: then the load is whole.
    if (isHarvesterError(end)) {
      expect(await definitions(after)).toEqual(defined)
      expect(await indexNumbers(after)).toEqual(numbers)
    }
    const { rows } = await after.query<{ n: number }>('SELECT count(*)::int AS n FROM cde.profiles')
    expect(rows[0]!.n).toBe(isHarvesterError(end) ? 0 : profiles)
  })
})
