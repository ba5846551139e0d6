/** What is asked about a platform that moves. Pure. */

import type { DatasetPlan } from '../../../rules/decisions.ts'
import { actualRange } from '../../../rules/range.ts'
import { cellStep } from '../../../rules/tracks/cells.ts'
import { dataVariable, namesIn, unique } from '../questions.ts'
import type { DatasetMetadata } from '../types.ts'
import type { GroupedQuestion } from '../urls.ts'

export interface TrackQuestions {
  trajectory: string | null
  cast: string | null
  vertical: 'depth' | 'altitude' | null
  /** Least and greatest of the vertical where the metadata say that there is one value. */
  constantVertical: number | null
  /** The counted variable; null where nothing can be counted. */
  data: string | null
  /** Of casts: first and last position and time, ends of the vertical, counts. */
  castTimes: GroupedQuestion
  castDepths: GroupedQuestion
  castCounts: GroupedQuestion
  /** Of a track: counts by day and cell. */
  dayCells: GroupedQuestion
  /** The same for a mirror that applies functions twice: the first record of each cell. */
  firstInCells: GroupedQuestion
  monthDepths: GroupedQuestion
  /** Of samples: counts by day and position. */
  dayPositions: GroupedQuestion
  dayPositionDepths: GroupedQuestion
  /** Whether the server looks at the data for a question, and not at a table of distinct rows. */
  readsData(question: GroupedQuestion): boolean
}

export function trackQuestionsOf(plan: DatasetPlan, metadata: DatasetMetadata): TrackQuestions {
  const subset = new Set(namesIn(metadata.globals.get('subsetVariables')))
  const { vertical, profileIdVariable: cast } = plan
  // Samples have no id of their own, whatever role their variables have.
  const trajectory = plan.cdmDataType === 'Point' ? null : plan.trajectoryIdVariable
  const fresh =
    dataVariable(plan, metadata, subset) ?? (vertical !== null && !subset.has(vertical) ? vertical : null)
  // Where all of it is in the subset table, a variable of that is better than none: a coordinate may lie outside of it.
  const data = fresh ?? plan.firstEovColumn
  const readsData = ({ columns }: Pick<GroupedQuestion, 'columns'>) =>
    columns.some((column) => !subset.has(column))
  /** With a variable that makes the server look at the data, where the question needs one. */
  const question = (
    columns: readonly (string | null)[],
    order: GroupedQuestion['order'],
    by: readonly (string | null)[],
    positioned = false,
  ): GroupedQuestion => {
    const asked = unique(columns)
    const all = readsData({ columns: asked }) || data === null ? asked : unique([...asked, data])
    return { columns: all, order, by: unique(by), ...(positioned && { positioned }) }
  }
  const latitudeCell = `latitude/${cellStep}`
  const longitudeCell = `longitude/${cellStep}`
  const range = vertical === null ? null : actualRange(metadata, vertical, { now: 0 })
  const day = [trajectory, 'time/1day', latitudeCell, longitudeCell]
  const place = ['time', 'latitude', 'longitude']
  return {
    trajectory,
    cast,
    vertical,
    constantVertical: range !== null && range.min === range.max ? range.min : null,
    data,
    castTimes: question([trajectory, cast, ...place], 'orderByMinMax', [trajectory, cast, 'time'], true),
    castDepths: question([trajectory, cast, vertical], 'orderByMinMax', [trajectory, cast, vertical]),
    castCounts: question([trajectory, cast, 'time', vertical, data], 'orderByCount', [trajectory, cast]),
    dayCells: question([trajectory, ...place, data], 'orderByCount', day),
    firstInCells: question([trajectory, ...place, data], 'orderByMin', [...day, 'time'], true),
    monthDepths: question([trajectory, 'time', vertical], 'orderByMinMax', [
      trajectory,
      'time/1month',
      vertical,
    ]),
    dayPositions: question([...place, data], 'orderByCount', ['time/1day', 'latitude', 'longitude']),
    dayPositionDepths: question([...place, vertical], 'orderByMinMax', [
      'time/1day',
      'latitude',
      'longitude',
      vertical,
    ]),
    readsData,
  }
}
