/** The moving platforms that were recorded, rebuilt from the answers about them. */

import { parse } from 'csv-parse/sync'
import type { DemoDataset } from '../../src/demo/dataset.ts'
import { rebuilt, recorded, type Values } from './recorded.ts'

/** The rows of an answer, less names and units. */
function answered(name: string): string[][] {
  return parse(recorded(`tracks/${name}`, 'body'), { from: 3 }) as string[][]
}

function dataset(
  id: string,
  info: string,
  values: () => Iterable<Values>,
  more: Partial<DemoDataset> = {},
): DemoDataset {
  return rebuilt(id, `tracks/tracks_info_${info}`, 7, values, more)
}

const seconds = (text: string) => (text === 'NaN' || text === '' ? Number.NaN : Date.parse(text) / 1000)

/** 400 casts of 200 records; the temperature of a first record in its cell is known. */
function* glider(): Generator<Values> {
  const first = new Map(
    answered('origin_first_in_cell').map((row) => [`${row[0]} ${row[1]}`, Number(row[4])]),
  )
  for (const [trajectory = '', cast, time = '', latitude, longitude] of answered('casts_distinct'))
    for (let level = 0; level < 200; level += 1)
      yield {
        trajectory,
        profile_id: Number(cast),
        time: seconds(time),
        latitude: Number(latitude),
        longitude: Number(longitude),
        depth: level,
        temp: level === 0 ? (first.get(`${trajectory} ${time}`) ?? 8) : 8,
      }
}

function* survey(): Generator<Values> {
  for (const [time = '', latitude, longitude, count] of answered('point_count_day_position'))
    for (let level = 0; level < Number(count); level += 1)
      yield {
        time: seconds(time) + 3600 + level,
        latitude: Number(latitude),
        longitude: Number(longitude),
        depth: level * 8,
      }
}

/** The centre of a cell stands for the positions in it. */
function* drifter(): Generator<Values> {
  const centre = (cell: string) => (cell === 'NaN' ? Number.NaN : (Number(cell) + 0.5) / 12)
  for (const [ID = '', time = '', latitude = '', longitude = '', count] of answered('track_count_cells'))
    for (let hour = 0; hour < Number(count); hour += 1)
      yield {
        ID,
        time: seconds(time) + hour * 3600,
        latitude: centre(latitude),
        longitude: centre(longitude),
        temp: 20.5,
      }
}

export function trackDatasets(): DemoDataset[] {
  const glided = dataset('tk_glider', 'glider', glider)
  const surveyed = dataset('tk_survey', 'survey', survey)
  const mirror = (id: string, info: string, of: DemoDataset) =>
    dataset(id, info, of.rows as never, { erddapClass: 'EDDTableFromErddap', mirrors: () => of })
  return [
    glided,
    surveyed,
    dataset('tk_drifter', 'drifter', drifter),
    mirror('tk_mirror_glider_false', 'glider', glided),
    mirror('tk_mirror_survey_false', 'survey', surveyed),
  ]
}
