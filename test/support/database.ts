import type { Database } from '../../src/database/port.ts'

/** Empties every table of the product and starts its numbers again, so that each test begins alike. */
export async function emptyDatabase(database: Database): Promise<void> {
  const tables = await database.query<{ name: string }>(`
    SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
    WHERE schemaname IN ('cde', 'harvester') AND tablename <> 'migrations'`)
  await database.query(`TRUNCATE ${tables.rows.map((row) => row.name).join(', ')} RESTART IDENTITY CASCADE`)
}
