import { Command } from 'commander'
import { readEnvironment } from '../config/environment.ts'
import { exitCodes, HarvesterError } from '../errors.ts'
import {
  createPrefectBackend,
  isFinal,
  namespaceTag,
  prefectSettings,
  triggerDeployment,
} from '../runs/index.ts'
import { interruptible, reportError } from './console.ts'
import { list, seconds, text } from './options.ts'

interface Flags {
  param?: string[]
  wait: boolean
  key?: string
  timeout: number
}

export function triggerCommand(): Command {
  return new Command('trigger')
    .description('enqueue a run on the Prefect server and end; never waits for the harvest unless told to')
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
  if (!settings)
    throw new HarvesterError('USAGE', 'PREFECT_API_URL is not set', {
      remedy:
        'Set it to the API of the server; without one, use `harvester harvest` or the trigger of the API.',
    })
  const parameters = parseParameters(flags.param ?? [])
  const backend = createPrefectBackend({
    settings,
    namespaceTag: namespaceTag(environment.HARVESTER_NAMESPACE),
  })
  const stop = interruptible()
  try {
    const run = await within(flags.timeout, () =>
      triggerDeployment(backend, deployment, parameters, {
        createdBy: 'cli',
        ...(flags.key !== undefined && { idempotencyKey: flags.key }),
      }),
    )
    process.stdout.write(
      `${run.created ? 'enqueued' : 'already enqueued'}: ${run.name} ${run.id}\n${environment.PREFECT_UI_URL?.replace(/(?<!\/)\/+$/, '') ?? settings.apiUrl.replace(/\/api$/, '')}/runs/flow-run/${run.id}\n`,
    )
    if (!flags.wait) return exitCodes.done
    for (;;) {
      if (stop.signal.aborted) return stop.exitCode() ?? exitCodes.interrupted
      await new Promise((resolve) => setTimeout(resolve, 2000))
      const now = await backend.readRun(run.id).catch(() => null)
      if (!now || !isFinal(now.state.type)) continue
      process.stdout.write(`${now.state.name}: ${now.state.message}\n`)
      return now.state.type === 'COMPLETED' ? exitCodes.done : exitCodes.failed
    }
  } finally {
    stop.dispose()
    await Promise.race([backend.close(), new Promise((resolve) => setTimeout(resolve, 2000).unref())])
  }
}

async function within<T>(seconds: number, work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () =>
        reject(
          new HarvesterError(
            'PREFECT_UNREACHABLE',
            `the Prefect server did not take the run within ${seconds} s`,
            { remedy: 'Check PREFECT_API_URL and that the server runs.' },
          ),
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
