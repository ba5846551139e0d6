/** The track of one trajectory: what `tracks.csv` and the map have of it. */

import type { ColumnWith, TableRow } from '../../inventory/contract.ts'
import { type LonLat, linesWkt, trackBounds, trackLines, unwrapAbout, type Vertex, within } from './line.ts'
import { cutTime, dayOf, endOfDay } from './time.ts'

/** A row of tracks.csv, less what names its dataset. */
export type TrackRow = Omit<TableRow<'tracks'>, 'erddap_url' | 'dataset_id'>
export type TrackKey = ColumnWith<'tracks', 'key'>

/** One vertex a day: the mean of that day's cell centres, weighted by records. */
interface Day {
  day: number
  weight: number
  /** Sums of weighted degrees; longitudes unwrapped about the first. */
  latitude: number
  longitude: number
  first: number
}

/** The days of the trajectories of one dataset, as they come in. */
export class DayVertices {
  readonly #trajectories = new Map<string, { days: Map<number, Day>; records: number | null }>()

  add(
    trajectory: string,
    day: number,
    centre: { latitude: number; longitude: number },
    records: number | null,
  ): void {
    let known = this.#trajectories.get(trajectory)
    if (!known) {
      known = { days: new Map(), records: 0 }
      this.#trajectories.set(trajectory, known)
    }
    known.records = known.records === null || records === null ? null : known.records + records
    // A cell whose records are not known, or whose data are all missing, is a place where the platform was.
    const weight = records === null || records === 0 ? 1 : records
    let at = known.days.get(day)
    if (!at) {
      at = { day, weight: 0, latitude: 0, longitude: 0, first: centre.longitude }
      known.days.set(day, at)
    }
    at.weight += weight
    at.latitude += weight * centre.latitude
    at.longitude += weight * unwrapAbout(centre.longitude, at.first)
  }

  /**
   * @param rowsOf how many rows each trajectory has
   * @param range of time, of the metadata
   */
  tracks(rowsOf: ReadonlyMap<string, number>, range: { min: number; max: number } | null): TrackRow[] {
    return [...this.#trajectories].map(([trajectory, { days, records }]) => {
      const vertices = [...days.values()]
        .sort((one, other) => one.day - other.day)
        .map(({ day, weight, latitude, longitude }) => ({
          time: day,
          latitude: latitude / weight,
          longitude: within(longitude / weight),
        }))
      const time = cutTime({ min: vertices[0]!.time, max: endOfDay(vertices.at(-1)!.time) }, range)
      return trackRow({ trajectory, vertices, time, records, rows: rowsOf.get(trajectory) ?? 0 })
    })
  }
}

/** @param vertices in order of time, at least one */
export function trackRow({
  trajectory,
  vertices,
  time,
  records,
  rows,
}: {
  trajectory: string
  vertices: readonly Vertex[]
  time: { min: number; max: number }
  records: number | null
  rows: number
}): TrackRow {
  const bounds = trackBounds(vertices)!
  const lines: LonLat[][] = trackLines(vertices)
  return {
    trajectory_id: trajectory === '' ? null : trajectory,
    time_min: new Date(time.min),
    time_max: new Date(time.max),
    n_records: records,
    n_days: new Set(vertices.map((vertex) => dayOf(vertex.time))).size,
    n_rows: rows,
    ...bounds,
    geom: linesWkt(lines),
  }
}
