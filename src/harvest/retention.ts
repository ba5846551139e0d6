import type { Database } from '../database/port.ts'
import { describeError } from '../errors.ts'
import { forgetAttempts, settleSilentRuns } from '../inventory/audit.ts'
import { partialLifeHours } from '../inventory/folder.ts'
import { forgetHandedBefore } from '../inventory/handed-spool.ts'
import { forgetRuns } from '../inventory/run-store.ts'
import type { Log } from '../log/log.ts'

const dayMs = 86_400_000

/**
 * Forgets the audit, and the runs of the standalone engine, that are older than the retention, and settles runs that
 * nobody settled, all by the database's clock: one wrong clock of a worker must not cost the history. A failure only
 * warns.
 */
export async function forgetOldRuns(database: Database, days: number, log: Log): Promise<void> {
  try {
    const { rows } = await database.query<{ now: Date }>('SELECT now() AS now')
    const { now } = rows[0]!
    const before = new Date(now.getTime() - days * dayMs)
    const silent = await settleSilentRuns(database, now)
    if (silent > 0)
      log.warn({ runs: silent }, 'runs of which nothing was heard for a day were settled as crashed')
    const attempts = await forgetAttempts(database, before)
    const runs = await forgetRuns(database, before)
    await forgetHandedBefore(database, new Date(now.getTime() - partialLifeHours * 3_600_000))
    if (attempts + runs > 0) log.info({ attempts, runs, days }, 'the oldest runs were forgotten')
  } catch (error) {
    log.warn({ error }, `old runs could not be forgotten: ${describeError(error)}`)
  }
}
