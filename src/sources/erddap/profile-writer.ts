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

/** Writes a row for each identity that the rules let through, in the order of the positions. */
export async function writeProfiles(
  { plan, signal, onRows }: Pick<ProfileQuestion, 'plan' | 'signal' | 'onRows'>,
  positions: PositionTable,
  factsFor: (group: PositionGroup) => ProfileFacts | Promise<ProfileFacts>,
): Promise<WrittenProfiles> {
  const drops = new Map<DropReason, { reason: DropReason; count: number; ids: string[] }>()
  const moving = { count: 0, ids: [] as string[] }
  const note = (to: { count: number; ids: string[] }, facts: ProfileFacts) => {
    to.count += 1
    if (to.ids.length < namesShown) to.ids.push(nameOf(facts))
  }
  let rows = 0
  let uncounted = 0
  let waiting: ProfileRow[] = []
  for await (const groups of positions.groups()) {
    signal.throwIfAborted()
    for (const group of groups) {
      const given = factsFor(group)
      const facts = given instanceof Promise ? await given : given
      const result = profileRow(facts, plan)
      if (result.kind === 'dropped') {
        const { reason } = result
        const dropped = drops.get(reason) ?? { reason, count: 0, ids: [] }
        drops.set(reason, dropped)
        note(dropped, facts)
        continue
      }
      if (group.severalPositions) note(moving, facts)
      if (result.row.n_records === null) uncounted += 1
      rows += 1
      waiting.push(result.row)
      if (waiting.length >= rowsAtOnce) {
        await onRows(waiting)
        waiting = []
      }
    }
  }
  if (waiting.length > 0) await onRows(waiting)
  return { rows, uncounted, moving, dropped: [...drops.values()] }
}

/** An identity in a warning. */
export function nameOf(facts: Pick<ProfileFacts, 'timeseriesId' | 'profileId'>): string {
  return [facts.timeseriesId, facts.profileId].filter((id) => id !== null).join('/') || '(no id)'
}
