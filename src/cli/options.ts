/**
 * The values of options: text of the command line into what it means, the same way in every command. What cannot be
 * read is wrong usage: commander names the option and its text, these say what would be right.
 */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { isHarvesterError } from '../errors.ts'
import { type LogLevel, parseLogLevel } from '../log/log.ts'

export interface Range {
  least: number
  most: number
}

/**
 * A whole number within a range, in decimal digits: neither `5abc` nor `0x10` nor `1e3`.
 * @throws InvalidArgumentError
 */
export function wholeNumber({ least, most }: Range): (text: string) => number {
  return (text) => {
    const number = /^[+-]?\d+$/.test(text.trim()) ? Number(text) : Number.NaN
    if (number >= least && number <= most) return number
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`)
  }
}

/**
 * A number within a range, decimals allowed.
 * @throws InvalidArgumentError
 */
export function decimalNumber({ least, most }: Range): (text: string) => number {
  return (text) => {
    const number = /^\+?(\d+(\.\d*)?|\.\d+)$/.test(text.trim()) ? Number(text) : Number.NaN
    if (number >= least && number <= most) return number
    throw new InvalidArgumentError(`It must be a number from ${least} to ${most}.`)
  }
}

/** A TCP port; 0, where it is allowed, lets the system choose. */
export function port({ least = 1, most = 65_535 }: Partial<Range> = {}): (text: string) => number {
  return wholeNumber({ least, most })
}

const unitSeconds: Readonly<Record<string, number>> = { '': 1, s: 1, min: 60, h: 3600, d: 86_400 }

/**
 * A time span in seconds: a number of them, or one with a unit as `90s`, `15min`, `6h`, `2d`.
 * @throws InvalidArgumentError
 */
export function seconds({ most }: Pick<Range, 'most'>): (text: string) => number {
  return (text) => {
    const [, amount, unit = ''] = /^\+?(\d+(?:\.\d*)?|\.\d+)\s*(s|min|h|d)?$/.exec(text.trim()) ?? []
    const value = amount === undefined ? Number.NaN : Number(amount) * (unitSeconds[unit] ?? Number.NaN)
    if (value > 0 && value <= most) return value
    throw new InvalidArgumentError(
      `It must be a number of seconds above 0 and at most ${most}, or a time as 90s, 15min or 6h.`,
    )
  }
}

/** An option that may be repeated: its values in their order. */
export function list<T>(item: (text: string) => T): (text: string, before?: readonly T[]) => T[] {
  return (text, before = []) => [...before, item(text)]
}

/**
 * Text that is not blank.
 * @throws InvalidArgumentError
 */
export function text(value: string): string {
  if (value.trim() !== '') return value
  throw new InvalidArgumentError('It must not be empty.')
}

/**
 * One of some words.
 * @throws InvalidArgumentError
 */
export function oneOf<T extends string>(words: readonly T[]): (text: string) => T {
  return (given) => {
    const word = words.find((candidate) => candidate === given.trim())
    if (word !== undefined) return word
    throw new InvalidArgumentError(`It must be one of ${words.join(', ')}.`)
  }
}

/** `-f`: which harvest configuration. */
export function fileOption(description = 'harvest configuration (YAML)'): Option {
  return new Option('-f, --file <path>', description).argParser(text)
}

/** `--log-level`. */
export function logLevelOption(): Option {
  return new Option('--log-level <level>', 'debug, info, warning or error').argParser((given): LogLevel => {
    try {
      return parseLogLevel(given, '--log-level')
    } catch (error) {
      if (!isHarvesterError(error)) throw error
      throw new InvalidArgumentError(error.remedy ?? error.message)
    }
  })
}

/** `--on-stop` of workers. */
export function onStopOption(): Option {
  return new Option('--on-stop <what>', 'what becomes of runs that are unfinished when the grace time ends')
    .choices(['reschedule', 'crash'])
    .default('reschedule')
}

/** Wrong usage of a command, and of those below it, is thrown and not the end of the process, and names the help. */
export function strict(command: Command): Command {
  command.exitOverride().showHelpAfterError('(--help says more)')
  for (const part of command.commands) strict(part)
  return command
}
