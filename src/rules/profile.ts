/**
 * A profile row: one station (TimeSeries), one cast (Profile), or one station with its casts (TimeSeriesProfile).
 * What the server said of one identity becomes a row, or is dropped for a reason.
 */
import type { DatasetPlan } from './decisions.ts'
import { roundTo } from './numbers.ts'
import { normaliseLongitude, type PositionFault, positionDecimals, positionFault } from './position.ts'
import { recordNumbers } from './records.ts'

export interface Extent {
  min: number
  max: number
}

/** What the server said of one identity. */
export interface ProfileFacts {
  timeseriesId: string | null
  profileId: string | null
  /** Degrees, as sent; null where no row of this identity has both. */
  position: { latitude: number; longitude: number } | null
  /** Epoch milliseconds. */
  time: Extent | null
  /** Metres: down for `depth`, up for `altitude`. Null: all missing. */
  vertical: Extent | null
  /** Not rounded. */
  records: number
  /** Distinct casts of a station; null where the dataset names none. */
  casts: number | null
}

export interface ProfileRow {
  timeseriesId: string | null
  profileId: string | null
  latitude: number
  longitude: number
  depthMinMetres: number
  depthMaxMetres: number
  timeMinMs: number
  timeMaxMs: number
  records: number
  recordsPerDay: number
  profiles: number | null
}

export const dropReasons = [
  'no_position',
  'no_time',
  'latitude_outside',
  'longitude_outside',
  'pole',
  'antimeridian',
  'beyond_projection',
  'too_deep',
  'too_high',
  'start_after_end',
] as const
export type DropReason = (typeof dropReasons)[number]

/** Each reason as an admin reads it. */
export const dropSentences: Readonly<Record<DropReason, string>> = {
  no_position: 'has no position',
  no_time: 'has no start or end time',
  latitude_outside: 'has a latitude outside ±90',
  longitude_outside: 'has a longitude outside ±180',
  pole: 'lies on a pole',
  antimeridian: 'lies on the antimeridian',
  beyond_projection: 'lies beyond ±85.06° of latitude, where maps end',
  too_deep: 'is deeper than 15,000 m',
  too_high: 'is higher than 100 m above the surface',
  start_after_end: 'starts after it ends',
}

const deepestMetres = 15_000
const highestMetres = -100
const decimals = 4

export type ProfileResult = { kind: 'row'; row: ProfileRow } | { kind: 'dropped'; reason: DropReason }

/** Applies the rules of a row to what the server said. */
export function profileRow(
  facts: ProfileFacts,
  plan: Pick<DatasetPlan, 'cdmDataType' | 'vertical'>,
): ProfileResult {
  if (facts.position === null) return dropped('no_position')
  const { latitude } = facts.position
  const longitude = normaliseLongitude(facts.position.longitude)
  const fault: PositionFault | null = positionFault(latitude, longitude)
  if (fault !== null) return dropped(fault)
  if (facts.time === null) return dropped('no_time')
  if (facts.time.min > facts.time.max) return dropped('start_after_end')
  const depth = depthExtent(facts.vertical, plan.vertical)
  if (depth.max > deepestMetres) return dropped('too_deep')
  if (depth.min < highestMetres) return dropped('too_high')
  const { records, recordsPerDay } = recordNumbers(facts.records, facts.time.min, facts.time.max)
  return {
    kind: 'row',
    row: {
      timeseriesId: facts.timeseriesId,
      profileId: facts.profileId,
      latitude: roundTo(latitude, positionDecimals),
      longitude: roundTo(longitude, positionDecimals),
      depthMinMetres: roundTo(depth.min, decimals),
      depthMaxMetres: roundTo(depth.max, decimals),
      timeMinMs: facts.time.min,
      timeMaxMs: facts.time.max,
      records,
      recordsPerDay,
      profiles: plan.cdmDataType === 'Profile' ? 1 : facts.casts,
    },
  }
}

/** Depth in metres down. Altitude is metres up: its greatest is the least depth. Missing is the surface. */
function depthExtent(vertical: Extent | null, kind: DatasetPlan['vertical']): Extent {
  if (vertical === null || kind === null) return { min: 0, max: 0 }
  return kind === 'depth' ? vertical : { min: 0 - vertical.max, max: 0 - vertical.min }
}

function dropped(reason: DropReason): ProfileResult {
  return { kind: 'dropped', reason }
}
