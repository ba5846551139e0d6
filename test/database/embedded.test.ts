import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
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

describePort('the embedded engine', open)
describeMigrations('the embedded engine', open)
describeLoad('the embedded engine', open)
describeBelief('the embedded engine', open)
describeRunStore('the embedded engine', open)
