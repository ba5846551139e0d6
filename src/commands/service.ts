/** The long-lived processes: worker, API, or all in one. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Environment, readEnvironment } from '../config/environment.ts'
import { type HarvestConfig, readHarvestConfig } from '../config/harvest.ts'
import { openDatabase } from '../database/open.ts'
import type { Database } from '../database/port.ts'
import { type DatabaseSettings, databaseSettings } from '../database/settings.ts'
import { exitCodes, HarvesterError } from '../errors.ts'
import type { Log } from '../observability/log.ts'
import { parseLogLevel } from '../observability/log.ts'
import { harvestMetrics } from '../observability/metrics.ts'
import { prefectSettings } from '../orchestration/index.ts'
import type { RunControl } from '../server/ports.ts'
import { type ApiServer, createServer } from '../server/server.ts'
import { createConsole } from './console.ts'
import { type LazyDatabase, lazyDatabase } from './database.ts'
import {
  declaredDeployments,
  type Engine,
  startLocalEngine,
  startPrefectEngine,
  storedRunControl,
} from './engine.ts'
import { createProcess, type ProcessParts } from './services.ts'

export interface ServiceOptions {
  file?: string | undefined
  /** Poll and run flows. */
  work: boolean
  /** Serve the API and the dashboard. */
  serve: boolean
  onStop: 'reschedule' | 'crash'
}

/** How old the sign of life of a worker may be. */
const aliveSeconds = 90
const aliveFile = (environment: Environment) => join(environment.HARVESTER_DATA_DIR, 'worker-alive.json')

/** Runs until it is stopped. A first Ctrl-C or SIGTERM ends it cleanly, a second one at once. */
export async function runService(options: ServiceOptions): Promise<number> {
  const environment = readEnvironment(process.env)
  const config = serviceConfig(options, environment)
  const level = parseLogLevel(
    environment.LOG_LEVEL ?? environment.PREFECT_LOGGING_LEVEL ?? config.settings.log_level ?? 'info',
    'the log level',
  )
  const { log } = createConsole({ level, time: config.settings.log_time, progress: false })
  for (const warning of config.warnings) log.warn({ config: config.origin }, warning)
  if (config.settings.cache) {
    log.warn({}, 'cache: true is for one-shot commands; scheduled runs ask the servers')
    config.settings.cache = false
  }
  const metrics = harvestMetrics()
  const prefect = prefectSettings(process.env)
  const settings = databaseSettings(process.env)
  const starting = new AbortController()
  const database = lazyDatabase(settings, log, starting.signal)
  const parts = await createProcess({
    environment,
    config,
    log,
    database: database.open,
    orchestrator: prefect ? 'prefect' : 'local',
    listeners: [metrics.listen],
  })
  const open: { engine?: Engine; server?: ApiServer; reading?: Database } = {}
  const stop = stopping(starting, () => open.engine?.force())
  try {
    let control: RunControl | null = null
    if (options.work) {
      const engineParts = {
        environment,
        services: parts.services,
        log,
        level,
        onLog: parts.onLog,
        onStop: options.onStop,
        signal: starting.signal,
      }
      open.engine = prefect
        ? await startPrefectEngine(prefect, engineParts)
        : await startLocalEngine(await database.open(), engineParts)
      control = open.engine.control
      log.info({ sources: config.sources.length }, `${open.engine.describe} is running`)
    }
    if (options.serve) {
      control ??= storedRunControl(
        prefect ?? (await database.open()),
        declaredDeployments(environment, parts.services),
        parts.services,
        environment,
      )
      open.reading = await openForReading(settings, database, environment, starting.signal)
      open.server = createServer(
        serverOptions({
          environment,
          config,
          parts,
          log,
          database: open.reading,
          control,
          prefectUrl: prefect?.apiUrl ?? null,
          registries: [metrics.registry],
        }),
      )
      process.stdout.write(`Dashboard: ${(await open.server.listen()).replace(/\/+$/, '')}/harvest\n`)
    }
    const sign = options.work ? signOfLife(environment) : null
    await stop.requested
    sign?.()
    log.info({ running: open.engine?.running() ?? 0 }, 'stopping')
    return exitCodes.done
  } catch (error) {
    if (stop.wasRequested()) return exitCodes.done
    throw error
  } finally {
    await open.server?.close()
    await open.engine?.stop()
    await parts.close()
    await open.reading?.close()
    await database.close()
    stop.dispose()
  }
}

export interface ServerParts {
  environment: Environment
  config: HarvestConfig
  parts: ProcessParts
  log: Log
  database: Awaited<ReturnType<LazyDatabase['open']>>
  control: RunControl | null
  prefectUrl: string | null
  registries?: NonNullable<Parameters<typeof createServer>[0]['registries']>
}

/**
 * What the API reads through: on PostgreSQL connections that can only read, with a role of their own where
 * DATABASE_READ_URL names one. The embedded engine has one connection behind all, which cannot be so limited.
 */
