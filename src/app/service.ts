/** The long-lived processes: worker, API, or all in one. */

import { createConsole } from '../cli/console.ts'
import { limitDeclaration } from '../cli/declaration.ts'
import { type Environment, listed } from '../config/environment.ts'
import type { HarvestConfig } from '../config/harvest.ts'
import { variables } from '../config/variables.ts'
import { openDatabase } from '../database/open.ts'
import type { Database } from '../database/port.ts'
import { type DatabaseSettings, isServer, readingSettings } from '../database/settings.ts'
import { describeError, exitCodes, HarvesterError } from '../errors.ts'
import type { ErrorReports } from '../log/error-reports.ts'
import type { Log } from '../log/log.ts'
import { harvestMetrics } from '../log/metrics.ts'
import { openProcessLog } from '../log/process-log.ts'
import { scrub } from '../log/secrets.ts'
import { runControl } from '../operate/runs/control.ts'
import { giveSigns, workersFolder } from '../operate/workers/signs.ts'
import { type ChosenOrchestrator, pagesOfRuns, type Slot, takeSlot } from '../runs/index.ts'
import type { RunControl } from '../serve/ports.ts'
import { createServer, reserveAddress } from '../serve/server.ts'
import { startAlerting } from './alerting.ts'
import { type Closing, closing } from './closing.ts'
import { type LazyDatabase, lazyDatabase } from './database.ts'
import { declaredDeployments, type Engine, type EngineParts, startEngine } from './engine.ts'
import { planned, refusePublicWithoutToken } from './judge.ts'
import { openOrchestrator } from './orchestrator.ts'
import { openReports, toAll, watchProcess } from './reports.ts'
import { createProcess, type ProcessParts } from './services.ts'
import { settleAudit } from './settle-audit.ts'

export interface ServiceOptions {
  file?: string | undefined
  /** Poll and run flows. */
  work: boolean
  /** Serve the API and the dashboard. */
  serve: boolean
  onStop: 'reschedule' | 'crash'
}

/** Runs until it is stopped. A first Ctrl-C or SIGTERM ends it cleanly, a second one at once. */
export async function runService(options: ServiceOptions): Promise<number> {
  const { file: configFile, work, serve: serves } = options
  const plan = await planned({ file: configFile, work, serves, env: variables })
  const { environment, config, level, orchestrator } = plan
  const settings = plan.database!
  const open = closing()
  const starting = new AbortController()
  const engine: { now?: Engine } = {}
  const stop = stopping(starting, () => engine.now?.force())
  open.add(() => stop.dispose())
  let reports: ErrorReports | null = null
  try {
    // Taken before anything is asked of anybody.
    const address = options.serve ? await reserveAddress(addressOf(environment)) : undefined
    if (address) open.add(() => address.close())
    const slot = options.work ? await workerName(environment) : null
    open.add(() => slot?.release())
    const worker = slot?.name ?? null
    process.send?.({ worker })
    const file = openProcessLog(environment, worker)
    open.add(() => file?.close())
    const { log } = createConsole({
      level,
      time: config.settings.log_time,
      progress: false,
      file,
      ...(worker !== null && { facts: { worker } }),
    })
    reports = await openReports(environment, worker, log)
    open.add(() => reports?.close())
    if (reports) open.add(watchProcess(reports))
    for (const warning of plan.warnings) log.warn({ config: config.origin }, warning)
    ignoreCache(config, log)
    const metrics = harvestMetrics()
    const database = lazyDatabase(settings, log, starting.signal, { stays: true })
    open.add(() => database.close())
    const alerts = options.work
      ? startAlerting({ environment, config, log, database: database.open, orchestrator })
      : null
    const parts = await createProcess({
      environment,
      config,
      log,
      database: database.open,
      orchestrator,
      listeners: [metrics.listen, ...(alerts ? [alerts.listen] : [])],
    })
    open.add(() => parts.close())
    // After the runs of this process have ended, before the database is gone.
    open.add(() => alerts?.stop())
    const running: Running = {
      environment,
      config,
      orchestrator,
      parts,
      log,
      database,
      signal: starting.signal,
      open,
    }
    if (options.work) {
      alerts?.declare(declaredDeployments(environment, parts.services))
      engine.now = await startWork(running, {
        worker,
        level,
        onEvent: toAll(alerts?.onEvent, reports?.onEvent, settleAudit(database.open, log)),
        onStop: options.onStop,
        onNameLost: stop.fail,
      })
      open.add(() => engine.now?.stop())
      log.info({ sources: config.sources.length }, `${engine.now.describe} is running`)
    }
    if (options.serve)
      await startServer(running, {
        settings,
        control: engine.now?.control ?? controlFromOutside(running),
        registries: [metrics.registry],
        address,
      })
    const endSigns = worker === null ? null : giveSigns(environment.HARVESTER_DATA_DIR, worker)
    await stop.requested.finally(() => endSigns?.())
    log.info({ running: engine.now?.running() ?? 0 }, 'stopping')
    return exitCodes.done
  } catch (error) {
    if (stop.wasRequested()) return exitCodes.done
    reports?.capture(error)
    throw error
  } finally {
    for (const fault of await open.close())
      process.stderr.write(`harvester: while stopping: ${scrub(describeError(fault))}\n`)
  }
}

