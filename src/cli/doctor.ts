import { Command } from 'commander'
import { judge } from '../app/judge.ts'
import { action, type Parts } from '../app/open.ts'
import { noDatabase, openOrchestrator } from '../app/orchestrator.ts'
import { serviceConfig } from '../app/service-config.ts'
import { createProcess } from '../app/services.ts'
import { readEnvironment } from '../config/environment.ts'
import { databaseSettings } from '../database/settings.ts'
import { describeError, exitCodes, isHarvesterError } from '../errors.ts'
import { scrub } from '../log/secrets.ts'
import { checkDatabase } from '../operate/doctor/database.ts'
import { checkFolders, checkNode, checkTimeZone } from '../operate/doctor/host.ts'
import { checkOrchestrator, unsetServers } from '../operate/doctor/orchestrator.ts'
import { checkCatalogue, checkSources } from '../operate/doctor/sources.ts'
import type { Finding } from '../operate/doctor/types.ts'
import { type ChosenOrchestrator, chooseOrchestrator, orchestrators } from '../runs/index.ts'
import { amount, visible } from '../text.ts'
import { createConsole, sayJson, sayLines } from './console.ts'
import { fileOption } from './options.ts'

export function doctorCommand(): Command {
  return new Command('doctor')
    .description(
      'check configuration, database, Prefect, sources, CKAN and disk: a line each, with what to do',
    )
    .addOption(fileOption())
    .option('--json', 'as JSON', false)
    .action(action(doctor, { judges: true }))
}

async function doctor(
  { variables, signal }: Parts,
  flags: { file?: string; json: boolean },
): Promise<number> {
  const findings: Finding[] = []
  for await (const finding of examine(flags.file, variables, signal)) {
    if (signal.aborted) break
    findings.push(finding)
    if (!flags.json) sayLines(renderFinding(finding))
  }
  if (flags.json) sayJson(findings)
  return findings.some(({ level }) => level === 'fail') ? exitCodes.failed : exitCodes.done
}

export function renderFinding({ level, what, text, remedy }: Finding): string {
  const mark = { ok: 'ok  ', warn: 'warn', fail: 'FAIL' }[level]
  return `${mark}  ${visible(`${what}: ${text}`)}${remedy === null ? '' : `\n      → ${visible(remedy)}`}`
}

/** Every check in turn. One that fails does not keep the others from being made, where they do not need it. */
export async function* examine(
  file: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): AsyncGenerator<Finding> {
  yield checkNode(process.versions.node)
  yield checkTimeZone()
  const environment = await attempted('environment', async () => readEnvironment(env))
  if ('finding' in environment) {
    yield environment.finding
    return
  }
  yield { level: 'ok', what: 'environment', text: 'every variable can be read', remedy: null }
  yield* checkFolders(environment.value)
  const settings = await attempted('database', async () => databaseSettings(env))
  if ('finding' in settings) yield settings.finding
  else yield* checkDatabase(settings.value, signal)
  const chosen = await chosenBy(env)
  if ('finding' in chosen) yield chosen.finding
  else if (chosen.value.inDatabase) yield* unsetServers()
  else {
    const { HARVEST_POOL, MAINTENANCE_POOL, HARVESTER_NAMESPACE: namespace } = environment.value
    const orchestrator = openOrchestrator({
      namespace,
      orchestrator: chosen.value,
      database: noDatabase,
      signal,
      declaration: {
        deployments: [],
        pools: [HARVEST_POOL, MAINTENANCE_POOL].map((name) => ({ name, concurrencyLimit: null })),
        tagLimits: {},
      },
    })
    try {
      yield* checkOrchestrator(orchestrator)
    } finally {
      await orchestrator.close()
    }
  }

  const config = await attempted('configuration', async () =>
    serviceConfig({ file, work: true }, environment.value, env),
  )
  const { faults, warnings } = await judge({ file, work: true, env })
  const told = [settings, chosen].flatMap((part) => ('finding' in part ? [part.finding.text] : []))
  for (const fault of faults) {
    const finding = findingOf('configuration', fault)
    if (!told.includes(finding.text)) yield finding
  }
  for (const warning of warnings) yield { level: 'warn', what: 'configuration', text: warning, remedy: null }
  if ('finding' in config) return
  const { sources, origin } = config.value
  if (faults.length === 0)
    yield {
      level: 'ok',
      what: 'configuration',
      text: `${origin}, ${amount(sources.length, 'source')}`,
      remedy: null,
    }
  const { log } = createConsole({ level: 'error', time: true, progress: false })
  const parts = await createProcess({
    environment: environment.value,
    config: { ...config.value, settings: { ...config.value.settings, cache: false } },
    log,
    database: null,
    orchestrator: null,
    listeners: [],
  })
  try {
    yield* checkSources(parts.services, signal)
    yield await checkCatalogue(parts.services, signal)
  } finally {
    await parts.close()
  }
}

/** Like `chooseOrchestrator`, and a fault is of the kind whose settings it is in. */
async function chosenBy(
  env: Readonly<Record<string, string | undefined>>,
): Promise<{ value: ChosenOrchestrator } | { finding: Finding }> {
  for (const kind of orchestrators) {
    const found = await attempted(kind.title, async () => kind.choose(env))
    if ('finding' in found) return found
    if (found.value !== null) return { value: found.value }
  }
  return attempted('orchestrator', async () => chooseOrchestrator(env))
}

async function attempted<T>(
  what: string,
  work: () => Promise<T>,
): Promise<{ value: T } | { finding: Finding }> {
  try {
    return { value: await work() }
  } catch (error) {
    return { finding: findingOf(what, error) }
  }
}

function findingOf(what: string, error: unknown): Finding {
  return {
    level: 'fail',
    what,
    text: scrub(describeError(error)),
    remedy: (isHarvesterError(error) && error.remedy) || null,
  }
}
