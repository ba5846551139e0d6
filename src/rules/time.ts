/** Times as ERDDAP sends them, and as run folders hold them. Inside, a time is epoch milliseconds. */

/** What an ECMAScript date can hold on either side of 1970. */
const furthestMs = 8.64e15

const epochSeconds = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/
const isoTime =
  /^([+-]?\d{5,9}|-?\d{4})-(\d{2})(?:-(\d{2})(?:[T ](\d{2})(?::?(\d{2})(?::?(\d{2})(?:[.,](\d+))?)?)?\s*(Z|UTC|[+-]\d{2}(?::?\d{2})?)?|Z)?)?$/i

/**
 * Epoch milliseconds of an ERDDAP time: ISO 8601 (zone `Z`, an offset, or none for UTC; a date alone is its
 * midnight), or epoch seconds as a number. Null for `NaN`, blanks and whatever else is no time. A year of more than four
 * digits is a time as well, with a sign or (as ERDDAP writes it) without one: whether anything can hold it is for the
 * limits to say. A date beyond all that a number of ours can be is the furthest of them.
 */
export function parseTime(text: string): number | null {
  const usual = parseUsual(text)
  if (usual !== null) return usual
  const trimmed = text.trim()
  const ms = epochSeconds.test(trimmed) ? Math.round(Number(trimmed) * 1000) : parseIso(trimmed)
  return ms !== null && Math.abs(ms) <= furthestMs ? ms + 0 : null
}

/** `YYYY-MM-DDTHH:MM:SSZ`; fractions of a second are cut. Throws a RangeError beyond the years ±271,821. */
export function formatTime(ms: number): string {
  const iso = new Date(Math.floor(ms / 1000) * 1000).toISOString()
  return `${iso.slice(0, -5)}Z`
}

const units = [
  ['year', 31_557_600],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const

/** A length of time as a person says it: in the largest unit of which there are two, or one of the smallest. */
export function durationInWords(ms: number): string {
  const seconds = Math.round(ms / 1000)
  const [unit, size] = units.find(([, length]) => seconds >= 2 * length) ?? units[4]
  const amount = Math.round(seconds / size)
  return `${amount} ${unit}${amount === 1 ? '' : 's'}`
}

/** `YYYY-MM-DDTHH:MM:SSZ`, as nearly every time comes, without a regular expression: tables have millions of them. */
function parseUsual(text: string): number | null {
  if (text.length !== 20 || text[4] !== '-' || text[7] !== '-' || text[10] !== 'T') return null
  if (text[13] !== ':' || text[16] !== ':' || text[19] !== 'Z') return null
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2)
  const month = twoDigits(text, 5)
  const day = twoDigits(text, 8)
  const hour = twoDigits(text, 11)
  const minute = twoDigits(text, 14)
  const second = twoDigits(text, 17)
  // What is rare or wrong (or no digit: NaN) is left to the thorough way; days up to 28 are in every month.
  const plain =
    year >= 100 &&
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    day <= 28 &&
    hour <= 23 &&
    minute <= 59 &&
    second <= 59
  return plain ? Date.UTC(year, month - 1, day, hour, minute, second) : null
}

function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 48
  const ones = text.charCodeAt(at + 1) - 48
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN
}

function parseIso(text: string): number | null {
  const match = isoTime.exec(text)
  if (!match) return null
  const [, year, month, day = '01', hour = '00', minute = '00', second = '00', fraction = '', zone] = match
  const date = new Date(0)
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day))
  const isFar = Number.isNaN(date.getTime())
  // A month and a day are looked at in a year that can be.
  if (isFar) date.setTime(Date.UTC(2000, Number(month) - 1, Number(day)))
  if (date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day)) return null
  const seconds = Number(hour) * 3600 + Number(minute) * 60 + Number(second)
  // 24:00:00 is the end of a day and :60 a leap second; both are the start of what follows.
  if (seconds > 86_400 || Number(minute) > 59 || Number(second) > 60) return null
  const milliseconds = fraction === '' ? 0 : Number(`${fraction}000`.slice(0, 3))
  const offset = offsetMinutes(zone)
  if (offset !== null && isFar) return Number(year) < 0 ? -furthestMs : furthestMs
  return offset === null ? null : date.getTime() + seconds * 1000 + milliseconds - offset * 60_000
}

function offsetMinutes(zone: string | undefined): number | null {
  if (zone === undefined || /^(Z|UTC)$/i.test(zone)) return 0
  const hours = Number(zone.slice(1, 3))
  const minutes = Number(zone.slice(3).replace(':', '') || '0')
  if (hours > 23 || minutes > 59) return null
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes)
}
