import { Command } from 'commander'
import { type Parts, withParts } from '../app/open.ts'
import { openOperator } from '../app/orchestrator.ts'
import { exitCodes, HarvesterError } from '../errors.ts'
import { parseParameters } from '../operate/runs/parameters.ts'
import { isFinal, type Orchestrator, type OrchestratorKind } from '../runs/index.ts'
import { pause, reportError, sayLine } from './console.ts'
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
      'queue a run and return, on the Prefect server or for the running standalone process; waits for its end only with --wait',
    )
    .addOption(fileOption('harvest configuration (YAML), where there is no Prefect server'))
    .argument('[deployment]', 'name of the deployment', 'harvest-all')
    .option('--param <name=value>', 'a parameter, its value as JSON or text; may be repeated', list(text))
    .option('--key <text>', 'idempotency key: a second trigger with the same key starts nothing', text)
    .option('--wait', 'wait for the end; exit code 1 if the run did not complete', false)
    .option('--timeout <seconds>', 'how long to try to reach the server', seconds({ most: 86_400 }), 30)
    .action(async (deployment: string, flags: Flags) => {
      try {
        const code = await withParts((parts) => trigger(parts, deployment, flags))
        process.exitCode = code
        if (code === exitCodes.interrupted || code === exitCodes.terminated) process.exit()
      } catch (error) {
        // Requests that are still tried must not hold up a deploy beyond its time limit.
        process.exit(reportError(error))
      }
    })
}

async function trigger(parts: Parts, deployment: string, flags: Flags): Promise<number> {
  const parameters = parseParameters(flags.param ?? [])
  const { log } = parts.console({ level: 'warn' })
  const { kind, orchestrator, close } = await openOperator({
    file: flags.file,
    work: true,
    env: parts.variables,
    log,
    signal: parts.signal,
  })
  parts.closing.add(() =>
    Promise.race([close(), new Promise((resolve) => setTimeout(resolve, 2000).unref())]),
  )
  const run = await within(flags.timeout, kind, async () => {
    if (!(await orchestrator.isAttended())) throw unattended()
    return orchestrator.submit({
      deployment,
      parameters,
      createdBy: 'cli',
      ...(flags.key !== undefined && { idempotencyKey: flags.key }),
    })
  })
  sayLine(`${run.created ? 'enqueued' : 'already enqueued'}: ${run.name} ${run.id}`)
  const page = orchestrator.pageOf({ run: run.id })
  if (page !== null) sayLine(page)
  if (!flags.wait) return exitCodes.done
  return (await followed(orchestrator, run.id, parts.signal)) ?? exitCodes.interrupted
}

/** Tells the end of a run, and gives the exit code that it means; null when the signal aborts first. */
export async function followed(
  orchestrator: Pick<Orchestrator, 'find'>,
  id: string,
  signal: AbortSignal,
): Promise<number | null> {
  for (;;) {
    await pause(2000, signal)
    if (signal.aborted) return null
    const now = await orchestrator.find(id).catch(() => null)
    if (!now || !isFinal(now.state.type)) continue
    sayLine(`${now.state.name}: ${now.state.message}`)
    return now.state.type === 'COMPLETED' ? exitCodes.done : exitCodes.failed
  }
}

/** Nobody would take the run. */
function unattended(): HarvesterError {
  return new HarvesterError('USAGE', 'no process lives that would take the run', {
    remedy:
      'Start `harvester start` or `harvester worker`; or harvest here and now with `harvester harvest`. With a Prefect server, set PREFECT_API_URL.',
  })
}

/** @throws HarvesterError as whoever keeps the runs says that it cannot be reached */
async function within<T>(seconds: number, { faults }: OrchestratorKind, work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () =>
        reject(
          new HarvesterError(
            faults?.unreachable ?? 'DATABASE_UNREACHABLE',
            `the run was not taken within ${seconds} s`,
            {
              remedy: faults?.remedy ?? 'Check that the database answers.',
            },
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
