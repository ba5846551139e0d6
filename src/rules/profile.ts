/**
 * A profile row: one station (TimeSeries), one cast (Profile), or one station with its casts (TimeSeriesProfile).
 * What the server said of one identity becomes a row, or is dropped for a reason.
 */
import type { ColumnWith, TableRow } from '../inventory/contract.ts'
import type { DatasetPlan } from './decisions.ts'
import type { Extent } from './extent.ts'
import { isStorableKey, isStorableTime, limits } from './limits.ts'
import { roundTo } from './numbers.ts'
import { normaliseLongitude, type PositionFault, positionDecimals, positionFault } from './position.ts'
import type { DropReason } from './reasons/drops.ts'
import { recordNumbers } from './records.ts'

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
  /** Not rounded; null where nobody knows. */
  records: number | null
  /** Distinct casts of a station; null where the dataset names none. */
  casts: number | null
}

/** A row of profiles.csv, less what names its dataset. */
export type ProfileRow = Omit<TableRow<'profiles'>, ColumnWith<'profiles', 'key'>>

const decimals = 4

export type ProfileResult = { kind: 'row'; row: ProfileRow } | { kind: 'dropped'; reason: DropReason }

/** Applies the rules of a row to what the server said. */
export function profileRow(
  facts: ProfileFacts,
  plan: Pick<DatasetPlan, 'cdmDataType' | 'vertical'>,
): ProfileResult {
  if (!isStorableKey(facts.timeseriesId ?? '') || !isStorableKey(facts.profileId ?? ''))
    return dropped('id_too_long')
  if (facts.position === null) return dropped('no_position')
  const { latitude } = facts.position
  const longitude = normaliseLongitude(facts.position.longitude)
  const fault: PositionFault | null = positionFault(latitude, longitude)
  if (fault !== null) return dropped(fault)
  if (facts.time === null) return dropped('no_time')
  if (!isStorableTime(facts.time.min) || !isStorableTime(facts.time.max)) return dropped('time_outside')
  if (facts.time.min > facts.time.max) return dropped('start_after_end')
  const depth = depthExtent(facts.vertical, plan.vertical)
  if (depth.max > limits.deepestMetres) return dropped('too_deep')
  if (depth.min < limits.shallowestMetres) return dropped('too_high')
  const { records, recordsPerDay } =
    facts.records === null
      ? { records: null, recordsPerDay: null }
      : recordNumbers(facts.records, facts.time.min, facts.time.max)
  return {
    kind: 'row',
    row: {
      timeseries_id: facts.timeseriesId,
      profile_id: facts.profileId,
      latitude: roundTo(latitude, positionDecimals),
      longitude: roundTo(longitude, positionDecimals),
      depth_min: roundTo(depth.min, decimals),
      depth_max: roundTo(depth.max, decimals),
      time_min: new Date(facts.time.min),
      time_max: new Date(facts.time.max),
      n_records: records,
      records_per_day: recordsPerDay,
      n_profiles: plan.cdmDataType === 'Profile' ? 1 : facts.casts,
    },
  }
}

/**
 * Depth in metres down. Altitude is metres up: its greatest is the least depth. Missing is the surface. Answers of a
 * server are a least and a greatest value whatever their order.
 */
function depthExtent(vertical: Extent | null, kind: DatasetPlan['vertical']): Extent {
  if (vertical === null || kind === null) return { min: 0, max: 0 }
  const min = Math.min(vertical.min, vertical.max)
  const max = Math.max(vertical.min, vertical.max)
  return kind === 'depth' ? { min, max } : { min: 0 - max, max: 0 - min }
}

function dropped(reason: DropReason): ProfileResult {
  return { kind: 'dropped', reason }
}
