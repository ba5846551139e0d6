/** Reads a tabledap query the way ERDDAP does, and refuses in its words. */

import type { Cell, DemoDataset, DemoVariable } from './dataset.ts'
import { attributeOf, isTime } from './dataset.ts'
import { isoTime, javaDouble } from './format.ts'

/** An error that ERDDAP answers with: the status and the sentence behind its name. */
export class Refusal extends Error {
  readonly status: number

  constructor(status: number, sentence: string) {
    super(sentence)
    this.name = 'Refusal'
    this.status = status
  }
}

export type Operator = '=' | '!=' | '<' | '<=' | '>' | '>=' | '=~'

export interface Constraint {
  variable: DemoVariable
  /** Where the variable stands in the dataset. */
  at: number
  operator: Operator
  value: Cell
  pattern?: RegExp
  /** As ERDDAP repeats it in its sentences. */
  text: string
}

const orderings = [
  'orderByMinMax',
  'orderByMin',
  'orderByMax',
  'orderByCount',
  'orderByLimit',
  'orderByDescending',
  'orderBy',
] as const
export type Ordering = (typeof orderings)[number]

export interface TableQuery {
  variables: readonly DemoVariable[]
  constraints: readonly Constraint[]
  distinct: boolean
  ordering?: { kind: Ordering; variables: readonly string[]; steps: readonly (Step | null)[]; limit: number }
}

/** What a variable is grouped by: so many of its units, or whole days, months and the like of time. */
export type Step =
  | { kind: 'number'; size: number }
  | { kind: 'time'; count: number; unit: 'second' | 'minute' | 'hour' | 'day' | 'month' | 'year' }

export interface QueryOptions {
  /** Epoch milliseconds that `now` stands for. */
  now: number
  /** Functions that this version of the server lacks. */
  lacks: readonly Ordering[]
}

/** @throws {Refusal} what ERDDAP would refuse */
export function readQuery(dataset: DemoDataset, rawQuery: string, options: QueryOptions): TableQuery {
  const [list = '', ...rest] = splitParts(percentDecode(rawQuery))
  const names = list.trim() === '' ? [] : list.split(',').map((name) => name.trim())
  names.forEach((name, at) => {
    if (!dataset.variables.some((variable) => variable.name === name))
      throw new Refusal(400, `Query error: Unrecognized variable="${name}".`)
    if (names.indexOf(name) !== at)
      throw new Refusal(400, `Query error: variable=${name} is listed twice in the results variables list.`)
  })
  const variables =
    names.length === 0
      ? dataset.variables
      : names.map((name) => dataset.variables.find((variable) => variable.name === name) as DemoVariable)
  const constraints: Constraint[] = []
  let distinct = false
  let ordering: TableQuery['ordering']
  for (const part of rest) {
    if (part === '') continue
    if (part === 'distinct()') {
      distinct = true
      continue
    }
    const kind = orderings.find((name) => part.startsWith(`${name}(`))
    if (kind !== undefined && !options.lacks.includes(kind)) ordering = readOrdering(kind, part, variables)
    else constraints.push(readConstraint(dataset, part, options))
  }
  return { variables, constraints, distinct, ...(ordering === undefined ? {} : { ordering }) }
}

/** Percent-decodes; a `+` stays one, since times and numbers may hold it. */
export function percentDecode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new Refusal(400, 'Query error: The query is not correctly percent-encoded.')
  }
}

/** Splits at `&` outside of double quotes; the whole was decoded before, as ERDDAP does it. */
function splitParts(query: string): string[] {
  const parts: string[] = []
  let part = ''
  let inQuotes = false
  for (let at = 0; at < query.length; at++) {
    const character = query[at] as string
    if (character === '\\' && inQuotes) {
      part += character + (query[++at] ?? '')
      continue
    }
    if (character === '"') inQuotes = !inQuotes
    if (character === '&' && !inQuotes) {
      parts.push(part)
      part = ''
    } else part += character
  }
  if (inQuotes) throw new Refusal(400, 'Query error: A closing doublequote is missing.')
  return [...parts, part]
}

