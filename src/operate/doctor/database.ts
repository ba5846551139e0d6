import { migrationState } from '../../database/migrate.ts'
import { openDatabase } from '../../database/open.ts'
import { type DatabaseSettings, describeSettings } from '../../database/settings.ts'
import { type Finding, failure, fine } from './types.ts'

const what = 'database'

/** Reachable, version and extensions (both checked when it is opened), migrations, rights. */
export async function* checkDatabase(
  settings: DatabaseSettings,
  signal: AbortSignal,
): AsyncGenerator<Finding> {
  let database: Awaited<ReturnType<typeof openDatabase>>
  try {
    database = await openDatabase(settings, { signal, applicationName: 'erddap-harvester doctor' })
  } catch (error) {
    yield failure(what, error, 'Check DATABASE_URL (or DB_*), the server and the network.')
    return
  }
  try {
    const { rows } = await database.query<{ version: string; postgis: string }>(
      `SELECT current_setting('server_version') AS version,
        (SELECT extversion FROM pg_extension WHERE extname = 'postgis') AS postgis`,
    )
    yield fine(
      what,
      `${describeSettings(settings)}, PostgreSQL ${rows[0]!.version}, PostGIS ${rows[0]!.postgis}`,
    )
    const { pending } = await migrationState(database)
    if (pending.length > 0) {
      yield failure('migrations', `behind by ${pending.join(', ')}`, 'Run `harvester migrate`.')
      return
    }
    yield fine('migrations', 'up to date')
    const lacking = await database.query<{ name: string; right: string }>(
      `SELECT format('%I.%I', t.schemaname, t.tablename) AS name, r.name AS right
       FROM pg_tables t CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS r (name)
       WHERE t.schemaname IN ('cde', 'harvester')
         -- Jobs of downloads are the portal's business.
         AND (t.schemaname, t.tablename) <> ('cde', 'download_jobs')
         AND NOT (has_schema_privilege(t.schemaname, 'USAGE')
           AND has_table_privilege(format('%I.%I', t.schemaname, t.tablename), r.name))
       ORDER BY 1, 2`,
    )
    yield lacking.rows.length === 0
      ? fine('database rights', 'may read and write every table of the harvester')
      : failure(
          'database rights',
          `no ${[...new Set(lacking.rows.map(({ right }) => right))].join(', ')} on ${[...new Set(lacking.rows.map(({ name }) => name))].slice(0, 5).join(', ')}`,
          'Grant these rights as docs/database-role.md has them, or run the worker as the owner of the schemas cde and harvester.',
        )
  } catch (error) {
    yield failure(what, error)
  } finally {
    await database.close()
  }
}
