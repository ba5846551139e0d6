import type { Database } from '../port.ts'
import { refreshNameIndex } from '../vernaculars/name-index.ts'

const views = ['cde.obis_scientific_names', 'cde.obis_scientific_name_popularity']

/** Refreshes what is derived from the cells, after the commit and without keeping readers out. */
export async function refreshNames(database: Database): Promise<void> {
  for (const view of views) {
    const { rows } = await database.query<{ filled: boolean; indexed: boolean }>(
      `SELECT relispopulated AS filled, EXISTS (
         SELECT 1 FROM pg_index WHERE indrelid = c.oid AND indisunique AND indisvalid AND indpred IS NULL) AS indexed
       FROM pg_class c WHERE c.oid = to_regclass($1)`,
      [view],
    )
    const found = rows[0]
    if (!found) continue
    const concurrently = found.filled && found.indexed && database.kind === 'postgres' ? 'CONCURRENTLY ' : ''
    await database.query(`REFRESH MATERIALIZED VIEW ${concurrently}${view}`)
  }
  await refreshNameIndex(database)
}
