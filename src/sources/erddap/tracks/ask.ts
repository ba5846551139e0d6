/**
 * Asks a question about a track whole, and in spans of time where that is too much for the server. Answers are read as
 * they come and added up; an answer that broke off counts for nothing.
 */

import { isHarvesterError } from '../../../errors.ts'
import { httpStatusFacts } from '../../../http/types.ts'
import type { ValuesOf } from '../../../rules/reasons/index.ts'
import { dayMs, dayOf } from '../../../rules/tracks/time.ts'
import { requestFault } from '../../fault.ts'
import { classifyAnswer } from '../answers.ts'
import { batchesOf } from '../table.ts'
import type { ErddapTable } from '../types.ts'
import type { GroupedQuestion, TimeSpan } from '../urls.ts'
import type { Collector } from './collector.ts'

export interface TrackAsker {
  ask(question: GroupedQuestion, span: TimeSpan | null): Promise<ErddapTable | null>
  /** The dataset's time by the list; null where nobody knows it. */
  range: { min: number; max: number } | null
  /** A mirror that answers itself fails on constraints of time. */
  mirrored: boolean
  signal: AbortSignal
}

/** An answer that the server cannot give, neither whole nor in parts. */
export class TooLarge extends Error {
  readonly values: ValuesOf<'TRACK_TOO_LARGE'>

  constructor(cause: unknown, spans: number) {
    super('too large for its server', { cause })
    this.values = { fault: requestFault(cause), spans }
  }
}

const spansAsked = 12

/**
 * @param make a collector without any rows
 * @returns null where the server says that there are no rows
 * @throws TooLarge; HarvesterError of the client
 */
export async function collect<C extends Collector>(
  asker: TrackAsker,
  question: GroupedQuestion,
  make: () => C,
): Promise<{ found: C; url: string | undefined } | null> {
  const whole = make()
  try {
    return await read(asker, question, null, whole)
  } catch (error) {
    if (asker.signal.aborted || !isTooMuch(error)) throw error
    const spans = asker.mirrored || asker.range === null ? [] : spansOf(asker.range)
    if (spans.length === 0) throw new TooLarge(error, 0)
    return await inSpans(asker, question, spans, make())
  }
}

async function inSpans<C extends Collector>(
  asker: TrackAsker,
  question: GroupedQuestion,
  spans: readonly TimeSpan[],
  collector: C,
): Promise<{ found: C; url: string | undefined } | null> {
  let last: { found: C; url: string | undefined } | null = null
  for (const span of spans) {
    try {
      last = (await read(asker, question, span, collector)) ?? last
    } catch (error) {
      if (asker.signal.aborted || !isTooMuch(error)) throw error
      throw new TooLarge(error, spans.length)
    }
    if (collector.left) break
  }
  return last
}

async function read<C extends Collector>(
  asker: TrackAsker,
  question: GroupedQuestion,
  span: TimeSpan | null,
  collector: C,
): Promise<{ found: C; url: string | undefined } | null> {
  const table = await asker.ask(question, span)
  if (table === null) return null
  collector.columns(table.columns)
  for await (const rows of batchesOf(table)) {
    asker.signal.throwIfAborted()
    for (const row of rows) {
      collector.add(row)
      if (collector.left) return { found: collector, url: table.url }
    }
  }
  return { found: collector, url: table.url }
}

/** Equal spans, each of whole days; the first and the last are open, so that a list that lags behind loses nothing. */
export function spansOf({ min, max }: { min: number; max: number }): TimeSpan[] {
  const [first, end] = [dayOf(min), dayOf(max) + dayMs]
  const cuts: number[] = []
  for (let at = 1; at < spansAsked; at += 1) {
    const cut = dayOf(first + ((end - first) * at) / spansAsked)
    if (cut > (cuts.at(-1) ?? first)) cuts.push(cut)
  }
  // One day cannot be asked in parts.
  if (cuts.length === 0) return []
  return [null, ...cuts].map((from, at) => ({ from, to: cuts[at] ?? null }))
}

/** A time-out, the server's own or that of a proxy before it, or "too much data". */
function isTooMuch(error: unknown): boolean {
  if (isHarvesterError(error, 'HTTP_TIMEOUT'))
    return error.facts.phase === 'headers' || error.facts.phase === 'body'
  const facts = httpStatusFacts(error)
  if (facts === null) return false
  if (classifyAnswer(facts.status, facts.body) === 'too-much-data') return true
  return gatewayTimeouts.has(facts.status)
}

const gatewayTimeouts: ReadonlySet<number> = new Set([408, 413, 504, 524])
