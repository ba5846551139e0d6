/** The parts of a command: each made when it is first needed, all closed in reverse order at its end. */

import { createConsole, interruptible } from '../cli/console.ts'
import { type Environment, readEnvironment } from '../config/environment.ts'
import type { HarvestSettings } from '../config/harvest-schema.ts'
import { variables } from '../config/variables.ts'
import type { Database } from '../database/port.ts'
import { type DatabaseSettings, databaseSettings } from '../database/settings.ts'
import { type Log, type LogLevel, parseLogLevel } from '../log/log.ts'
import type { ProcessLog } from '../log/process-log.ts'
import type { ProgressBars } from '../log/progress.ts'
import { type Closing, closing } from './closing.ts'
import { lazyDatabase } from './database.ts'

export interface Parts {
  /** What the environment and `.env` say. */
  readonly variables: Readonly<Record<string, string | undefined>>
  /** The same, checked. @throws HarvesterError CONFIG_INVALID where the command judges it itself */
  readonly environment: Environment
  /** Aborted by Ctrl-C and SIGTERM, as {@link Manners} has it. */
  readonly signal: AbortSignal
  /** The exit code of the signal that came, if one did. */
  exitCode(): number | null
  /** The log on standard error, with bars where that is a terminal and `progress` asks for them; and in a file. */
  console(options: { level: LogLevel; time?: boolean; progress?: boolean; file?: ProcessLog | null }): Console
  /** Which database is configured. @throws HarvesterError CONFIG_INVALID */
  readonly databaseSettings: DatabaseSettings
  /** Opens the configured database, once. */
  database(log: Log): () => Promise<Database>
  /** What else was opened and is to be closed. */
  readonly closing: Pick<Closing, 'add'>
}

/** Parts that somebody else closes than {@link withParts}. */
export interface OpenParts extends Parts {
  close(): Promise<void>
}

interface Console {
  log: Log
  bars: ProgressBars | null
}

/** What a command does its own way. */
export interface Manners {
  /** What is taken for the environment. @default that of the process, with `.env` */
  env?: Readonly<Record<string, string | undefined>>
  /** The command says itself what is wrong with the environment, which is then read when it is first needed. @default false */
  judges?: boolean
  /**
   * What Ctrl-C and SIGTERM do. `interrupt`: they abort the signal, and theirs is the exit code of the process. `ask`:
   * they abort the signal, and the command says how it ended. `end`: they end the process at once, unless the command
   * listens to them itself.
   * @default 'interrupt'
   */
  onStop?: 'interrupt' | 'ask' | 'end'
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

/** @throws HarvesterError CONFIG_INVALID for an environment that cannot be used, unless the command judges it */
export function openParts({
  env = variables,
  judges = false,
  onStop = 'interrupt',
}: Manners = {}): OpenParts {
  let environment = judges ? undefined : readEnvironment(env)
  const opened = closing()
  const stop = onStop === 'end' ? neverStopped() : interruptible()
  opened.add(() => stop.dispose())
  let settings: DatabaseSettings | undefined
  const parts: OpenParts = {
    variables: env,
    get environment() {
      environment ??= readEnvironment(env)
      return environment
    },
    signal: stop.signal,
    exitCode: stop.exitCode,
    console({ level, time = true, progress = false, file = null }) {
      const made = createConsole({ level, time, progress, file })
      opened.add(() => made.bars?.stop())
      return made
    },
    get databaseSettings() {
      settings ??= databaseSettings(env)
      return settings
    },
    database(log) {
      const lazy = lazyDatabase(parts.databaseSettings, log, stop.signal)
      opened.add(() => lazy.close())
      return lazy.open
    },
    closing: opened,
    async close() {
      await opened.close()
    },
  }
  return parts
}

function neverStopped(): ReturnType<typeof interruptible> {
  return { signal: new AbortController().signal, exitCode: () => null, dispose() {} }
}

/**
 * Runs a command with its parts, and closes them whatever becomes of it.
 * @returns the exit code: that of the signal which came, else that of the command
 * @throws HarvesterError CONFIG_INVALID for an environment that cannot be used
 */
export async function withParts(
  work: (parts: Parts) => Promise<number>,
  manners: Manners = {},
): Promise<number> {
  const parts = openParts(manners)
  const stoppedBy = () => (manners.onStop === 'ask' ? null : parts.exitCode())
  try {
    const code = await work(parts)
    return stoppedBy() ?? code
  } catch (error) {
    const code = stoppedBy()
    if (code !== null) return code
    throw error
  } finally {
    await parts.close()
  }
}

/** The action of a command: parse, call, print; its exit code is that of the process. */
export function action<A extends readonly unknown[]>(
  run: (parts: Parts, ...args: A) => Promise<number>,
  manners: Manners = {},
): (...args: A) => Promise<void> {
  return async (...args) => {
    process.exitCode = await withParts((parts) => run(parts, ...args), manners)
  }
}
