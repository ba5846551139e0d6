import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { HarvesterError } from '../errors.ts'
import { programFile } from '../package.ts'
import { sqlStateOf } from './failure.ts'
import type { Database, Session } from './port.ts'

/** One numbered file of changes. Once it was released it never changes. */
export interface Migration {
  number: number
  name: string
  sql: string
  checksum: string
  /** The oldest schema number a program must know to work with a database that has this migration. */
  minReader: number
  /** Builds indexes without locking: statement by statement, outside of a transaction; can be run again. */
  concurrently: boolean
}

export interface MigrationOptions {
  log?: ((message: string, facts?: Record<string, unknown>) => void) | undefined
  signal?: AbortSignal | undefined
}

export interface MigrationResult {
  /** Names of the files that were applied now. */
  applied: string[]
  /** Whether the tables were there before, made by another harvester. */
  adopted: boolean
}

export interface MigrationState {
  pending: string[]
  /** Applied by a newer version of the program. */
  newer: number[]
  /** The newest `min-reader` of what was applied. */
  minReader: number
}

interface AppliedRow {
  number: number
  name: string
  checksum: string
  min_reader: number
}

/** Its own, not the loaders': a migration must not wait for a load that waits for it. */
const migrationLockKey = 738_825_002
const patienceMilliseconds = 30 * 60_000
const folder = programFile('database/migrations')

/** The files of this version, in order. */
export function readMigrations(): Migration[] {
  return readdirSync(folder)
    .filter((name) => /^\d{3}-.*\.sql$/.test(name))
    .sort()
    .map((name) => {
      const sql = readFileSync(join(folder, name), 'utf8').replaceAll('\r\n', '\n')
      return {
        number: Number(name.slice(0, 3)),
        name: name.replace(/\.sql$/, ''),
        sql,
        checksum: createHash('sha256').update(sql).digest('hex'),
        minReader: Number(/^-- min-reader: (\d+)$/m.exec(sql)?.[1] ?? 1),
        concurrently: /^-- concurrently$/m.test(sql),
      }
    })
}

/**
 * Brings the database to this version: makes the schema, or adopts that of a site which ran another harvester. Safe
 * to be called by several processes at once and while portals read.
 *
 * @throws HarvesterError MIGRATION_CHANGED, DATABASE_NOT_READY (a newer version's database), DATABASE_FAILED, DATABASE_LOCKED
 */
export async function migrate(database: Database, options: MigrationOptions = {}): Promise<MigrationResult> {
  const migrations = readMigrations()
  return database.session(
    async (session) => {
      await takeMigrationLock(database, session, options)
      try {
        await session.query(`
          CREATE SCHEMA IF NOT EXISTS harvester;
          CREATE TABLE IF NOT EXISTS harvester.migrations (
            number int PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, min_reader int NOT NULL,
            applied_at timestamptz NOT NULL DEFAULT now())`)
        const found = await session.query<{ there: boolean }>(
          `SELECT to_regclass('cde.datasets') IS NOT NULL AS there`,
        )
        const before = await readApplied(session)
        const adopted = found.rows[0]!.there && before.length === 0
        if (adopted) options.log?.('adopting the tables that another harvester made')
        const applied: string[] = []
        for (const migration of pendingOf(database, migrations, before)) {
          if (await apply(database, session, migration, options)) applied.push(migration.name)
        }
        return { applied, adopted }
      } finally {
        if (database.ownBackEnds)
          await session.query('SELECT pg_advisory_unlock($1)', [migrationLockKey]).catch(() => undefined)
      }
    },
    { signal: options.signal },
  )
}