/** What the engine and the server of a service are made of. */
interface Running {
  readonly environment: Environment
  readonly config: HarvestConfig
  readonly orchestrator: ChosenOrchestrator
  readonly parts: ProcessParts
  readonly log: Log
  readonly database: LazyDatabase
  /** Aborted when the service is to stop before it has started. */
  readonly signal: AbortSignal
  readonly open: Closing
}

function startWork(
  { environment, orchestrator, parts, log, database, signal }: Running,
  options: Pick<EngineParts, 'worker' | 'level' | 'onEvent' | 'onNameLost' | 'onStop'>,
): Promise<Engine> {
  return startEngine(orchestrator, {
    environment,
    services: parts.services,
    database: database.open,
    log,
    onLog: parts.onLog,
    signal,
    ...options,
  })
}

/** The control of runs that other processes execute: this one only serves. */
function controlFromOutside({ environment, orchestrator, parts, database }: Running): RunControl {
  return runControl(
    openOrchestrator({
      namespace: environment.HARVESTER_NAMESPACE,
      orchestrator,
      database: database.open,
      declaration: limitDeclaration(environment, parts.services),
    }),
    declaredDeployments(environment, parts.services),
  )
}

/** Serves the API and the dashboard, and says where. */
async function startServer(
  { environment, config, parts, log, database, signal, open }: Running,
  {
    settings,
    control,
    registries,
    address,
  }: {
    settings: DatabaseSettings
    control: RunControl
    registries: ServerParts['registries']
    address: Parameters<typeof createServer>[1]
  },
): Promise<void> {
  const reading = await openForReading(settings, database, signal)
  // The embedded one is that of the engine, whose runs go on during the grace time.
  if (isServer(settings)) open.add(() => reading.close())
  const server = createServer(
    serverOptions({
      environment,
      config,
      parts,
      log,
      database: reading,
      control,
      pageOfRun: pagesOfRuns(variables),
      ...(registries && { registries }),
    }),
    address,
  )
  open.add(() => server.close())
  process.stdout.write(`Dashboard: ${(await server.listen()).replace(/(?<!\/)\/+$/, '')}/harvest\n`)
}

export function addressOf(environment: Environment): { host: string; port: number } {
  return { host: environment.HARVESTER_HTTP_HOST, port: environment.HARVESTER_HTTP_PORT }
}

function ignoreCache({ settings }: HarvestConfig, log: Log): void {
  if (!settings.cache) return
  log.warn({}, 'cache: true is for one-shot commands; scheduled runs ask the servers')
  settings.cache = false
}

