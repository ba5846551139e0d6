/** How commands speak to people: log lines, bars, errors, exit codes. */
import { variables } from '../config/variables.ts'
import { describeError, exitCodes, HarvesterError, isHarvesterError } from '../errors.ts'
import { createLog, type Log, type LogLevel } from '../log/log.ts'
import type { ProcessLog } from '../log/process-log.ts'
import { ProgressBars } from '../log/progress.ts'
import { scrub } from '../log/secrets.ts'
import { terminalLook } from '../log/terminal.ts'
import { visible, visibleLines } from '../text.ts'

export interface Console {
  log: Log
  /** Bars, where standard error is a terminal. */
  bars: ProgressBars | null
}

export function createConsole(options: {
  level: LogLevel
  time: boolean
  progress: boolean
  /** Which of several processes speaks. */
  facts?: Record<string, unknown>
  file?: ProcessLog | null
}): Console {
  const look = terminalLook(process.stderr, variables)
  const bars = look.draws && options.progress ? new ProgressBars(process.stderr) : null
  const log = createLog({
    level: options.level,
    format: look.lines ? 'pretty' : 'json',
    time: options.time,
    file: options.file ?? null,
    ...(options.facts && { facts: options.facts }),
    ...(bars && { write: (line: string) => bars.print(line) }),
  })
  return { log, bars }
}

/** Prints one line: line ends and other controls of foreign text in it are shown as what they are. */
export function sayLine(line: string): void {
  process.stdout.write(`${visible(line)}\n`)
}

/** Prints several lines of ours, each of whose foreign parts is {@link visible} already. */
export function sayLines(lines: string): void {
  process.stdout.write(`${visibleLines(lines)}\n`)
}

/** Prints a value for programs: JSON escapes line ends by itself, what else a terminal obeys is escaped here. */
export function sayJson(value: unknown, indent = 2): void {
  const text = JSON.stringify(value, null, indent)
  process.stdout.write(`${text.replace(/[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, escaped)}\n`)
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** Says what went wrong and what can be done, and gives the exit code. */
export function reportError(thrown: unknown): number {
  const error = fileFault(thrown) ?? thrown
  const remedy = isHarvesterError(error) ? error.remedy : undefined
  process.stderr.write(`harvester: ${visibleLines(scrub(describeError(error)))}\n`)
  if (remedy) process.stderr.write(`  ${visibleLines(scrub(remedy))}\n`)
  if (!(error instanceof HarvesterError) && error instanceof Error && error.stack)
    process.stderr.write(`${visibleLines(scrub(error.stack))}\n`)
  // Whoever stopped the work is told by which signal, as the shell does.
  if (isHarvesterError(error, 'CANCELLED') && signalled !== null) return signalled
  return isHarvesterError(error) ? error.exitCode : exitCodes.failed
}

/** The exit code of the signal that a command heard. */
let signalled: number | null = null

const fileRemedies: Readonly<Record<string, string>> = {
  EACCES: 'Give this user the right to it, or choose another folder.',
  EPERM: 'Give this user the right to it, or choose another folder.',
  EROFS: 'The file system is read-only: choose another folder.',
  ENOSPC: 'The disk is full: make room, or choose a folder on another disk.',
  EDQUOT: 'The quota of this user is used up: make room, or choose a folder on another disk.',
  ENOTDIR: 'A part of the path is a file: choose another folder.',
}

/** What the system says of a file or folder is no surprise, wherever it was met: it has a remedy and needs no stack. */
function fileFault(error: unknown): HarvesterError | null {
  if (error instanceof HarvesterError || !(error instanceof Error)) return null
  const { code, path } = error as NodeJS.ErrnoException
  const remedy = code === undefined ? undefined : fileRemedies[code]
  if (remedy === undefined || path === undefined) return null
  return new HarvesterError('WRITE_FAILED', `${path} cannot be used (${code})`, { cause: error, remedy })
}

/**
 * A signal that aborts at the first Ctrl-C or SIGTERM; a second one ends the process at once. `exitCode` is that of
 * the signal that came, if one did.
 */
export function interruptible(): { signal: AbortSignal; exitCode: () => number | null; dispose: () => void } {
  const controller = new AbortController()
  let code: number | null = null
  const on = (name: 'SIGINT' | 'SIGTERM') => () => {
    const own = name === 'SIGINT' ? exitCodes.interrupted : exitCodes.terminated
    if (code !== null) process.exit(own)
    code = own
    signalled = own
    process.stderr.write(
      name === 'SIGINT' ? '\nStopping; press Ctrl-C again to end at once.\n' : 'Stopping.\n',
    )
    controller.abort(new HarvesterError('CANCELLED', 'interrupted'))
  }
  const onInterrupt = on('SIGINT')
  const onTerminate = on('SIGTERM')
  process.on('SIGINT', onInterrupt)
  process.on('SIGTERM', onTerminate)
  return {
    signal: controller.signal,
    exitCode: () => code,
    dispose() {
      process.off('SIGINT', onInterrupt)
      process.off('SIGTERM', onTerminate)
    },
  }
}

/** Waits, at most until the signal aborts; never rejects. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done)
    if (signal.aborted) done()
  })
}
