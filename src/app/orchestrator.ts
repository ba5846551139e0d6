/** Who keeps and executes runs, for a process that looks at them or starts them. */
import { userInfo } from 'node:os'
import { limitDeclaration } from '../cli/declaration.ts'
import type { DeclaredDeployment } from '../config/deployments-file.ts'
import { type Environment, readEnvironment } from '../config/environment.ts'
import type { HarvestConfig } from '../config/harvest.ts'
import type { Database } from '../database/port.ts'
import { databaseSettings } from '../database/settings.ts'
import { HarvesterError } from '../errors.ts'
import { databaseRunStore } from '../inventory/run-store.ts'
import type { Log } from '../log/log.ts'
import {
  type ChosenOrchestrator,
  chooseOrchestrator,
  type LimitDeclaration,
  type Orchestrator,
  type OrchestratorKind,
} from '../runs/index.ts'
import { lazyDatabase } from './database.ts'
import { declaredDeployments } from './engine.ts'
import { serviceConfig } from './service-config.ts'
import { createProcess, type ProcessParts } from './services.ts'

export interface OrchestratorParts {
  namespace: string
  orchestrator: ChosenOrchestrator
  /** Of ours; opened when it is first needed, and only where runs are kept in it. */
  database: () => Promise<Database>
  /** What is declared. @default nothing: runs can be read and changed, and none started */
  declaration?: LimitDeclaration
  /** What this process is called where it executes runs. */
  worker?: string
  onProblem?: (text: string, facts: Record<string, unknown>) => void
  /** Aborted: what is being asked is given up, and what is asked afterwards has only a moment. */
  signal?: AbortSignal
}

const nothing: LimitDeclaration = { deployments: [], pools: [], tagLimits: {} }

export function openOrchestrator(parts: OrchestratorParts): Orchestrator {
  const { orchestrator, database, declaration = nothing, ...more } = parts
  return orchestrator.open({
    ...more,
    declaration,
    store: async () => databaseRunStore(await database()),
    by: userName(),
  })
}

function userName(): string | null {
  try {
    return userInfo().username
  } catch {
    return null // a container may run as a user without a name
  }
}

export interface OperatorRequest {
  /** `-f` */
  file: string | undefined
  /** Whether sources have to be configured where runs are kept in our database. */
  work: boolean
  env: Readonly<Record<string, string | undefined>>
  log: Log
  signal: AbortSignal
  worker?: string
  onProblem?: (text: string, facts: Record<string, unknown>) => void
  /** Of ours, where the caller has one. */
  database?: () => Promise<Database>
}

/** What a command works with that looks at runs, or starts them, and harvests nothing itself. */
export interface Operator {
  environment: Environment
  config: HarvestConfig
  parts: ProcessParts
  declared: DeclaredDeployment[]
  kind: OrchestratorKind
  orchestrator: Orchestrator
  close(): Promise<void>
}

export async function openOperator(request: OperatorRequest): Promise<Operator> {
  const { file, env, log, signal } = request
  const environment = readEnvironment(env)
  const chosen = chooseOrchestrator(env)
  // The deployments of a server carry their sources.
  const config = serviceConfig({ file, work: request.work && chosen.inDatabase }, environment, env)
  const own = chosen.inDatabase && !request.database ? lazyDatabase(databaseSettings(env), log, signal) : null
  const database = request.database ?? own?.open ?? noDatabase
  const parts = await createProcess({
    environment,
    config: { ...config, settings: { ...config.settings, cache: false } },
    log,
    database: chosen.inDatabase ? database : null,
    orchestrator: chosen,
    listeners: [],
  })
  const close = async () => {
    await parts.close()
    await own?.close()
  }
  try {
    const orchestrator = openOrchestrator({
      namespace: environment.HARVESTER_NAMESPACE,
      orchestrator: chosen,
      database,
      signal,
      declaration: limitDeclaration(environment, parts.services),
      ...(request.worker !== undefined && { worker: request.worker }),
      ...(request.onProblem && { onProblem: request.onProblem }),
    })
    return {
      environment,
      config,
      parts,
      kind: chosen.kind,
      declared: declaredDeployments(environment, parts.services),
      orchestrator,
      async close() {
        await orchestrator.close()
        await close()
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** Where a server keeps the runs. */
export async function noDatabase(): Promise<never> {
  throw new HarvesterError('INTERNAL', 'runs that a server keeps were looked for in the database')
}
