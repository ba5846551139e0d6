import type { Session } from '../../../database/port.ts'

/** From so many staged rows on, making indexes afterwards is quicker than keeping them up row by row. */
export const fewestRowsAside = 20_000

/** How long readers may hold up the locks that dropping an index takes; after it the load goes the usual way. */
const lockPatienceSeconds = 2

/** The tables that a first load fills; `profiles` before the tables that it refers to. */
const filled = ['profiles', 'obis_cells', 'points', 'hexes_zoom_0', 'hexes_zoom_1'] as const

/** What a table is given back before the commit. */
interface Definition {
  table: string
  name: string
  kind: 'foreign key' | 'index'
  definition: string
}

export interface IndexesAside {
  /** Makes the indexes and foreign keys again, as they were. */
  restore(): Promise<void>
}

/**
 * Drops the secondary indexes and the foreign keys of tables that are empty, so that a first load writes rows first and
 * builds each index once, from sorted input. All of it is in the caller's transaction: readers wait for the locks, see
 * the old state or the whole new one, and a rollback leaves everything as it was.
 *
 * Only tables that are empty and that the role owns take part; what backs a constraint stays.
 *
 * @returns undefined where nothing was dropped: the load goes on as it would have
 */
export async function setIndexesAside(session: Session): Promise<IndexesAside | undefined> {
  const tables = await emptyOwnedTables(session)
  if (!tables.includes('cde.profiles') && !tables.includes('cde.obis_cells')) return undefined
  if (!(await lockTables(session, tables))) return undefined
  // Another loader cannot be between the look and the lock, but a person may be.
  const definitions = await definitionsOf(
    session,
    (await emptyOwnedTables(session)).filter((table) => tables.includes(table)),
  )
  for (const { table, name, kind } of definitions)
    await session.query(
      kind === 'index' ? `DROP INDEX cde.${name}` : `ALTER TABLE ${table} DROP CONSTRAINT ${name}`,
    )
  return {
    async restore() {
      await session.query(`SET LOCAL maintenance_work_mem = '256MB'`)
      // A foreign key is checked by a join of whole tables, which needs no index of ours but sizes to plan with.
      for (const table of tables) await session.query(`ANALYZE ${table}`)
      for (const { table, name, kind, definition } of definitions)
        await session.query(
          kind === 'index' ? definition : `ALTER TABLE ${table} ADD CONSTRAINT ${name} ${definition}`,
        )
    },
  }
}

async function emptyOwnedTables(session: Session): Promise<string[]> {
  const { rows } = await session.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = 'cde' AND c.relkind = 'r' AND c.relname = ANY($1) AND pg_has_role(c.relowner, 'USAGE')`,
    [[...filled]],
  )
  const owned = new Set(rows.map(({ name }) => name))
  const empty: string[] = []
  for (const name of filled) {
    if (!owned.has(name)) continue
    const found = await session.query<{ some: boolean }>(`SELECT EXISTS (SELECT 1 FROM cde.${name}) AS some`)
    if (!found.rows[0]!.some) empty.push(`cde.${name}`)
  }
  return empty
}

/** @returns false where readers did not let go in time */
async function lockTables(session: Session, tables: readonly string[]): Promise<boolean> {
  await session.query('SAVEPOINT indexes_aside')
  const { rows } = await session.query<{ patience: string }>(
    `SELECT current_setting('lock_timeout') AS patience`,
  )
  await session.query(`SET LOCAL lock_timeout = '${lockPatienceSeconds}s'`)
  try {
    await session.query(`LOCK TABLE ${tables.join(', ')} IN ACCESS EXCLUSIVE MODE`)
  } catch (error) {
    if (!isLockTimeout(error)) throw error
    await session.query('ROLLBACK TO SAVEPOINT indexes_aside')
    return false
  }
  await session.query(`SET LOCAL lock_timeout = '${rows[0]!.patience}'`)
  await session.query('RELEASE SAVEPOINT indexes_aside')
  return true
}

/** SQLSTATE 55P03, lock_not_available, on the error or on what it was made from. */
function isLockTimeout(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause)
    if ((at as { code?: unknown }).code === '55P03') return true
  return false
}

/** Foreign keys first: they go before the indexes that serve them, and come back after all of them. */
async function definitionsOf(session: Session, tables: readonly string[]): Promise<Definition[]> {
  const { rows } = await session.query<Definition>(
    `SELECT 'index' AS kind, i.indrelid::regclass::text AS table, quote_ident(c.relname) AS name,
       pg_get_indexdef(i.indexrelid) AS definition, 1 AS rank
     FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
     WHERE i.indrelid = ANY($1::regclass[]) AND i.indisvalid AND NOT i.indisprimary AND NOT i.indisclustered
       AND NOT i.indisreplident AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid)
     UNION ALL
     SELECT 'foreign key', k.conrelid::regclass::text, quote_ident(k.conname), pg_get_constraintdef(k.oid), 2
     FROM pg_constraint k WHERE k.contype = 'f' AND k.conrelid = ANY($1::regclass[])
     ORDER BY rank, 2, 3`,
    [[...tables]],
  )
  return rows
}
