/** What a backfill consists of and what is left to do of it. Pure: no server, no clock. */

import { createHash } from 'node:crypto'
import { findSource, type Source } from '../../config/source.ts'
import { HarvesterError, isHarvesterError } from '../../errors.ts'
import { isFinal } from '../../runs/index.ts'
import { amount } from '../../text.ts'
import type { BackfillRun, Target, TargetFlow } from './engine.ts'
import type { Given, GivenValue } from './values.ts'

/** One run to be had. */
export interface Item {
  /** Tells items apart, whatever the order in which they were given. */
  readonly hash: string
  /** What varies, as it was resolved: for people. */
  readonly varies: Readonly<Record<string, unknown>>
  readonly parameters: Readonly<Record<string, unknown>>
  readonly deployment: string
  /** Null where the flow is not known here. */
  readonly runName: string | null
}

export interface Plan {
  /** The same deployment, values and parameters give the same key. */
  readonly key: string
  readonly items: readonly Item[]
  /** How many of the given combinations were the same as another. */
  readonly repeated: number
}

export interface PlanRequest {
  readonly target: Target
  readonly each: readonly Given[]
  readonly params: readonly Given[]
  /** Instead of the one that follows from the values. */
  readonly key?: string | undefined
}

/** A slip of a range must not fill a server with runs. */
const mostItems = 10_000

/**
 * The runs of a backfill. Names of sources are replaced by their addresses, and their runs go to the deployments of
 * these sources, where the limits are that keep two harvests of one source apart.
 * @throws HarvesterError naming every fault at once: SOURCE_UNKNOWN where only sources are, else PARAMETERS_INVALID;
 *   USAGE for a name that is given twice, or too many combinations
 */
export function planBackfill({ target, each, params, key }: PlanRequest): Plan {
  checkNames(each, params)
  const count = each.reduce((product, { values }) => product * values.length, 1)
  if (count > mostItems)
    throw new HarvesterError(
      'USAGE',
      `this would be ${amount(count, 'run')}; a backfill has at most ${mostItems}`,
      {
        remedy: 'Split it into several.',
      },
    )
  const faults = new Faults()
  const checked = new Map([...each, ...params].map((given) => [given.name, values(given, target, faults)]))
  faults.throwIfAny(target)
  const fixed = params.map(({ name }): [string, unknown] => [name, checked.get(name)![0]])
  const items = new Map<string, Item>()
  for (const varies of combinations(
    each.map(({ name }): [string, unknown[]] => [name, checked.get(name)!]),
  )) {
    const item = itemOf(target, varies, { ...Object.fromEntries(fixed), ...varies }, faults)
    if (!items.has(item.hash)) items.set(item.hash, item)
  }
  faults.throwIfAny(target)
  return {
    key: key ?? hashOf([target.namespace, target.deployment, [...items.keys()].sort()]).slice(0, 12),
    items: [...items.values()],
    repeated: count - items.size,
  }
}

/** Every way to take one value of each, the last name varying first. */
export function combinations(each: readonly [string, readonly unknown[]][]): Record<string, unknown>[] {
  return each.reduce<Record<string, unknown>[]>(
    (found, [name, list]) => found.flatMap((one) => list.map((value) => ({ ...one, [name]: value }))),
    [{}],
  )
}

export const tagOf = (key: string): string => `backfill:${key}`

export const idempotencyKey = (key: string, hash: string, attempt: number): string =>
  `backfill:${key}:${hash}:${attempt}`

/** The item and the attempt of an idempotency key; null for one that is not of a backfill. */
export function readIdempotencyKey(
  text: string | null | undefined,
): { hash: string; attempt: number } | null {
  const found = /^backfill:.*:([0-9a-f]{16}):(\d+)$/.exec(text ?? '')
  return found ? { hash: found[1]!, attempt: Number(found[2]) } : null
}

/** What becomes of an item now. */
export type Step =
  | { readonly kind: 'start'; readonly item: Item; readonly attempt: number }
  /** It waits or runs already. */
  | { readonly kind: 'watch'; readonly item: Item; readonly run: BackfillRun }
  /** It completed, or ended badly and is not to be started again. */
  | { readonly kind: 'keep'; readonly item: Item; readonly run: BackfillRun }

/** What is left to do, given the runs that there are. */
export function stepsOf(
  items: readonly Item[],
  known: readonly BackfillRun[],
  options: { retryFailed: boolean },
): Step[] {
  const latest = new Map<string, BackfillRun>()
  for (const run of known) if ((latest.get(run.hash)?.attempt ?? 0) < run.attempt) latest.set(run.hash, run)
  return items.map((item): Step => {
    const run = latest.get(item.hash)
    if (!run) return { kind: 'start', item, attempt: 1 }
    if (!isFinal(run.state.type)) return { kind: 'watch', item, run }
    if (run.state.type !== 'COMPLETED' && options.retryFailed)
      return { kind: 'start', item, attempt: run.attempt + 1 }
    return { kind: 'keep', item, run }
  })
}

class Faults {
  readonly #parameters: string[] = []
  readonly #sources: { message: string; remedy: string | undefined }[] = []

