/** What the server said of casts, cells and positions, as facts of profile rows. */

import type { Extent } from '../extent.ts'
import type { ProfileFacts } from '../profile.ts'
import { cellCentre, coordinateText } from './cells.ts'
import type { CellRow, Rung } from './ladder.ts'
import { cutTime, endOfDay, isoDate, periodText } from './time.ts'

/** A row of a trajectory, a period and a cell. `profile_id` is `TRAJECTORY YYYY-MM LAT,LON`. */
export function cellFacts(
  row: CellRow,
  rung: Rung,
  { vertical, range }: { vertical: Extent | null; range: Extent | null },
): ProfileFacts {
  const position = {
    latitude: cellCentre(row.latitude, rung.size),
    longitude: cellCentre(row.longitude, rung.size),
  }
  const parts = [
    row.trajectory,
    periodText(row.firstDay, rung.period),
    `${coordinateText(position.latitude)},${coordinateText(position.longitude)}`,
  ]
  return facts({
    profileId: parts
      .filter((part) => part !== '')
      .join(' ')
      .trim(),
    position,
    time: cutTime({ min: row.firstDay, max: endOfDay(row.lastDay) }, range),
    vertical,
    records: row.records,
  })
}

/** A row of an exact position and a day. */
export function pointFacts(
  point: { day: number; latitude: number; longitude: number; records: number | null },
  { vertical, range }: { vertical: Extent | null; range: Extent | null },
): ProfileFacts {
  return facts({
    profileId: pointId(point),
    position: { latitude: point.latitude, longitude: point.longitude },
    time: cutTime({ min: point.day, max: endOfDay(point.day) }, range),
    vertical,
    records: point.records,
  })
}

/** `YYYY-MM-DD LAT,LON`: rows that read the same are one. */
export function pointId(point: { day: number; latitude: number; longitude: number }): string {
  return `${isoDate(point.day)} ${coordinateText(point.latitude)},${coordinateText(point.longitude)}`
}

/** The id of a cast; cycle numbers repeat, so that it needs its trajectory where there are several. */
export function castId(trajectory: string, cast: string, severalTrajectories: boolean): string {
  return severalTrajectories ? `${trajectory}/${cast}` : cast
}

export function castFacts(cast: {
  profileId: string
  position: { latitude: number; longitude: number } | null
  time: Extent | null
  vertical: Extent | null
  records: number | null
}): ProfileFacts {
  return facts(cast)
}

function facts(given: Omit<ProfileFacts, 'timeseriesId' | 'casts'>): ProfileFacts {
  // A count of 0 for a row that has times is no count.
  const records = given.records === 0 ? null : given.records
  return { timeseriesId: null, casts: 1, ...given, records }
}
