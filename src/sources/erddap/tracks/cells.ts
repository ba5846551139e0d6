/** Tracks: one row a trajectory, period and cell. */

import { compareCodePoints } from '../../../inventory/order.ts'
import type { ProfileFacts } from '../../../rules/profile.ts'
import { type CellRow, MonthDepths } from '../../../rules/tracks/ladder.ts'
import { cellFacts } from '../../../rules/tracks/rows.ts'
import type { GroupedQuestion } from '../urls.ts'
import type { TrackAnswer } from './answer.ts'
import { CountedCells, FirstInCells, TrackDepths } from './cell-collectors.ts'
import type { TrackWork } from './work.ts'

export async function harvestCells(work: TrackWork): Promise<TrackAnswer> {
  const { monthDepths, vertical, constantVertical } = work.questions
  work.asker.mirrored ||= await work.question.answersItself()
  let asked = await askCells(work)
  if (asked !== null && !work.asker.mirrored && work.question.isMirrored(asked.url)) {
    work.asker.mirrored = true
    asked = await askCells(work)
  }
  if (asked === null) return work.noRows('cells')
  let depths = new MonthDepths()
  if (vertical !== null && constantVertical === null) {
    const found = await work.collect(monthDepths, () => new TrackDepths(work.questions, work.numeric))
    depths = found?.found.depths ?? depths
    const lacks = () => [...depths.trajectories].filter((id) => !asked!.found.trajectories.has(id))
    if (lacks().length > 0) asked = (await askCells(work)) ?? asked
    if (lacks().length > 0) work.disagree('positions', lacks())
  }
  const { rows, outside, vertices, unplaced, trajectories } = asked.found
  const { rung, step, days } = rows
  if (work.questions.trajectory !== null) work.tellEmptyId(trajectories)
  if (step > 0 || work.tooMany !== 'rows') work.tellCoarser(rung)
  const made: { facts: ProfileFacts; row: CellRow }[] = []
  for (const row of rows.rows())
    made.push({
      row,
      facts: cellFacts(row, rung, {
        vertical: work.constant() ?? depths.of(row, rung),
        range: work.range,
      }),
    })
  made.sort((one, other) => compareCodePoints(one.facts.profileId!, other.facts.profileId!))
  const facts = made.map((one) => one.facts)
  work.tellUncounted(cellQuestion(work), facts)
  const rowsOf = new Map<string, number>()
  await work.write(facts, (at) => {
    const { trajectory } = made[at]!.row
    if (rung.byTrajectory) rowsOf.set(trajectory, (rowsOf.get(trajectory) ?? 0) + 1)
  })
  for (const row of outside.rows()) {
    work.writer.drop('time_outside', cellFacts(row, outside.rung, { vertical: null, range: null }))
    work.leave(row.records)
  }
  work.tellUnplaced(unplaced)
  // Samples are no track.
  const tracks = work.plan.cdmDataType === 'Point' ? [] : vertices.tracks(rowsOf, work.range)
  return work.answer('cells', days + outside.days, step, rung, tracks)
}

function cellQuestion(work: TrackWork): GroupedQuestion {
  return work.asker.mirrored ? work.questions.firstInCells : work.questions.dayCells
}

function askCells(work: TrackWork) {
  const question = cellQuestion(work)
  const settings = {
    numeric: work.numeric,
    limit: work.question.maxRows,
    latitude: work.latitude,
    longitude: work.longitude,
    counting: work.counting(question),
  }
  return work.collect<CountedCells | FirstInCells>(question, () =>
    work.asker.mirrored
      ? new FirstInCells(work.questions, settings)
      : new CountedCells(work.questions, settings),
  )
}