function readOrdering(
  kind: Ordering,
  part: string,
  variables: readonly DemoVariable[],
): NonNullable<TableQuery['ordering']> {
  const inner = /^\w+\(\s*"(.*)"\s*\)$/s.exec(part)?.[1]
  if (inner === undefined) throw new Refusal(400, `Query error: Invalid ${kind}() syntax: ${part}`)
  let names = inner
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
  let limit = Number.POSITIVE_INFINITY
  if (kind === 'orderByLimit') {
    limit = Number(names.at(-1))
    names = names.slice(0, -1)
  }
  const steps: (Step | null)[] = []
  const plain: string[] = []
  for (const [at, name] of names.entries()) {
    const slash = name.indexOf('/')
    const base = slash < 0 || !groupsBySteps.has(kind) ? name : name.slice(0, slash)
    const variable = variables.find((one) => one.name === base)
    if (variable === undefined)
      throw new Refusal(400, `Query error: orderBy variable=${name} isn't in the list of results variables.`)
    const step = base === name ? null : readStep(variable, name.slice(slash + 1))
    // The server has nothing to say of what cannot be grouped so, and finds no rows.
    const isLast = at === names.length - 1 && kind !== 'orderByCount'
    if (step === undefined || (step !== null && isLast)) throw noRows()
    plain.push(base)
    steps.push(step)
  }
  return { kind, variables: plain, steps, limit }
}

const groupsBySteps: ReadonlySet<Ordering> = new Set([
  'orderByMinMax',
  'orderByMin',
  'orderByMax',
  'orderByCount',
  'orderByLimit',
])

function noRows(): Refusal {
  return new Refusal(404, 'Your query produced no matching results. (nRows = 0)')
}

/** @returns undefined for a step that the variable does not have */
function readStep(variable: DemoVariable, text: string): Step | undefined {
  if (variable.type === 'String') return undefined
  const found = /^(\d+(?:\.\d+)?)(second|minute|hour|day|month|year)?s?$/.exec(text)
  if (found === null) return undefined
  const [, number = '', unit] = found
  if (unit === undefined) return { kind: 'number', size: Number(number) }
  return isTime(variable) ? { kind: 'time', count: Number(number), unit: unit as 'day' } : undefined
}

/** A value as it is grouped: the number of its cell, or the start of its span of time. */
export function stepped(value: Cell, step: Step | null): Cell {
  if (step === null || typeof value === 'string' || Number.isNaN(value)) return value
  if (step.kind === 'number') return step.size === 0 ? Number.NaN : Math.floor(value / step.size) + 0
  const size = unitSeconds[step.unit]
  if (size !== undefined) return Math.floor(value / (size * step.count)) * size * step.count
  const date = new Date(value * 1000)
  const months = step.count * (step.unit === 'year' ? 12 : 1)
  const month = date.getUTCFullYear() * 12 + date.getUTCMonth()
  // Counted from 1970: years below 100 mean others to Date.UTC.
  return Date.UTC(1970, Math.floor(month / months) * months - 1970 * 12) / 1000
}

