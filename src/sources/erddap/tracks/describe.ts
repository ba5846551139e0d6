import { counted } from '../../../rules/reasons/words.ts'
import { cellsPerDegree } from '../../../rules/tracks/cells.ts'
import type { Rung } from '../../../rules/tracks/ladder.ts'
import type { TrackCounts } from './answer.ts'

/** What was made of the records of a platform that moves, in one line of a log. */
export function describeTrackCounts({ of, step, rung, groups, rows, records, leftOut }: TrackCounts): string {
  const made = `${counted('en', groups, 'group', 'groups')} of the answer in ${counted('en', rows, 'row', 'rows')}`
  const ladder = rung === null ? '' : ` (step ${step} of the ladder: ${rungText(rung)})`
  if (records === null || leftOut === null)
    return `${of}: ${made}${ladder}; records are not known of every row`
  return `${of}: ${made}${ladder}; ${records} records in rows + ${leftOut} left out = ${records + leftOut} that the server counts`
}

function rungText({ period, size, byTrajectory }: Rung): string {
  const degrees = size < cellsPerDegree ? `1/${cellsPerDegree / size}` : String(size / cellsPerDegree)
  return `${byTrajectory ? 'by trajectory, ' : ''}${period === 'all' ? 'all time' : period}, cells of ${degrees}°`
}
