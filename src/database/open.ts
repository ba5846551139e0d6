import { readFile } from 'node:fs/promises'
import pg from 'pg'
import { HarvesterError } from '../errors.ts'
import { ClientDatabase } from './client.ts'
import { openEngine, socketPort } from './embedded/host.ts'
import type { Owner } from './embedded/lock.ts'
import { databaseError, sqlStateOf } from './failure.ts'
import type { Database } from './port.ts'
import { type DatabaseSettings, describeSettings } from './settings.ts'
import { guardWire, socketOf } from './wire.ts'

export interface OpenOptions {
  /** Called when the embedded engine starts in this process (which takes seconds, more of them the first time). */
  onStarting?: (() => void) | undefined
  /** Embedded, for a process that stays: called when the owner is about to end, which is then waited for. */
  onWaiting?: ((owner: Owner) => void) | undefined
  /** Called when another process owns the embedded engine, and this one uses it there. */
  onJoined?: ((owner: Owner) => void) | undefined
  /** Told of connections that broke while idle. */
  onIdleError?: ((error: Error) => void) | undefined
  /** Shown by the server in pg_stat_activity. */
  applicationName?: string | undefined
  maxConnections?: number | undefined
  /** PostgreSQL only: every transaction is read-only, whatever the role may do. */
  readOnly?: boolean | undefined
  /** PostgreSQL only: create the extensions that are missing, where the role may; told of each that was. */
  createExtensions?: ((created: string) => void) | undefined
  signal?: AbortSignal | undefined
  /** A statement that takes longer ends with its connection. @default 35 minutes */
  statementMs?: number | undefined
}

const oldestServer = 130_000
const oldestPostgis = [3, 1]
const connectTimeoutMilliseconds = 10_000
/** A connection that is silent so long is asked whether anybody is there. */
const keepAliveMilliseconds = 30_000
/** Beyond the server's own limit of a load's statements: for a server that does not answer any more. */
const statementTimeoutMilliseconds = 35 * 60_000
/** What is asked first is answered at once, or by nobody. */
const probeTimeoutMilliseconds = 60_000

/**
 * Opens the database and makes sure that it can be used: reachable, login accepted, new enough, with PostGIS and
 * pg_trgm. Migrations are not its business (`migrate`, `requireMigrated`).
 *
 * @throws HarvesterError DATABASE_UNREACHABLE, DATABASE_NOT_READY, DATABASE_LOCKED, CONFIG_INVALID (CA file)
 */
export async function openDatabase(settings: DatabaseSettings, options: OpenOptions = {}): Promise<Database> {
  return settings.kind === 'embedded' ? openEmbedded(settings, options) : openPostgres(settings, options)
}

async function openEmbedded(
  settings: DatabaseSettings & { kind: 'embedded' },
  options: OpenOptions,
): Promise<Database> {
  const open = () =>
    openEngine({
      dataFolder: settings.dataFolder,
      onStarting: options.onStarting,
      onWaiting: options.onWaiting,
      onJoined: options.onJoined,
      signal: options.signal,
    })
  let engine = await open()
  const connection = {
    host: engine.socketFolder,
    port: socketPort,
    user: 'postgres',
    database: 'postgres',
    application_name: options.applicationName ?? 'erddap-harvester',
    query_timeout: options.statementMs ?? statementTimeoutMilliseconds,
  }
  const description = describeSettings(settings)
  try {
    const serverVersion = await probe(connection, description, options.signal)
    return new ClientDatabase({
      kind: 'embedded',
      connection,
      description,
      serverVersion,
      maxConnections: options.maxConnections ?? 10,
      onIdleError: options.onIdleError,
      onEnding: () => engine.announceEnd(),
      // Its owner has ended, or its thread: whoever needs it next becomes the owner.
      async revive() {
        engine = await open()
        return { host: engine.socketFolder }
      },
      onClose: () => engine.close(),
    })
  } catch (error) {
    await engine.close()
    throw error
  }
}

async function openPostgres(
  settings: DatabaseSettings & { kind: 'postgres' },
  options: OpenOptions,
): Promise<Database> {
  const description = describeSettings(settings)
  const connection: pg.PoolConfig = {
    host: settings.host,
    port: settings.port,
    user: settings.user,
    database: settings.database,
    application_name: options.applicationName ?? 'erddap-harvester',
    connectionTimeoutMillis: connectTimeoutMilliseconds,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveMilliseconds,
    query_timeout: options.statementMs ?? statementTimeoutMilliseconds,
    ...(options.readOnly ? { options: '-c default_transaction_read_only=on' } : {}),
    ...(settings.password === undefined ? {} : { password: settings.password }),
    ssl: await tlsOf(settings),
  }
  let serverVersion: number
  try {
    serverVersion = await probe(connection, description, options.signal, options.createExtensions)
  } catch (error) {
    // `prefer` means: encrypted where the server can, plain where it cannot.
    if (settings.sslMode !== 'prefer' || !refusesTls(error)) throw error
    connection.ssl = false
    serverVersion = await probe(connection, description, options.signal, options.createExtensions)
  }
  return new ClientDatabase({
    kind: 'postgres',
    connection,
    description,
    serverVersion,
    maxConnections: options.maxConnections ?? 10,
    onIdleError: options.onIdleError,
  })
}

function refusesTls(error: unknown): boolean {
  return /does not support SSL/i.test(((error as { cause?: Error }).cause ?? (error as Error)).message)
}

