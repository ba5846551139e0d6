import type { Database } from '../database/port.ts'
import { describeError } from '../errors.ts'
import { forgetAttempts } from '../inventory/audit.ts'
import { forgetRuns } from '../inventory/run-store.ts'
import type { Log } from '../log/log.ts'

const dayMs = 86_400_000

/**
 * Forgets the audit, and the runs of the standalone engine, that are older than the retention by the database's clock: one
 * wrong clock of a worker must not cost the history. A failure only warns.
 */
export async function forgetOldRuns(database: Database, days: number, log: Log): Promise<void> {
  try {
    const { rows } = await database.query<{ now: Date }>('SELECT now() AS now')
    const before = new Date(rows[0]!.now.getTime() - days * dayMs)
    const attempts = await forgetAttempts(database, before)
    const runs = await forgetRuns(database, before)
    if (attempts + runs > 0) log.info({ attempts, runs, days }, 'the oldest runs were forgotten')
  } catch (error) {
    log.warn({ error }, `old runs could not be forgotten: ${describeError(error)}`)
  }
}
