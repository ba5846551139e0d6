import type { Database } from '../database/port.ts'
import type { RunStore } from '../runs/index.ts'
import type { WorkerInstance } from '../runs/instance.ts'
import { json } from './stored-text.ts'

/** The processes that work for the standalone engine, and when each was last seen. */
export function workerStore(database: Database): Pick<RunStore, 'touchWorker' | 'workers' | 'removeWorker'> {
  return {
    async touchWorker(name, at, instance = null) {
      await database.query(
        `INSERT INTO harvester.workers (name, seen_at, instance) VALUES ($1, $2, $3)
         ON CONFLICT (name) DO UPDATE SET seen_at = excluded.seen_at, instance = excluded.instance`,
        [name, at, instance === null ? null : json(instance)],
      )
    },

    async workers() {
      const { rows } = await database.query<{ name: string; seen_at: Date; instance: WorkerInstance | null }>(
        'SELECT name, seen_at, instance FROM harvester.workers ORDER BY name',
      )
      return rows.map((row) => ({
        name: row.name,
        seenAt: row.seen_at,
        instance: row.instance,
      }))
    },

    async removeWorker(name) {
      await database.query('DELETE FROM harvester.workers WHERE name = $1', [name])
    },
  }
}
