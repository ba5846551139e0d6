import type { Database } from '../port.ts'

/** Rows that nobody sees any more: so many, and this share of a table, before it is worth the work. */
const fewestDead = 5_000
const deadShare = 0.2

/**
 * What a server's autovacuum does, which the embedded engine lacks: the room of rows that were replaced is given to
 * new ones. Without it each load leaves some 180 kB behind in the catalogue alone, for the tables that it stages in.
 */
export async function tidyEngine(database: Pick<Database, 'query'>): Promise<void> {
  // Counted with the statement before, not a second later.
  await database.query('SELECT pg_stat_force_next_flush()')
  const { rows } = await database.query<{ name: string }>(
    `SELECT relid::regclass::text AS name FROM pg_stat_all_tables
     WHERE n_dead_tup > $1 + $2::float8 * n_live_tup ORDER BY n_dead_tup DESC`,
    [fewestDead, deadShare],
  )
  for (const { name } of rows) await database.query(`VACUUM ${name}`)
}
