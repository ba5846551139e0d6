/** The engine of a long-lived process: a worker of a Prefect server, or the standalone scheduler. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { limitDeclaration } from '../cli/declaration.ts'
import { type DeclaredDeployment, loadDeployments } from '../config/deployments-file.ts'
import type { Environment } from '../config/environment.ts'
import { inNamespace } from '../config/namespace.ts'
import type { Database } from '../database/port.ts'
import { harvestSourceFlow } from '../flows/harvest-source.ts'
import { populateVernacularsFlow } from '../flows/populate-vernaculars.ts'
import { harvesterFlows } from '../flows/registry.ts'
import type { HarvestServices } from '../harvest/services.ts'
import { databaseRunStore } from '../inventory/run-store.ts'
import type { Log, LogLevel } from '../log/log.ts'
import { runControl } from '../operate/runs/control.ts'
import { version } from '../package.ts'
import {
  checkParents,
  createLocalBackend,
  createPrefectBackend,
  declaredLimits,
  type EngineEvent,
  type FlowResult,
  flowRegistry,
  type LogLine,
  localOrchestrator,
  namespaceTag,
  type PrefectSettings,
  prefectOrchestrator,
  type Registration,
  runFlow,
  type Standalone,
  startStandalone,
  startWorker,
} from '../runs/index.ts'
import type { RunControl } from '../serve/ports.ts'

export interface Engine {
  control: RunControl
  describe: string
  running(): number
  /** Waits for what runs, up to the grace time; nothing is left Running. */
  stop(): Promise<void>
  /** Ends the grace time. */
  force(): void
}

export interface EngineParts {
  environment: Environment
  services: HarvestServices
  log: Log
  /** What this process is called in the back end; null: the back end finds a name. */
  worker: string | null
  level: LogLevel
  onLog: (line: LogLine) => void
  /** Told of the ends of runs, those of processes that died too. */
  onEvent?: ((event: EngineEvent) => void) | undefined
  onStop: 'reschedule' | 'crash'
  signal: AbortSignal
}

/** The declared deployments of this process. */
export function declaredDeployments(
  environment: Environment,
  services: Pick<HarvestServices, 'config'>,
): DeclaredDeployment[] {
  return loadDeployments(environment, services.config.sources)
}

/** What a starting worker or `harvester deploy` registers. */
export function registrationOf(
  environment: Environment,
  services: HarvestServices,
  options: Pick<Registration, 'prune' | 'limits' | 'takeOver'> = {},
): Registration {
  return {
    namespace: environment.HARVESTER_NAMESPACE,
    ...limitDeclaration(environment, services),
    ...options,
  }
}

/** What tells one deploy from the next: DEPLOY_ID, else version, configuration and build; never the clock. */
function deployKey(environment: Environment, services: HarvestServices): string {
  const id =
    environment.DEPLOY_ID ??
    createHash('sha256')
      .update(
        JSON.stringify([
          version,
          services.gitSha,
          environment.BUILD_TIME ?? '',
          services.config.settings,
          services.config.sources,
        ]),
      )
      .digest('hex')
      .slice(0, 16)
  return `deploy:${environment.HARVESTER_NAMESPACE}:${id}`
}

/**
 * Of the run that a deploy starts: servers that start at the same time are waited for. What a source demands itself
 * stays; the others are to answer within the ten minutes that are the default.
 */
export const deployParameters = { triggered_by: 'deploy', wait_for: {} }

