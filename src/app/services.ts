/** Puts the parts of a process together: the only place that knows all rooms. */

import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createCkanCatalogue } from '../catalogue/catalogue.ts'
import type { Environment } from '../config/environment.ts'
import type { HarvestConfig } from '../config/harvest.ts'
import { variables } from '../config/variables.ts'
import { loadVocabularies } from '../config/vocabularies.ts'
import type { Database } from '../database/port.ts'
import type { Patience } from '../harvest/patience.ts'
import type { HarvestServices } from '../harvest/services.ts'
import { createDiskCache } from '../http/cache.ts'
import { connections, noProxies } from '../http/connections.ts'
import { lazyHttpClient } from '../http/lazy.ts'
import { routed } from '../http/routes.ts'
import type { HarvestListener } from '../log/events.ts'
import type { Log } from '../log/log.ts'
import type { RunLogFile } from '../log/log-file.ts'
import { packageFile, packageFolder } from '../package.ts'
import { indexVocabularies } from '../rules/vocabularies.ts'
import type { ChosenOrchestrator, LogLine } from '../runs/index.ts'
import { registerSecrets } from '../secrets.ts'

export interface ProcessParts {
  services: HarvestServices
  /** Where the engine sends log lines: the console, and the file of the run. */
  onLog: (line: LogLine) => void
  close(): Promise<void>
}

/** A list that is not complete by then never is: a server may send a byte a second. */
const defaultWholeAnswerMs = 15 * 60_000

export interface ProcessOptions {
  environment: Environment
  config: HarvestConfig
  log: Log
  database: (() => Promise<Database>) | null
  /** Who keeps the runs; null: nobody does, they are those of one command. */
  orchestrator: Pick<ChosenOrchestrator, 'inDatabase' | 'pageOfRun'> | null
  listeners: readonly HarvestListener[]
  /** How long runs wait for what may pass; for tests and the demo. */
  patience?: Patience
  /** Lists, counts and catalogues that have not come whole by then are given up. @default 15 minutes */
  wholeAnswerMs?: number
  /** Lives for one command: only then may answers come from the disk. @default false */
  oneShot?: boolean
  /** Fixed origins of the demo, and where they really are. */
  routes?: ReadonlyMap<string, string>
}

export async function createProcess(options: ProcessOptions): Promise<ProcessParts> {
  const { environment, config, log } = options
  const { timeouts } = config.settings
  // What the configuration names by a variable is a secret, whatever the variable is called.
  registerSecrets(
    config.settings.after_success
      .flatMap(({ webhook }) => [webhook?.url_env, webhook?.token_env])
      .flatMap((name) => (name === undefined ? [] : (variables[name] ?? []))),
  )
  const contact = config.settings.contact
  const answersFromDisk = config.settings.cache && options.oneShot === true
  if (config.settings.cache && !answersFromDisk)
    log.warn({ config: config.origin }, 'cache: true is for one-shot commands; this process asks the servers')
  const { wholeAnswerMs = defaultWholeAnswerMs } = options
  const http = lazyHttpClient({
    ...(contact !== undefined && { contact }),
    ...(answersFromDisk && {
      cache: createDiskCache({ folder: join(environment.HARVESTER_CACHE_DIR, 'http') }),
    }),
    timeouts: {
      connectMs: timeouts.connect_seconds * 1000,
      headersMs: timeouts.headers_seconds * 1000,
      bodyIdleMs: timeouts.idle_seconds * 1000,
    },
    ...(options.routes && {
      dispatcher: routed(
        connections({ connectMs: timeouts.connect_seconds * 1000, proxies: noProxies }),
        options.routes,
      ),
    }),
  })
  const files = new Map<string, RunLogFile>()
  const services: HarvestServices = {
    config,
    http,
    answersFromDisk,
    cacheFolder: environment.HARVESTER_CACHE_DIR,
    ckan: createCkanCatalogue({
      http,
      cacheDir: environment.HARVESTER_CACHE_DIR,
      freshSeconds: config.settings.ckan_cache_hours * 3600,
      totalTimeoutMs: wholeAnswerMs,
    }),
    wholeAnswerMs,
    vocabularies: indexVocabularies(loadVocabularies()),
    database: options.database,
    runsAtServer: options.orchestrator !== null && !options.orchestrator.inDatabase,
    gitSha: environment.GIT_SHA ?? gitRevision(),
    logDir: config.settings.log_dir ?? environment.HARVESTER_LOG_DIR,
    logBaseUrl: environment.HARVESTER_LOG_BASE_URL ?? null,
    pageOfRun: runPages(environment, options.orchestrator),
    variables: { ...variables, REDIS_URL: environment.REDIS_URL },
    allowFullReload: environment.CDE_ALLOW_FULL_RELOAD,
    listeners: options.listeners,
    ...(options.patience && { patience: options.patience }),
    attachLogFile: (flowRunId, file) => void files.set(flowRunId, file),
    detachLogFile: (flowRunId) => void files.delete(flowRunId),
  }
  return {
    services,
    onLog(line) {
      const facts = { ...line.facts, ...(line.task !== null && { task: line.task }) }
      const { flowRunName, flowRunId, flow, runFacts } = line
      log[line.level]({ ...runFacts, ...facts, run: flowRunName, flowRunId, flow }, line.text)
      files.get(flowRunId)?.write(line.level, line.text, facts, line.at)
    },
    close: () => http.close(),
  }
}

/** Where a person sees a flow run: at the orchestrator, else on the dashboard, if its address is known. */
function runPages(
  { HARVESTER_PUBLIC_URL: publicUrl }: Environment,
  orchestrator: ProcessOptions['orchestrator'],
): (flowRunId: string) => string | null {
  const dashboard = publicUrl?.replace(/(?<!\/)\/+$/, '')
  return (id) =>
    orchestrator?.pageOfRun(id) ?? (dashboard === undefined ? null : `${dashboard}/harvest/run/${id}`)
}

let revision: string | null = null

/** The revision of the checkout that this runs from, if it is one. Asked once: it starts a program. */
function gitRevision(): string | null {
  revision ??= askGit()
  return revision
}

function askGit(): string | null {
  if (!existsSync(packageFile('.git'))) return null
  try {
    return execFileSync('git', ['-C', packageFolder, 'rev-parse', '--short=12', 'HEAD'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  } catch {
    return null
  }
}
