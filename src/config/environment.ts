import { z } from 'zod'
import { HarvesterError } from '../errors.ts'
import { isAddress, webSchemes } from './address.ts'
import { basePathProblem } from './base-path.ts'
import { cronProblem, normaliseTimezone } from './cron.ts'
import { given, isSet, truthOf } from './given.ts'
import { defaultNamespace, inNamespace } from './namespace.ts'
import { trustedProxies } from './networks.ts'
import { givenProxy, proxyAddress, proxyRemedy, proxyVariables } from './proxy.ts'

/**
 * Every environment variable that the program reads: its meaning, default and an example. `.env.sample` and
 * docs/configuration.md are made from this table, and a test holds them equal.
 */

const boolean = z.string().transform((value, context) => {
  const found = truthOf(value)
  if (found === undefined)
    context.addIssue({ code: 'custom', message: 'must be true or false (or 1, 0, yes, no)' })
  return found ?? false
})
const text = z.string().transform((value) => value.trim())
const url = (...schemes: readonly string[]) =>
  z
    .string()
    .refine((value) => isAddress(value, schemes), `must be a whole URL, as ${schemes[0]}://host:port/path`)
const integer = (least: number, most: number) =>
  z.string().transform((value, context) => {
    const number = Number(value)
    if (!Number.isInteger(number) || number < least || number > most)
      context.addIssue({ code: 'custom', message: `must be a whole number from ${least} to ${most}` })
    return number
  })
const schedule = z.string().superRefine((value, context) => {
  const problem = cronProblem(value)
  if (problem !== null) context.addIssue({ code: 'custom', message: `is no schedule: ${problem}` })
})
const zone = z.string().transform((value, context) => {
  try {
    return normaliseTimezone(value, 'it')
  } catch {
    context.addIssue({ code: 'custom', message: 'is no time zone' })
    return ''
  }
})
const choice = <T extends string>(...values: readonly [T, ...T[]]) =>
  z.string().transform((value, context) => {
    const found = values.find((candidate) => candidate === value.trim().toLowerCase())
    if (found === undefined)
      context.addIssue({ code: 'custom', message: `must be one of ${values.join(', ')}` })
    return found ?? values[0]
  })

/** TLS to a database, as libpq calls it. */
export const sslModes = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full'] as const

