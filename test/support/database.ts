import type { Database } from '../../src/database/port.ts'

/**
 * Empties every table of the product and starts its numbers again, so that each test begins alike. One statement, whose
 * end is when references are checked: TRUNCATE makes every table and index anew, for the few rows of a test. It is written
 * before the answer comes, for the tests that kill the server.
 */
export async function emptyDatabase(database: Database): Promise<void> {
  const { rows } = await database.query<{ kind: 'table' | 'numbers'; name: string }>(`
    SELECT CASE relkind WHEN 'S' THEN 'numbers' ELSE 'table' END AS kind, oid::regclass::text AS name FROM pg_class
    WHERE relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('cde', 'harvester'))
      AND relkind IN ('r', 'p', 'S') AND NOT relispartition AND relname <> 'migrations'`)
  const names = (wanted: string) => rows.filter(({ kind }) => kind === wanted).map(({ name }) => name)
  await database.query(`
    WITH ${names('table')
      .map((name, i) => `emptied_${i} AS (DELETE FROM ${name})`)
      .join(', ')}
    SELECT set_config('synchronous_commit', 'on', true), ${names('numbers')
      .map((name) => `setval('${name}', 1, false)`)
      .join(', ')}`)
}
