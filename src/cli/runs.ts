import { Command } from 'commander'
import { withParts } from '../app/open.ts'
import { noDatabase, openOrchestrator } from '../app/orchestrator.ts'
import { exitCodes, HarvesterError } from '../errors.ts'
import { TextTable } from '../log/table.ts'
import { findRun } from '../operate/runs/find.ts'
import { chooseOrchestrator, isFinal, type KeptLine, type KeptRun, type Orchestrator } from '../runs/index.ts'
import { pause, sayLine, sayLines } from './console.ts'
import { text, wholeNumber } from './options.ts'

const followMs = 2000
/** What a server gives in one answer. */
const mostRows = 200
const idText = 'id of the run, or the beginning of it'

export function runsCommand(): Command {
  const command = new Command('runs').description(
    'look at flow runs: those of the Prefect server where PREFECT_API_URL is set, else those of the standalone engine',
  )
  command
    .command('list', { isDefault: true })
    .description('list the newest runs')
    .option('--limit <number>', 'how many', wholeNumber({ least: 1, most: mostRows }), 20)
    .option('--deployment <name>', 'only runs of this deployment', text)
    .action((flags: { limit: number; deployment?: string }) => withRuns((runs) => list(runs, flags)))
  command
    .command('show')
    .description('show one run: its tasks, artifacts and the end of its log')
    .argument('<id>', idText)
    .option('--log <lines>', 'lines of the log', wholeNumber({ least: 0, most: mostRows }), 40)
    .action((id: string, flags: { log: number }) => withRuns((runs) => show(runs, id, flags.log)))
  command
    .command('logs')
    .description('print the log of a run')
    .argument('<id>', idText)
    .option('-f, --follow', 'follow the log until the run ends', false)
    .action((id: string, flags: { follow: boolean }) =>
      withRuns((runs, signal) => tellLog(runs, id, { ...flags, signal, print: printLine })),
    )
  command
    .command('cancel')
    .description('end a run: requests end at once, nothing half-done is loaded')
    .argument('<id>', idText)
    .action((id: string) => withRuns(async (runs) => sayLine(await cancelRun(runs, id))))
  command
    .command('retry')
    .description('run one again that has ended, with the same parameters')
    .argument('<id>', idText)
    .action((id: string) => withRuns(async (runs) => sayLine(await retryRun(runs, id))))
  return command
}

async function withRuns(work: (runs: Orchestrator, signal: AbortSignal) => Promise<void>): Promise<void> {
  process.exitCode = await withParts(async (parts) => {
    const { environment, signal } = parts
    const { log } = parts.console({ level: 'warn' })
    const orchestrator = chooseOrchestrator(parts.variables)
    const database = orchestrator.inDatabase ? parts.database(log) : noDatabase
    const runs = openOrchestrator({
      namespace: environment.HARVESTER_NAMESPACE,
      orchestrator,
      database,
      signal,
    })
    parts.closing.add(() => runs.close())
    await work(runs, signal)
    return exitCodes.done
  })
}

/** Prints the log; with `follow` until the run has ended or the signal aborts. */
export async function tellLog(
  runs: Orchestrator,
  id: string,
  options: { follow: boolean; signal: AbortSignal; print: (line: KeptLine) => void; everyMs?: number },
): Promise<void> {
  const run = await findRun(runs, id)
  const more = runs.follow(run.id)
  for (;;) {
    // Asked before the lines: what a run that had ended wrote is then among them.
    const ended = !options.follow || isFinal((await findRun(runs, run.id)).state.type)
    for (const line of await more()) options.print(line)
    if (ended || options.signal.aborted) return
    await pause(options.everyMs ?? followMs, options.signal)
  }
}

export async function cancelRun(runs: Orchestrator, id: string): Promise<string> {
  const run = await findRun(runs, id)
  if (isFinal(run.state.type))
    throw new HarvesterError('USAGE', `${run.name} has ended already: ${run.state.name}`)
  await runs.cancel(run.id)
  return `${run.name} ${run.id}: ${(await findRun(runs, run.id)).state.name}`
}

export async function retryRun(runs: Orchestrator, id: string): Promise<string> {
  const run = await findRun(runs, id)
  if (!isFinal(run.state.type))
    throw new HarvesterError('USAGE', `${run.name} has not ended: ${run.state.name}`, {
      remedy: '`harvester runs cancel` ends it.',
    })
  if (run.deployment === null)
    throw new HarvesterError('USAGE', `${run.name} was run by hand, not from a deployment`, {
      remedy: 'Start it again the way it was started.',
    })
  await runs.retry(run)
  return `${run.name} ${run.id} will be run again`
}

async function list(runs: Orchestrator, flags: { limit: number; deployment?: string }): Promise<void> {
  const found = await runs.list(flags)
  if (found.length === 0) return sayLine('No runs yet.')
  const table = new TextTable({
    head: ['Id', 'Run', 'State', 'Started', 'Took', 'By'],
    style: { head: [], border: [] },
  })
  for (const run of found)
    table.push([
      run.id.slice(0, 8),
      run.name,
      run.state.name,
      stamp(run.startedAt),
      took(run),
      run.createdBy ?? '',
    ])
  sayLines(table.toString())
}

async function show(runs: Orchestrator, id: string, lines: number): Promise<void> {
  const run = await findRun(runs, id)
  sayLine(`${run.name}  ${run.id}`)
  sayLine(`  ${run.state.name}: ${run.state.message || '(no message)'}`)
  sayLine(
    `  flow ${run.flow}${run.deployment === null ? '' : `, deployment ${run.deployment}`}, by ${run.createdBy ?? 'nobody known'}, attempt ${run.runCount}`,
  )
  sayLine(
    `  started ${stamp(run.startedAt) || '-'}, ended ${stamp(run.endedAt) || '-'}, took ${took(run) || '-'}`,
  )
  sayLine(`  parameters ${JSON.stringify(run.parameters)}`)
  sayLines('\nTasks')
  for (const task of await runs.tasks([run.id]))
    sayLine(
      `  ${task.state.name.padEnd(10)} ${task.name}  ${task.runningSeconds.toFixed(1)} s${task.state.message ? `  ${task.state.message}` : ''}`,
    )
  sayLines('\nArtifacts')
  for (const { type, key, description } of await runs.artifacts([run.id]))
    sayLine(`  ${type.padEnd(9)} ${key ?? '(unlisted)'}${description ? `  ${description}` : ''}`)
  sayLines('\nLog')
  for (const line of await runs.lastLog(run.id, lines)) printLine(line, '  ')
}

function stamp(time: Date | null): string {
  return time ? `${time.toISOString().slice(0, 19)}Z` : ''
}

function took({ startedAt, endedAt }: KeptRun): string {
  return startedAt ? `${(((endedAt ?? new Date()).getTime() - startedAt.getTime()) / 1000).toFixed(1)} s` : ''
}

function printLine(line: KeptLine, indent = ''): void {
  sayLine(`${indent}${line.at.toISOString()} ${line.level.toUpperCase().padEnd(5)} ${line.message}`)
}
