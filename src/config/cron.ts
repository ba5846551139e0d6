import { Cron } from 'croner'
import { HarvesterError } from '../errors.ts'
import { amount } from '../text.ts'

/**
 * Cron in the subset that croner and Prefect read alike: five fields of `*`, numbers, names, ranges, lists and
 * steps of `*` or a range. What only one of them knows (`L`, `W`, `?`, `#`, seconds) is refused.
 */

const nicknames: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

const fields = [
  { name: 'minute', from: 0, to: 59, names: [] as string[] },
  { name: 'hour', from: 0, to: 23, names: [] as string[] },
  { name: 'day of month', from: 1, to: 31, names: [] as string[] },
  { name: 'month', from: 1, to: 12, names: months },
  { name: 'day of week', from: 0, to: 7, names: days },
]

/**
 * The five fields of a value as it is found in an environment or a file, or null for no schedule: unset, blank, or
 * nothing within quotes. Quotes and blanks around it are dropped, nicknames expanded.
 * Throws CONFIG_INVALID with the value and an example.
 *
 * @param name What the value is called where it was found, as HARVESTER_CRON.
 */
export function normaliseCron(value: string | null | undefined, name: string): string | null {
  const text = unquoted(value ?? '')
  if (text === '') return null
  const problem = cronProblem(text)
  if (problem !== null)
    throw new HarvesterError('CONFIG_INVALID', `${name} is "${text}", which is no schedule: ${problem}`, {
      remedy: `${cronForm}; leave it empty for none.`,
    })
  return expanded(text)!.split(/\s+/).join(' ').toUpperCase()
}

export const cronForm = 'Give five cron fields, as "0 5 * * *" for every day at 05:00, or @daily'

/** What is wrong with a schedule as it was written, null where nothing is; blank is none. */
export function cronProblem(value: string): string | null {
  const text = unquoted(value)
  if (text === '') return null
  const fields = expanded(text)
  return fields === undefined
    ? `${text} is not one of ${Object.keys(nicknames).join(', ')}`
    : problemOf(fields)
}

function expanded(text: string): string | undefined {
  return text.startsWith('@') ? nicknames[text.toLowerCase()] : text
}

/** The IANA zone of a value; UTC when unset or blank. Throws CONFIG_INVALID. */
export function normaliseTimezone(value: string | null | undefined, name: string): string {
  const text = unquoted(value ?? '')
  if (text === '') return 'UTC'
  const known = Intl.supportedValuesOf('timeZone')
  const lower = text.toLowerCase()
  if (lower === 'utc') return 'UTC'
  const found = known.find((zone) => zone.toLowerCase() === lower)
  if (found) return found
  // Older names (Asia/Calcutta, Etc/GMT+2) are not listed but valid; offsets are no zones.
  if (/^[A-Za-z][\w+-]*(\/[\w+-]+)+$/.test(text))
    try {
      new Intl.DateTimeFormat('en', { timeZone: text })
      return text
    } catch {
      // told below
    }
  throw new HarvesterError('CONFIG_INVALID', `${name} is "${text}", which is no time zone`, {
    remedy: 'Give an IANA name, as Europe/Rome or America/Halifax.',
  })
}

/** The next times of a schedule, after `from`. */
export function nextTimes(cron: string, timezone: string, count: number, from: Date): Date[] {
  return new Cron(cron, { timezone, mode: '5-part', paused: true }).nextRuns(count, from)
}

function unquoted(value: string): string {
  let text = value.trim()
  while (text.length >= 2 && /^(["']).*\1$/s.test(text)) text = text.slice(1, -1).trim()
  // A lone quote is what is left of '""' in some env files.
  return text === '"' || text === "'" ? '' : text
}

function problemOf(cron: string): string | null {
  const parts = cron.trim().split(/\s+/)
  if (parts.length !== 5) return `it has ${amount(parts.length, 'field')} instead of 5`
  for (const [index, part] of parts.entries()) {
    const field = fields[index] as (typeof fields)[number]
    for (const item of part.split(',')) {
      const problem = itemProblem(item, field)
      if (problem !== null) return `${field.name} "${part}": ${problem}`
    }
  }
  try {
    if (nextTimes(cron, 'UTC', 1, new Date(Date.UTC(2024, 0, 1))).length === 0) return 'it never comes'
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  return null
}

function itemProblem(item: string, field: (typeof fields)[number]): string | null {
  const match = /^(?:(\*)|(\w+)(?:-(\w+))?)(?:\/(\d+))?$/.exec(item)
  if (!match) return `"${item}" is not understood`
  const [, star, first, last, step] = match
  const number = (text: string): number | null => {
    if (/^\d+$/.test(text)) return Number(text)
    const at = field.names.indexOf(text.toLowerCase())
    return at < 0 ? null : at + field.from
  }
  if (step !== undefined) {
    if (star === undefined && last === undefined) return 'a step needs * or a range before it'
    if (Number(step) < 1 || Number(step) > field.to) return `${step} is no step`
  }
  if (star !== undefined) return null
  const from = number(first as string)
  const to = last === undefined ? from : number(last)
  if (from === null || to === null) return `"${item}" is not understood`
  if (from < field.from || to > field.to || from > field.to) return `goes from ${field.from} to ${field.to}`
  if (to < from) return `${item} runs backwards`
  return null
}
