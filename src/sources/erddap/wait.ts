/** Waits until an ERDDAP is ready for a harvest: looks at it again and again, with as few questions as can be. */

import { describeError, HarvesterError, isHarvesterError } from '../../errors.ts'
import { retryAfterMs } from '../../http/retry.ts'
import { httpStatusFacts } from '../../http/types.ts'
import { describeSeen, describeWanted, isReady, type Seen, type Wanted } from '../../rules/readiness.ts'
import { formatTime } from '../../rules/time.ts'
import type { Waited, WaitRequest } from '../kind.ts'
import { classifyAnswer } from './answers.ts'
import type { ErddapClient, ErddapScope } from './client.ts'

export interface WaitSettings extends Omit<WaitRequest, 'onChange'> {
  client: ErddapClient
  /** Told of the first look, and of each that differs from the one before. */
  onChange?: (seen: Seen) => void
  /** In [0, 1). @default Math.random */
  random?: () => number
  /** Monotonic milliseconds. @default performance.now */
  now?: () => number
}

/** Before the second look at a server that cannot be reached; doubles up to the interval. */
const firstPauseMs = 1000
/** A question of one row is answered in this time or not at all; those to the data may take what time is left. */
const quickAnswerMs = 30_000
/** The last look begins so long before the end, so that it can be answered. */
const lastLookMs = 2000

/**
 * Waits until the source is as wanted.
 *
 * The breaker of a run is not asked and not told: that a server is not up yet is what is waited for. A look tries
 * nothing again, the next look does.
 * @throws HarvesterError SOURCE_NOT_READY at the time limit, or at once if waiting cannot help; the signal's reason
 */
export async function waitForErddap(settings: WaitSettings): Promise<Waited> {
  const { client, wanted, timeoutMs, intervalMs, signal, sleep } = settings
  const now = settings.now ?? (() => performance.now())
  const random = settings.random ?? Math.random
  const startMs = now()
  const endMs = startMs + timeoutMs
  const reserveMs = Math.min(lastLookMs, timeoutMs / 4)
  let last: string | null = null
  /** What was seen by the last look that had an answer: one that this waiting cut off itself saw nothing. */
  let answered: string | null = null
  let unreachable = 0
  for (let looks = 1; ; looks += 1) {
    const { seen, pauseMs } = await look(client, wanted, roundUp(endMs - now()), signal)
    const words = describeSeen(seen)
    if (words !== last) settings.onChange?.(seen)
    last = words
    if (!(seen.kind === 'refused' && seen.cutOff)) answered = words
    if (isReady(wanted, seen)) return { seen, looks, waitedMs: now() - startMs }
    if (seen.kind === 'refused' && seen.forGood)
      throw notReady(settings, `will not become ready`, words, 'Waiting cannot help here.')
    unreachable = seen.kind === 'unreachable' ? unreachable + 1 : 0
    const usual =
      unreachable > 0 ? Math.min(intervalMs, firstPauseMs * 2 ** Math.min(unreachable - 1, 20)) : intervalMs
    // Sources that wait side by side are not to ask in step.
    const pause = Math.max(usual * (0.9 + 0.2 * random()), pauseMs)
    const leftMs = endMs - reserveMs - now()
    if (leftMs <= 0)
      throw notReady(
        settings,
        `was not ready within ${Math.round(timeoutMs / 100) / 10} s`,
        answered === null || answered === words ? words : `${answered}; then it gave no answer`,
        'See whether it is up and well; wait_for.timeout_seconds (or --timeout) is the limit.',
      )
    await sleep(Math.min(pause, leftMs), signal)
  }
}

/** Tenths of a second: the number is told to people, and a look needs a moment at least. */
function roundUp(ms: number): number {
  return Math.max(100, Math.ceil(ms / 100) * 100)
}

function notReady({ client, wanted }: WaitSettings, what: string, seen: string, remedy: string) {
  return new HarvesterError(
    'SOURCE_NOT_READY',
    `${client.baseUrl} ${what}: waited until ${describeWanted(wanted)}; seen last: ${seen}`,
    { remedy, facts: { source: client.baseUrl, seen } },
  )
}

/** One look. `pauseMs`: how long the server asks to be left alone. */
async function look(
  client: ErddapClient,
  wanted: Wanted,
  leftMs: number,
  signal: AbortSignal,
): Promise<{ seen: Seen; pauseMs: number }> {
  const scope = (timeoutMs: number) => client.scope({ signal, retries: 0, timeoutMs })
  try {
    const quick = scope(Math.min(quickAnswerMs, leftMs))
    return { seen: await ask(quick, scope(leftMs), wanted), pauseMs: 0 }
  } catch (error) {
    if (signal.aborted) throw signal.reason
    if (!isHarvesterError(error)) throw error
    const asked = retryAfterMs(httpStatusFacts(error)?.headers['retry-after'], Date.now())
    return { seen: seenIn(error), pauseMs: asked ?? 0 }
  }
}

/**
 * The server: its version, then one row of its list, since right after a start a server answers and has no list.
 * A dataset: its row of the list; then the newest time of the data itself, since the list's `maxTime` is as of when
 * the server last read the dataset, is missing for datasets that go on until now, and can be an owner's promise.
 */
async function ask(quick: ErddapScope, thorough: ErddapScope, wanted: Wanted): Promise<Seen> {
  const { datasetId } = wanted
  if (datasetId === null) {
    const version = await quick.version()
    await quick.listed('allDatasets')
    return { kind: 'answers', version }
  }
  const listed = await quick.listed(datasetId)
  if (listed === null) return { kind: 'not-listed' }
  if (wanted.newerThanMs === null) return { kind: 'listed' }
  const time = await thorough.newestTime(datasetId, formatTime(wanted.newerThanMs))
  return time === null ? { kind: 'not-newer', listedMaxTime: listed.maxTime } : { kind: 'newest', time }
}

function seenIn(error: HarvesterError): Seen {
  if (error.code === 'LISTING_FAILED') return { kind: 'starting' }
  if (error.code === 'HTTP_CONNECT' || (error.code === 'HTTP_TIMEOUT' && error.facts.phase === 'connect'))
    return { kind: 'unreachable', why: describeError(error) }
  const facts = httpStatusFacts(error)
  const kind = facts && classifyAnswer(facts.status, facts.body)
  // A block or a login does not pass by itself, and a dataset does not get a variable `time` by waiting.
  const forGood = kind === 'blocked' || kind === 'not-authorized' || kind === 'unknown-variable'
  return { kind: 'refused', why: describeError(error), forGood, cutOff: error.code === 'HTTP_TIMEOUT' }
}
