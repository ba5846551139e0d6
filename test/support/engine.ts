/**
 * One embedded engine for all test files of the project "engine", which a process runs one after the other: a start of
 * it takes some four seconds of computing. It lives as long as its process.
 */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { migrate } from '../../src/database/migrate.ts'
import { openDatabase } from '../../src/database/open.ts'
import type { Database } from '../../src/database/port.ts'
import { emptyDatabase } from './database.ts'

interface Kept {
  dataFolder: string
  /** Who has it open keeps the engine. */
  owner: Promise<Database>
}

const key = Symbol.for('erddap-harvester: engine of the tests')
const keeper = globalThis as { [key]?: Kept }

function keep(): Kept {
  // Removed after the run, by test/support/compile.ts.
  const dataFolder = mkdtempSync(join(process.env.TEST_ENGINES ?? tmpdir(), 'engine-'))
  return { dataFolder, owner: openDatabase({ kind: 'embedded', dataFolder }) }
}

/** A connection to the engine of this process, as it was left. */
export async function joinEngine(): Promise<Database> {
  keeper[key] ??= keep()
  const { dataFolder, owner } = keeper[key]
  await owner
  return openDatabase({ kind: 'embedded', dataFolder })
}

/** The same, with our tables and nothing in them. */
export async function openMigrated(): Promise<Database> {
  const database = await joinEngine()
  await migrate(database)
  await emptyDatabase(database)
  for (const view of ['obis_scientific_names', 'obis_scientific_name_popularity'])
    await database.query(`REFRESH MATERIALIZED VIEW cde.${view}`)
  return database
}
