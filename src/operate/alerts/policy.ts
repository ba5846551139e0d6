/**
 * What is told, of whom and when: plain functions of what was seen, what is remembered and the time.
 *
 * A trouble opens with its first occurrence and is told once the digest time is over. Further occurrences within the
 * quiet time are counted; when it is over, one message says how many there were. A trouble that is over is told as
 * recovered and forgotten: the next failure is told at once, since whoever heard "well again" must hear that it is not.
 */

import { deploymentSlugs } from '../../config/slug.ts'
import { findSource, type Source } from '../../config/source.ts'
import { type RunFact, runFact, runSentence } from '../../rules/reasons/run.ts'
import type { EngineEvent, RunFacts } from '../../runs/types.ts'
import { cut } from '../../text.ts'
import {
  type Alert,
  type AlertKind,
  type AlertSettings,
  type Change,
  type Observation,
  type Subject,
  type Trouble,
  type TroubleDetails,
  troubleKey,
} from './trouble.ts'

export type RunFinished = Extract<EngineEvent, { type: 'run-finished' }>

/** Datasets of one flow run, and what it said of itself. */
export interface DatasetCounts {
  readonly failed: number
  readonly total: number
  readonly facts?: readonly RunFact[]
}

const allKinds: readonly AlertKind[] = ['failed', 'crashed', 'errors', 'stale']
const harvestFlow = 'Harvest Source'
const longestMessage = 2000

/** Whom a run is about. */
function subjectOf(run: RunFacts, sources: readonly Source[]): Subject {
  const source = sourceOf(run, sources)
  const name = run.deployment ?? (source === null ? run.name || run.flow : `harvest-${source.slug}`)
  return { key: source?.url ?? run.deployment ?? (run.flow || run.name), name, source: source?.url ?? null }
}

function sourceOf(run: RunFacts, sources: readonly Source[]): { url: string; slug: string } | null {
  if (run.flow !== harvestFlow) return null
  const options = run.parameters.source_options as { url?: unknown; slug?: unknown } | null | undefined
  if (typeof options?.url === 'string')
    return { url: options.url, slug: typeof options.slug === 'string' ? options.slug : slugOf(options.url) }
  const named = run.parameters.source
  if (typeof named !== 'string') return null
  try {
    return findSource(sources, named)
  } catch {
    return null
  }
}

function slugOf(url: string): string {
  return URL.canParse(url) ? (deploymentSlugs([url]).get(url) ?? url) : url
}

/** What the end of a run means. Cancelled runs mean nothing: a person wanted it so. */
export function observeRun(
  event: RunFinished,
  counts: DatasetCounts | null,
  settings: AlertSettings,
  sources: readonly Source[],
  now: Date,
): Observation[] {
  const { run } = event
  const subject = subjectOf(run, sources)
  const trouble = (kind: AlertKind): Observation[] =>
    settings.on.includes(kind)
      ? [
          {
            type: 'trouble',
            subject,
            kind,
            occurrence: `${run.id}:${event.runCount}`,
            at: now,
            details: {
              ...aboutSubject(subject),
              flow: run.flow,
              deployment: run.deployment,
              runId: run.id,
              runName: run.name,
              message: cut(event.message, longestMessage),
              ...(counts?.facts && { facts: counts.facts }),
              datasets: counts?.total ? { failed: counts.failed, total: counts.total } : null,
              ...awaited(event),
            },
          },
        ]
      : []
  switch (event.state) {
    case 'FAILED':
      return isOfToldChildren(event) ? [] : trouble('failed')
    case 'CRASHED':
      return isOfToldChildren(event) ? [] : trouble('crashed')
    case 'COMPLETED': {
      const tooMany =
        counts !== null && counts.total > 0 && counts.failed / counts.total > settings.errors_share
      const errors = tooMany ? trouble('errors') : []
      // A run over a few chosen datasets says nothing of the source.
      if (isRestricted(run)) return errors
      if (errors.length > 0) return [over(subject, ['failed', 'crashed', 'stale'], now, true), ...errors]
      return [
        over(subject, allKinds, now, false),
        ...(run.deployment === null
          ? []
          : [{ type: 'child well', deployment: run.deployment, at: now } as const]),
      ]
    }
    default:
      return []
  }
}

/** A run that failed because the sources it started did, or died with them: each of them is told by itself. */
function isOfToldChildren({ children, state }: RunFinished): boolean {
  const bad = children.filter(({ type }) => type !== 'COMPLETED')
  return (
    bad.length > 0 &&
    bad.every(
      ({ deployment, type }) =>
        deployment.startsWith(`${harvestFlow}/`) &&
        (type === 'CRASHED' || (type === 'FAILED' && state === 'FAILED')),
    )
  )
}

