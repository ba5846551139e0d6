import { describeError } from '../errors.ts'
import type { LogLevel, LogLine, RunLog } from './types.ts'

const order: Record<LogLevel, number> = { debug: 10, info: 20, warn: 30, error: 40 }

/** The numbers that Prefect and Python use. */
export function levelNumber(level: LogLevel): number {
  return order[level]
}

/** A log that stamps each line with where it comes from, drops those below the level, and hands them on. */
export function runLog(
  where: Pick<LogLine, 'flowRunId' | 'flowRunName' | 'flow' | 'runFacts' | 'taskRunId' | 'task'>,
  options: { level: LogLevel; now: () => Date; write: (line: LogLine) => void },
): RunLog {
  const at = (level: LogLevel) => (facts: Record<string, unknown>, text: string) => {
    if (order[level] >= order[options.level])
      options.write({ ...where, level, text, facts, at: options.now() })
  }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

/** One line of text: the message, then the facts as `key=value`; stacks of errors on lines of their own. */
export function formatLine(line: Pick<LogLine, 'text' | 'facts'>): string {
  const parts = [line.text]
  const stacks: string[] = []
  for (const [key, value] of Object.entries(line.facts)) {
    if (value === undefined) continue
    if (value instanceof Error) {
      parts.push(`${key}=${JSON.stringify(describeError(value))}`)
      if (value.stack) stacks.push(value.stack)
    } else parts.push(`${key}=${formatValue(value)}`)
  }
  return [parts.join(' '), ...stacks].join('\n')
}

function formatValue(value: unknown): string {
  if (typeof value === 'string') return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)
  if (value instanceof Date) return value.toISOString()
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return String(value) // circular or bigint: a log line must never throw
  }
}
