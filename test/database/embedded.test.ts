import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { openDatabase } from '../../src/database/open.ts'
import type { Database } from '../../src/database/port.ts'
import { describeBelief } from './belief.suite.ts'
import { describeLoad } from './load.suite.ts'
import { describeMigrations } from './migrate.suite.ts'
import { describePort } from './port.suite.ts'
import { describeRunStore } from './run-store.suite.ts'

// The engine takes seconds to start and a gigabyte to run: one serves all the suites of this file.
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

describePort('the embedded engine', open)
describeMigrations('the embedded engine', async () => {
  const database = await open()
  await database.query('DROP SCHEMA IF EXISTS cde, harvester CASCADE')
  return database
})
describeLoad('the embedded engine', open)
describeBelief('the embedded engine', open)
describeRunStore('the embedded engine', open)
