import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import { migrate } from '../../src/database/migrate.ts'
import type { Database } from '../../src/database/port.ts'
import { forgetOldRuns } from '../../src/harvest/retention.ts'
import { silentLog } from '../../src/log/log.ts'
import { type SharedPostgres, sharedPostgres } from '../support/shared.ts'

let postgres: SharedPostgres
let database: Database

beforeAll(async () => {
  postgres = sharedPostgres()
  await postgres.createDatabase('cde')
  database = await postgres.open('cde')
  await migrate(database)
})
afterAll(async () => {
  await database?.close()
  await postgres?.stop()
})
afterEach(() => {
  vi.useRealTimers()
})

it('forgets by the clock of the database: a worker whose clock is years ahead costs no history', async () => {
  await database.query(
    `INSERT INTO cde.harvest_runs (run_id, started_at, status)
     SELECT gen_random_uuid(), now() - make_interval(days => days), 'ok' FROM unnest(ARRAY[0, 10, 500]) AS days`,
  )
  const left = async () =>
    (await database.query<{ n: number }>('SELECT count(*)::int AS n FROM cde.harvest_runs')).rows[0]?.n
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 30 * 365 * 86_400_000 })
  await forgetOldRuns(database, 400, silentLog)
  expect(await left()).toBe(2)
})