/** What is applied and what is not. @throws HarvesterError MIGRATION_CHANGED, DATABASE_NOT_READY */
export async function migrationState(database: Database): Promise<MigrationState> {
  const migrations = readMigrations()
  const there = await database.query<{ there: boolean }>(
    `SELECT to_regclass('harvester.migrations') IS NOT NULL AS there`,
  )
  const applied = there.rows[0]!.there ? await database.session(readApplied) : []
  const known = new Set(migrations.map((migration) => migration.number))
  return {
    pending: pendingOf(database, migrations, applied).map((migration) => migration.name),
    newer: applied.filter((row) => !known.has(row.number)).map((row) => row.number),
    minReader: Math.max(1, ...applied.map((row) => row.min_reader)),
  }
}

/**
 * Makes sure that this program can work with the database. The embedded one is migrated on the way; PostgreSQL is
 * only changed by `harvester migrate`.
 *
 * @throws HarvesterError DATABASE_NOT_READY
 */
export async function requireMigrated(database: Database, options: MigrationOptions = {}): Promise<void> {
  const state = await migrationState(database)
  if (state.pending.length === 0) return
  if (database.kind === 'embedded') {
    await migrate(database, options)
    return
  }
  throw new HarvesterError(
    'DATABASE_NOT_READY',
    `${database.description} is behind this version: ${state.pending.join(', ')} ${state.pending.length === 1 ? 'is' : 'are'} not applied`,
    { remedy: 'Run `harvester migrate`.' },
  )
}

async function readApplied(session: Session): Promise<AppliedRow[]> {
  const answer = await session.query<AppliedRow>(
    'SELECT number, name, checksum, min_reader FROM harvester.migrations ORDER BY number',
  )
  return answer.rows
}

/** What is still to be applied, after the check that what was applied is what this version knows. */
function pendingOf(database: Database, migrations: Migration[], applied: AppliedRow[]): Migration[] {
  const newest = migrations.at(-1)?.number ?? 0
  const needed = Math.max(0, ...applied.map((row) => row.min_reader))
  if (needed > newest)
    throw new HarvesterError(
      'DATABASE_NOT_READY',
      `${database.description} was changed by a newer version of harvester (schema ${needed}; this one knows ${newest})`,
      { remedy: 'Use that version, or a newer one.' },
    )
  const byNumber = new Map(applied.map((row) => [row.number, row]))
  for (const migration of migrations) {
    const row = byNumber.get(migration.number)
    if (row && row.checksum !== migration.checksum)
      throw new HarvesterError(
        'MIGRATION_CHANGED',
        `The migration ${migration.name} was applied to ${database.description} with other content than this version has`,
        { remedy: 'Use an unchanged release; migrations that were applied must not be edited.' },
      )
  }
  return migrations.filter((migration) => !byNumber.has(migration.number))
}

/** One back end serves everybody in the embedded engine: there each file's transaction is the lock. */
async function takeMigrationLock(
  database: Database,
  session: Session,
  options: MigrationOptions,
): Promise<void> {
  if (!database.ownBackEnds) return
  const deadline = Date.now() + patienceMilliseconds
  for (let told = false; ; told = true) {
    const answer = await session.query<{ held: boolean }>('SELECT pg_try_advisory_lock($1) AS held', [
      migrationLockKey,
    ])
    if (answer.rows[0]!.held) return
    if (Date.now() > deadline)
      throw new HarvesterError(
        'DATABASE_LOCKED',
        'Another process has been migrating the database for too long',
        {
          remedy: 'Find it in pg_stat_activity.',
        },
      )
    if (!told) options.log?.('another process is migrating the database: waiting')
    await sleep(250, undefined, options.signal ? { signal: options.signal } : undefined)
  }
}

