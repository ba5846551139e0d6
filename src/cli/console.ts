/** How commands speak to people: log lines, bars, errors, exit codes. */
import { describeError, exitCodes, HarvesterError, isHarvesterError } from '../errors.ts'
import { createLog, type Log, type LogLevel } from '../log/log.ts'
import type { ProcessLog } from '../log/process-log.ts'
import { ProgressBars } from '../log/progress.ts'
import { scrub } from '../log/secrets.ts'
import { visibleLines } from '../text.ts'

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
  const terminal = process.stderr.isTTY === true
  const bars = terminal && options.progress ? new ProgressBars(process.stderr) : null
  const log = createLog({
    level: options.level,
    format: terminal ? 'pretty' : 'json',
    time: options.time,
    file: options.file ?? null,
    ...(options.facts && { facts: options.facts }),
    ...(bars && { write: (line: string) => bars.print(line) }),
  })
  return { log, bars }
}

/** Says what went wrong and what can be done, and gives the exit code. */
export function reportError(error: unknown): number {
  const remedy = isHarvesterError(error) ? error.remedy : undefined
  process.stderr.write(`harvester: ${visibleLines(scrub(describeError(error)))}\n`)
  if (remedy) process.stderr.write(`  ${visibleLines(scrub(remedy))}\n`)
  if (!(error instanceof HarvesterError) && error instanceof Error && error.stack)
    process.stderr.write(`${visibleLines(scrub(error.stack))}\n`)
  return isHarvesterError(error) ? error.exitCode : exitCodes.failed
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