/** The children that ended badly, by the names of their deployments. */
function awaited({ children }: RunFinished): Pick<TroubleDetails, 'awaits'> {
  const bad = children.filter(({ type }) => type !== 'COMPLETED')
  if (bad.length === 0) return {}
  return { awaits: [...new Set(bad.map(({ deployment }) => deployment.replace(/^.*\//, '')))] }
}

function isRestricted(run: RunFacts): boolean {
  const ids = run.parameters.dataset_ids
  return Array.isArray(ids) && ids.length > 0
}

/** What is known of the successes of a source. */
export interface SourceAge {
  readonly url: string
  readonly name: string
  /** Null where it never succeeded. */
  readonly succeededAt: Date | null
  /** Since when it is configured, as far as is remembered. */
  readonly knownSince: Date
  /** After which time without a success it is stale. */
  readonly staleHours: number
}

/** Whether a source is stale. */
export function observeAge(age: SourceAge, now: Date): Observation {
  const subject: Subject = { key: age.url, name: age.name, source: age.url }
  const last = age.succeededAt ?? age.knownSince
  const hours = (now.getTime() - last.getTime()) / hour
  const silence = runFact('NO_SUCCESS', { hours, ever: age.succeededAt !== null })
  if (hours < age.staleHours) return over(subject, ['stale'], now, false)
  return {
    type: 'trouble',
    subject,
    kind: 'stale',
    occurrence: `stale since ${last.toISOString()}`,
    at: now,
    details: {
      ...aboutSubject(subject),
      flow: null,
      deployment: null,
      runId: null,
      runName: null,
      message: runSentence('en', [silence]),
      facts: [silence],
      datasets: null,
      lastSuccessAt: age.succeededAt?.toISOString() ?? null,
    },
  }
}

/** The troubles after what was seen. */
export function remember(
  troubles: readonly Trouble[],
  seen: readonly Observation[],
  settings: AlertSettings,
): readonly Trouble[] {
  let kept = troubles
  for (const one of seen) kept = withObservation(kept, one, settings)
  return kept
}

function withObservation(
  troubles: readonly Trouble[],
  seen: Observation,
  settings: AlertSettings,
): readonly Trouble[] {
  switch (seen.type) {
    case 'trouble':
      return withOccurrence(troubles, seen, settings)
    case 'over':
      return withEnd(troubles, seen, settings)
    case 'child well':
      return withChildWell(troubles, seen, settings)
  }
}

function withOccurrence(
  troubles: readonly Trouble[],
  seen: Extract<Observation, { type: 'trouble' }>,
  settings: AlertSettings,
): readonly Trouble[] {
  const key = troubleKey({ subject: seen.subject.key, kind: seen.kind })
  const known = troubles.find((trouble) => troubleKey(trouble) === key)
  if (!known)
    return [
      ...troubles,
      {
        subject: seen.subject.key,
        kind: seen.kind,
        openedAt: seen.at,
        lastAt: seen.at,
        occurrence: seen.occurrence,
        untold: 1,
        untoldSince: seen.at,
        toldAt: null,
        recoveredAt: null,
        details: seen.details,
      },
    ]
  // To be stale is a state and no event: it occurs again once for each quiet time.
  const again =
    seen.kind === 'stale'
      ? known.untold === 0 && settings.quiet_hours > 0 && quietUntil(known, settings) <= seen.at.getTime()
      : known.occurrence !== seen.occurrence
  if (!again && known.recoveredAt === null) return troubles
  return replaced(troubles, known, {
    ...known,
    lastAt: seen.at,
    occurrence: seen.occurrence,
    untold: known.untold + (again ? 1 : 0),
    untoldSince: again ? (known.untoldSince ?? seen.at) : known.untoldSince,
    recoveredAt: null,
    details: seen.details,
  })
}

/** A parent is well when each of the children that ended badly was well since. */
function withChildWell(
  troubles: readonly Trouble[],
  seen: Extract<Observation, { type: 'child well' }>,
  settings: AlertSettings,
): readonly Trouble[] {
  return troubles.flatMap((trouble): readonly Trouble[] => {
    const { awaits } = trouble.details
    if (trouble.recoveredAt !== null || !awaits?.includes(seen.deployment)) return [trouble]
    const left = awaits.filter((name) => name !== seen.deployment)
    const next = { ...trouble, details: { ...trouble.details, awaits: left } }
    return left.length > 0 ? [next] : recovered(next, seen.at, settings)
  })
}

/** A failure that was not told yet is told, though it is over: somebody may want to know why. */
function recovered(trouble: Trouble, at: Date, settings: AlertSettings): readonly Trouble[] {
  return settings.recovery || trouble.toldAt === null ? [{ ...trouble, recoveredAt: at }] : []
}

function withEnd(
  troubles: readonly Trouble[],
  seen: Extract<Observation, { type: 'over' }>,
  settings: AlertSettings,
): readonly Trouble[] {
  return troubles.flatMap((trouble): readonly Trouble[] => {
    if (trouble.subject !== seen.subject.key || !seen.kinds.includes(trouble.kind)) return [trouble]
    if (trouble.recoveredAt !== null) return [trouble]
    if (seen.silently) return trouble.toldAt === null ? [trouble] : []
    return recovered(trouble, seen.at, settings)
  })
}

/** What is told now, and the troubles as they were before. */
export interface Claimed {
  readonly alerts: readonly Alert[]
  readonly before: readonly Trouble[]
}

/** Takes out what is to be told now. With `all`, the digest time is cut short: the process ends. */
export function claim(
  troubles: readonly Trouble[],
  settings: AlertSettings,
  now: Date,
  all = false,
): Change<Claimed> {
  const due = nextDue(troubles, settings)
  if (due === null || (!all && due.getTime() > now.getTime()))
    return { troubles, result: { alerts: [], before: [] } }
  const alerts: Alert[] = []
  const before: Trouble[] = []
  const kept = troubles.flatMap((trouble): readonly Trouble[] => {
    const from = pendingFrom(trouble, settings)
    if (from === null || from > now.getTime()) return [trouble]
    alerts.push(alertOf(trouble, settings))
    before.push(trouble)
    if (trouble.recoveredAt !== null) return []
    return [{ ...trouble, untold: 0, untoldSince: null, toldAt: now }]
  })
  return { troubles: kept, result: { alerts, before } }
}

/** Puts back what was claimed and reached nobody. */
export function unclaim(troubles: readonly Trouble[], before: readonly Trouble[]): readonly Trouble[] {
  const old = new Map(before.map((trouble) => [troubleKey(trouble), trouble]))
  const kept = troubles.map((trouble) => {
    const was = old.get(troubleKey(trouble))
    old.delete(troubleKey(trouble))
    if (!was) return trouble
    const { toldAt, untoldSince } = was
    return { ...trouble, toldAt, untoldSince, untold: was.untold + trouble.untold }
  })
  return [...kept, ...old.values()]
}

/** When the next message is due, null where nothing waits to be told. */
export function nextDue(troubles: readonly Trouble[], settings: AlertSettings): Date | null {
  const times = troubles.flatMap((trouble) => pendingFrom(trouble, settings) ?? [])
  return times.length === 0 ? null : new Date(Math.min(...times) + settings.digest_seconds * 1000)
}

/** From when on a trouble waits for a message: its first untold occurrence, or the end of its quiet time. */
function pendingFrom(trouble: Trouble, settings: AlertSettings): number | null {
  if (trouble.recoveredAt !== null)
    return Math.min(
      trouble.recoveredAt.getTime(),
      trouble.toldAt === null ? (trouble.untoldSince ?? trouble.lastAt).getTime() : Infinity,
    )
  if (trouble.untold === 0) return null
  const since = (trouble.untoldSince ?? trouble.lastAt).getTime()
  return Math.max(since, quietUntil(trouble, settings))
}

function quietUntil({ toldAt }: Trouble, settings: AlertSettings): number {
  return toldAt === null ? 0 : toldAt.getTime() + settings.quiet_hours * hour
}

function alertOf(trouble: Trouble, settings: AlertSettings): Alert {
  const { kind, subject, openedAt, lastAt, recoveredAt, toldAt, untold, details } = trouble
  return {
    status: recoveredAt !== null && settings.recovery ? 'recovered' : 'open',
    kind,
    subject,
    openedAt,
    lastAt,
    recoveredAt: settings.recovery ? recoveredAt : null,
    toldBefore: toldAt,
    occurrences: untold,
    details,
  }
}

const hour = 3_600_000

function over(subject: Subject, kinds: readonly AlertKind[], at: Date, silently: boolean): Observation {
  return { type: 'over', subject, kinds, silently, at }
}

function aboutSubject({ name, source }: Subject): Pick<TroubleDetails, 'name' | 'source' | 'lastSuccessAt'> {
  return { name, source, lastSuccessAt: null }
}

function replaced(troubles: readonly Trouble[], old: Trouble, by: Trouble): readonly Trouble[] {
  return troubles.map((trouble) => (trouble === old ? by : trouble))
}
