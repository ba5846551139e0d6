import Table from 'cli-table3'
import { Command } from 'commander'
import { readEnvironment } from '../config/environment.ts'
import { databaseRunStore } from '../database/run-store.ts'
import { databaseSettings } from '../database/settings.ts'
import { exitCodes, HarvesterError } from '../errors.ts'
import { type RunStore, type StoredRun, stateTypes } from '../orchestration/index.ts'
import { createConsole, interruptible } from './console.ts'
import { lazyDatabase } from './database.ts'

export function runsCommand(): Command {
  const command = new Command('runs').description(
    'the flow runs of the standalone engine; with a Prefect server, its own pages show them',
  )
  command
    .command('list', { isDefault: true })
    .description('the newest runs')
    .option('--limit <number>', 'how many', (text) => Number.parseInt(text, 10), 20)
    .option('--deployment <name>', 'only those of a deployment')
    .action((flags: { limit: number; deployment?: string }) => withStore((store) => list(store, flags)))
  command
    .command('show')
    .description('one run: its tasks, artifacts and the end of its log')
    .argument('<id>', 'id of the run, or the beginning of it')
    .option('--log <lines>', 'lines of the log', (text) => Number.parseInt(text, 10), 40)
    .action((id: string, flags: { log: number }) => withStore((store) => show(store, id, flags.log)))
  return command
}

async function withStore(work: (store: RunStore) => Promise<void>): Promise<void> {
  readEnvironment(process.env)
  const { log } = createConsole({ level: 'warn', time: true, progress: false })
  const stop = interruptible()
  const database = lazyDatabase(databaseSettings(process.env), log, stop.signal)
  try {
    await work(databaseRunStore(await database.open()))
    process.exitCode = exitCodes.done
  } finally {
    stop.dispose()
    await database.close()
  }
}

async function list(store: RunStore, flags: { limit: number; deployment?: string }): Promise<void> {
  const runs = await store.runs({
    limit: flags.limit,
    ...(flags.deployment !== undefined && { deployment: flags.deployment }),
  })
  if (runs.length === 0) return print('No runs yet.')
  const table = new Table({
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
  print(table.toString())
}

async function show(store: RunStore, id: string, lines: number): Promise<void> {
  const run = await findRun(store, id)
  print(`${run.name}  ${run.id}`)
  print(`  ${run.state.name}: ${run.state.message || '(no message)'}`)
  print(
    `  flow ${run.flow}${run.deployment === null ? '' : `, deployment ${run.deployment}`}, by ${run.createdBy ?? 'nobody known'}, attempt ${run.runCount}`,
  )
  print(
    `  started ${stamp(run.startedAt) || '-'}, ended ${stamp(run.endedAt) || '-'}, took ${took(run) || '-'}`,
  )
  print(`  parameters ${JSON.stringify(run.parameters)}`)
  print('\nTasks')
  for (const task of await store.taskRuns(run.id))
    print(
      `  ${task.state.name.padEnd(10)} ${task.name}  ${task.runningSeconds.toFixed(1)} s${task.state.message ? `  ${task.state.message}` : ''}`,
    )
  print('\nArtifacts')
  for (const { artifact } of await store.artifacts(run.id))
    print(
      `  ${artifact.type.padEnd(9)} ${artifact.key ?? '(unlisted)'}${artifact.description ? `  ${artifact.description}` : ''}`,
    )
  print('\nLog')
  for (const line of await store.logs(run.id, { last: lines }))
    print(`  ${line.at.toISOString()} ${line.level.toUpperCase().padEnd(5)} ${line.message}`)
}

async function findRun(store: RunStore, id: string): Promise<StoredRun> {
  const whole = /^[0-9a-f-]{36}$/i.test(id) ? await store.run(id.toLowerCase()) : null
  if (whole) return whole
  const found = (await store.runs({ types: [...stateTypes], limit: 200 })).filter((run) =>
    run.id.startsWith(id.toLowerCase()),
  )
  if (found.length === 1) return found[0]!
  throw new HarvesterError(
    'USAGE',
    found.length === 0 ? `there is no run ${id}` : `${id} is the beginning of ${found.length} runs`,
    { remedy: '`harvester runs` lists the newest.' },
  )
}

function stamp(time: Date | null): string {
  return time ? `${time.toISOString().slice(0, 19)}Z` : ''
}

function took({ startedAt, endedAt }: StoredRun): string {
  return startedAt ? `${(((endedAt ?? new Date()).getTime() - startedAt.getTime()) / 1000).toFixed(1)} s` : ''
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
