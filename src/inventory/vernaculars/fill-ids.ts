import type { Database } from '../../database/port.ts'
import { takeLoaderLock } from '../load/lock.ts'
import { defaultLimits, type LoadLog } from '../load/types.ts'

/** Cells of one transaction: loaders wait for no longer than these take. */
const cellsAtOnce = 20_000

// A cell gets its ids once all of its names were asked for, as in a load; those of names that were asked for anew are
// looked at again.
const sql = `
WITH part AS (
  SELECT pk, scientific_names, aphia_ids FROM cde.obis_cells
  WHERE pk >= $1 AND pk < $2
), wanted AS (
  SELECT p.pk, p.aphia_ids,
    array_agg(DISTINCT v.aphia_id ORDER BY v.aphia_id) FILTER (WHERE v.aphia_id IS NOT NULL) AS ids
  FROM part p CROSS JOIN LATERAL unnest(p.scientific_names) AS name
  LEFT JOIN cde.scientific_name_vernaculars v ON v.scientific_name = name
  GROUP BY p.pk, p.aphia_ids
  HAVING count(v.scientific_name) = count(*)
    AND (coalesce(cardinality(p.aphia_ids), 0) = 0 OR max(v.fetched_at) >= $3)
)
UPDATE cde.obis_cells c SET aphia_ids = w.ids
FROM wanted w WHERE c.pk = w.pk AND w.ids IS NOT NULL AND w.ids IS DISTINCT FROM w.aphia_ids`

/**
 * Fills the ids of the species into the map cells, piece by piece, each under the loaders' lock.
 *
 * @param since names fetched from then on are looked at again in cells that have ids already
 * @returns how many cells were changed
 * @throws HarvesterError DATABASE_LOCKED, DATABASE_FAILED, CANCELLED
 */
export async function fillAphiaIds(
  database: Database,
  since: Date,
  options: { signal?: AbortSignal | undefined; log?: LoadLog | undefined } = {},
): Promise<number> {
  const { signal, log } = options
  const { rows } = await database.query<{ first: number | null; last: number | null }>(
    'SELECT min(pk) AS first, max(pk) AS last FROM cde.obis_cells',
    [],
    { signal },
  )
  const { first, last } = rows[0]!
  if (first === null || last === null) return 0
  let changed = 0
  for (let from = first; from <= last; from += cellsAtOnce) {
    changed += await database.transaction(
      async (session) => {
        await takeLoaderLock(database, session, defaultLimits, log, signal)
        return (await session.query(sql, [from, from + cellsAtOnce, since])).count
      },
      { signal },
    )
  }
  return changed
}
