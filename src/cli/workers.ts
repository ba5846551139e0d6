/** Several workers on one host, without Compose or systemd. */

import { Command } from 'commander'
import { planned } from '../app/judge.ts'
import { action, type Parts } from '../app/open.ts'
import type { Environment } from '../config/environment.ts'
import { isServer } from '../database/settings.ts'
import { exitCodes, HarvesterError } from '../errors.ts'
import { prettyFormatter } from '../log/log.ts'
import { openProcessLog } from '../log/process-log.ts'
import { TextTable } from '../log/table.ts'
import { labelledJson, logRecordOf } from '../operate/workers/lines.ts'
import { lives, readSigns, readSupervisor, type SignOfLife, superviseHere } from '../operate/workers/signs.ts'
import { type SupervisorOptions, supervise } from '../operate/workers/supervisor.ts'
import { processLives } from '../process/alive.ts'
import { scrub } from '../secrets.ts'
import { fileOption, onStopOption, wholeNumber } from './options.ts'

interface StartFlags {
  number: number
  file?: string
  serve: boolean
  onStop: 'reschedule' | 'crash'
}

export function workersCommand(): Command {
  const start = new Command('start')
    .description('start workers, restart those that die, and stop all of them together')
    .option('-n, --number <count>', 'how many', wholeNumber({ least: 1, most: 64 }), 1)
    .addOption(fileOption())
    .option('--serve', 'serve the API and the dashboard too, from the first of them', false)
    .addOption(onStopOption())
    .action(action(startWorkers, { judges: true, onStop: 'end' }))
  const status = new Command('status')
    .description('say which workers of this data folder are alive; exit code 1 if none is')
    .option('--json', 'as JSON', false)
    .action(action(tellWorkers, { onStop: 'end' }))
  const stop = new Command('stop')
    .description('stop the workers that `workers start` started on this data folder, and wait for their end')
    .action(action(stopWorkers, { onStop: 'end' }))
  const command = new Command('workers').description('run several workers on this host: start, status, stop')
  for (const part of [start, status, stop]) command.addCommand(part)
  return command
}

async function startWorkers(parts: Parts, flags: StartFlags): Promise<number> {
  const { variables, closing } = parts
  // What is wrong for one is wrong for all: it is said once, before any is started.
  const { environment, config, level, database } = await planned({
    file: flags.file,
    work: true,
    serves: flags.serve,
    env: variables,
  })
  if (flags.number > 1 && database && !isServer(database))
    throw new HarvesterError(
      'USAGE',
      `${flags.number} workers cannot share the embedded database: it lives in one process and ends with it`,
      {
        remedy:
          'Set DATABASE_URL to a PostgreSQL, or start one worker: WORKER_LIMIT says how many runs it executes at once.',
      },
    )
  const leave = superviseHere(environment.HARVESTER_DATA_DIR, flags.number)
  const file = openProcessLog(environment, 'supervisor')
  closing.add(() => file?.close())
  closing.add(leave)
  const { log } = parts.console({ level, time: config.settings.log_time, file })
  const supervision = supervise({
    count: flags.number,
    launch: (number) => ({
      args: [...process.execArgv, process.argv[1]!, 'worker', ...workerArguments(flags, number)],
      env: workerEnvironment(variables, environment, number, flags.number),
    }),
    onLine: lineWriter(config.settings.log_time, variables.NO_COLOR),
    log,
    stopPatienceMs: environment.WORKER_GRACE_SECONDS * 1000 + 60_000,
  })
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  let asked = 0
  const onSignal = () => {
    asked += 1
    if (asked === 1) log.info({}, 'stopping; a second signal ends it at once')
    supervision.stop()
  }
  for (const signal of signals) {
    process.on(signal, onSignal)
    closing.add(() => process.off(signal, onSignal))
  }
  const { exitCode, message } = await supervision.ended
  if (message !== null) process.stderr.write(`${scrub(message)}\n`)
  return exitCode
}

