/** Extents of time and place that the list or the metadata promise: where there is one, there are rows. */

import type { PromisedExtent } from '../../rules/evidence/index.ts'
import { parseNumber } from '../../rules/numbers.ts'
import { actualRange } from '../../rules/range.ts'
import { formatTime, parseTime } from '../../rules/time.ts'
import type { DatasetMetadata, ListedDataset } from './types.ts'

/** An extent of time or place that the list gives. */
export function promisedByList({ row }: ListedDataset): PromisedExtent | null {
  const says = (text = '') => text.trim() !== '' && !/^nan$/i.test(text.trim())
  for (const [what, name] of [
    ['time', 'Time'],
    ['latitude', 'Latitude'],
    ['longitude', 'Longitude'],
  ] as const) {
    const [from = '', to = ''] = [row[`min${name}`], row[`max${name}`]]
    if (says(from) || says(to)) return { by: 'list', what, from: from || '?', to: to || '?' }
  }
  return null
}

/** An extent of time or place that the metadata give. */
export function promisedByMetadata(metadata: DatasetMetadata, now: number): PromisedExtent | null {
  const by = 'metadata'
  const time = actualRange(metadata, 'time', { now })
  if (time) return { by, what: 'time', from: formatTime(time.min), to: formatTime(time.max) }
  for (const what of ['latitude', 'longitude'] as const) {
    const range = actualRange(metadata, what, { now })
    if (range) return { by, what, from: String(range.min), to: String(range.max) }
  }
  return promisedByGlobals(metadata)
}

/** What attributes of the dataset say, which servers make of its data as well. */
function promisedByGlobals({ globals }: DatasetMetadata): PromisedExtent | null {
  const of = (name: string) => globals.get(name)?.trim() ?? ''
  for (const [what, first, last, read] of [
    ['time', 'time_coverage_start', 'time_coverage_end', parseTime],
    ['latitude', 'geospatial_lat_min', 'geospatial_lat_max', parseNumber],
    ['longitude', 'geospatial_lon_min', 'geospatial_lon_max', parseNumber],
  ] as const) {
    const [from, to] = [of(first), of(last)]
    if (read(from) !== null && read(to) !== null) return { by: 'metadata', what, from, to }
  }
  return null
}
