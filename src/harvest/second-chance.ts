/**
 * The datasets of one source, each asked for once, and once more at the end where what went wrong may pass by itself:
 * a dataset that the server reads anew is unknown for a moment, and a host that stops answering may be back after a
 * pause. No result is recorded before it is final.
 */

import type { Breaker } from '../http/breaker.ts'
import { isGone } from '../rules/evidence/index.ts'
import type { DatasetResult, Listed } from '../sources/index.ts'
import type { Patience } from './patience.ts'

/** What an earlier try found. */
export interface EarlierTry {
  result: DatasetResult
  at: number
}

/** Asks for one dataset; returns the result where it may pass, null where it was recorded. */
export type Ask = (
  listed: Listed,
  earlier: EarlierTry | null,
  isFinal: (result: DatasetResult) => boolean,
) => Promise<DatasetResult | null>

export interface SourceWork {
  datasets: Iterable<Listed>
  /** Datasets under way at one moment. */
  workers: number
  /** Of the source itself. */
  host: string
  breaker: Breaker
  patience: Patience
  signal: AbortSignal
  ask: Ask
}

export async function askForAll({
  datasets,
  workers,
  host,
  breaker,
  patience,
  signal,
  ask,
}: SourceWork): Promise<void> {
  const again: { listed: Listed; earlier: EarlierTry }[] = []

  async function first(listed: Listed): Promise<void> {
    await breaker.ready(signal, host)
    const result = await ask(listed, null, (result) => !mayPass(result))
    if (result !== null) again.push({ listed, earlier: { result, at: performance.now() } })
  }

  /** A host that is given a further pause has a further chance; a dataset that is unknown again is gone. */
  async function second({ listed, earlier }: (typeof again)[number]): Promise<void> {
    await breaker.ready(signal)
    if (earlier.result.passing === 'unknown') {
      const left = earlier.at + patience.unknownMs - performance.now()
      if (left > 0) await patience.sleep(left, signal)
    }
    const result = await ask(listed, earlier, (result) => {
      if (result.passing === 'unknown') {
        const known = (passing: DatasetResult['passing']) => (passing === 'unknown' ? 'unknown' : 'known')
        return isGone({ first: known(earlier.result.passing), again: known(result.passing) })
      }
      return !(result.passing === 'unreachable' && breaker.isPausing())
    })
    if (result !== null) again.push({ listed, earlier: { result, at: performance.now() } })
  }

  function mayPass({ passing, outcome }: DatasetResult): boolean {
    // Of a host that is left alone for good nothing more is to be had.
    if (outcome.reason === 'HOST_UNAVAILABLE') return breaker.isPausing()
    return passing !== null
  }

  // All take from one iterator: a promise for each of 20,000 datasets would weigh more than the list.
  const waiting = datasets[Symbol.iterator]() as IterableIterator<Listed>
  await Promise.all(
    Array.from({ length: workers }, async () => {
      for (let next = waiting.next(); !next.done; next = waiting.next()) await first(next.value)
    }),
  )
  for (let next = again.shift(); next !== undefined; next = again.shift()) await second(next)
}