  parameter(text: string): void {
    if (!this.#parameters.includes(text)) this.#parameters.push(text)
  }

  source(error: HarvesterError): void {
    this.#sources.push({ message: error.message, remedy: error.remedy })
  }

  throwIfAny({ deployment, flow }: Target): void {
    const sources = this.#sources.map(({ message }) => message)
    if (this.#parameters.length > 0)
      throw new HarvesterError(
        'PARAMETERS_INVALID',
        `The parameters of ${deployment} do not fit: ${[...this.#parameters, ...sources].join('; ')}`,
        flow
          ? { remedy: `Parameters of "${flow.name}": ${Object.keys(flow.parameters.shape).join(', ')}.` }
          : {},
      )
    const [first] = this.#sources
    if (first)
      throw new HarvesterError(
        'SOURCE_UNKNOWN',
        sources.join('; '),
        first.remedy === undefined ? {} : { remedy: first.remedy },
      )
  }
}

function checkNames(each: readonly Given[], params: readonly Given[]): void {
  if (each.length === 0)
    throw new HarvesterError('USAGE', 'a backfill needs --each', {
      remedy: 'For one run there is `harvester trigger`; else name what varies, as --each source=a,b,c.',
    })
  const seen = new Set<string>()
  for (const { name } of [...each, ...params]) {
    if (seen.has(name))
      throw new HarvesterError('USAGE', `${name} is given more than once`, {
        remedy: 'Put all its values into one --each.',
      })
    seen.add(name)
  }
}

/** The values of a name as the flow wants them. */
function values(given: Given, target: Target, faults: Faults): unknown[] {
  const { flow } = target
  if (!flow) return given.values.map(({ value }) => value)
  const field = flow.parameters.shape[given.name]
  if (!Object.hasOwn(flow.parameters.shape, given.name) || !field) {
    faults.parameter(`there is no parameter ${given.name}`)
    return []
  }
  return given.values.map((value) => {
    const fitted = fitting(field as Field, value)
    if (!fitted.ok) {
      faults.parameter(`${given.name} = ${value.text}: ${fitted.message}`)
      return null
    }
    if (given.name !== 'source' || !namesSources(flow) || typeof fitted.value !== 'string')
      return fitted.value
    try {
      return findSource(
        target.sources.map(({ source }) => source),
        fitted.value,
      ).url
    } catch (error) {
      if (!isHarvesterError(error, 'SOURCE_UNKNOWN')) throw error
      faults.source(error)
      return null
    }
  })
}

type Field = TargetFlow['parameters']['shape'][string]

/** A value, or its text where text is wanted, or a list of it where a list is. */
function fitting(
  field: Field,
  { text, value }: GivenValue,
): { ok: true; value: unknown } | { ok: false; message: string } {
  const check = (candidate: unknown) =>
    (
      field as unknown as { safeParse(value: unknown): { success: boolean; error?: { message: string } } }
    ).safeParse(candidate)
  for (const candidate of [value, text, [value], [text]])
    if (check(candidate).success) return { ok: true, value: candidate }
  const { error } = check(value)
  const issues = (error as unknown as { issues?: { message: string }[] } | undefined)?.issues ?? []
  return { ok: false, message: issues.map(({ message }) => message).join(', ') || 'is not allowed' }
}

/** Whether `source` names one of our sources, with what is known of it beside it. */
function namesSources(flow: TargetFlow): boolean {
  return (
    Object.hasOwn(flow.parameters.shape, 'source') && Object.hasOwn(flow.parameters.shape, 'source_options')
  )
}

function itemOf(
  target: Target,
  varies: Record<string, unknown>,
  given: Record<string, unknown>,
  faults: Faults,
): Item {
  const { flow } = target
  const owned = flow && namesSources(flow) ? ownSource(target, given.source) : null
  const deployment = owned?.deployment ?? target.deployment
  const parameters = {
    ...given,
    // What the deployment registered of its own source would win over the source that is given.
    ...(owned && !('source_options' in given) && { source_options: owned.source }),
    ...(given.source === null && { source_options: null }),
  }
  let runName: string | null = null
  if (flow) {
    const parsed = flow.parameters.safeParse({ ...target.parameters, ...parameters })
    if (parsed.success) runName = flow.runName?.(parsed.data as never) ?? null
    else
      for (const issue of parsed.error.issues)
        faults.parameter(`${issue.path.join('.') || 'parameters'}: ${issue.message}`)
  }
  return {
    // Not of what is known of a source: that a limit was changed makes no other backfill of it.
    hash: hashOf([target.namespace, target.deployment, given]).slice(0, 16),
    varies,
    parameters,
    deployment,
    runName,
  }
}

function ownSource(target: Target, url: unknown): { source: Source; deployment: string | null } | null {
  return target.sources.find(({ source }) => source.url === url) ?? null
}

/** The same for the same content, whatever the order of the keys. */
export function hashOf(value: unknown): string {
  return createHash('sha256').update(canonical(value)).digest('hex')
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  return `{${Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, item]) => `${JSON.stringify(name)}:${canonical(item)}`)
    .join(',')}}`
}
