/** Keeps N processes running: starts them, starts those again that died, stops all of them together. */
import { type ChildProcess, spawn } from 'node:child_process'
import { exitCodes } from '../../errors.ts'
import type { Log } from '../../log/log.ts'
import { lineSplitter, logRecordOf } from './lines.ts'
import { afterExit, type RestartPolicy, restartPolicy } from './restarts.ts'

export interface SupervisorOptions {
  count: number
  /** How the worker of a number (from 1) is started, with this Node. */
  launch(number: number): { args: readonly string[]; env: NodeJS.ProcessEnv }
  /** A whole line of a worker's standard error or output. */
  onLine(line: string, worker: { number: number; label: string }, stream: 'stdout' | 'stderr'): void
  log: Log
  /** How long workers that were asked to stop may take before they are killed: beyond their own grace time. */
  stopPatienceMs: number
  policy?: RestartPolicy
}

export interface Supervision {
  /** Of the workers that run now. */
  readonly pids: readonly number[]
  /** Asks all to stop: each has its own grace time. A second call ends that time, a third kills. */
  stop(): void
  /** When all have ended: 0 after a stop, else the code that none can be started again after, with its message. */
  readonly ended: Promise<{ exitCode: number; message: string | null }>
}

/** What is said to a worker over its channel; when the channel breaks it stops by itself. */
export type Order = 'stop' | 'force'

interface Seat {
  readonly number: number
  label: string
  child: ChildProcess | null
  deaths: number
  timer: NodeJS.Timeout | undefined
  /** What it wrote last that was no record of the log: how a process says why it ends. */
  plain: string[]
}

const plainLinesKept = 50

interface Troop {
  readonly options: SupervisorOptions
  readonly policy: RestartPolicy
  readonly seats: readonly Seat[]
  /** How often it was asked to stop. */
  stops: number
  outcome: Outcome
  killing: NodeJS.Timeout | undefined
  readonly end: (outcome: Outcome) => void
}

interface Outcome {
  exitCode: number
  message: string | null
}

export function supervise(options: SupervisorOptions): Supervision {
  let end: Troop['end'] = () => {}
  const ended = new Promise<Outcome>((done) => {
    end = done
  })
  const seats = Array.from({ length: options.count }, (_, index) => newSeat(index + 1))
  const troop: Troop = {
    options,
    policy: options.policy ?? restartPolicy,
    seats,
    stops: 0,
    outcome: { exitCode: exitCodes.done, message: null },
    killing: undefined,
    end,
  }
  for (const seat of seats) start(troop, seat)
  return {
    get pids() {
      return seats.flatMap(({ child }) => (child?.pid === undefined ? [] : [child.pid]))
    },
    stop: () => stop(troop),
    ended,
  }
}

function newSeat(number: number): Seat {
  return { number, label: `worker-${number}`, child: null, deaths: 0, timer: undefined, plain: [] }
}

function start(troop: Troop, seat: Seat): void {
  const { options } = troop
  seat.timer = undefined
  seat.plain = []
  const startedAt = performance.now()
  const { args, env } = options.launch(seat.number)
  // A group of its own: Ctrl-C in a terminal reaches the whole group of the supervisor, and the workers are told
  // once, by the channel.
  const child = spawn(process.execPath, args, {
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  seat.child = child
  const worker = () => ({ number: seat.number, label: seat.label })
  const errors = lineSplitter((line) => {
    if (logRecordOf(line) === null) seat.plain = [...seat.plain, line].slice(-plainLinesKept)
    options.onLine(line, worker(), 'stderr')
  })
  const output = lineSplitter((line) => options.onLine(line, worker(), 'stdout'))
  child.stderr?.on('data', (piece: Buffer) => errors.write(piece))
  child.stdout?.on('data', (piece: Buffer) => output.write(piece))
  child.on('message', (message: unknown) => {
    const name = (message as { worker?: unknown } | null)?.worker
    if (typeof name === 'string') seat.label = name
  })
  let failure: Error | null = null
  child.on('error', (error) => {
    failure = error
    // A process that could not be started never closes.
    if (child.pid === undefined) onEnd(null, null)
  })
  child.on('close', (code, signal) => onEnd(code, signal))
  const onEnd = (code: number | null, signal: NodeJS.Signals | null) => {
    if (seat.child !== child) return
    errors.end()
    output.end()
    seat.child = null
    onExit(troop, seat, { code, signal, failure, livedMs: performance.now() - startedAt })
  }
  options.log.info({ worker: seat.label, processId: child.pid }, 'worker process started')
}

function onExit(
  troop: Troop,
  seat: Seat,
  exit: { code: number | null; signal: NodeJS.Signals | null; failure: Error | null; livedMs: number },
): void {
  const { log } = troop.options
  const facts = {
    worker: seat.label,
    ...(exit.code !== null && { exitCode: exit.code }),
    ...(exit.signal !== null && { signal: exit.signal }),
    ...(exit.failure !== null && { error: exit.failure }),
    livedSeconds: Math.round(exit.livedMs / 1000),
  }
  if (troop.stops > 0) {
    log.info(facts, 'worker process ended')
    if (hasEnded(troop)) finish(troop)
    return
  }
  const next = afterExit(exit, seat.deaths, troop.policy)
  if (next.kind === 'end') {
    troop.outcome = { exitCode: next.exitCode, message: lastWords(seat) }
    log.error(facts, 'a worker is wrongly configured: all end')
    stop(troop)
    return
  }
  seat.deaths = next.deaths
  log.warn({ ...facts, delaySeconds: next.delayMs / 1000 }, 'worker process died; it is started again')
  seat.timer = setTimeout(() => start(troop, seat), next.delayMs)
}

const hasEnded = ({ seats }: Troop): boolean => seats.every(({ child }) => child === null)

function finish({ killing, outcome, end }: Troop): void {
  clearTimeout(killing)
  end(outcome)
}

function tell({ seats }: Troop, order: Order): void {
  for (const { child } of seats) {
    if (child?.connected) child.send(order, () => {})
    else child?.kill('SIGTERM')
  }
}

function kill({ seats }: Troop): void {
  for (const { child } of seats) child?.kill('SIGKILL')
}

function stop(troop: Troop): void {
  const { log, stopPatienceMs } = troop.options
  troop.stops += 1
  for (const seat of troop.seats) clearTimeout(seat.timer)
  if (troop.stops > 2) kill(troop)
  else if (troop.stops === 2) tell(troop, 'force')
  else if (hasEnded(troop)) finish(troop)
  else {
    troop.killing = setTimeout(() => {
      log.error({ seconds: stopPatienceMs / 1000 }, 'workers do not end; they are killed')
      kill(troop)
    }, stopPatienceMs)
    tell(troop, 'stop')
  }
}

/** The error that a process ended with, as it wrote it. */
function lastWords(seat: Seat): string | null {
  const from = seat.plain.findLastIndex((line) => line.startsWith('harvester: '))
  const words = from < 0 ? seat.plain.slice(-5) : seat.plain.slice(from)
  return words.length === 0 ? null : words.join('\n')
}
