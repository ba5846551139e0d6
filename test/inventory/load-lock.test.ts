/** The loaders' lock, with a server that says what a test wants; a real one is asked in test/services. */
import { describe, expect, it, vi } from 'vitest'
import type { Database, Session } from '../../src/database/port.ts'
import { takeLoaderLock } from '../../src/inventory/load/lock.ts'
import { defaultLimits } from '../../src/inventory/load/types.ts'

/** @param held whether the lock is given at each look; the last answer stays */
function server(held: boolean[], who: string | null = 'psql (process 7, since 05:00:00, active)') {
  const statements: string[] = []
  const session = {
    async query(sql: string) {
      statements.push(sql)
      if (sql.includes('pg_try_advisory_xact_lock'))
        return { rows: [{ held: held.length > 1 ? held.shift() : held[0] }], count: 1 }
      if (sql.includes('pg_stat_activity')) return { rows: who === null ? [] : [{ who }], count: 1 }
      return { rows: [], count: 0 }
    },
  } as unknown as Session
  return { session, statements, database: { ownBackEnds: true } as Database }
}

const limits = { ...defaultLimits, lockWaitSeconds: 30, statementTimeoutSeconds: 12, lockTimeoutSeconds: 3 }

describe('the lock of the loaders', () => {
  it('is not needed on the embedded engine, where one transaction runs at a time', async () => {
    const { session, statements } = server([false])
    const embedded = { ownBackEnds: false } as Database
    expect(await takeLoaderLock(embedded, session, limits, undefined, undefined)).toBe(0)
    expect(statements).toEqual([])
  })

  it('is had at once where nobody has it, and then limits what the load may take', async () => {
    const { session, statements, database } = server([true])
    await takeLoaderLock(database, session, limits, undefined, undefined)
    expect(statements.filter((sql) => sql.includes('pg_try_advisory_xact_lock'))).toHaveLength(1)
    expect(statements[0]).toContain('idle_in_transaction_session_timeout = 0')
    expect(statements.at(-1)).toContain("statement_timeout = '12s'")
    expect(statements.at(-1)).toContain("lock_timeout = '3s'")
  })

  it('is asked for again and again; after a second it is said who has it, once', async () => {
    const { session, database } = server([...Array(7).fill(false), true])
    const early = vi.fn()
    const waited = await takeLoaderLock(database, session, limits, early, undefined)
    expect(waited).toBeGreaterThan(600)
    // A busy machine may need the second for what takes two thirds of it elsewhere.
    if (waited <= 1000) expect(early).not.toHaveBeenCalled()
    const log = vi.fn()
    const slow = server([...Array(10).fill(false), true])
    await takeLoaderLock(slow.database, slow.session, limits, log, undefined)
    expect(log).toHaveBeenCalledTimes(1)
    expect(log).toHaveBeenCalledWith(
      'info',
      'waiting for another load: psql (process 7, since 05:00:00, active)',
      { waitedSeconds: expect.any(Number) },
    )
  })

  it('is given up after the longest wait, naming who has it as far as that is known', async () => {
    for (const [who, named] of [
      ['psql (process 7, since 05:00:00, active)', 'psql \\(process 7'],
      [null, 'an unknown process'],
    ] as const) {
      const { session, database } = server([false], who)
      const short = { ...limits, lockWaitSeconds: 0.05 }
      await expect(takeLoaderLock(database, session, short, undefined, undefined)).rejects.toMatchObject({
        code: 'DATABASE_LOCKED',
        message: expect.stringMatching(`^Another load kept the lock for 0.05 s: ${named}`),
        remedy: expect.stringContaining('harvester load FOLDER'),
      })
    }
  })

  it('is not waited for any more once the load is cancelled', async () => {
    const { session, database } = server([false])
    const stop = new AbortController()
    setTimeout(() => stop.abort(), 50)
    await expect(takeLoaderLock(database, session, limits, undefined, stop.signal)).rejects.toMatchObject({
      code: 'CANCELLED',
    })
  })
})
