import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Registry } from 'prom-client'
import type { Database } from '../database/port.ts'
import { packageFile, version } from '../package.ts'
import type { RunControl, ServerLog } from './ports.ts'

export interface TriggerOptions {
  /** `HARVEST_TRIGGER_ENABLED` @default false */
  enabled: boolean
  /** `HARVEST_TRIGGER_TOKEN`: the bearer token. Without one nothing can be triggered. */
  token: string | null
  /** `HARVEST_TRUSTED_USER_HEADER`: name of the header in which a proxy names its user; null trusts none. */
  trustedUserHeader?: string | null
  /** Wrong tokens a minute from one client, after which it has to wait. @default 10 */
  perMinute?: number
  /** `HARVESTER_TRUSTED_PROXIES`: addresses and networks of proxies whose X-Forwarded-For is believed. @default none */
  trustedProxies?: readonly string[]
  /** What the minutes are read from, epoch milliseconds. @default Date.now */
  now?: () => number
}

export interface ServerOptions {
  /** May be opened with a role that can only read (docs/database-role.md). */
  database: Database
  /** `HARVESTER_HTTP_HOST` @default 127.0.0.1 */
  host?: string
  /** `HARVESTER_HTTP_PORT`; 0 takes a free one. @default 8098 */
  port?: number
  /** `HARVESTER_BASE_PATH`: where a proxy puts us, `/harvester`; requests may arrive with or without it. */
  basePath?: string
  /** `HARVESTER_CORS_ORIGINS`: other origins whose pages may read the API; `*` for all. @default none */
  corsOrigins?: readonly string[]
  /** Folder of the built page. @default dist/web */
  dashboardFolder?: string
  /** The engine that runs flows; without one there is no schedule, and a trigger answers 503. */
  runs?: RunControl | null
  trigger?: TriggerOptions
  /** `HARVESTER_PUBLIC_URL`: the address before /harvest as people see it, for links in feeds. @default relative links */
  publicUrl?: string | null
  /** Where the server that keeps the runs shows one. @default runs have no page there */
  pageOfRun?: ((runId: string) => string) | null
  /** URLs of the sources of the configuration; null where it is not known (then the database says). */
  configuredSources?: readonly string[] | null
  /** Folder whose `.log` files are served at `/harvester_logs/:name`; null serves none. */
  logFolder?: string | null
  /** Metrics of this process that are shown beside those of the audit. */
  registries?: readonly Registry[]
  version?: string
  gitSha?: string | null
  log?: ServerLog
  /** How long an answer of the API may be told again without asking the database. @default 1 */
  cacheSeconds?: number
}

export interface Settings extends Required<Omit<ServerOptions, 'trigger' | 'dashboardFolder'>> {
  trigger: Required<TriggerOptions>
  dashboardFolder: string | null
}

const silent: ServerLog = { debug() {}, info() {}, warn() {}, error() {} }

export function settingsOf(options: ServerOptions): Settings {
  return {
    database: options.database,
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 8098,
    basePath: normalizeBasePath(options.basePath ?? ''),
    corsOrigins: (options.corsOrigins ?? []).map((origin) => origin.trim().replace(/(?<!\/)\/+$/, '')),
    dashboardFolder: options.dashboardFolder ?? findDashboard(),
    runs: options.runs ?? null,
    trigger: {
      enabled: options.trigger?.enabled ?? false,
      token: options.trigger?.token || null,
      trustedUserHeader: options.trigger?.trustedUserHeader?.trim().toLowerCase() || null,
      perMinute: options.trigger?.perMinute ?? 10,
      trustedProxies: options.trigger?.trustedProxies ?? [],
      now: options.trigger?.now ?? Date.now,
    },
    publicUrl: options.publicUrl?.replace(/(?<!\/)\/+$/, '') || null,
    pageOfRun: options.pageOfRun ?? null,
    configuredSources: options.configuredSources?.map((url) => url.replace(/(?<!\/)\/+$/, '')) ?? null,
    logFolder: options.logFolder ?? null,
    registries: options.registries ?? [],
    version: options.version ?? version,
    gitSha: options.gitSha ?? null,
    log: options.log ?? silent,
    cacheSeconds: options.cacheSeconds ?? 1,
  }
}

/** `harvester/` becomes `/harvester`; nothing stays nothing. */
function normalizeBasePath(text: string): string {
  const bare = text.trim().replace(/^\/+|(?<!\/)\/+$/g, '')
  return bare === '' ? '' : `/${bare}`
}

/** The built page; null where only the program was built. */
function findDashboard(): string | null {
  const folder = packageFile('dist/web')
  return existsSync(join(folder, 'index.html')) ? folder : null
}
