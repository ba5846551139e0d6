/** Hands on the rows of a dataset, and counts what became of each. */

import { type ProfileFacts, type ProfileRow, profileRow } from '../../rules/profile.ts'
import type { DroppedRows, DropReason } from '../../rules/reasons/drops.ts'
import { namesShown } from '../../rules/reasons/words.ts'
import type { PositionGroup, PositionTable } from './positions.ts'
import type { ProfileQuestion } from './profile-question.ts'

/** Rows handed on together. */
const rowsAtOnce = 500

export interface WrittenProfiles {
  rows: number
  /** Rows whose records are not known. */
  uncounted: number
  /** Rows with several positions: how many, and the first of them. */
  moving: { count: number; ids: string[] }
  dropped: DroppedRows[]
}

/** The rows that the rules let through, handed on several at a time, and what became of the others. */
export class RowWriter {
  rows = 0
  uncounted = 0
  readonly #question: Pick<ProfileQuestion, 'plan' | 'signal' | 'onRows'>
  readonly #drops = new Map<DropReason, { reason: DropReason; count: number; ids: string[] }>()
  #waiting: ProfileRow[] = []

  constructor(question: Pick<ProfileQuestion, 'plan' | 'signal' | 'onRows'>) {
    this.#question = question
  }

  /** Whether {@link flush} is due. */
  get full(): boolean {
    return this.#waiting.length >= rowsAtOnce
  }

  get dropped(): DroppedRows[] {
    return [...this.#drops.values()]
  }

  /** @returns whether the row is written */
  take(facts: ProfileFacts): boolean {
    const result = profileRow(facts, this.#question.plan)
    if (result.kind === 'dropped') {
      this.drop(result.reason, facts)
      return false
    }
    if (result.row.n_records === null) this.uncounted += 1
    this.rows += 1
    this.#waiting.push(result.row)
    return true
  }

  drop(reason: DropReason, facts: NamedFacts): void {
    const dropped = this.#drops.get(reason) ?? { reason, count: 0, ids: [] }
    this.#drops.set(reason, dropped)
    note(dropped, facts)
  }

  async flush(): Promise<void> {
    this.#question.signal.throwIfAborted()
    const rows = this.#waiting
    this.#waiting = []
    if (rows.length > 0) await this.#question.onRows(rows)
  }
}

/** Writes a row for each identity that the rules let through, in the order of the positions. */
export async function writeProfiles(
  question: Pick<ProfileQuestion, 'plan' | 'signal' | 'onRows'>,
  positions: PositionTable,
  factsFor: (group: PositionGroup) => ProfileFacts | Promise<ProfileFacts>,
): Promise<WrittenProfiles> {
  const writer = new RowWriter(question)
  const moving = { count: 0, ids: [] as string[] }
  for await (const groups of positions.groups()) {
    question.signal.throwIfAborted()
    for (const group of groups) {
      const given = factsFor(group)
      const facts = given instanceof Promise ? await given : given
      if (!writer.take(facts)) continue
      if (group.severalPositions) note(moving, facts)
      if (writer.full) await writer.flush()
    }
  }
  await writer.flush()
  return { rows: writer.rows, uncounted: writer.uncounted, moving, dropped: writer.dropped }
}

type NamedFacts = Pick<ProfileFacts, 'timeseriesId' | 'profileId'>

function note(to: { count: number; ids: string[] }, facts: NamedFacts): void {
  to.count += 1
  if (to.ids.length < namesShown) to.ids.push(nameOf(facts))
}

/** An identity in a warning. */
export function nameOf(facts: NamedFacts): string {
  return [facts.timeseriesId, facts.profileId].filter((id) => id !== null).join('/') || '(no id)'
}
