/** `actual_range`: what a dataset's metadata says of the extent of a variable. */

import type { DatasetMetadata } from '../sources/erddap/types.ts'
import { isStorableTime } from './limits.ts'
import { parseNumber } from './numbers.ts'
import { parseTime } from './time.ts'

export interface ValueRange {
  /** Epoch milliseconds for `time`, else the variable's unit. */
  min: number
  max: number
  /** The owner says that data go on arriving (a maximum of NaN), so that `max` is the time of the run. */
  openEnded: boolean
}

/**
 * The `actual_range` of a variable, or null where there is none that can be used: not two values, or one that is
 * neither number nor (for `time`) ISO time, or a time outside of the years 1 to 9999 (milliseconds are mistaken for
 * seconds). The maximum of `time` may be NaN, which means `now` (epoch milliseconds).
 * A time that starts after its end is given as it is, for the rule that drops such rows.
 */
export function actualRange(
  metadata: DatasetMetadata,
  variable: string,
  { now }: { now: number },
): ValueRange | null {
  const text = metadata.variables.find(({ name }) => name === variable)?.attributes.get('actual_range')
  const parts = text?.split(',').map((part) => part.trim()) ?? []
  const [first, last] = parts
  if (parts.length !== 2 || first === undefined || last === undefined) return null
  return variable === 'time' ? timeRange(first, last, now) : numberRange(first, last)
}

function timeRange(first: string, last: string, now: number): ValueRange | null {
  const min = parseTime(first)
  const openEnded = /^nan$/i.test(last)
  const max = openEnded ? now : parseTime(last)
  if (min === null || max === null || !isStorableTime(min) || !isStorableTime(max)) return null
  return { min, max, openEnded }
}

function numberRange(first: string, last: string): ValueRange | null {
  const one = parseNumber(first)
  const other = parseNumber(last)
  if (one === null || other === null) return null
  return { min: Math.min(one, other), max: Math.max(one, other), openEnded: false }
}
