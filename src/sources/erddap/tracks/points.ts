/** Samples: one row a position and day. */

import { compareCodePoints } from '../../../inventory/order.ts'
import type { Extent } from '../../../rules/extent.ts'
import { pointFacts } from '../../../rules/tracks/rows.ts'
import type { TrackAnswer } from './answer.ts'
import { DayPositions, PointDepths } from './point-collectors.ts'
import type { TrackWork } from './work.ts'

/** @returns null where there are too many */
export async function harvestPoints(work: TrackWork): Promise<TrackAnswer | null> {
  const { dayPositions, dayPositionDepths, vertical, constantVertical } = work.questions
  const settings = { limit: work.question.maxRows, counting: work.counting(dayPositions) }
  const ask = () => work.collect(dayPositions, () => new DayPositions(work.questions, settings))
  let asked = await ask()
  if (asked === null) return work.noRows('positions')
  work.asker.mirrored = work.question.isMirrored(asked.url)
  if (asked.found.left) {
    work.tooMany = 'positions'
    return null
  }
  let depths: ReadonlyMap<string, Extent> | null = null
  if (vertical !== null && constantVertical === null) {
    const found = await work.collect(dayPositionDepths, () => new PointDepths(vertical))
    depths = found?.found.depths ?? new Map()
    const lacks = () => [...depths!.keys()].filter((id) => !asked!.found.points.has(id))
    if (lacks().length > 0) asked = (await ask()) ?? asked
    if (lacks().length > 0) work.disagree('positions', lacks())
  }
  const { points, unplaced } = asked.found
  const facts = [...points].map(([id, point]) =>
    pointFacts(
      { ...point, records: work.asker.mirrored ? null : point.records },
      { vertical: work.constant() ?? depths?.get(id) ?? null, range: work.range },
    ),
  )
  work.tellUncounted(dayPositions, facts)
  facts.sort((one, other) => compareCodePoints(one.profileId!, other.profileId!))
  await work.write(facts)
  work.tellUnplaced({ ...unplaced, records: work.asker.mirrored ? null : unplaced.records })
  return work.answer('positions', points.size, 0, null, [])
}
