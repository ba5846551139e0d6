import { afterAll, beforeAll, it } from 'vitest'
import { migrate } from '../../src/database/migrate.ts'
import { describeAlertStore } from '../database/alert-store.suite.ts'
import { describeAttemptFacts } from '../database/attempt-facts.suite.ts'
import { describeBelief } from '../database/belief.suite.ts'
import { describeCoverage } from '../database/coverage.suite.ts'
import { describeHandedSpool } from '../database/handed-spool.suite.ts'
import { describeLatestAttempts } from '../database/latest-attempts.suite.ts'
import { describeLoad } from '../database/load.suite.ts'
import { describeMigrations } from '../database/migrate.suite.ts'
import { describePort } from '../database/port.suite.ts'
import { describeRunStore } from '../database/run-store.suite.ts'
import { harvestBadIds } from '../support/bad-ids.ts'
import { type SharedPostgres, sharedPostgres } from '../support/shared.ts'

let server: SharedPostgres
let databases = 0

beforeAll(async () => {
  server = sharedPostgres()
})
afterAll(() => server?.stop())

async function open() {
  const name = `suite_${++databases}`
  await server.createDatabase(name)
  return server.open(name)
}

describePort('PostgreSQL', open)
describeMigrations('PostgreSQL', open)
describeLoad('PostgreSQL', open)
describeBelief('PostgreSQL', open)
describeRunStore('PostgreSQL', open)
describeAlertStore('PostgreSQL', open)
describeAttemptFacts('PostgreSQL', open)
describeHandedSpool('PostgreSQL', open)
describeLatestAttempts('PostgreSQL', open)
describeCoverage('PostgreSQL', open)

it('PostgreSQL stores a batch of attempts that holds ids which cannot be asked for', async () => {
  const database = await open()
  try {
    await migrate(database)
    await harvestBadIds(database)
  } finally {
    await database.close()
  }
})
