/** What service tests share: a PostgreSQL of the run, and a Prefect database that was migrated once. */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { inject } from 'vitest'
import { type Databases, databasesOf } from './postgres.ts'
import { asyncUrl, type PrefectServer, prefectBin, prefectEnvironment, startPrefect } from './prefect.ts'
import { withExtensions } from './shared-postgres.ts'

/** Databases on the PostgreSQL of the run: those of others are not in the way, whatever their names. */
export interface SharedPostgres extends Databases {
  /** Drops the databases that were made. */
  stop(): Promise<void>
}

/** For files that neither stop the server, nor make roles in it, nor count what else it does. */
export function sharedPostgres(): SharedPostgres {
  const own = randomBytes(4).toString('hex')
  const made = new Set<string>()
  const named = (name: string) => (name === 'postgres' ? name : `${name}_${own}`)
  const databases = databasesOf(inject('postgres'), { template: withExtensions, named })
  return {
    ...databases,
    createDatabase(name, options) {
      made.add(name)
      return databases.createDatabase(name, options)
    },
    async stop() {
      for (const name of made)
        await databases.execute('postgres', `DROP DATABASE IF EXISTS ${named(name)} WITH (FORCE)`)
    },
  }
}

/** A Prefect server of one's own whose database is a copy of one that Prefect migrated: it starts in half the time. */
export async function startSharedPrefect(settings: Record<string, string> = {}): Promise<PrefectServer> {
  const databases = databasesOf(inject('postgres'))
  await migrateOnce(databases)
  const name = `prefect_${randomBytes(4).toString('hex')}`
  await databases.execute('postgres', `CREATE DATABASE ${name} TEMPLATE ${migrated}`)
  return startPrefect(settings, {
    url: asyncUrl(databases.url(name)),
    drop: async () => void (await databases.execute('postgres', `DROP DATABASE ${name} WITH (FORCE)`)),
  })
}

const migrated = 'template_prefect'
const lock = 1_886_545_254

/** Makes the template, unless it is there; whoever comes meanwhile waits for it. */
async function migrateOnce(databases: Databases): Promise<void> {
  const holder = new pg.Client({ connectionString: databases.url('postgres') })
  await holder.connect()
  const home = mkdtempSync(join(tmpdir(), 'prefect-migrate-'))
  try {
    await holder.query('SELECT pg_advisory_lock($1)', [lock])
    const { rowCount } = await holder.query('SELECT 1 FROM pg_database WHERE datname = $1', [migrated])
    if (rowCount) return
    const raw = `${migrated}_raw`
    await holder.query(`DROP DATABASE IF EXISTS ${raw}`)
    await holder.query(`CREATE DATABASE ${raw}`)
    await promisify(execFile)(prefectBin(), ['server', 'database', 'upgrade', '--yes'], {
      env: prefectEnvironment(home, { PREFECT_API_DATABASE_CONNECTION_URL: asyncUrl(databases.url(raw)) }),
    })
    // Half migrated, it would have the other name.
    await holder.query(`ALTER DATABASE ${raw} RENAME TO ${migrated}`)
  } finally {
    await holder.end()
    rmSync(home, { recursive: true, force: true })
  }
}
