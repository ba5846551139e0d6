/** ISO 8601 durations, as owners write them into `time_coverage_resolution`. */

const secondsPerDay = 86_400
/** The mean Gregorian year: 365.2425 days. A month is a twelfth of it; both are whole seconds. */
const secondsPerYear = 31_556_952
const secondsPerMonth = secondsPerYear / 12

/** Seconds of each unit, in the order in which a duration names them. */
const unitSeconds = [secondsPerYear, secondsPerMonth, 7 * secondsPerDay, secondsPerDay, 3600, 60, 1]

const amount = String.raw`(\d+(?:[.,]\d+)?)`
const designators = new RegExp(
  `^\\+?P(?=.*\\d)(?:${amount}Y)?(?:${amount}M)?(?:${amount}W)?(?:${amount}D)?` +
    `(?:T(?=\\d)(?:${amount}H)?(?:${amount}M)?(?:${amount}S)?)?$`,
)
/** The alternative format: `P0000-00-01T00:00:00`. */
const alternative = /^\+?P(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2}(?:[.,]\d+)?)$/

/**
 * How many readings a day an interval of `isoDuration` between two readings gives: `PT1H` 24, `P1D` 1, `P1W` 1/7.
 * Null where the duration is not one, or is zero or negative.
 */
export function readingsPerDay(isoDuration: string): number | null {
  const seconds = durationSeconds(isoDuration.trim())
  if (seconds === null || !(seconds > 0)) return null
  const readings = secondsPerDay / seconds
  return Number.isFinite(readings) && readings > 0 ? readings : null
}

function durationSeconds(text: string): number | null {
  const parts = designators.exec(text)?.slice(1)
  if (parts) return sum(parts)
  const [years, months, ...rest] = alternative.exec(text)?.slice(1) ?? []
  return years === undefined ? null : sum([years, months, undefined, ...rest])
}

function sum(amounts: readonly (string | undefined)[]): number {
  return unitSeconds.reduce(
    (total, seconds, index) => total + seconds * Number((amounts[index] ?? '0').replace(',', '.')),
    0,
  )
}
