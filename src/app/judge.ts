/**
 * Judges everything that a long-lived process is told, before it opens anything: the same for those who start it and for
 * those who only want to know (`config check`, `doctor`).
 */
import { accessSync, constants } from 'node:fs'
import { limitDeclaration } from '../cli/declaration.ts'
import { stepWarnings } from '../config/after-success.ts'
import { type Environment, readEnvironment } from '../config/environment.ts'
import { foreignNameWarnings } from '../config/foreign-names.ts'
import type { HarvestConfig } from '../config/harvest.ts'
import { loadVocabularies } from '../config/vocabularies.ts'
import { type DatabaseSettings, databaseSettings, isServer, readingSettings } from '../database/settings.ts'
import { HarvesterError, isHarvesterError } from '../errors.ts'
import { configFolders, type HarvestServices } from '../harvest/services.ts'
import { type LogLevel, parseLogLevel } from '../log/log.ts'
import { type ChosenOrchestrator, checkParents, chooseOrchestrator, declaredLimits } from '../runs/index.ts'
import { sourceKinds } from '../sources/index.ts'
import { openChannels } from './alerting.ts'
import { serviceConfig } from './service-config.ts'

export interface JudgeRequest {
  /** `-f` */
  file?: string | undefined
  /** Polls and runs flows, or only serves. */
  work: boolean
  /** Serves the dashboard and the API. @default true */
  serves?: boolean
  /** Whether it opens a database of ours. @default true */
  database?: boolean
  env: Readonly<Record<string, string | undefined>>
}

/** What a process works with, judged. */
export interface Plan {
  environment: Environment
  config: HarvestConfig
  level: LogLevel
  /** Null where none is needed. */
  database: DatabaseSettings | null
  orchestrator: ChosenOrchestrator
}

export interface Judgement {
  /** Null where there is a fault. */
  plan: Plan | null
  /** Each with its remedy; a broken part does not hide the others. */
  faults: HarvesterError[]
  /** What can stay so, and probably is not meant. */
  warnings: string[]
}

export async function judge(request: JudgeRequest): Promise<Judgement> {
  const { env, work, serves = true, database: needsDatabase = true } = request
  const faults: HarvesterError[] = []
  const attempt = async <T>(step: () => T | Promise<T>): Promise<T | undefined> => {
    try {
      return await step()
    } catch (error) {
      if (!isHarvesterError(error)) throw error
      faults.push(error)
      return undefined
    }
  }
  const environment = await attempt(() => readEnvironment(env))
  const database = needsDatabase ? await attempt(() => judgedDatabase(env)) : null
  const orchestrator = await attempt(() => chooseOrchestrator(env))
  await attempt(() => loadVocabularies())
  let config: HarvestConfig | undefined
  let level: LogLevel | undefined
  if (environment) {
    config = await attempt(() => serviceConfig(request, environment, env))
    level = await attempt(() => logLevelOf(environment, config))
    await attempt(() => openChannels(environment).close())
    if (serves) await attempt(() => refusePublicWithoutToken(environment))
  }
  if (environment && config) {
    const judged = config
    await attempt(() => judgeDeclaration(environment, judged))
    if (work) await attempt(() => judgeSources(judged))
  }
  const warnings = [
    ...foreignNameWarnings(env),
    ...(config?.warnings ?? []),
    ...(config && work ? stepWarnings(config.settings, env) : []),
  ]
  const plan =
    faults.length === 0 && environment && config && level && database !== undefined && orchestrator
      ? { environment, config, level, database, orchestrator }
      : null
  return { plan, faults, warnings }
}

/**
 * What a process that starts works with.
 * @throws HarvesterError the fault; CONFIG_INVALID that names all where there are several
 */
export async function planned(request: JudgeRequest): Promise<Plan & { warnings: string[] }> {
  const { plan, faults, warnings } = await judge(request)
  if (plan) return { ...plan, warnings }
  const [first, ...others] = faults
  if (first && others.length === 0) throw first
  throw new HarvesterError('CONFIG_INVALID', faults.map(({ message }) => message).join('\n'), {
    remedy: [...new Set(faults.map(({ remedy }) => remedy).filter((remedy) => remedy !== undefined))].join(
      '\n  ',
    ),
  })
}

/**
 * Whoever is let in from other hosts is asked for a token, also where nobody means to start runs by the API.
 * @throws HarvesterError CONFIG_INVALID
 */
export function refusePublicWithoutToken({
  BIND_ADDRESS: address,
  HARVEST_TRIGGER_TOKEN: token,
}: Environment): void {
  if (token?.trim() || /^(127(\.\d+){3}|\[?::1\]?|localhost)$/i.test(address)) return
  throw new HarvesterError(
    'CONFIG_INVALID',
    `BIND_ADDRESS=${address} publishes the dashboard beyond this host, and HARVEST_TRIGGER_TOKEN is not set`,
    { remedy: 'Set HARVEST_TRIGGER_TOKEN to a long random text, or leave BIND_ADDRESS at 127.0.0.1.' },
  )
}

/** The level of the log: of the environment, else of the configuration. @throws HarvesterError CONFIG_INVALID */
function logLevelOf(environment: Environment, config: HarvestConfig | undefined): LogLevel {
  const { LOG_LEVEL, PREFECT_LOGGING_LEVEL } = environment
  return parseLogLevel(
    LOG_LEVEL ?? PREFECT_LOGGING_LEVEL ?? config?.settings.log_level ?? 'info',
    LOG_LEVEL !== undefined
      ? 'LOG_LEVEL'
      : PREFECT_LOGGING_LEVEL !== undefined
        ? 'PREFECT_LOGGING_LEVEL'
        : 'log_level',
  )
}

/** @throws HarvesterError CONFIG_INVALID */
function judgedDatabase(env: JudgeRequest['env']): DatabaseSettings {
  const settings = databaseSettings(env)
  readingSettings(env)
  if (isServer(settings) && settings.caFile !== undefined) {
    try {
      accessSync(settings.caFile, constants.R_OK)
    } catch (cause) {
      throw new HarvesterError('CONFIG_INVALID', `the CA file ${settings.caFile} cannot be read`, {
        cause,
        remedy: 'Correct DB_CA_FILE (or sslrootcert in DATABASE_URL).',
      })
    }
  }
  return settings
}

/** Deployments, their schedules, flows, pools and limits. @throws HarvesterError CONFIG_NOT_FOUND, CONFIG_INVALID */
function judgeDeclaration(environment: Environment, config: HarvestConfig): void {
  // The flows are described here and not run: nothing else of the process is asked for.
  const services = { config, gitSha: null } as unknown as HarvestServices
  const declaration = limitDeclaration(environment, services)
  checkParents(declaration.deployments, declaredLimits(declaration))
}

/** @throws HarvesterError CONFIG_INVALID, CONFIG_NOT_FOUND */
async function judgeSources(config: HarvestConfig): Promise<void> {
  const parts = { settings: config.settings, configFolders: configFolders(config) }
  for (const kind of sourceKinds)
    await kind.judgeSettings?.(
      parts,
      config.sources.some(({ type }) => type === kind.type),
    )
}