function readConstraint(dataset: DemoDataset, part: string, options: QueryOptions): Constraint {
  const found = /^([^<>=!~"()]*?)(!=|=~|<=|>=|=|<|>)(.*)$/s.exec(part)
  if (found === null) throw new Refusal(400, `Query error: No operator found in constraint="${part}".`)
  const [, name = '', operator = '', right = ''] = found
  const at = dataset.variables.findIndex((variable) => variable.name === name)
  const variable = dataset.variables[at]
  if (variable === undefined)
    throw new Refusal(400, `Query error: Unrecognized constraint variable="${name}".`)
  const isQuoted = right.length >= 2 && right.startsWith('"') && right.endsWith('"')
  const base = { variable, at, operator: operator as Operator }
  if (operator === '=~') {
    if (!isQuoted) throw mustBeQuoted(part)
    return { ...base, value: unquote(right), pattern: wholeMatch(unquote(right)), text: part }
  }
  if (variable.type === 'String') {
    if (!isQuoted) throw mustBeQuoted(part)
    return { ...base, value: unquote(right), text: part }
  }
  if (isTime(variable)) {
    const value = readTime(dataset, at, isQuoted ? unquote(right) : right, options.now)
    return { ...base, value, text: `${name}${operator}${Number.isNaN(value) ? 'NaN' : isoTime(value)}` }
  }
  if (isQuoted)
    throw new Refusal(
      400,
      `Query error: For non =~ constraints of numeric variables, the right-hand-side value must not be surrounded by double quotes. Bad constraint: ${part}`,
    )
  const value = right.trim().toLowerCase() === 'nan' ? Number.NaN : Number(right)
  if (Number.isNaN(value) && right.trim().toLowerCase() !== 'nan')
    throw new Refusal(
      400,
      `Query error: Test for missing numeric values must use "NaN", not value="${right}".`,
    )
  return { ...base, value, text: `${name}${operator}${right}` }
}

function mustBeQuoted(part: string): Refusal {
  return new Refusal(
    400,
    `Query error: For constraints of String variables, the right-hand-side value must be surrounded by double quotes. Bad constraint: ${part}`,
  )
}

function unquote(text: string): string {
  return text
    .slice(1, -1)
    .replace(/\\(u[0-9a-fA-F]{4}|.)/gs, (_, code: string) =>
      code.length === 5
        ? String.fromCharCode(Number.parseInt(code.slice(1), 16))
        : ({ n: '\n', t: '\t', r: '\r' }[code] ?? code),
    )
}

function wholeMatch(pattern: string): RegExp {
  try {
    return new RegExp(`^(?:${pattern})$`, 'su')
  } catch {
    throw new Refusal(400, `Query error: Invalid regular expression: ${pattern}`)
  }
}

const unitSeconds: Record<string, number> = { second: 1, minute: 60, hour: 3600, day: 86_400, week: 604_800 }

function readTime(dataset: DemoDataset, at: number, text: string, now: number): number {
  if (text === '' || text.toLowerCase() === 'nan') return Number.NaN
  const relative =
    /^(now|max\((\w+)\)|min\((\w+)\))(?: {0,9}([-+ ]) {0,9}(\d{1,15}(?:\.\d{1,15})?) {0,9}([a-z]{1,9}?)s?)?$/i.exec(
      text,
    )
  if (relative !== null) {
    const [, from = '', , , sign = '+', count = '0', unit = 'second'] = relative
    const size = unitSeconds[unit] ?? Number.NaN
    const shift = Number(count) * size * (sign === '-' ? -1 : 1)
    if (from === 'now') return Math.floor(now / 1000) + shift
    const range = (attributeOf(dataset.variables[at]?.attributes ?? [], 'actual_range') ?? '').split(',')
    return Number(from.startsWith('max') ? range[1] : range[0]) + shift
  }
  if (/^-?\d{4}-\d{2}(-\d{2})?([T ]\d{2}(:?\d{2}(:?\d{2}([.,]\d+)?)?)?)?(Z|[-+]\d{2}:?\d{2})?$/.test(text)) {
    const [date = '', clock = '00:00:00'] = text.replace(/Z$/, '').split(/[T ]/)
    const fullDate = date.length === 7 ? `${date}-01` : date
    const fullClock = clock.length === 2 ? `${clock}:00:00` : clock.length === 5 ? `${clock}:00` : clock
    const value = Date.parse(`${fullDate}T${fullClock}${/[-+]\d{2}:?\d{2}$/.test(fullClock) ? '' : 'Z'}`)
    if (!Number.isNaN(value)) return value / 1000
  }
  const number = Number(text)
  if (!Number.isNaN(number)) return number
  throw new Refusal(
    400,
    `Query error: Test for missing time values must use "NaN" or "", not value="${text}".`,
  )
}

/** Shows the two ends of a variable's `actual_range` as the sentence about it does. */
export function shownRange(
  variable: DemoVariable,
): readonly [low: number, high: number, shown: string] | undefined {
  const parts = attributeOf(variable.attributes, 'actual_range')?.split(',').map(Number)
  const [low, high] = parts ?? []
  if (low === undefined || high === undefined || Number.isNaN(low) || Number.isNaN(high)) return undefined
  const show = (value: number) => (isTime(variable) ? isoTime(value) : javaDouble(value))
  return [low, high, `${show(low)} to ${show(high)}`]
}
