import { Command } from 'commander'
import { lazyDatabase } from '../app/database.ts'
import { serviceConfig } from '../app/service-config.ts'
import { createProcess } from '../app/services.ts'
import { type Environment, readEnvironment } from '../config/environment.ts'
import { inNamespace } from '../config/namespace.ts'
import { databaseSettings } from '../database/settings.ts'
import { exitCodes, HarvesterError } from '../errors.ts'
import { databaseRunStore } from '../inventory/run-store.ts'
import {
  type Backend,
  createLocalBackend,
  createPrefectBackend,
  isFinal,
  namespaceTag,
  type PrefectSettings,
  prefectSettings,
  takesAnyRun,
  triggerDeployment,
} from '../runs/index.ts'
import { createConsole, interruptible, reportError, sayLine } from './console.ts'
import { limitDeclaration } from './declaration.ts'
import { fileOption, list, seconds, text } from './options.ts'

interface Flags {
  file?: string
  param?: string[]
  wait: boolean
  key?: string
  timeout: number
}

export function triggerCommand(): Command {
  return new Command('trigger')
    .description(
      'enqueue a run and end: on the Prefect server, or for the standalone process that lives; never waits for the harvest unless told to',
    )
    .addOption(fileOption('harvest configuration (YAML), where there is no Prefect server'))
    .argument('[deployment]', 'name of the deployment', 'harvest-all')
    .option('--param <name=value>', 'a parameter, its value as JSON or text; may be repeated', list(text))
    .option('--key <text>', 'idempotency key: a second trigger with the same key starts nothing', text)
    .option('--wait', 'wait for the end; exit code 1 if the run did not complete', false)
    .option('--timeout <seconds>', 'how long to try to reach the server', seconds({ most: 86_400 }), 30)
    .action(async (deployment: string, flags: Flags) => {
      try {
        process.exitCode = await trigger(deployment, flags)
      } catch (error) {
        // Requests that are still tried must not hold up a deploy beyond its time limit.
        process.exit(reportError(error))
      }
    })
}

/** `a=1` gives a number, `a=[1]` a list, `a=text` text. */
export function parseParameters(pairs: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=')
      if (at < 1)
        throw new HarvesterError('USAGE', `--param ${pair} has no name and value`, {
          remedy: 'Write it as --param force=true.',
        })
      const text = pair.slice(at + 1)
      try {
        return [pair.slice(0, at), JSON.parse(text) as unknown]
      } catch {
        return [pair.slice(0, at), text]
      }
    }),
  )
}

async function trigger(deployment: string, flags: Flags): Promise<number> {
  const environment = readEnvironment(process.env)
  const settings = prefectSettings(process.env)
  const parameters = parseParameters(flags.param ?? [])
  const stop = interruptible()
  const { backend, name, pageOf, close } = settings
    ? onPrefect(settings, environment, deployment)
    : await standalone(environment, flags, deployment, stop.signal)
  try {
    const run = await within(flags.timeout, () =>
      triggerDeployment(backend, name, parameters, {
        createdBy: 'cli',
        ...(flags.key !== undefined && { idempotencyKey: flags.key }),
      }),
    )
    process.stdout.write(
      `${run.created ? 'enqueued' : 'already enqueued'}: ${run.name} ${run.id}\n${pageOf(run.id)}`,
    )
    if (!flags.wait) return exitCodes.done
    for (;;) {
      if (stop.signal.aborted) return stop.exitCode() ?? exitCodes.interrupted
      await new Promise((resolve) => setTimeout(resolve, 2000))
      const now = await backend.readRun(run.id).catch(() => null)
      if (!now || !isFinal(now.state.type)) continue
      sayLine(`${now.state.name}: ${now.state.message}`)
      return now.state.type === 'COMPLETED' ? exitCodes.done : exitCodes.failed
    }
  } finally {
    stop.dispose()
    await Promise.race([close(), new Promise((resolve) => setTimeout(resolve, 2000).unref())])
  }
}

interface Opened {
  backend: Backend
  /** Of the deployment, as it is known there. */
  name: string
  /** Where a person sees a run: a line, or nothing. */
  pageOf(runId: string): string
  close(): Promise<void>
}

function onPrefect(settings: PrefectSettings, environment: Environment, deployment: string): Opened {
  const backend = createPrefectBackend({
    settings,
    namespaceTag: namespaceTag(environment.HARVESTER_NAMESPACE),
  })
  const ui = environment.PREFECT_UI_URL?.replace(/(?<!\/)\/+$/, '') ?? settings.apiUrl.replace(/\/api$/, '')
  return {
    backend,
    name: deployment,
    pageOf: (runId) => `${ui}/runs/flow-run/${runId}\n`,
    close: () => backend.close(),
  }
}

/** Enqueues in the database, for a `start` or `worker` that lives; without one nobody would take it. */
async function standalone(
  environment: Environment,
  flags: Flags,
  deployment: string,
  signal: AbortSignal,
): Promise<Opened> {
  const config = serviceConfig({ file: flags.file, work: true }, environment)
  const { log } = createConsole({ level: 'warn', time: true, progress: false })
  const database = lazyDatabase(databaseSettings(process.env), log, signal)
  const parts = await createProcess({
    environment,
    config: { ...config, settings: { ...config.settings, cache: false } },
    log,
    database: null,
    orchestrator: 'local',
    listeners: [],
  })
  const close = async () => {
    await parts.close()
    await database.close()
  }
  try {
    const store = databaseRunStore(await database.open())
    const now = new Date()
    if (!(await store.workers()).some((worker) => takesAnyRun(worker, now)))
      throw new HarvesterError('USAGE', 'no process lives that would take the run', {
        remedy:
          'Start `harvester start` or `harvester worker`; or harvest here and now with `harvester harvest`. With a Prefect server, set PREFECT_API_URL.',
      })
    const backend = createLocalBackend({ store, ...limitDeclaration(environment, parts.services) })
    const name = inNamespace(deployment, environment.HARVESTER_NAMESPACE)
    return { backend, name, pageOf: () => '', close }
  } catch (error) {
    await close()
    throw error
  }
}

async function within<T>(seconds: number, work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () =>
        reject(
          new HarvesterError('PREFECT_UNREACHABLE', `the run was not taken within ${seconds} s`, {
            remedy: 'Check PREFECT_API_URL and that the server runs.',
          }),
        ),
      seconds * 1000,
    )
  })
  try {
    return await Promise.race([work(), late])
  } finally {
    clearTimeout(timer)
  }
}