export async function startPrefectEngine(settings: PrefectSettings, parts: EngineParts): Promise<Engine> {
  const { environment, services, log } = parts
  const declared = declaredDeployments(environment, services)
  const declaration = limitDeclaration(environment, services)
  const backend = createPrefectBackend({
    settings,
    namespaceTag: namespaceTag(environment.HARVESTER_NAMESPACE),
    limitedTags: Object.entries(declaration.tagLimits).flatMap(([tag, limit]) =>
      limit === null ? [] : [tag],
    ),
    onProblem: (text, facts) => log.warn(facts, text),
  })
  const registers = environment.REGISTER_DEPLOYMENTS
  const worker = await startWorker({
    backend,
    flows: flowRegistry(harvesterFlows(services)),
    pools: [environment.HARVEST_POOL, environment.MAINTENANCE_POOL],
    limit: environment.WORKER_LIMIT,
    name: parts.worker,
    slotFolder: join(environment.HARVESTER_DATA_DIR, 'workers'),
    registration: registers ? registrationOf(environment, services) : null,
    runOnDeploy:
      registers && environment.RUN_ON_DEPLOY
        ? {
            deployment: inNamespace('harvest-all', environment.HARVESTER_NAMESPACE),
            key: deployKey(environment, services),
            parameters: deployParameters,
          }
        : null,
    graceSeconds: environment.WORKER_GRACE_SECONDS,
    onStop: parts.onStop,
    logLevel: parts.level,
    onLog: parts.onLog,
    ...(parts.onEvent && { onEvent: parts.onEvent }),
    signal: parts.signal,
    onProblem: (text, facts) => log.warn(facts, text),
    onInfo: (text, facts) => log.info(facts, text),
  })
  return {
    control: runControl(
      prefectOrchestrator({
        backend,
        namespace: environment.HARVESTER_NAMESPACE,
        declaration,
        uiUrl: environment.PREFECT_UI_URL,
      }),
      declared,
    ),
    describe: `worker ${worker.name} of ${settings.apiUrl}`,
    running: () => worker.running,
    stop: async () => {
      await worker.stop()
      await backend.close()
    },
    force: () => worker.force(),
  }
}

/** The standalone engine can also run one harvest of all sources here and now. */
export interface LocalEngine extends Engine {
  harvestOnce(signal: AbortSignal): Promise<FlowResult>
  /** Names of the species found, once. */
  populateOnce(signal: AbortSignal): Promise<FlowResult>
}

export async function startLocalEngine(database: Database, parts: EngineParts): Promise<LocalEngine> {
  const { environment, services, log } = parts
  const declared = declaredDeployments(environment, services)
  const declaration = limitDeclaration(environment, services)
  checkParents(declaration.deployments, declaredLimits(declaration))
  const backend = createLocalBackend({
    store: databaseRunStore(database),
    ...declaration,
    ...(parts.worker !== null && { worker: parts.worker }),
    onProblem: (text, facts) => log.warn(facts, text),
  })
  const standalone: Standalone = await startStandalone({
    backend,
    limit: environment.WORKER_LIMIT,
    graceSeconds: environment.WORKER_GRACE_SECONDS,
    onStop: parts.onStop,
    outboxFolder: join(environment.HARVESTER_DATA_DIR, 'workers', 'ends'),
    logLevel: parts.level,
    onLog: parts.onLog,
    ...(parts.onEvent && { onEvent: parts.onEvent }),
    runOnDeploy: environment.RUN_ON_DEPLOY
      ? {
          deployment: inNamespace('harvest-all', environment.HARVESTER_NAMESPACE),
          parameters: deployParameters,
        }
      : null,
    onProblem: (text, facts) => log.warn(facts, text),
    onInfo: (text, facts) => log.info(facts, text),
  })
  return {
    control: runControl(localOrchestrator({ backend }), declared),
    describe: 'standalone',
    populateOnce: (signal) =>
      runFlow(
        backend,
        populateVernacularsFlow(services),
        {},
        { signal, createdBy: 'cli', logLevel: parts.level, onLog: parts.onLog },
      ),
    harvestOnce: (signal) =>
      runFlow(
        backend,
        harvestSourceFlow(services),
        {},
        { signal, createdBy: 'cli', logLevel: parts.level, onLog: parts.onLog },
      ),
    running: () => standalone.running,
    stop: async () => {
      await standalone.stop()
      await backend.close()
    },
    force: () => standalone.force(),
  }
}