async function openForReading(
  settings: DatabaseSettings,
  writable: LazyDatabase,
  environment: Environment,
  signal: AbortSignal,
): Promise<Database> {
  if (settings.kind === 'embedded') return writable.open()
  const own = environment.DATABASE_READ_URL
  const reading = own === undefined ? settings : databaseSettings({ ...process.env, DATABASE_URL: own })
  return openDatabase(reading, { readOnly: true, applicationName: 'erddap-harvester api', signal })
}

/** What the API is told of the process it runs in. */
export function serverOptions({
  environment,
  config,
  parts,
  log,
  database,
  control,
  prefectUrl,
  registries,
}: ServerParts): Parameters<typeof createServer>[0] {
  return {
    database,
    host: environment.HARVESTER_HTTP_HOST,
    port: environment.HARVESTER_HTTP_PORT,
    basePath: environment.HARVESTER_BASE_PATH,
    corsOrigins:
      environment.HARVESTER_CORS_ORIGINS?.split(',')
        .map((origin) => origin.trim())
        .filter(Boolean) ?? [],
    runs: control,
    registries: registries ?? [],
    trigger: {
      enabled: environment.HARVEST_TRIGGER_ENABLED,
      token: environment.HARVEST_TRIGGER_TOKEN ?? null,
      trustedUserHeader: environment.HARVEST_TRUSTED_USER_HEADER ?? null,
    },
    prefectUiUrl:
      environment.PREFECT_UI_URL?.replace(/\/+$/, '') ?? prefectUrl?.replace(/\/api$/, '') ?? null,
    configuredSources: config.sources.map(({ url }) => url),
    logFolder: environment.HARVESTER_SERVE_LOGS ? parts.services.logDir : null,
    gitSha: parts.services.gitSha,
    log: {
      debug: (facts, text) => log.debug({ ...facts }, text),
      info: (facts, text) => log.info({ ...facts }, text),
      warn: (facts, text) => log.warn({ ...facts }, text),
      error: (facts, text) => log.error({ ...facts }, text),
    },
  }
}

/** A worker that only polls needs no list of sources: deployments carry their source. */
export function serviceConfig(
  options: Pick<ServiceOptions, 'file' | 'work'>,
  environment: Environment,
  env: Readonly<Record<string, string | undefined>> = process.env,
): HarvestConfig {
  const sourceless = !options.work || !environment.REGISTER_DEPLOYMENTS
  const request = {
    file: options.file,
    env,
    folder: process.cwd(),
    ...(sourceless && { sourcesOptional: true }),
  }
  try {
    return readHarvestConfig(request)
  } catch (error) {
    if (
      !(
        sourceless &&
        error instanceof HarvesterError &&
        error.code === 'CONFIG_NOT_FOUND' &&
        options.file === undefined
      )
    )
      throw error
    return readHarvestConfig({ ...request, env: { HARVEST_CONFIG_YAML: '{}' } })
  }
}

/** Whether a worker of this host gave a sign of life lately: for health checks. */
export function checkWorker(): number {
  const path = aliveFile(readEnvironment(process.env))
  if (!existsSync(path)) {
    process.stderr.write(`harvester: no worker runs here (${path} is missing)\n`)
    return exitCodes.failed
  }
  const { pid, at } = JSON.parse(readFileSync(path, 'utf8')) as { pid: number; at: string }
  const age = (Date.now() - Date.parse(at)) / 1000
  if (age > aliveSeconds) {
    process.stderr.write(
      `harvester: the worker (process ${pid}) gave no sign of life for ${Math.round(age)} s\n`,
    )
    return exitCodes.failed
  }
  process.stdout.write(`the worker (process ${pid}) lives\n`)
  return exitCodes.done
}

function signOfLife(environment: Environment): () => void {
  const path = aliveFile(environment)
  const write = () => writeFileSync(path, JSON.stringify({ pid: process.pid, at: new Date().toISOString() }))
  mkdirSync(environment.HARVESTER_DATA_DIR, { recursive: true })
  write()
  const timer = setInterval(write, 20_000)
  return () => {
    clearInterval(timer)
    rmSync(path, { force: true })
  }
}

function stopping(starting: AbortController, force: () => void) {
  let asked = 0
  let resolve: () => void = () => {}
  const requested = new Promise<void>((done) => {
    resolve = done
  })
  const on = () => {
    asked += 1
    if (asked === 1) {
      process.stderr.write('Stopping; a second signal ends it at once.\n')
      starting.abort(new HarvesterError('CANCELLED', 'stopped while starting'))
      resolve()
    } else if (asked === 2) force()
    else process.exit(exitCodes.failed)
  }
  process.on('SIGINT', on)
  process.on('SIGTERM', on)
  return {
    requested,
    wasRequested: () => asked > 0,
    dispose() {
      process.off('SIGINT', on)
      process.off('SIGTERM', on)
    },
  }
}