async function apply(
  database: Database,
  session: Session,
  migration: Migration,
  options: MigrationOptions,
): Promise<boolean> {
  options.log?.(`applying ${migration.name}`, { migration: migration.name })
  const deadline = Date.now() + patienceMilliseconds
  for (;;) {
    try {
      if (migration.concurrently && database.ownBackEnds)
        return await applyConcurrently(session, migration, options)
      return await applyInTransaction(database, session, migration)
    } catch (error) {
      const state = sqlStateOf(error)
      if (Date.now() > deadline) throw error
      if (state === '23505' && migration.concurrently) {
        options.log?.(
          `${migration.name} met rows that another harvester wrote meanwhile: they are adopted too`,
        )
        await adoptAgain(database, session)
        continue
      }
      // Somebody holds a table that must change: step back, so that those who queue behind us can pass.
      if (state !== '55P03' && state !== '40P01') throw error
      options.log?.(`${migration.name} waits for a lock that somebody else holds`, {
        migration: migration.name,
      })
      await sleep(
        500 + Math.random() * 1000,
        undefined,
        options.signal ? { signal: options.signal } : undefined,
      )
    }
  }
}

const recordSql = `INSERT INTO harvester.migrations (number, name, checksum, min_reader) VALUES ($1, $2, $3, $4)`

function recordOf(migration: Migration): unknown[] {
  return [migration.number, migration.name, migration.checksum, migration.minReader]
}

async function applyInTransaction(
  database: Database,
  session: Session,
  migration: Migration,
): Promise<boolean> {
  return database.inTransaction(session, async () => {
    const there = await session.query('SELECT 1 FROM harvester.migrations WHERE number = $1', [
      migration.number,
    ])
    if (there.count > 0) return false
    await session.query(`SET LOCAL lock_timeout = '2s'`)
    await session.query(
      migration.concurrently ? migration.sql.replaceAll(' CONCURRENTLY', '') : migration.sql,
    )
    await session.query(recordSql, recordOf(migration))
    return true
  })
}

/** Doubles that were written after they had been removed: the file that removes them can be run again. */
async function adoptAgain(database: Database, session: Session): Promise<void> {
  const adoption = readMigrations().find(({ name }) => name === '003-adoption')!
  await database.inTransaction(session, async () => {
    await session.query(adoption.sql)
  })
}

async function applyConcurrently(
  session: Session,
  migration: Migration,
  options: MigrationOptions,
): Promise<boolean> {
  await session.query(`SET lock_timeout = '2s'`)
  try {
    await dropInvalidIndexes(session)
    for (const statement of statementsOf(migration.sql)) {
      if (await hasEquivalentIndex(session, statement)) continue
      options.log?.(statement.split(' USING ')[0]!, { migration: migration.name })
      await session.query(statement)
    }
    await session.query(recordSql, recordOf(migration))
    return true
  } finally {
    await session.query('RESET lock_timeout').catch(() => undefined)
  }
}

function statementsOf(sql: string): string[] {
  return sql
    .replace(/^--.*$/gm, '')
    .split(/;\s*\n/)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '')
}

/** What an interrupted concurrent build leaves behind is of no use, and in the way of the next attempt. */
async function dropInvalidIndexes(session: Session): Promise<void> {
  const invalid = await session.query<{ name: string }>(`
    SELECT format('%I.%I', n.nspname, c.relname) AS name
    FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'cde' AND NOT x.indisvalid`)
  for (const { name } of invalid.rows) await session.query(`DROP INDEX CONCURRENTLY IF EXISTS ${name}`)
}

/** Whether the table has the same index under any name, as an adopted one may. */
async function hasEquivalentIndex(session: Session, statement: string): Promise<boolean> {
  const wanted = /^CREATE (UNIQUE )?INDEX CONCURRENTLY IF NOT EXISTS \w+ ON (cde\.\w+) (USING .*)$/s.exec(
    statement,
  )
  if (!wanted) return false
  const [, unique, table, rest] = wanted
  const answer = await session.query<{ definition: string }>(
    'SELECT pg_get_indexdef(indexrelid) AS definition FROM pg_index WHERE indrelid = to_regclass($1) AND indisvalid',
    [table],
  )
  return answer.rows.some(({ definition }) => {
    const at = definition.indexOf(' USING ')
    return definition.slice(at + 1) === rest && (!unique || definition.startsWith('CREATE UNIQUE'))
  })
}
