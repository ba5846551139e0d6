/** Days, months and years of UTC. */

export const dayMs = 86_400_000

/** Start of the UTC day. */
export function dayOf(ms: number): number {
  return Math.floor(ms / dayMs) * dayMs
}

/** The last second of a day, by its start. */
export function endOfDay(day: number): number {
  return day + dayMs - 1000
}

export type Period = 'month' | 'year' | 'all'

/** `2020-06`, `2020`, or '' for all time. */
export function periodText(ms: number, period: Period): string {
  if (period === 'all') return ''
  return isoDate(ms).slice(0, period === 'month' ? -3 : -6)
}

/** `2020-06-01` */
export function isoDate(ms: number): string {
  return new Date(ms).toISOString().replace(/T.*$/s, '')
}

/** Months since the year 0. */
export function monthOf(ms: number): number {
  const date = new Date(ms)
  return date.getUTCFullYear() * 12 + date.getUTCMonth()
}

/** Of months since the year 0. */
export function periodOfMonth(month: number, period: Period): number {
  return period === 'month' ? month : period === 'year' ? Math.floor(month / 12) : 0
}

/** A row's time, cut to what the metadata say; as it is where nothing would be left. */
export function cutTime(
  time: { min: number; max: number },
  range: { min: number; max: number } | null,
): { min: number; max: number } {
  if (range === null) return time
  const cut = { min: Math.max(time.min, range.min), max: Math.min(time.max, range.max) }
  return cut.min > cut.max ? time : cut
}