/** The parts of a list with commas. */
export const listed = (value: string | undefined): string[] =>
  (value ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')

/** As browsers send them: scheme, host and port in lower case, and nothing behind. */
const origins = text.transform((value, context) => {
  const read = listed(value).map((origin) => {
    if (origin === '*') return origin
    const url = URL.canParse(origin) ? new URL(origin) : null
    const isOrigin = url !== null && /^https?:$/.test(url.protocol) && /^[^/]+:\/\/[^/]+\/?$/.test(origin)
    if (!isOrigin)
      context.addIssue({
        code: 'custom',
        message: `"${origin}" is no origin: it has a scheme and a host, as https://explore.example.org, and no path`,
      })
    return url?.origin ?? origin
  })
  return read.join(',')
})
const basePath = text.superRefine((value, context) => {
  const problem = basePathProblem(value)
  if (problem !== null) context.addIssue({ code: 'custom', message: problem })
})
const networks = text.superRefine((value, context) => {
  try {
    trustedProxies(listed(value))
  } catch {
    context.addIssue({
      code: 'custom',
      message: 'must be addresses or networks, as 10.0.0.2 or 10.0.0.0/8, separated by commas',
    })
  }
})

interface Variable<S extends z.ZodType = z.ZodType> {
  group: string
  meaning: string
  schema: S
  /** As it would be written; absent means that the variable has none. */
  default?: string
  example?: string
  secret?: true
  /** The name of the Python harvester for the same thing: read where ours is not set. */
  alias?: string
}

/** Keeps the precise type of a definition, so that a variable with a default is known to be always there. */
function variable<const V extends Variable>(definition: V): V {
  return definition
}

export const environmentVariables = {
  HARVEST_CONFIG_FILE: variable({
    group: 'Harvest',
    meaning: 'The harvest configuration, a YAML file.',
    schema: text,
    example: 'config/harvest.yaml',
  }),
  HARVEST_CONFIG_YAML: variable({
    group: 'Harvest',
    meaning: 'The harvest configuration itself, as YAML; wins over the file.',
    schema: z.string(),
    example: 'erddap_urls: [https://erddap.example.org/erddap]',
  }),
  HARVEST_CONFIG_B64: variable({
    group: 'Harvest',
    meaning: 'The same in Base64, for panels that spoil several lines; HARVEST_CONFIG_YAML wins over it.',
    schema: z.string(),
    example: 'ZXJkZGFwX3VybHM6IFtodHRwczovL2VyZGRhcC5leGFtcGxlLm9yZy9lcmRkYXBdCg==',
  }),
  OBIS_DATASETS_JSON: variable({
    group: 'Harvest',
    meaning: 'The OBIS datasets as JSON; wins over the file that the configuration names.',
    schema: z.string(),
    example: '{"datasets":["2d8e2ad2-5c9c-4f2f-9b5d-3d7e5d3f0f4e"]}',
  }),
  HARVEST_DEPLOYMENTS_FILE: variable({
    group: 'Harvest',
    meaning: 'Which deployments there are, a YAML file; default: config/deployments.yaml of the program.',
    schema: text,
    example: 'config/deployments.yaml',
  }),
  HARVESTER_CACHE_DIR: variable({
    group: 'Harvest',
    meaning: 'Where CKAN, OBIS and development caches live.',
    schema: text,
    default: '.cache',
  }),

  DATABASE_URL: variable({
    group: 'Database',
    meaning: 'The PostgreSQL database, as one URL; wins over the DB_ variables.',
    schema: text,
    example: 'postgresql://harvester:secret@db.example.org:5432/cde?sslmode=require',
    secret: true,
  }),
  DB_HOST: variable({
    group: 'Database',
    meaning: 'Host of the PostgreSQL database.',
    schema: text,
    example: 'db',
  }),
  DB_HOST_EXTERNAL: variable({
    group: 'Database',
    meaning: 'Where set, the host instead of DB_HOST, as in existing .env files.',
    schema: text,
    example: 'localhost',
  }),
  DB_PORT: variable({
    group: 'Database',
    meaning: 'Port of the PostgreSQL database.',
    schema: integer(1, 65535),
    default: '5432',
  }),
  DB_NAME: variable({
    group: 'Database',
    meaning: 'Name of the PostgreSQL database.',
    schema: text,
    example: 'cde',
  }),
  DB_USER: variable({
    group: 'Database',
    meaning: 'User of the PostgreSQL database.',
    schema: text,
    example: 'harvester',
  }),
  DB_PASSWORD: variable({
    group: 'Database',
    meaning: 'Password of that user.',
    schema: z.string(),
    example: 'change-me',
    secret: true,
  }),
  DB_SSLMODE: variable({
    group: 'Database',
    meaning: 'TLS to the database: disable, prefer, require, verify-ca or verify-full.',
    schema: choice(...sslModes),
    example: 'verify-full',
  }),
  DB_CA_FILE: variable({
    group: 'Database',
    meaning: 'Certificate authority of the database server, a PEM file.',
    schema: text,
    example: '/etc/ssl/certs/db-ca.pem',
  }),
  DATABASE_READ_URL: variable({
    group: 'Database',
    meaning:
      'The same database with a role that can only read, for the dashboard and API (docs/database-role.md).',
    schema: text,
    example: 'postgresql://reader:secret@db.example.org:5432/cde',
    secret: true,
  }),
  DATABASE: variable({
    group: 'Database',
    meaning:
      'Set to `embedded` to use the embedded database even with a Prefect server or NODE_ENV=production.',
    schema: choice('embedded', 'postgres'),
    example: 'embedded',
  }),
  HARVESTER_DATA_DIR: variable({
    group: 'Database',
    meaning: 'Where the embedded database lives, and what workers of this host keep of themselves.',
    schema: text,
    default: '.data',
  }),
  CDE_ALLOW_FULL_RELOAD: variable({
    group: 'Database',
    meaning: 'Allow a full reload that covers fewer sources than the database holds.',
    schema: boolean,
    default: 'false',
  }),

  HARVESTER_CRON: variable({
    group: 'Schedule',
    meaning: 'When all sources are harvested: five cron fields, or @daily and the like. Empty: no schedule.',
    schema: schedule,
    example: '0 5 * * *',
  }),
  VERNACULARS_CRON: variable({
    group: 'Schedule',
    meaning: 'When vernacular names are fetched from WoRMS. Empty: no schedule.',
    schema: schedule,
    example: '0 3 * * 0',
  }),
  HARVESTER_TZ: variable({
    group: 'Schedule',
    meaning: 'Time zone of the schedules, an IANA name.',
    schema: zone,
    default: 'UTC',
    example: 'America/Halifax',
  }),
  RUN_ON_DEPLOY: variable({
    group: 'Schedule',
    meaning: 'Run harvest-all once after each deploy.',
    schema: boolean,
    default: 'false',
  }),
  DEPLOY_ID: variable({
    group: 'Schedule',
    meaning:
      'What tells one deploy from the next for RUN_ON_DEPLOY; default: version, configuration, GIT_SHA and BUILD_TIME.',
    schema: text,
    example: '2026-11-21.3',
  }),

  PREFECT_API_URL: variable({
    group: 'Prefect',
    meaning: 'API of the Prefect server. Unset: flows run standalone, in this process.',
    schema: url(...webSchemes),
    example: 'http://localhost:4200/api',
  }),
  PREFECT_API_AUTH_STRING: variable({
    group: 'Prefect',
    meaning: 'user:password of a self-hosted Prefect server.',
    schema: z.string(),
    example: 'admin:change-me',
    secret: true,
  }),
  PREFECT_API_SSL_CERT_FILE: variable({
    group: 'Prefect',
    meaning: 'File (PEM) with the authority that signed the certificate of the Prefect server.',
    schema: text,
    example: '/etc/ssl/our-authority.pem',
  }),
  PREFECT_API_TLS_INSECURE_SKIP_VERIFY: variable({
    group: 'Prefect',
    meaning: 'Believe any certificate of the Prefect server; for trials only.',
    schema: boolean,
    default: 'false',
  }),
  PREFECT_API_KEY: variable({
    group: 'Prefect',
    meaning: 'API key of Prefect Cloud; PREFECT_API_AUTH_STRING wins over it.',
    schema: text,
    example: 'pnu_…',
    secret: true,
  }),
  PREFECT_UI_URL: variable({
    group: 'Prefect',
    meaning: 'Where people see the Prefect UI, for links; default: PREFECT_API_URL without /api.',
    schema: url(...webSchemes),
    example: 'https://prefect.example.org',
  }),
  REGISTER_DEPLOYMENTS: variable({
    group: 'Prefect',
    meaning:
      'Whether a starting worker registers pools and deployments; false makes it a remote worker that only polls.',
    schema: boolean,
    default: 'true',
  }),
  HARVEST_POOL: variable({
    group: 'Prefect',
    meaning: 'Work pool of the per-source deployments.',
    schema: text,
    default: 'harvest',
  }),
  MAINTENANCE_POOL: variable({
    group: 'Prefect',
    meaning: 'Work pool of harvest-all, populate-vernaculars and wait-for-source.',
    schema: text,
    default: 'maintenance',
  }),
  HARVESTER_NAMESPACE: variable({
    group: 'Prefect',
    meaning:
      'Tells this site’s deployments from those of others on one server: other than `default`, it ends the names of deployments and default pools.',
    schema: text,
    default: 'default',
  }),
  WORKER_NAME: variable({
    group: 'Prefect',
    meaning: 'Name of the worker; default: the host’s name and a slot.',
    schema: text,
    example: 'harvester-1',
  }),
  WORKER_LIMIT: variable({
    group: 'Prefect',
    meaning: 'Flow runs that this process executes at once.',
    schema: integer(1, 100),
    default: '4',
    alias: 'HARVEST_WORKER_LIMIT',
  }),
  WORKER_GRACE_SECONDS: variable({
    group: 'Prefect',
    meaning: 'How long a stopping worker waits for its runs.',
    schema: integer(0, 86_400),
    default: '30',
  }),

  HARVESTER_HTTP_HOST: variable({
    group: 'Dashboard',
    meaning: 'Address that the dashboard and API listen on.',
    schema: text,
    default: '127.0.0.1',
    example: '0.0.0.0',
  }),
  HARVESTER_HTTP_PORT: variable({
    group: 'Dashboard',
    meaning:
      'Port that the dashboard and API listen on; with docker-compose.yml the port of the host, where DASHBOARD_PUBLISHED_PORT is not set.',
    schema: integer(0, 65535),
    default: '8098',
  }),
  HARVESTER_BASE_PATH: variable({
    group: 'Dashboard',
    meaning:
      'Path below which a proxy publishes the dashboard; not one that begins as its own addresses do (/harvest, /metrics).',
    schema: basePath,
    default: '/',
    example: '/harvester',
  }),
  HARVESTER_CORS_ORIGINS: variable({
    group: 'Dashboard',
    meaning: 'Origins of portals that may call the API, comma separated; * for all.',
    schema: origins,
    example: 'https://explore.example.org',
    alias: 'CORS_ORIGINS',
  }),
  HARVESTER_TRUSTED_PROXIES: variable({
    group: 'Dashboard',
    meaning:
      'Addresses and networks of the proxies in front, comma separated: X-Forwarded-For is believed from them alone.',
    schema: networks,
    example: '10.0.0.0/8',
  }),
  HARVEST_TRIGGER_ENABLED: variable({
    group: 'Dashboard',
    meaning: 'Whether runs can be started through the API.',
    schema: boolean,
    default: 'false',
  }),
  HARVEST_TRIGGER_TOKEN: variable({
    group: 'Dashboard',
    meaning: 'Bearer token that starting a run needs.',
    schema: z.string(),
    example: 'a-long-random-text',
    secret: true,
  }),
  HARVEST_TRUSTED_USER_HEADER: variable({
    group: 'Dashboard',
    meaning:
      'Header in which a proxy names the user; believed from HARVESTER_TRUSTED_PROXIES alone, without them from this host.',
    schema: text.refine((name) => /^[\w!#$%&'*+.^`|~-]+$/.test(name), 'must be the name of a header'),
    example: 'X-Forwarded-User',
  }),
  HARVESTER_SERVE_LOGS: variable({
    group: 'Dashboard',
    meaning: 'Serve log files at /harvester_logs/NAME.',
    schema: boolean,
    default: 'false',
  }),
  HARVESTER_LOG_BASE_URL: variable({
    group: 'Dashboard',
    meaning:
      'Where log files are published, for the link in the log artifact: the address before /harvester_logs.',
    schema: url(...webSchemes),
    example: 'https://harvest.example.org',
  }),

  LOG_LEVEL: variable({
    group: 'Logs',
    meaning: 'debug, info, warning or error; wins over the configuration’s log_level.',
    schema: text,
    example: 'info',
  }),
  PREFECT_LOGGING_LEVEL: variable({
    group: 'Logs',
    meaning: 'Used where LOG_LEVEL is unset.',
    schema: text,
    example: 'INFO',
  }),
  HARVESTER_LOG_DIR: variable({
    group: 'Logs',
    meaning: 'Folder of the log files, one a run.',
    schema: text,
    default: 'logs',
  }),
  HARVESTER_LOG_FILE: variable({
    group: 'Logs',
    meaning:
      'A file that the log of workers and of the API goes to as well, JSON lines, rotated by size; a worker puts its name before the ending (worker.log: worker.host-1.log).',
    schema: text,
    example: '/var/log/erddap-harvester/worker.log',
  }),
  HARVESTER_LOG_FILE_MEGABYTES: variable({
    group: 'Logs',
    meaning: 'Size at which that file is rotated.',
    schema: integer(1, 10_000),
    default: '20',
  }),
  HARVESTER_LOG_FILE_KEEP: variable({
    group: 'Logs',
    meaning: 'Rotated files that are kept.',
    schema: integer(1, 1000),
    default: '5',
  }),
  SENTRY_DSN: variable({
    group: 'Logs',
    meaning:
      'Sentry project that errors and failed runs are reported to. Unset: nothing of Sentry is loaded.',
    schema: url(...webSchemes),
    example: 'https://public@sentry.example.org/1',
    secret: true,
  }),
  SENTRY_ENVIRONMENT: variable({
    group: 'Logs',
    meaning: 'Environment that reports to Sentry carry.',
    schema: text,
    example: 'production',
    alias: 'ENVIRONMENT',
  }),

  ALERT_WEBHOOK_URL: variable({
    group: 'Alerts',
    meaning: 'Where alerts are sent as JSON.',
    schema: url(...webSchemes),
    example: 'https://ops.example.org/hooks/harvester',
    secret: true,
  }),
  ALERT_SLACK_WEBHOOK_URL: variable({
    group: 'Alerts',
    meaning:
      'Where alerts are sent in the form of Slack (Mattermost, Rocket.Chat and Discord’s /slack take it too).',
    schema: url(...webSchemes),
    example: 'https://hooks.slack.com/services/T000/B000/XXXX',
    secret: true,
  }),
  ALERT_EMAIL_TO: variable({
    group: 'Alerts',
    meaning: 'Who gets alerts by e-mail, comma separated; needs SMTP_URL.',
    schema: text,
    example: 'ops@example.org,data@example.org',
  }),
  ALERT_EMAIL_FROM: variable({
    group: 'Alerts',
    meaning: 'Sender of these e-mails; default: erddap-harvester@ and the host of SMTP_URL.',
    schema: text,
    example: 'harvester@example.org',
  }),
  ALERT_LANGUAGE: variable({
    group: 'Alerts',
    meaning: 'Language of alerts that people read, by e-mail and in Slack: en or fr. Webhooks get English.',
    schema: choice('en', 'fr'),
    default: 'en',
    example: 'fr',
  }),
  SMTP_URL: variable({
    group: 'Alerts',
    meaning: 'Mail server: smtp://user:password@host:587 (STARTTLS where it is offered) or smtps://.',
    schema: url('smtp', 'smtps'),
    example: 'smtp://harvester:change-me@mail.example.org:587',
    secret: true,
  }),
  HARVESTER_PUBLIC_URL: variable({
    group: 'Alerts',
    meaning:
      'Where people see the dashboard, for links in alerts and feeds: the address before /harvest. Without it feeds hold relative links.',
    schema: url(...webSchemes),
    example: 'https://data.example.org/harvester',
  }),
  REDIS_URL: variable({
    group: 'Harvest',
    meaning:
      'The Redis database of a portal that is emptied after a harvest, where the configuration says so.',
    schema: url('redis', 'rediss'),
    example: 'redis://:change-me@redis:6379/0',
    secret: true,
  }),

  GIT_SHA: variable({
    group: 'Build',
    meaning: 'Revision that runs and deployments are recorded with.',
    schema: text,
    example: '3f2c1ab',
  }),
  BUILD_TIME: variable({
    group: 'Build',
    meaning: 'When the image was built; part of the default deploy id.',
    schema: text,
    example: '2026-11-21T05:00:00Z',
  }),
  NODE_ENV: variable({
    group: 'Build',
    meaning: '`production` refuses the embedded database unless DATABASE=embedded.',
    schema: text,
    example: 'production',
  }),
  BIND_ADDRESS: variable({
    group: 'Compose',
    meaning:
      'Address of the host on which ports are published; others than loopback need a firewall or proxy, and the dashboard a HARVEST_TRIGGER_TOKEN.',
    schema: text,
    default: '127.0.0.1',
  }),
} as const

/** What Node and the libraries read themselves; they are documented with ours. */
export const standardVariables = {
  HTTP_PROXY: {
    group: 'Network',
    meaning:
      'Proxy for requests to http addresses, of the harvest and to Prefect; a login in it is percent-encoded.',
    example: 'http://proxy.example.org:3128',
    secret: true,
  },
  HTTPS_PROXY: {
    group: 'Network',
    meaning: 'Proxy for requests to https addresses; unset: HTTP_PROXY.',
    example: 'http://proxy.example.org:3128',
    secret: true,
  },
  NO_PROXY: {
    group: 'Network',
    meaning: 'Hosts that are asked without the proxy, comma separated.',
    example: 'localhost,127.0.0.1,.example.org',
  },
  NODE_EXTRA_CA_CERTS: {
    group: 'Network',
    meaning:
      'Further certificate authorities for every https connection, a PEM file. Not read from .env by Node.',
    example: '/etc/ssl/certs/site-ca.pem',
  },
  NO_COLOR: {
    group: 'Logs',
    meaning: 'Set to anything: log lines without colours, and no bars.',
    example: '1',
  },
  TERM: {
    group: 'Logs',
    meaning: '`dumb`: the same, as a terminal says that it can do no more.',
    example: 'dumb',
  },
} as const

export type EnvironmentName = keyof typeof environmentVariables
type Values = { [N in EnvironmentName]: z.output<(typeof environmentVariables)[N]['schema']> }
type Defaulted = {
  [N in EnvironmentName]: (typeof environmentVariables)[N] extends { default: string } ? N : never
}[EnvironmentName]

/** The typed environment: what has a default is always there. */
export type Environment = Pick<Values, Defaulted> & Partial<Omit<Values, Defaulted>>

/** What is set for a variable, under its name or the one that it had. */
export function givenValue(
  env: Readonly<Record<string, string | undefined>>,
  name: string,
  { alias }: { alias?: string },
): string | undefined {
  return [env[name], alias === undefined ? undefined : env[alias]].find(isSet)
}

/** What a variable is where it is not set: default pools bear the namespace. */
export function defaultValue(
  env: Readonly<Record<string, string | undefined>>,
  name: string,
  { default: value }: { default?: string },
): string | undefined {
  if (value === undefined || (name !== 'HARVEST_POOL' && name !== 'MAINTENANCE_POOL')) return value
  return inNamespace(value, given(env, 'HARVESTER_NAMESPACE') ?? defaultNamespace)
}

/** The values of the variables that are marked as secret, for the removal of secrets from all texts. */
export function secretValues(env: Readonly<Record<string, string | undefined>>): string[] {
  const ours = (Object.entries(environmentVariables) as [string, Variable][]).flatMap(
    ([name, { secret }]) => {
      const value = env[name]
      return secret && isSet(value) ? [value] : []
    },
  )
  // Of the address of a proxy only its login is one.
  const proxies = proxyVariables.flatMap((name) =>
    [env[name], env[name.toLowerCase()]].flatMap((value) =>
      isSet(value) && value.includes('@') ? [proxyAddress(value.trim()) ?? value] : [],
    ),
  )
  return [...ours, ...proxies]
}

/**
 * Reads the environment whole.
 * @throws HarvesterError CONFIG_INVALID that names every bad variable, its value (unless secret) and what it may be
 */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): Environment {
  const faults: string[] = []
  const values: Record<string, unknown> = {}
  for (const [name, definition] of Object.entries(environmentVariables) as [string, Variable][]) {
    const raw = givenValue(env, name, definition) ?? defaultValue(env, name, definition)
    if (raw === undefined) continue
    const result = definition.schema.safeParse(raw)
    if (result.success) values[name] = result.data
    else {
      const shown = definition.secret ? '' : ` (${JSON.stringify(raw)})`
      const remedy = definition.example ? `, for example ${definition.example}` : ''
      faults.push(`${name}${shown}: ${result.error.issues.map((issue) => issue.message).join('; ')}${remedy}`)
    }
  }
  for (const name of proxyVariables) {
    const proxy = givenProxy(env, name)
    if (proxy && proxyAddress(proxy.value) === null)
      faults.push(`${proxy.name}: is no address of a proxy. ${proxyRemedy}`)
  }
  if (faults.length > 0) {
    throw new HarvesterError('CONFIG_INVALID', `the environment is not usable:\n  ${faults.join('\n  ')}`, {
      remedy: 'Correct these variables, in .env or where the program is started.',
    })
  }
  return values as Environment
}
