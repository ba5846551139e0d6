/** Where a profile is, and whether a map can show it. */

import { limits } from './limits.ts'
import { roundTo } from './numbers.ts'

/** Positions are written with so many decimals (about 11 m). */
export const positionDecimals = 4

/** Why a position is removed. `beyond_projection` is counted by itself: such a position is true, but no map shows it. */
export type PositionFault =
  | 'latitude_outside'
  | 'longitude_outside'
  | 'pole'
  | 'antimeridian'
  | 'beyond_projection'

/** Brings a longitude of 0–360 to ±180, by itself: 180 < longitude ≤ 360 becomes longitude − 360. */
export function normaliseLongitude(longitude: number): number {
  return longitude > limits.longitude && longitude <= 360 ? longitude - 360 : longitude
}

/**
 * What is wrong with a position (degrees, the longitude already normalised), or null. What would be written as the
 * antimeridian is the antimeridian: −179.99999 is stored as −180.
 */
export function positionFault(latitude: number, longitude: number): PositionFault | null {
  if (!(Math.abs(latitude) <= 90)) return 'latitude_outside'
  if (!(Math.abs(longitude) <= limits.longitude)) return 'longitude_outside'
  if (Math.abs(latitude) === 90) return 'pole'
  if (Math.abs(roundTo(longitude, positionDecimals)) === limits.longitude) return 'antimeridian'
  return Math.abs(latitude) > limits.latitude ? 'beyond_projection' : null
}