export interface ServerParts {
  environment: Environment
  config: HarvestConfig
  parts: ProcessParts
  log: Log
  database: Awaited<ReturnType<LazyDatabase['open']>>
  control: RunControl | null
  /** Where runs are shown that a server keeps; null where that is not known. */
  pageOfRun: ((runId: string) => string) | null
  registries?: NonNullable<Parameters<typeof createServer>[0]['registries']>
}

/**
 * What the API reads through: on PostgreSQL connections that can only read, with a role of their own where
 * DATABASE_READ_URL names one. The embedded engine has one connection behind all, which cannot be so limited.
 */
async function openForReading(
  settings: DatabaseSettings,
  writable: LazyDatabase,
  signal: AbortSignal,
): Promise<Database> {
  if (!isServer(settings)) return writable.open()
  return openDatabase(readingSettings(variables) ?? settings, {
    readOnly: true,
    applicationName: 'erddap-harvester api',
    // Who asks a page waits no longer for a database that does not answer.
    statementMs: 120_000,
    signal,
  })
}

/** What the API is told of the process it runs in. */
export function serverOptions({
  environment,
  config,
  parts,
  log,
  database,
  control,
  pageOfRun,
  registries,
}: ServerParts): Parameters<typeof createServer>[0] {
  refusePublicWithoutToken(environment)
  return {
    database,
    host: environment.HARVESTER_HTTP_HOST,
    port: environment.HARVESTER_HTTP_PORT,
    basePath: environment.HARVESTER_BASE_PATH,
    corsOrigins: listed(environment.HARVESTER_CORS_ORIGINS),
    runs: control,
    registries: registries ?? [],
    publicUrl: environment.HARVESTER_PUBLIC_URL ?? null,
    trigger: {
      enabled: environment.HARVEST_TRIGGER_ENABLED,
      trustedProxies: listed(environment.HARVESTER_TRUSTED_PROXIES),
      token: environment.HARVEST_TRIGGER_TOKEN ?? null,
      trustedUserHeader: environment.HARVEST_TRUSTED_USER_HEADER ?? null,
    },
    pageOfRun,
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

/**
 * What this process is called, in the log and in the back end: WORKER_NAME, else the host and the lowest free slot,
 * held until it is released. It comes back after a restart, so that a predecessor's runs are known.
 */
async function workerName(environment: Environment): Promise<Slot> {
  const { WORKER_NAME: name } = environment
  if (name !== undefined) return { name, release: async () => {} }
  return takeSlot(workersFolder(environment.HARVESTER_DATA_DIR))
}

/** Ends by signals, and by a supervisor's orders; a supervisor that is gone is an order to stop. */
function stopping(starting: AbortController, force: () => void) {
  let signals = 0
  let asked = false
  let resolve: () => void = () => {}
  let fail: (error: unknown) => void = () => {}
  const requested = new Promise<void>((done, failed) => {
    resolve = done
    fail = failed
  })
  requested.catch(() => {}) // it may fail before anybody waits for it
  const ask = () => {
    if (asked) return
    asked = true
    starting.abort(new HarvesterError('CANCELLED', 'stopped while starting'))
    resolve()
  }
  const onSignal = () => {
    signals += 1
    if (signals === 1) {
      process.stderr.write('Stopping; a second signal ends it at once.\n')
      ask()
    } else if (signals === 2) force()
    else process.exit(exitCodes.failed)
  }
  const onOrder = (order: unknown) => {
    if (order === 'stop' || order === 'force') ask()
    if (order === 'force') force()
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  if (process.connected !== undefined) {
    process.on('message', onOrder)
    process.on('disconnect', ask)
    // The supervisor may have gone before anybody listened.
    if (!process.connected) ask()
  }
  return {
    requested,
    /** The service ends with this error, as one that cannot start. */
    fail: (error: unknown) => fail(error),
    wasRequested: () => asked,
    dispose() {
      process.off('SIGINT', onSignal)
      process.off('SIGTERM', onSignal)
      process.off('message', onOrder)
      process.off('disconnect', ask)
    },
  }
}
