import { environmentVariables, sslModes } from '../config/environment.ts'
import { given } from '../config/given.ts'
import { HarvesterError } from '../errors.ts'

export type SslMode = (typeof sslModes)[number]

/** Which database a command uses, and how it gets there. */
export type DatabaseSettings = { kind: 'embedded'; dataFolder: string } | ServerSettings

export interface ServerSettings {
  kind: 'postgres'
  host: string
  port: number
  database: string
  user: string
  password: string | undefined
  sslMode: SslMode
  /** PEM file of the authority that signed the server's certificate. */
  caFile: string | undefined
}

/** Whether it is a server, for many processes, with roles and rights; the embedded database lives in one process. */
export function isServer(settings: DatabaseSettings): settings is ServerSettings {
  return settings.kind === 'postgres'
}

const defaultPort = environmentVariables.DB_PORT.default

type Variables = Readonly<Record<string, string | undefined>>

const connectionVariables = [
  'DB_HOST',
  'DB_HOST_EXTERNAL',
  'DB_PORT',
  'DB_NAME',
  'DB_USER',
  'DB_PASSWORD',
] as const

/**
 * Chooses the database from environment variables: `DATABASE=embedded`, else `DATABASE_URL`, else `DB_*`, else the
 * embedded one where nothing says that this is a production or a distributed system. Blank counts as unset.
 *
 * @throws HarvesterError CONFIG_INVALID (exit code 2)
 */
export function databaseSettings(variables: Variables): DatabaseSettings {
  const get = (name: string) => given(variables, name)
  const embedded = () => ({
    kind: 'embedded' as const,
    dataFolder: get('HARVESTER_DATA_DIR') ?? environmentVariables.HARVESTER_DATA_DIR.default,
  })
  const wanted = get('DATABASE')?.toLowerCase()
  if (wanted !== undefined && wanted !== 'embedded' && wanted !== 'postgres')
    throw invalid(`DATABASE is "${wanted}"`, 'Use embedded or postgres, or leave it empty.')
  if (wanted === 'embedded') return embedded()

  const url = get('DATABASE_URL')
  if (url !== undefined) return settingsOfUrl(url, 'DATABASE_URL', get)
  if (connectionVariables.some((name) => get(name) !== undefined)) return settingsOfParts(variables, get)

  const reason =
    get('PREFECT_API_URL') !== undefined
      ? 'PREFECT_API_URL is set'
      : get('NODE_ENV') === 'production'
        ? 'NODE_ENV is production'
        : wanted === 'postgres'
          ? 'DATABASE is postgres'
          : undefined
  if (reason !== undefined)
    throw invalid(
      `No database is configured, and ${reason}`,
      'Set DATABASE_URL (or DB_HOST, DB_NAME, DB_USER, DB_PASSWORD), or DATABASE=embedded to use the embedded database all the same.',
    )
  return embedded()
}

/** Where the database is, for messages: without the password. */
export function describeSettings(settings: DatabaseSettings): string {
  if (settings.kind === 'embedded') return `the embedded database in ${settings.dataFolder}`
  const { host, port, database, user } = settings
  return `PostgreSQL database "${database}" at ${host}:${port} (user ${user})`
}

function invalid(message: string, remedy: string): HarvesterError {
  return new HarvesterError('CONFIG_INVALID', message, { remedy })
}

/** The database of the role that can only read; null where it has no address of its own. @throws HarvesterError CONFIG_INVALID */
export function readingSettings(variables: Variables): DatabaseSettings | null {
  const get = (name: string) => given(variables, name)
  const url = get('DATABASE_READ_URL')
  return url === undefined ? null : settingsOfUrl(url, 'DATABASE_READ_URL', get)
}

function settingsOfUrl(
  text: string,
  name: string,
  get: (name: string) => string | undefined,
): DatabaseSettings {
  const example = 'Write it as postgresql://user:password@host:5432/database.'
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw invalid(`${name} is not a URL`, example)
  }
  if (url.protocol !== 'postgresql:' && url.protocol !== 'postgres:')
    throw invalid(`${name} begins with ${url.protocol}//`, example)
  const query = url.searchParams
  const host = query.get('host') ?? decode(url.hostname)
  const database = decode(url.pathname.slice(1)) || query.get('dbname')
  const user = decode(url.username) || query.get('user')
  const missing = [host ? '' : 'host', database ? '' : 'database', user ? '' : 'user'].filter((part) => part)
  if (missing.length > 0) throw invalid(`${name} lacks ${missing.join(', ')}`, example)
  return {
    kind: 'postgres',
    host: host.replace(/^\[(.*)\]$/, '$1'),
    port: portOf(query.get('port') ?? (url.port || defaultPort), name),
    database: database!,
    user: user!,
    password: decode(url.password) || query.get('password') || undefined,
    sslMode: sslModeOf(query.get('sslmode') ?? get('DB_SSLMODE')),
    caFile: query.get('sslrootcert') ?? get('DB_CA_FILE'),
  }
}

function settingsOfParts(variables: Variables, get: (name: string) => string | undefined): DatabaseSettings {
  const host = get('DB_HOST_EXTERNAL') ?? get('DB_HOST')
  const database = get('DB_NAME')
  const user = get('DB_USER')
  const missing = [host ? '' : 'DB_HOST', database ? '' : 'DB_NAME', user ? '' : 'DB_USER'].filter(
    (name) => name,
  )
  if (missing.length > 0) {
    const set = connectionVariables.filter((name) => get(name) !== undefined)
    throw invalid(
      `${set.join(', ')} ${set.length === 1 ? 'is' : 'are'} set, but not ${missing.join(', ')}`,
      'Set all of DB_HOST (or DB_HOST_EXTERNAL), DB_NAME, DB_USER and DB_PASSWORD, or DATABASE_URL, or none of them.',
    )
  }
  return {
    kind: 'postgres',
    host: host!,
    port: portOf(get('DB_PORT') ?? defaultPort, 'DB_PORT'),
    database: database!,
    user: user!,
    // A password may begin or end with blanks.
    password: variables.DB_PASSWORD || undefined,
    sslMode: sslModeOf(get('DB_SSLMODE')),
    caFile: get('DB_CA_FILE'),
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function portOf(text: string, name: string): number {
  const port = Number(text)
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw invalid(`${name} has the port "${text}"`, 'A port is a whole number from 1 to 65535.')
  return port
}

function sslModeOf(text: string | undefined | null): SslMode {
  if (!text) return 'prefer'
  const mode = sslModes.find((candidate) => candidate === text.toLowerCase())
  if (!mode) throw invalid(`sslmode is "${text}"`, `Use one of ${sslModes.join(', ')}.`)
  return mode
}
