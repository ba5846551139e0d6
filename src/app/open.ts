/** The parts of a command: each made when it is first needed, all closed in reverse order at its end. */

import { createConsole, interruptible } from '../cli/console.ts'
import { type Environment, readEnvironment } from '../config/environment.ts'
import type { HarvestSettings } from '../config/harvest-schema.ts'
import { variables } from '../config/variables.ts'
import type { Database } from '../database/port.ts'
import { type DatabaseSettings, databaseSettings } from '../database/settings.ts'
import { type Log, type LogLevel, parseLogLevel } from '../log/log.ts'
import type { ProgressBars } from '../log/progress.ts'
import { type Closing, closing } from './closing.ts'
import { lazyDatabase } from './database.ts'

export interface Parts {
  /** What the environment and `.env` say. */
  readonly variables: Readonly<Record<string, string | undefined>>
  /** The same, checked before the command begins. */
  readonly environment: Environment
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal
  /** The exit code of the signal that came, if one did. */
  exitCode(): number | null
  /** The log on standard error, with bars where that is a terminal and `progress` asks for them. */
  console(options: { level: LogLevel; time?: boolean; progress?: boolean }): Console
  /** Which database is configured. @throws HarvesterError CONFIG_INVALID */
  readonly databaseSettings: DatabaseSettings
  /** Opens the configured database, once. */
  database(log: Log): () => Promise<Database>
  /** What else was opened and is to be closed. */
  readonly closing: Pick<Closing, 'add'>
}

interface Console {
  log: Log
  bars: ProgressBars | null
}

/** How much is logged: the flag of the command, then the environment, then the configuration. */
export function logLevelOf(
  environment: Environment,
  flag?: string | undefined,
  settings?: Pick<HarvestSettings, 'log_level'>,
): LogLevel {
  const level =
    flag ?? environment.LOG_LEVEL ?? environment.PREFECT_LOGGING_LEVEL ?? settings?.log_level ?? 'info'
  return parseLogLevel(level, 'the log level')
}

/**
 * Runs a command with its parts, and closes them whatever becomes of it.
 * @returns the exit code: that of the signal which came, else that of the command
 * @throws HarvesterError CONFIG_INVALID for an environment that cannot be used
 */
export async function withParts(work: (parts: Parts) => Promise<number>): Promise<number> {
  const environment = readEnvironment(variables)
  const opened = closing()
  const stop = interruptible()
  opened.add(() => stop.dispose())
  let settings: DatabaseSettings | undefined
  const parts: Parts = {
    variables,
    environment,
    signal: stop.signal,
    exitCode: stop.exitCode,
    console({ level, time = true, progress = false }) {
      const made = createConsole({ level, time, progress })
      opened.add(() => made.bars?.stop())
      return made
    },
    get databaseSettings() {
      settings ??= databaseSettings(variables)
      return settings
    },
    database(log) {
      const lazy = lazyDatabase(parts.databaseSettings, log, stop.signal)
      opened.add(() => lazy.close())
      return lazy.open
    },
    closing: opened,
  }
  try {
    const code = await work(parts)
    return stop.exitCode() ?? code
  } catch (error) {
    const code = stop.exitCode()
    if (code !== null) return code
    throw error
  } finally {
    await opened.close()
  }
}

/** The action of a command: parse, call, print; its exit code is that of the process. */
export function action<A extends readonly unknown[]>(
  run: (parts: Parts, ...args: A) => Promise<number>,
): (...args: A) => Promise<void> {
  return async (...args) => {
    process.exitCode = await withParts((parts) => run(parts, ...args))
  }
}
