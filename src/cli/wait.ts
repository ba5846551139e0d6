/** `harvester wait`: ends when a source is ready, so that a script can go on. */

import { Command } from 'commander'
import { action, logLevelOf, type Parts } from '../app/open.ts'
import { noDatabase, openOrchestrator } from '../app/orchestrator.ts'
import { createProcess } from '../app/services.ts'
import { findConfig, type HarvestConfig, readHarvestConfig } from '../config/harvest.ts'
import { waitDefaults, waitForParameter } from '../config/operations-schema.ts'
import { describeError, exitCodes, HarvesterError } from '../errors.ts'
import { namedOrUrl, type WaitParameters, waitForSourceFlow } from '../flows/wait-for-source.ts'
import { scrub } from '../log/secrets.ts'
import {
  chooseOrchestrator,
  createLocalBackend,
  memoryStore,
  type Orchestrator,
  runFlow,
  type SubmittedRun,
} from '../runs/index.ts'
import { visible } from '../text.ts'
import { sayLine } from './console.ts'
import { fileOption, logLevelOption, seconds } from './options.ts'
import { followed } from './trigger.ts'

interface Flags {
  file?: string
  dataset?: string
  newerThan?: string
  timeout?: number
  interval?: number
  viaPrefect: boolean
  logLevel?: string
}

export function waitCommand(): Command {
  return new Command('wait')
    .description('wait until a source answers, lists a dataset, or has newer data')
    .argument('<source>', 'an ERDDAP server: a URL, or the host or slug of a configured source')
    .addOption(fileOption())
    .option('--dataset <id>', 'until this dataset is listed')
    .option(
      '--newer-than <time>',
      'until it has data newer than a time, or than an age such as 90min, 6h or 2d',
    )
    .option(
      '--timeout <seconds>',
      `how long to wait at most (default: ${waitDefaults.timeout})`,
      seconds({ most: 604_800 }),
    )
    .option(
      '--interval <seconds>',
      `time between two looks (default: ${waitDefaults.interval})`,
      seconds({ most: 86_400 }),
    )
    .option('--via-prefect', 'let a worker wait: run the deployment wait-for-source and follow it', false)
    .addOption(logLevelOption())
    .addHelpText(
      'after',
      `
Without --dataset it waits for what the configuration says of the source (wait_for), else until the server answers.

Examples:
  harvester wait https://erddap.example.org/erddap && harvester harvest --url https://erddap.example.org/erddap
  harvester wait erddap.example.org --dataset buoy_7 --newer-than 6h --timeout 3600

Exit codes: 0 ready, 1 not ready within the time limit, 2 wrong usage or configuration, 130 interrupted.`,
    )
    .action(action(wait))
}

async function wait(own: Parts, name: string, flags: Flags): Promise<number> {
  const told = waitForParameter.safeParse({
    dataset_id: flags.dataset,
    newer_than: flags.newerThan,
    timeout_seconds: flags.timeout,
    interval_seconds: flags.interval,
  })
  if (!told.success) {
    const flagOf: Record<string, string> = {
      dataset_id: '--dataset',
      newer_than: '--newer-than',
      timeout_seconds: '--timeout',
      interval_seconds: '--interval',
    }
    throw new HarvesterError(
      'USAGE',
      told.error.issues.map(({ path, message }) => `${flagOf[String(path[0])]}: ${message}`).join('; '),
      { remedy: '`harvester wait --help` has examples.' },
    )
  }
  const given = Object.fromEntries(Object.entries(told.data).filter(([, value]) => value !== undefined))
  const config = configOf(name, flags, own.variables)
  const source = namedOrUrl(config.sources, name)
  const parameters = { source: source.url, source_options: source, ...given }
  return flags.viaPrefect
    ? waitViaPrefect(own, parameters)
    : // Whoever sits at the command line may name what the configuration does not.
      waitHere(own, { ...config, sources: [...config.sources, source] }, parameters, flags)
}

type Given = Partial<WaitParameters> & Pick<WaitParameters, 'source'>

async function waitHere(own: Parts, config: HarvestConfig, parameters: Given, flags: Flags): Promise<number> {
  const { environment, signal } = own
  const level = logLevelOf(environment, flags.logLevel, config.settings)
  const { log } = own.console({ level, time: config.settings.log_time })
  for (const warning of config.warnings) log.warn({ config: config.origin }, warning)
  // An answer from the disk says nothing of whether the server is up.
  config.settings.cache = false
  const parts = await createProcess({
    environment,
    config,
    log,
    database: null,
    orchestrator: null,
    oneShot: true,
    listeners: [],
  })
  own.closing.add(() => parts.close())
  const result = await runFlow(
    createLocalBackend({ store: memoryStore() }),
    waitForSourceFlow(parts.services),
    parameters,
    {
      signal,
      createdBy: 'cli',
      logLevel: level,
      // What went wrong is said once, at the end.
      onLog: (line) => (line.level === 'error' ? undefined : parts.onLog(line)),
    },
  )
  if (own.exitCode() !== null) return exitCodes.interrupted
  if (result.error !== null) throw result.error
  const ready = result.state === 'COMPLETED'
  const out = ready ? process.stdout : process.stderr
  out.write(`${ready ? '' : 'harvester: '}${visible(result.message)}\n`)
  return ready ? exitCodes.done : exitCodes.failed
}

/** A worker waits, which may reach what this host cannot; whoever stops following ends the run. */
async function waitViaPrefect(own: Parts, parameters: Given): Promise<number> {
  const chosen = chooseOrchestrator(own.variables)
  if (chosen.inDatabase)
    throw new HarvesterError('USAGE', '--via-prefect: PREFECT_API_URL is not set', {
      remedy: 'Set it to the API of the server, or leave --via-prefect out.',
    })
  const { HARVESTER_NAMESPACE: namespace } = own.environment
  const { signal } = own
  const orchestrator = openOrchestrator({ namespace, orchestrator: chosen, database: noDatabase, signal })
  own.closing.add(() => orchestrator.close())
  const run = await orchestrator.submit({
    deployment: 'Wait For Source/wait-for-source',
    parameters,
    createdBy: 'cli',
  })
  sayLine(`enqueued: ${run.name} ${run.id}`)
  const code = await followed(orchestrator, run.id, signal)
  if (code === null) await end(orchestrator, run)
  return code ?? exitCodes.interrupted
}

async function end(orchestrator: Orchestrator, { id, name }: SubmittedRun): Promise<void> {
  try {
    await orchestrator.cancel(id)
  } catch (error) {
    const said = visible(scrub(describeError(error)))
    process.stderr.write(
      `harvester: ${name} goes on, since nobody could be told that it is to end: ${said}\n  \`harvester runs cancel ${id}\` ends it.\n`,
    )
  }
}

/** A URL needs no configuration; one that is there may say what to wait for. */
function configOf(name: string, flags: Flags, env: Parts['variables']): HarvestConfig {
  const request = { file: flags.file, env, folder: process.cwd() }
  const isUrl = name.includes('://')
  if (!isUrl || findConfig(request)) return readHarvestConfig({ ...request, sourcesOptional: true })
  return readHarvestConfig({ ...request, urls: [name] })
}
