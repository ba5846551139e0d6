import { afterAll, beforeAll, it } from 'vitest'
import type { Database } from '../../src/database/port.ts'
import { harvestBadIds } from '../support/bad-ids.ts'
import { openMigrated } from '../support/engine.ts'

let database: Database
beforeAll(async () => {
  database = await openMigrated()
})
afterAll(async () => {
  await database?.close()
})

it('ids that cannot be asked for are attempts, beside datasets that are harvested and stored', () =>
  harvestBadIds(database))
