import { setTimeout as sleep } from 'node:timers/promises'
import type { Database, Session } from '../../database/port.ts'
import { HarvesterError } from '../../errors.ts'
import type { LoadLimits, LoadLog } from './types.ts'

/** The key that every loader takes, the Python harvester's too, around the part that changes shared tables. */
export const loaderLockKey = 738_825_001

/**
 * Waits for the loaders' lock inside a transaction, asking again and again so that a cancellation is heard; then
 * limits how long statements and further locks may take. Who shares a back end takes turns by transaction.
 *
 * @returns milliseconds waited
 * @throws HarvesterError DATABASE_LOCKED after the longest wait, CANCELLED
 */
export async function takeLoaderLock(
  database: Database,
  session: Session,
  limits: LoadLimits,
  log: LoadLog | undefined,
  signal: AbortSignal | undefined,
): Promise<number> {
  if (!database.ownBackEnds) return 0
  const began = Date.now()
  await session.query('SET LOCAL idle_in_transaction_session_timeout = 0')
  let pause = 20
  let told = 0
  for (;;) {
    const answer = await session.query<{ held: boolean }>('SELECT pg_try_advisory_xact_lock($1) AS held', [
      loaderLockKey,
    ])
    if (answer.rows[0]!.held) break
    const waited = Date.now() - began
    if (waited > limits.lockWaitSeconds * 1000)
      throw new HarvesterError(
        'DATABASE_LOCKED',
        `Another load kept the lock for ${limits.lockWaitSeconds} s: ${await holder(session)}`,
        {
          remedy: 'See what it does in pg_stat_activity, then load again: `harvester load FOLDER`.',
        },
      )
    if (waited > 1000 && Date.now() - told > 30_000) {
      told = Date.now()
      log?.('info', `waiting for another load: ${await holder(session)}`, {
        waitedSeconds: Math.round(waited / 1000),
      })
    }
    await pauseFor(pause, signal)
    pause = Math.min(pause * 1.5, 500)
  }
  await session.query(`
    SET LOCAL statement_timeout = '${limits.statementTimeoutSeconds}s';
    SET LOCAL lock_timeout = '${limits.lockTimeoutSeconds}s';
    SET LOCAL work_mem = '64MB';
    SET LOCAL jit = off`)
  return Date.now() - began
}

async function pauseFor(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(milliseconds, undefined, signal ? { signal } : undefined)
  } catch (error) {
    throw new HarvesterError('CANCELLED', 'The load was cancelled while it waited for another.', {
      cause: error,
    })
  }
}

/** Who holds the lock, as far as the server tells. */
async function holder(session: Session): Promise<string> {
  const { rows } = await session.query<{ who: string }>(
    `SELECT format('%s (process %s, since %s, %s)', coalesce(nullif(a.application_name, ''), 'unnamed'), a.pid,
        to_char(a.xact_start AT TIME ZONE 'UTC', 'HH24:MI:SS'), coalesce(a.state, 'state hidden')) AS who
     FROM pg_locks l JOIN pg_stat_activity a USING (pid)
     WHERE l.locktype = 'advisory' AND l.granted AND l.classid = 0 AND l.objid = $1`,
    [loaderLockKey],
  )
  return rows[0]?.who ?? 'an unknown process'
}
