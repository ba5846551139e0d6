/**
 * The gate: how fast one host is asked, whoever in the process asks. First come, first served, a queue a host, so
 * that a slow or dead host delays no other.
 *
 * The circuit breaker is not here but in `breaker.ts`: a gate lives as long as the process, "left alone for the rest
 * of the run" ends with the run.
 */

import { HarvesterError } from '../errors.ts'

export interface GateLimits {
  /** Requests in flight at one moment. A table counts until its last byte was read. @default 1 */
  inFlight?: number
  /** @default unlimited */
  requestsPerSecond?: number
}

/** Why the request at the head of a host's queue stood waiting. */
const waitReasons = ['busy', 'rate', 'retry-after', 'slowed', 'backoff'] as const
export type WaitReason = (typeof waitReasons)[number]

export interface HostWaits {
  host: string
  requests: number
  /**
   * Milliseconds in which the first of the queue waited: for our own earlier request (`busy`), for the configured
   * rate, because the host said so (`retry-after`), because it had refused us repeatedly (`slowed`), or between the
   * attempts of one request (`backoff`).
   */
  waitedMs: Readonly<Record<WaitReason, number>>
}

export interface HostGate {
  /** Sets the limits of a host, as `URL.host` gives it: `name`, with `:port` if that is not the usual one. */
  limit(host: string, limits: GateLimits): void
  /**
   * Waits for a slot.
   * @returns the function that gives the slot back; calling it twice does no harm
   * @throws the signal's reason, if it is aborted while waiting
   */
  acquire(host: string, signal?: AbortSignal): Promise<() => void>
  /** Nobody asks the host for so long. */
  pause(host: string, ms: number): void
  /** Tells the gate what the host answered: 429 and 403 in a row slow it down, other answers let it recover. */
  answered(host: string, status: number): void
  /** Books the pause between two attempts of one request. */
  backedOff(host: string, ms: number): void
  /** What was waited for since the start, or since an earlier summary, for hosts that were asked in that time. */
  summary(since?: readonly HostWaits[]): HostWaits[]
}

/** The second refusal in a row slows to one request a second, each further one halves that, down to two a minute. */
const slowestIntervalMs = 30_000
const firstSlowIntervalMs = 1_000
/** After so many answers that are no refusal the interval is halved again. */
const answersToRecover = 10

interface Waiter {
  resolve: (release: () => void) => void
  since: number
  reason: WaitReason
}

interface Host {
  inFlight: number
  intervalMs: number
  active: number
  queue: Waiter[]
  pausedUntil: number
  timer: NodeJS.Timeout | undefined
  refusals: number
  answers: number
  slowMs: number
  lastStartAt: number
  requests: number
  waited: Record<WaitReason, number>
}

export function createHostGate(defaults: GateLimits = {}): HostGate {
  const hosts = new Map<string, Host>()
  const hostOf = (name: string): Host => {
    const known = hosts.get(name)
    if (known) return known
    const host = newHost(defaults)
    hosts.set(name, host)
    return host
  }
  return {
    limit(name, limits) {
      const host = hostOf(name)
      apply(host, limits)
      pump(host)
    },
    acquire: (name, signal) => queued(() => hostOf(name), signal),
    pause(name, ms) {
      const host = hostOf(name)
      host.pausedUntil = Math.max(host.pausedUntil, performance.now() + ms)
    },
    answered: (name, status) => learn(hostOf(name), status),
    backedOff(name, ms) {
      hostOf(name).waited.backoff += ms
    },
    summary(since = []) {
      return [...hosts]
        .map(([name, host]) => waitsOf(name, host, since))
        .filter((waits) => waits.requests > 0)
    },
  }
}

function newHost(limits: GateLimits): Host {
  const host: Host = {
    inFlight: 1,
    intervalMs: 0,
    active: 0,
    queue: [],
    pausedUntil: 0,
    timer: undefined,
    refusals: 0,
    answers: 0,
    slowMs: 0,
    lastStartAt: Number.NEGATIVE_INFINITY,
    requests: 0,
    waited: { busy: 0, rate: 0, 'retry-after': 0, slowed: 0, backoff: 0 },
  }
  apply(host, limits)
  return host
}

function apply(host: Host, limits: GateLimits) {
  if (limits.inFlight !== undefined) host.inFlight = Math.max(1, Math.floor(limits.inFlight))
  if (limits.requestsPerSecond !== undefined && limits.requestsPerSecond > 0)
    host.intervalMs = 1000 / limits.requestsPerSecond
}