function workerArguments(flags: StartFlags, number: number): string[] {
  return [
    ...(flags.file === undefined ? [] : ['--file', flags.file]),
    ...(flags.serve && number === 1 ? ['--serve'] : []),
    '--on-stop',
    flags.onStop,
  ]
}

/** One name for several workers would make each the predecessor of the others. */
function workerEnvironment(
  variables: Parts['variables'],
  environment: Environment,
  number: number,
  count: number,
): NodeJS.ProcessEnv {
  const { WORKER_NAME: name } = environment
  if (name === undefined || count === 1) return variables
  return { ...variables, WORKER_NAME: `${name}-${number}` }
}

/** Records of workers as they are elsewhere: JSON for machines; for people coloured lines behind the name. */
function lineWriter(time: boolean, noColor: string | undefined): SupervisorOptions['onLine'] {
  const terminal = process.stderr.isTTY === true
  const colours = terminal && !noColor
  const pretty = prettyFormatter({ time, ignore: ['worker'] })
  return (line, { number, label }, stream) => {
    if (stream === 'stdout') return void process.stdout.write(`${line}\n`)
    if (!terminal) return void process.stderr.write(`${labelledJson(scrub(line), label, new Date())}\n`)
    const text = logRecordOf(line) === null ? scrub(line) : pretty(line).trimEnd()
    const prefix = colours ? `\u001b[${31 + (number % 6)}m${label}\u001b[39m` : label
    process.stderr.write(text.replaceAll(/^/gm, `${prefix} | `).concat('\n'))
  }
}

/** A worker that can be found by its sign of life, and whether it lives. */
function describeSign(sign: SignOfLife, now: Date) {
  return {
    name: sign.name,
    host: sign.host,
    pid: sign.pid,
    lives: lives(sign, now),
    lastSign: sign.at.toISOString(),
  }
}

async function tellWorkers({ environment }: Parts, { json }: { json: boolean }): Promise<number> {
  const { HARVESTER_DATA_DIR: folder } = environment
  const now = new Date()
  const workers = readSigns(folder).map((sign) => describeSign(sign, now))
  const supervisor = readSupervisor(folder)
  if (json)
    process.stdout.write(
      `${JSON.stringify({ supervisor: supervisor && { pid: supervisor.pid, workers: supervisor.workers }, workers }, null, 2)}\n`,
    )
  else {
    const table = new TextTable({
      head: ['worker', 'process', 'host', 'lives', 'last sign'],
      style: { head: [], border: [] },
    })
    for (const worker of workers)
      table.push([worker.name, String(worker.pid), worker.host, worker.lives ? 'yes' : 'no', worker.lastSign])
    process.stdout.write(
      workers.length > 0 ? `${table.toString()}\n` : `no worker of ${folder} gave a sign of life\n`,
    )
    if (supervisor)
      process.stdout.write(`process ${supervisor.pid} supervises ${supervisor.workers} of them\n`)
  }
  return workers.some((worker) => worker.lives) ? exitCodes.done : exitCodes.failed
}

async function stopWorkers({ environment }: Parts): Promise<number> {
  const { HARVESTER_DATA_DIR: folder, WORKER_GRACE_SECONDS: grace } = environment
  const supervisor = readSupervisor(folder)
  if (!supervisor) {
    process.stderr.write(`harvester: nobody supervises workers of ${folder}\n`)
    return exitCodes.failed
  }
  process.kill(supervisor.pid, 'SIGTERM')
  const until = Date.now() + grace * 1000 + 90_000
  while (processLives(supervisor)) {
    if (Date.now() > until) {
      process.stderr.write(`harvester: process ${supervisor.pid} has not ended yet\n`)
      return exitCodes.failed
    }
    await new Promise((done) => setTimeout(done, 200))
  }
  process.stdout.write(`process ${supervisor.pid} and its workers have ended\n`)
  return exitCodes.done
}
