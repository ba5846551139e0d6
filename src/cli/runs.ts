import { Command } from 'commander'
import { lazyDatabase } from '../app/database.ts'
import { readEnvironment } from '../config/environment.ts'
import { databaseSettings } from '../database/settings.ts'
import { exitCodes, HarvesterError } from '../errors.ts'
import { databaseRunStore } from '../inventory/run-store.ts'
import { TextTable } from '../log/table.ts'
import type { Ledger, LogEntry } from '../operate/runs/ledger.ts'
import { localLedger } from '../operate/runs/local.ts'
import { prefectLedger } from '../operate/runs/prefect.ts'
import { createPrefectBackend, type FlowRun, isFinal, namespaceTag, prefectSettings } from '../runs/index.ts'
import { createConsole, interruptible, pause, sayLine, sayLines } from './console.ts'
import { text, wholeNumber } from './options.ts'

const followMs = 2000
/** What a Prefect server gives in one answer. */
const mostRows = 200
const idText = 'id of the run, or the beginning of it'

export function runsCommand(): Command {
  const command = new Command('runs').description(
    'flow runs, of the Prefect server where PREFECT_API_URL is set, else of the standalone engine',
  )
  command
    .command('list', { isDefault: true })
    .description('the newest runs')
    .option('--limit <number>', 'how many', wholeNumber({ least: 1, most: mostRows }), 20)
    .option('--deployment <name>', 'only those of a deployment', text)
    .action((flags: { limit: number; deployment?: string }) => withLedger((ledger) => list(ledger, flags)))
  command
    .command('show')
    .description('one run: its tasks, artifacts and the end of its log')
    .argument('<id>', idText)
    .option('--log <lines>', 'lines of the log', wholeNumber({ least: 0, most: mostRows }), 40)
    .action((id: string, flags: { log: number }) => withLedger((ledger) => show(ledger, id, flags.log)))
  command
    .command('logs')
    .description('the log of a run')
    .argument('<id>', idText)
    .option('-f, --follow', 'go on until the run ends', false)
    .action((id: string, flags: { follow: boolean }) =>
      withLedger((ledger, signal) => tellLog(ledger, id, { ...flags, signal, print: printLine })),
    )
  command
    .command('cancel')
    .description('ends a run: requests end at once, nothing half-done is loaded')
    .argument('<id>', idText)
    .action((id: string) => withLedger(async (ledger) => sayLine(await cancelRun(ledger, id))))
  command
    .command('retry')
    .description('runs one that has ended again, with the same parameters')
    .argument('<id>', idText)
    .action((id: string) => withLedger(async (ledger) => sayLine(await retryRun(ledger, id))))
  return command
}

async function withLedger(work: (ledger: Ledger, signal: AbortSignal) => Promise<void>): Promise<void> {
  const environment = readEnvironment(process.env)
  const prefect = prefectSettings(process.env)
  const { log } = createConsole({ level: 'warn', time: true, progress: false })
  const stop = interruptible()
  const close: (() => Promise<void>)[] = []
  try {
    let ledger: Ledger
    if (prefect) {
      const namespace = environment.HARVESTER_NAMESPACE
      const backend = createPrefectBackend({ settings: prefect, namespaceTag: namespaceTag(namespace) })
      close.push(() => backend.close())
      ledger = prefectLedger(backend, namespace)
    } else {
      const database = lazyDatabase(databaseSettings(process.env), log, stop.signal)
      close.push(() => database.close())
      ledger = localLedger(databaseRunStore(await database.open()))
    }
    await work(ledger, stop.signal)
    process.exitCode = stop.exitCode() ?? exitCodes.done
  } finally {
    stop.dispose()
    for (const end of close) await end()
  }
}

/** Prints the log; with `follow` until the run has ended or the signal aborts. */
export async function tellLog(
  ledger: Ledger,
  id: string,
  options: { follow: boolean; signal: AbortSignal; print: (line: LogEntry) => void; everyMs?: number },
): Promise<void> {
  const run = await ledger.find(id)
  const more = ledger.follow(run.id)
  for (;;) {
    // Asked before the lines: what a run that had ended wrote is then among them.
    const ended = !options.follow || isFinal((await ledger.find(run.id)).state.type)
    for (const line of await more()) options.print(line)
    if (ended || options.signal.aborted) return
    await pause(options.everyMs ?? followMs, options.signal)
  }
}

export async function cancelRun(ledger: Ledger, id: string): Promise<string> {
  const run = await ledger.find(id)
  if (isFinal(run.state.type))
    throw new HarvesterError('USAGE', `${run.name} has ended already: ${run.state.name}`)
  await ledger.cancel(run.id)
  return `${run.name} ${run.id}: ${(await ledger.find(run.id)).state.name}`
}

export async function retryRun(ledger: Ledger, id: string): Promise<string> {
  const run = await ledger.find(id)
  if (!isFinal(run.state.type))
    throw new HarvesterError('USAGE', `${run.name} has not ended: ${run.state.name}`, {
      remedy: '`harvester runs cancel` ends it.',
    })
  if (run.deployment === null)
    throw new HarvesterError('USAGE', `${run.name} was run by hand, not from a deployment`, {
      remedy: 'Start it anew, as it was started.',
    })
  await ledger.retry(run)
  return `${run.name} ${run.id} will be run again`
}

async function list(ledger: Ledger, flags: { limit: number; deployment?: string }): Promise<void> {
  const runs = await ledger.list(flags)
  if (runs.length === 0) return sayLine('No runs yet.')
  const table = new TextTable({
    head: ['Id', 'Run', 'State', 'Started', 'Took', 'By'],
    style: { head: [], border: [] },
  })
  for (const run of runs)
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

async function show(ledger: Ledger, id: string, lines: number): Promise<void> {
  const run = await ledger.find(id)
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
  for (const task of await ledger.tasks(run.id))
    sayLine(
      `  ${task.state.name.padEnd(10)} ${task.name}  ${task.runningSeconds.toFixed(1)} s${task.state.message ? `  ${task.state.message}` : ''}`,
    )
  sayLines('\nArtifacts')
  for (const { type, key, description } of await ledger.artifacts(run.id))
    sayLine(`  ${type.padEnd(9)} ${key ?? '(unlisted)'}${description ? `  ${description}` : ''}`)
  sayLines('\nLog')
  for (const line of await ledger.lastLog(run.id, lines)) printLine(line, '  ')
}

function stamp(time: Date | null): string {
  return time ? `${time.toISOString().slice(0, 19)}Z` : ''
}

function took({ startedAt, endedAt }: FlowRun): string {
  return startedAt ? `${(((endedAt ?? new Date()).getTime() - startedAt.getTime()) / 1000).toFixed(1)} s` : ''
}

function printLine(line: LogEntry, indent = ''): void {
  sayLine(`${indent}${line.at.toISOString()} ${line.level.toUpperCase().padEnd(5)} ${line.message}`)
}
