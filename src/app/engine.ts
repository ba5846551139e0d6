/** The engine of a long-lived process: it executes what the orchestrator says is due. */
import { createHash } from 'node:crypto'
import { limitDeclaration } from '../cli/declaration.ts'
import { type DeclaredDeployment, loadDeployments } from '../config/deployments-file.ts'
import type { Environment } from '../config/environment.ts'
import { inNamespace } from '../config/namespace.ts'
import type { Database } from '../database/port.ts'
import type { HarvesterError } from '../errors.ts'
import { harvesterFlows } from '../flows/registry.ts'
import type { HarvestServices } from '../harvest/services.ts'
import { databaseRunStore } from '../inventory/run-store.ts'
import type { Log, LogLevel } from '../log/log.ts'
import { runControl } from '../operate/runs/control.ts'
import { workersFolder } from '../operate/workers/signs.ts'
import { version } from '../package.ts'
import {
  type ChosenOrchestrator,
  type EngineEvent,
  type Flow,
  type FlowResult,
  flowRegistry,
  type LogLine,
  type Registration,
  runFlow,
} from '../runs/index.ts'
import type { RunControl } from '../serve/ports.ts'

export interface Engine {
  control: RunControl
  /** Runs a flow here and now, with its own parameters. */
  run(flow: Flow, signal: AbortSignal): Promise<FlowResult>
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
  /** Of ours; opened where runs are kept in it. */
  database: () => Promise<Database>
  log: Log
  /** What this process is called in the back end; null: the back end finds a name. */
  worker: string | null
  level: LogLevel
  onLog: (line: LogLine) => void
  /** Told of the ends of runs, those of processes that died too. */
  onEvent?: ((event: EngineEvent) => void) | undefined
  onStop: 'reschedule' | 'crash'
  /** Told when another living process took the name of this one, which then takes no more runs. */
  onNameLost?: (error: HarvesterError) => void
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

/** Starts to execute what is due. */
export async function startEngine(orchestrator: ChosenOrchestrator, parts: EngineParts): Promise<Engine> {
  const { environment, services, log } = parts
  const namespace = environment.HARVESTER_NAMESPACE
  const work = await orchestrator.work({
    namespace,
    declaration: limitDeclaration(environment, services),
    store: async () => databaseRunStore(await parts.database()),
    worker: parts.worker,
    flows: flowRegistry(harvesterFlows(services)),
    pools: [environment.HARVEST_POOL, environment.MAINTENANCE_POOL],
    limit: environment.WORKER_LIMIT,
    folder: workersFolder(environment.HARVESTER_DATA_DIR),
    registers: environment.REGISTER_DEPLOYMENTS,
    runOnDeploy: environment.RUN_ON_DEPLOY
      ? {
          deployment: inNamespace('harvest-all', namespace),
          key: deployKey(environment, services),
          parameters: deployParameters,
        }
      : null,
    graceSeconds: environment.WORKER_GRACE_SECONDS,
    onStop: parts.onStop,
    logLevel: parts.level,
    onLog: parts.onLog,
    ...(parts.onEvent && { onEvent: parts.onEvent }),
    ...(parts.onNameLost && { onNameLost: parts.onNameLost }),
    signal: parts.signal,
    onProblem: (text, facts) => log.warn(facts, text),
    onInfo: (text, facts) => log.info(facts, text),
  })
  const { backend, describe, running, stop, force } = work
  return {
    control: runControl(work.orchestrator, declaredDeployments(environment, services)),
    run: (flow, signal) =>
      runFlow(backend, flow, {}, { signal, createdBy: 'cli', logLevel: parts.level, onLog: parts.onLog }),
    describe,
    running,
    stop,
    force,
  }
}
