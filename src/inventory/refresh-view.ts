import type { Database, QueryOptions } from '../database/port.ts'
import { HarvesterError } from '../errors.ts'

interface Relation {
  quoted: string
  kind: string
  filled: boolean
  indexed: boolean
}

/**
 * Refreshes a materialized view, without keeping readers out where PostgreSQL can do that: the view must have been
 * filled once and have a unique index over whole rows.
 *
 * @param name `view` or `schema.view`, as it is written in SQL without quotes or exactly as it is called. Without a
 * schema the search path is looked through, then `cde`.
 * @returns how it was refreshed, or null where there is no relation of that name
 * @throws HarvesterError USAGE if it is something else than a materialized view; DATABASE_FAILED, CANCELLED
 */
export async function refreshView(
  database: Database,
  name: string,
  options?: QueryOptions,
): Promise<{ view: string; concurrently: boolean } | null> {
  const [first = '', second] = name.split('.')
  const [schema, view] = second === undefined ? [null, first] : [first, second]
  const { rows } = await database.query<Relation>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS quoted, c.relkind::text AS kind, c.relispopulated AS filled,
       EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid
         AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL) AS indexed
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('m', 'r', 'p', 'v', 'f') AND c.relname IN ($2::text, lower($2::text))
       AND CASE WHEN $1::text IS NULL THEN n.nspname = 'cde' OR pg_table_is_visible(c.oid)
           ELSE n.nspname IN ($1::text, lower($1::text)) END
     ORDER BY c.relname = $2::text DESC, n.nspname = $1::text DESC, pg_table_is_visible(c.oid) DESC LIMIT 1`,
    [schema, view],
    options,
  )
  const found = rows[0]
  if (!found) return null
  if (found.kind !== 'm')
    throw new HarvesterError('USAGE', `${found.quoted} is not a materialized view`, {
      remedy: 'Name materialized views only; tables and plain views need no refresh.',
    })
  const concurrently = found.filled && found.indexed && database.ownBackEnds
  await database.query(
    `REFRESH MATERIALIZED VIEW ${concurrently ? 'CONCURRENTLY ' : ''}${found.quoted}`,
    [],
    options,
  )
  return { view: found.quoted, concurrently }
}
