/** Holds the answers about one dataset against each other, identity by identity, in one pass over what was sorted. */

import { compareCodePoints } from '../../inventory/order.ts'
import { type AnswerName, lackingAnswers } from '../../rules/evidence/index.ts'
import type { CountsOf } from './counts.ts'
import { hull, type SeenExtent } from './extents.ts'
import type { KeyedValues } from './keyed-values.ts'
import type { PositionTable } from './positions.ts'

/** What was asked; null for an answer that was not needed, or that the server does not give. */
export interface Answers {
  positions: PositionTable
  times: KeyedValues<SeenExtent> | null
  verticals: KeyedValues<SeenExtent> | null
  counts: KeyedValues<CountsOf> | null
  /** How many casts of stations there are in the answer with the times, or depths; null where it does not name them. */
  casts?: { of: 'times' | 'verticals'; seen: number } | null
}

/** Identities named in a warning; the counts are whole. */
const shown = 10

export interface Disagreement {
  /** Identities that each answer lacks and another has: how many, and the first of them. */
  lacking: ReadonlyMap<AnswerName, { count: number; keys: string[] }>
  /** In every identity as many depths as times were counted. */
  wholeDepths: boolean
}

export async function compareAnswers({
  positions,
  times,
  verticals,
  counts,
  casts = null,
}: Answers): Promise<Disagreement> {
  const lacking = new Map<AnswerName, { count: number; keys: string[] }>()
  let wholeDepths = true
  let positioned = 0
  let last: string | undefined
  const others = {
    times: await cursorOf(times, hull),
    verticals: await cursorOf(verticals, hull),
    counts: await cursorOf(counts, (first) => first),
  }

  /** At once but where a block of an answer ends: there may be a million identities, and a promise costs more than this. */
  function judge(key: string, placed: CountsOf | null | undefined): Promise<void> | void {
    const ofTimes = others.times?.take(key)
    const ofVerticals = others.verticals?.take(key)
    const ofCounts = others.counts?.take(key)
    if (ofTimes instanceof Promise || ofVerticals instanceof Promise || ofCounts instanceof Promise)
      return Promise.all([ofTimes, ofVerticals, ofCounts]).then((taken) => conclude(key, placed, ...taken))
    conclude(key, placed, ofTimes, ofVerticals, ofCounts)
  }

  function conclude(
    key: string,
    placed: CountsOf | null | undefined,
    ofTimes: SeenExtent | undefined,
    ofVerticals: SeenExtent | undefined,
    ofCounts: CountsOf | undefined,
  ): void {
    const counted = placed ?? ofCounts ?? null
    if (counted === null || counted.time === null || counted.time !== counted.vertical) wholeDepths = false
    const found = lackingAnswers({
      positions: placed !== undefined,
      times: others.times && isWhole(ofTimes, counted?.time),
      verticals: others.verticals && isWhole(ofVerticals, counted?.vertical),
      counts: others.counts && ofCounts !== undefined,
      counted: counted ?? undefined,
    })
    for (const name of found) note(name, 1, key)
  }

  function note(name: AnswerName, count: number, key: string) {
    const known = lacking.get(name) ?? { count: 0, keys: [] }
    known.count += count
    if (known.keys.length < shown) known.keys.push(key)
    lacking.set(name, known)
  }

  /** The least key of the other answers, if it comes before `limit`. */
  function nextBefore(limit: string | null): string | undefined {
    let least: string | undefined
    for (const cursor of [others.times, others.verticals, others.counts]) {
      const key = cursor?.key
      if (key === undefined || (limit !== null && compareCodePoints(key, limit) >= 0)) continue
      if (least === undefined || compareCodePoints(key, least) < 0) least = key
    }
    return least
  }

  for await (const groups of positions.groups()) {
    for (const group of groups) {
      for (let key = nextBefore(group.key); key !== undefined; key = nextBefore(group.key))
        await judge(key, undefined)
      const judging = judge(group.key, group.counts)
      if (judging) await judging
      if (casts) positioned += group.castsWith[casts.of]
      last = group.key
    }
  }
  for (let key = nextBefore(null); key !== undefined; key = nextBefore(null)) await judge(key, undefined)
  // An answer that ends too early lacks the last casts of its last station.
  if (casts && last !== undefined && positioned !== casts.seen) {
    const name = positioned < casts.seen ? 'positions' : casts.of
    if (!lacking.has(name)) note(name, Math.abs(positioned - casts.seen), last)
  }
  return { lacking, wholeDepths }
}

/** Whether an extent is there, with both of its ends where it has several values. */
function isWhole(extent: SeenExtent | undefined, count: number | null | undefined): boolean {
  return extent !== undefined && !(extent.half && (count ?? 0) > 1)
}

/** Reads the entries of an answer key by key. */
class KeyCursor<V> {
  readonly #join: (a: V, b: V) => V
  readonly #blocks: AsyncIterator<readonly (readonly [string, V])[]>
  #block: readonly (readonly [string, V])[] = []
  #at = 0

  constructor(values: KeyedValues<V>, join: (a: V, b: V) => V) {
    this.#join = join
    this.#blocks = values.entries()[Symbol.asyncIterator]()
  }

  get key(): string | undefined {
    return this.#block[this.#at]?.[0]
  }

  /** The value of a key that is the next one, and steps behind all its entries; undefined for any other key. */
  take(key: string): V | undefined | Promise<V> {
    if (this.key !== key) return undefined
    const first = this.#block[this.#at]![1]
    this.#at += 1
    const value = this.#takeHere(key, first)
    return this.#at < this.#block.length ? value : this.#takeOn(key, value)
  }

  /** What the block has of the key, joined to the value. */
  #takeHere(key: string, value: V): V {
    let joined = value
    for (; this.key === key; this.#at += 1) joined = this.#join(joined, this.#block[this.#at]![1])
    return joined
  }

  /** The key may go on in the next blocks. */
  async #takeOn(key: string, value: V): Promise<V> {
    let joined = value
    await this.refill()
    while (this.key === key) {
      joined = this.#takeHere(key, joined)
      await this.refill()
    }
    return joined
  }

  async refill(): Promise<void> {
    while (this.#at >= this.#block.length) {
      const next = await this.#blocks.next()
      this.#at = 0
      this.#block = next.done ? [] : next.value
      if (next.done) return
    }
  }
}

async function cursorOf<V>(
  values: KeyedValues<V> | null,
  join: (a: V, b: V) => V,
): Promise<KeyCursor<V> | undefined> {
  if (!values) return undefined
  const cursor = new KeyCursor(values, join)
  await cursor.refill()
  return cursor
}
