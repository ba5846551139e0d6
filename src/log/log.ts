import { createRequire } from 'node:module'
import { type DestinationStream, type Logger, pino } from 'pino'
import type { prettyFactory } from 'pino-pretty'
import { variables } from '../config/variables.ts'
import { HarvesterError } from '../errors.ts'
import { cut, visible, visibleJson } from '../text.ts'
import { scrub, scrubFacts } from './secrets.ts'
import { terminalLook } from './terminal.ts'

/** Facts first, text second: `log.info({ source, ms }, 'listed')`. */
export interface Log {
  debug(facts: Record<string, unknown>, text: string): void
  info(facts: Record<string, unknown>, text: string): void
  warn(facts: Record<string, unknown>, text: string): void
  error(facts: Record<string, unknown>, text: string): void
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

const levelNames: Readonly<Record<string, LogLevel>> = {
  trace: 'debug',
  debug: 'debug',
  info: 'info',
  notset: 'info',
  warn: 'warn',
  warning: 'warn',
  error: 'error',
  critical: 'error',
  fatal: 'error',
}

/**
 * The level that a name asks for; the names of Python's logging are understood.
 * @throws HarvesterError CONFIG_INVALID
 */
export function parseLogLevel(name: string, where: string): LogLevel {
  const level = levelNames[name.trim().toLowerCase()]
  if (level) return level
  throw new HarvesterError('CONFIG_INVALID', `${where} is "${name}"`, {
    remedy: 'Use debug, info, warning or error.',
  })
}

export interface LogOptions {
  level: LogLevel
  /** Coloured lines for people, or JSON for machines. */
  format: 'pretty' | 'json'
  /** Whether lines begin with the time. */
  time?: boolean
  /** On every line for machines: which of several processes wrote it. */
  facts?: Record<string, unknown>
  /** A file that every line goes to as well, as JSON with its time. */
  file?: { write(line: string): void } | null
  /** Where lines go; default standard error, since standard output belongs to results. */
  write?: (line: string) => void
}

/** The program's log. Every fact and text passes the removal of secrets. */
export function createLog(options: LogOptions): Log {
  const write = options.write ?? ((line: string) => void process.stderr.write(line))
  const shown: DestinationStream =
    options.format === 'pretty'
      ? prettyLines(options.time !== false, Object.keys(options.facts ?? {}), write)
      : { write }
  const { file } = options
  const destination: DestinationStream = file
    ? {
        write(line) {
          shown.write(line)
          file.write(line)
        },
      }
    : shown
  const logger: Logger = pino(
    {
      level: options.level,
      base: null,
      ...(options.time === false && !file
        ? { timestamp: false }
        : { timestamp: pino.stdTimeFunctions.isoTime }),
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  )
  const at = (level: LogLevel) => (facts: Record<string, unknown>, text: string) =>
    logger[level]({ ...visibleJson(scrubFacts(facts)), ...options.facts }, visible(scrub(cut(text))))
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

/** Lines for people, one a record, without the facts that all have. */
function prettyLines(
  time: boolean,
  ownFacts: readonly string[],
  write: (line: string) => void,
): DestinationStream {
  const pretty = prettyFormatter({ time, ignore: ownFacts })
  return { write: (line) => write(pretty(line)) }
}

const require = createRequire(import.meta.url)

/** Makes a record of the log, as JSON, a coloured line for people, with its end. */
export function prettyFormatter(options: {
  time: boolean
  ignore: readonly string[]
}): (line: string) => string {
  // Loaded where people read: a process that writes for machines starts sooner without it.
  const pretty = require('pino-pretty') as { prettyFactory: typeof prettyFactory }
  return pretty.prettyFactory({
    colorize: terminalLook(process.stderr, variables).colours,
    ignore: ['pid', 'hostname', ...(options.time ? [] : ['time']), ...options.ignore].join(),
    translateTime: 'HH:MM:ss',
    singleLine: true,
  })
}

/** A log that says nothing, for callers that have none. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} }