/** A place at a host, once it is free and this is the next in line. */
function queued(hostOf: () => Host, signal: AbortSignal | undefined): Promise<() => void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(abortReason(signal))
    const host = hostOf()
    const onAbort = () => {
      const at = host.queue.indexOf(waiter)
      if (at >= 0) host.queue.splice(at, 1)
      const head = host.queue[0]
      if (at === 0 && head) head.since = performance.now()
      pump(host)
      reject(abortReason(signal!))
    }
    const waiter: Waiter = {
      since: performance.now(),
      reason: 'busy',
      resolve: (release) => {
        signal?.removeEventListener('abort', onAbort)
        resolve(release)
      },
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    host.queue.push(waiter)
    pump(host)
  })
}

/** What the head of the queue waits for, and until when; null if it may go. */
function obstacle(host: Host, now: number): { reason: WaitReason; until: number | null } | null {
  if (host.active >= host.inFlight) return { reason: 'busy', until: null }
  if (host.pausedUntil > now) return { reason: 'retry-after', until: host.pausedUntil }
  const slowUntil = host.lastStartAt + host.slowMs
  const rateUntil = host.lastStartAt + host.intervalMs
  if (slowUntil > now && slowUntil >= rateUntil) return { reason: 'slowed', until: slowUntil }
  if (rateUntil > now) return { reason: 'rate', until: rateUntil }
  return null
}

function book(host: Host, waiter: Waiter, now: number, reason: WaitReason) {
  host.waited[waiter.reason] += now - waiter.since
  waiter.since = now
  waiter.reason = reason
}

function pump(host: Host) {
  clearTimeout(host.timer)
  host.timer = undefined
  for (;;) {
    const head = host.queue[0]
    if (!head) return
    const now = performance.now()
    const held = obstacle(host, now)
    if (held) {
      book(host, head, now, held.reason)
      if (held.until !== null) host.timer = setTimeout(pump, Math.ceil(held.until - now), host)
      return
    }
    book(host, head, now, 'busy')
    host.queue.shift()
    // Only the head's time is booked, so that the sums are times on the clock and not times of many waiters.
    const next = host.queue[0]
    if (next) next.since = now
    host.active += 1
    host.requests += 1
    host.lastStartAt = now
    let released = false
    head.resolve(() => {
      if (released) return
      released = true
      host.active -= 1
      pump(host)
    })
  }
}

/** Refusals in a row slow the host down, other answers let it recover. */
function learn(host: Host, status: number): void {
  if (status === 429 || status === 403) {
    host.refusals += 1
    host.answers = 0
    if (host.refusals >= 2)
      host.slowMs = Math.min(slowestIntervalMs, Math.max(firstSlowIntervalMs, host.slowMs * 2))
    return
  }
  host.refusals = 0
  if (host.slowMs === 0) return
  host.answers += 1
  if (host.answers < answersToRecover) return
  host.answers = 0
  host.slowMs = host.slowMs > firstSlowIntervalMs ? host.slowMs / 2 : 0
}

function waitsOf(name: string, host: Host, since: readonly HostWaits[]): HostWaits {
  const before = since.find((earlier) => earlier.host === name)
  return {
    host: name,
    requests: host.requests - (before?.requests ?? 0),
    waitedMs: Object.fromEntries(
      waitReasons.map((reason) => [
        reason,
        Math.round(host.waited[reason] - (before?.waitedMs[reason] ?? 0)),
      ]),
    ) as Record<WaitReason, number>,
  }
}

const reasonTexts: Readonly<Record<WaitReason, string>> = {
  busy: 'for our own earlier requests',
  rate: 'to keep the configured rate',
  'retry-after': 'because the host asked for it',
  slowed: 'because the host had refused us repeatedly',
  backoff: 'before trying again',
}

/** Waits as a log line, longest first: `h: 12 requests, waited 3.2 s because the host asked for it`. */
export function describeWaits({ host, requests, waitedMs }: HostWaits): string {
  const waits = waitReasons
    .filter((reason) => waitedMs[reason] >= 50)
    .sort((a, b) => waitedMs[b] - waitedMs[a])
    .map((reason) => `${(waitedMs[reason] / 1000).toFixed(1)} s ${reasonTexts[reason]}`)
  return `${host}: ${requests} ${requests === 1 ? 'request' : 'requests'}${waits.length > 0 ? `, waited ${waits.join(', ')}` : ''}`
}

/** The error of an aborted signal: its reason if that is already one of ours, else `CANCELLED`. */
export function abortReason(signal: AbortSignal): HarvesterError {
  if (signal.reason instanceof HarvesterError) return signal.reason
  return new HarvesterError('CANCELLED', 'the work was cancelled', { cause: signal.reason })
}
