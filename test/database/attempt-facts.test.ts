import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { openDatabase } from '../../src/database/open.ts'
import type { Database } from '../../src/database/port.ts'
import { describeAttemptFacts } from './attempt-facts.suite.ts'
import { describeHandedSpool } from './handed-spool.suite.ts'

let folder: string | undefined
let engine: Promise<Database> | undefined

async function open(): Promise<Database> {
  folder ??= await mkdtemp(join(tmpdir(), 'facts-database-'))
  const settings = { kind: 'embedded' as const, dataFolder: folder }
  engine ??= openDatabase(settings)
  await engine
  return openDatabase(settings)
}

afterAll(async () => {
  await (await engine)?.close()
  if (folder) await rm(folder, { recursive: true, force: true })
})

describeAttemptFacts('the embedded engine', open)
describeHandedSpool('the embedded engine', open)
