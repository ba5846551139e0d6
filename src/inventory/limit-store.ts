import type { Database } from '../database/port.ts'
import type { RunStore } from '../runs/index.ts'

/** Two tasks that ask for slots of one limit are counted one after the other. */
const slotLockClass = 738_826

/** Limits of the standalone engine that operators set, and the slots that tasks of all its processes hold. */
export function limitStore(
  database: Database,
): Pick<RunStore, 'limits' | 'setLimit' | 'clearLimit' | 'takeSlots' | 'renewSlots' | 'freeSlots' | 'slots'> {
  return {
    async limits() {
      const { rows } = await database.query<{
        name: string
        max_slots: number | null
        set_at: Date
        set_by: string | null
      }>('SELECT name, max_slots, set_at, set_by FROM harvester.limits ORDER BY name COLLATE "C"')
      return rows.map((row) => ({
        name: row.name,
        limit: row.max_slots,
        setAt: row.set_at,
        setBy: row.set_by,
      }))
    },

    async setLimit({ name, limit, setAt, setBy }) {
      await database.query(
        `INSERT INTO harvester.limits (name, max_slots, set_at, set_by) VALUES ($1, $2, $3, $4)
         ON CONFLICT (name) DO UPDATE
         SET max_slots = excluded.max_slots, set_at = excluded.set_at, set_by = excluded.set_by`,
        [name, limit, setAt, setBy],
      )
    },

    async clearLimit(name) {
      await database.query('DELETE FROM harvester.limits WHERE name = $1', [name])
    },

    // Times are those of the database: the clocks of hosts differ.
    takeSlots({ id, holder, limits, seconds }) {
      return database.transaction(async (session) => {
        // In one order for all, so that two who want the same limits never wait for each other.
        const wanted = [...limits].sort((a, b) => (a.name < b.name ? -1 : 1))
        for (const { name, limit } of wanted) {
          await session.query('SELECT pg_advisory_xact_lock($1, hashtext($2))', [slotLockClass, name])
          await session.query(
            'DELETE FROM harvester.limit_slots WHERE name = $1 AND expires_at <= clock_timestamp()',
            [name],
          )
          const { rows } = await session.query<{ n: number }>(
            'SELECT count(*) AS n FROM harvester.limit_slots WHERE name = $1',
            [name],
          )
          if (rows[0]!.n >= limit) return false
        }
        await session.query(
          `INSERT INTO harvester.limit_slots (id, name, holder, expires_at)
           SELECT $1, name, $3, clock_timestamp() + make_interval(secs => $4)
           FROM unnest($2::text[]) AS wanted(name)`,
          [id, wanted.map(({ name }) => name), holder, seconds],
        )
        return true
      })
    },

    // What has expired and was not given to another yet can still be held.
    async renewSlots(id, seconds) {
      const { count } = await database.query(
        `UPDATE harvester.limit_slots SET expires_at = clock_timestamp() + make_interval(secs => $2)
         WHERE id = $1`,
        [id, seconds],
      )
      return count > 0
    },

    async freeSlots(id) {
      await database.query('DELETE FROM harvester.limit_slots WHERE id = $1', [id])
    },

    async slots() {
      const { rows } = await database.query<{ name: string; holder: string; expires_at: Date }>(
        `SELECT name, holder, expires_at FROM harvester.limit_slots
         WHERE expires_at > clock_timestamp() ORDER BY name, expires_at`,
      )
      return rows.map((row) => ({ name: row.name, holder: row.holder, expiresAt: row.expires_at }))
    },
  }
}
