import type { Database, QueryOptions, Session } from '../database/port.ts'
import type { AlertStore, Change, Trouble } from '../operate/alerts/trouble.ts'
import { json } from './stored-text.ts'

interface Row {
  subject: string
  kind: Trouble['kind']
  opened_at: Date
  last_at: Date
  occurrence: string
  untold: number
  untold_since: Date | null
  told_at: Date | null
  recovered_at: Date | null
  details: Trouble['details']
}

/** Processes change the states one after the other: what one claims no other tells. */
const alertLockKey = 738_825_003

const columns =
  'subject, kind, opened_at, last_at, occurrence, untold, untold_since, told_at, recovered_at, details'

const read = `SELECT ${columns} FROM harvester.alert_states ORDER BY subject, kind`

const write = `
INSERT INTO harvester.alert_states (${columns}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (subject, kind) DO UPDATE SET
  opened_at = excluded.opened_at, last_at = excluded.last_at, occurrence = excluded.occurrence,
  untold = excluded.untold, untold_since = excluded.untold_since, told_at = excluded.told_at,
  recovered_at = excluded.recovered_at, details = excluded.details`

/**
 * What operators were told, shared by all processes on one database.
 * @param open asked at each change: a database that was away may be back
 */
export function databaseAlertStore(open: () => Promise<Database>): AlertStore {
  return {
    async change<T>(reduce: (troubles: readonly Trouble[]) => Change<T>): Promise<T> {
      const database = await open()
      return database.transaction(async (session) => {
        await session.query("SET LOCAL lock_timeout = '5s'")
        await session.query('SELECT pg_advisory_xact_lock($1)', [alertLockKey])
        const before = (await session.query<Row>(read)).rows.map(troubleOf)
        const { troubles, result } = reduce(before)
        await keep(session, before, troubles)
        return result
      })
    },
  }
}

/** Troubles as they stand, for people. */
export async function openTroubles(database: Database, options?: QueryOptions): Promise<Trouble[]> {
  return (await database.query<Row>(read, [], options)).rows.map(troubleOf)
}

async function keep(session: Session, before: readonly Trouble[], after: readonly Trouble[]): Promise<void> {
  const unchanged = new Set(before)
  const kept = new Set(after.map(({ subject, kind }) => `${kind} ${subject}`))
  for (const { subject, kind } of before)
    if (!kept.has(`${kind} ${subject}`))
      await session.query('DELETE FROM harvester.alert_states WHERE subject = $1 AND kind = $2', [
        subject,
        kind,
      ])
  for (const trouble of after)
    if (!unchanged.has(trouble))
      await session.query(write, [
        trouble.subject,
        trouble.kind,
        trouble.openedAt,
        trouble.lastAt,
        trouble.occurrence,
        trouble.untold,
        trouble.untoldSince,
        trouble.toldAt,
        trouble.recoveredAt,
        json(trouble.details),
      ])
}

function troubleOf(row: Row): Trouble {
  return {
    subject: row.subject,
    kind: row.kind,
    openedAt: row.opened_at,
    lastAt: row.last_at,
    occurrence: row.occurrence,
    untold: row.untold,
    untoldSince: row.untold_since,
    toldAt: row.told_at,
    recoveredAt: row.recovered_at,
    details: row.details,
  }
}