async function tlsOf(settings: DatabaseSettings & { kind: 'postgres' }): Promise<pg.PoolConfig['ssl']> {
  if (settings.sslMode === 'disable' || settings.host.startsWith('/')) return false
  let ca: string | undefined
  if (settings.caFile !== undefined) {
    try {
      ca = await readFile(settings.caFile, 'utf8')
    } catch (error) {
      throw new HarvesterError('CONFIG_INVALID', `The CA file ${settings.caFile} cannot be read`, {
        cause: error,
        remedy: 'Correct DB_CA_FILE (or sslrootcert in DATABASE_URL).',
      })
    }
  }
  const verified = settings.sslMode === 'verify-ca' || settings.sslMode === 'verify-full'
  return {
    rejectUnauthorized: verified || (settings.sslMode === 'require' && ca !== undefined),
    ...(ca === undefined ? {} : { ca }),
    ...(settings.sslMode === 'verify-full' ? {} : { checkServerIdentity: () => undefined }),
  }
}

/** What one look at a server tells. */
interface Probe {
  version: number
  user_name: string
  postgis: string | null
  trigram: string | null
  /** Those of the two whose files the server has. */
  available: string[]
}

const probeSql = `
  SELECT current_setting('server_version_num')::int AS version, current_user AS user_name,
    (SELECT extversion FROM pg_extension WHERE extname = 'postgis') AS postgis,
    (SELECT extversion FROM pg_extension WHERE extname = 'pg_trgm') AS trigram,
    ARRAY(SELECT name::text FROM pg_available_extensions WHERE name IN ('postgis', 'pg_trgm')) AS available`

/** One connection that asks what must be known before the first piece of work. Returns the server's version. */
async function probe(
  connection: pg.PoolConfig,
  description: string,
  signal: AbortSignal | undefined,
  onCreated?: (extension: string) => void,
): Promise<number> {
  const client = new pg.Client(connection)
  client.on('error', () => {})
  // A server that takes the connection and says nothing would be waited for. What is opened after the signal, to write
  // how the work ended, is not given up.
  const giveUp = () => socketOf(client).destroy(new Error('Connection terminated'))
  signal?.addEventListener('abort', giveUp, { once: true })
  const question = {
    text: probeSql,
    query_timeout: Math.min(probeTimeoutMilliseconds, connection.query_timeout ?? Number.POSITIVE_INFINITY),
  }
  const look = async () => (await client.query<Probe>(question)).rows[0]!
  let found: Probe
  let refusals: unknown[] = []
  try {
    await client.connect()
    guardWire(client)
    found = await look()
    if (onCreated && found.version >= oldestServer && missingOf(found).length > 0) {
      refusals = await createExtensions(client, missingOf(found), onCreated)
      found = await look()
    }
  } catch (error) {
    throw databaseError(error, description, signal)
  } finally {
    signal?.removeEventListener('abort', giveUp)
    await client.end().catch(() => undefined)
  }
  if (found.version < oldestServer)
    throw new HarvesterError(
      'DATABASE_NOT_READY',
      `${description} is PostgreSQL ${Math.floor(found.version / 10_000)}, but 13 or newer is needed`,
      { remedy: 'Upgrade the server.' },
    )
  if (missingOf(found).length > 0) throw lacksExtensions(found, description, refusals)
  const [major = 0, minor = 0] = found.postgis!.split('.').map(Number)
  if (major < oldestPostgis[0]! || (major === oldestPostgis[0] && minor < oldestPostgis[1]!))
    throw new HarvesterError(
      'DATABASE_NOT_READY',
      `${description} has PostGIS ${found.postgis}, but 3.1 or newer is needed`,
      {
        remedy: 'Upgrade PostGIS, then run as a superuser: ALTER EXTENSION postgis UPDATE;',
      },
    )
  return found.version
}

function missingOf({ postgis, trigram }: Probe): string[] {
  return [...(postgis === null ? ['postgis'] : []), ...(trigram === null ? ['pg_trgm'] : [])]
}

const createSql = (name: string) => `CREATE EXTENSION IF NOT EXISTS ${name};`

/** Creates what the role may create; gives the server's refusals. Another process may do the same at this moment. */
async function createExtensions(
  client: pg.Client,
  names: readonly string[],
  onCreated: (extension: string) => void,
): Promise<unknown[]> {
  const refusals: unknown[] = []
  for (const name of names) {
    try {
      await client.query(createSql(name))
      onCreated(name)
    } catch (error) {
      if (sqlStateOf(error) === undefined) throw error
      refusals.push(error)
    }
  }
  return refusals
}

function lacksExtensions(found: Probe, description: string, refusals: readonly unknown[]): HarvesterError {
  const missing = missingOf(found)
  const sql = missing.map(createSql).join(' ')
  const absent = missing.filter((name) => !found.available.includes(name))
  const what = `${description} lacks the extension${missing.length > 1 ? 's' : ''} ${missing.join(' and ')}`
  const [refusal] = refusals
  const why =
    absent.length > 0
      ? `; the server does not have ${absent.join(' and ')} installed`
      : refusal === undefined
        ? ''
        : `, which the role ${found.user_name} cannot create`
  const install =
    absent.length === 0
      ? ''
      : `Install ${absent.map((name) => (name === 'postgis' ? 'PostGIS' : 'pg_trgm (contrib)')).join(' and ')} on the server. `
  return new HarvesterError('DATABASE_NOT_READY', `${what}${why}`, {
    cause: refusal,
    remedy:
      refusal === undefined
        ? `${install}Run \`harvester migrate\`, which creates what its role may create; else, in that database, as a superuser: ${sql}`
        : `${install}Run in that database, as a superuser: ${sql} Then run \`harvester migrate\` again.`,
    facts: { sql },
  })
}
