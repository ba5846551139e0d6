import type { Database } from '../database/port.ts'
import type { ClockEvidence } from '../rules/evidence/index.ts'

/** Asks the database for its time, between two looks at the own clock. @throws HarvesterError DATABASE_… */
export async function askClock(database: Database, now: () => number = Date.now): Promise<ClockEvidence> {
  const askedMs = now()
  const { rows } = await database.query<{ ms: number }>(
    'SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS ms',
  )
  return { askedMs, answeredMs: now(), databaseMs: rows[0]?.ms }
}
