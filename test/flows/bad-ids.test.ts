import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, it } from 'vitest'
import { migrate } from '../../src/database/migrate.ts'
import { openDatabase } from '../../src/database/open.ts'
import type { Database } from '../../src/database/port.ts'
import { harvestBadIds } from '../support/bad-ids.ts'

let folder: string
let database: Database
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bad-ids-'))
  database = await openDatabase({ kind: 'embedded', dataFolder: folder })
  await migrate(database)
})
afterAll(async () => {
  await database?.close()
  await rm(folder, { recursive: true, force: true })
})

it('ids that cannot be asked for are attempts, beside datasets that are harvested and stored', () =>
  harvestBadIds(database))
