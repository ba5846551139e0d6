/** Times and durations as a reader wants them: in their zone and language, UTC kept for the hover. */

export type Language = 'en' | 'fr'

/** BCP 47 tags of the two languages as they are written in Canada. */
const localeOf: Record<Language, string> = { en: 'en-CA', fr: 'fr-CA' }

const formats = new Map<string, Intl.DateTimeFormat>()

function format(language: Language, timeZone: string | undefined): Intl.DateTimeFormat {
  const key = `${language} ${timeZone ?? ''}`
  let found = formats.get(key)
  if (!found) {
    found = new Intl.DateTimeFormat(localeOf[language], {
      dateStyle: 'medium',
      timeStyle: 'short',
      hourCycle: 'h23',
      ...(timeZone === undefined ? {} : { timeZone }),
    })
    formats.set(key, found)
  }
  return found
}

/** Date and time in the reader's zone: `Nov 21, 2026, 09:20`. */
export function localTime(iso: string, language: Language, timeZone?: string): string {
  return format(language, timeZone).format(new Date(iso))
}

/** The same instant in UTC, to the second: `2026-11-21 12:20:00`. */
export function utcTime(iso: string): string {
  return new Date(iso).toISOString().slice(0, 19).replace('T', ' ')
}

const steps = [
  ['year', 365.25 * 86_400],
  ['month', 30.44 * 86_400],
  ['week', 7 * 86_400],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const

/** How long ago or ahead: `3 hours ago`, `in 2 days`; within a minute it is `now`. */
export function relativeTime(iso: string, nowMs: number, language: Language): string {
  const seconds = (new Date(iso).getTime() - nowMs) / 1000
  const words = new Intl.RelativeTimeFormat(localeOf[language], { numeric: 'auto' })
  for (const [unit, size] of steps) {
    if (Math.abs(seconds) >= size) return words.format(Math.trunc(seconds / size), unit)
  }
  // What Intl says for it, « maintenant », is no word for something that is past.
  return language === 'fr' ? 'à l’instant' : words.format(0, 'second')
}

/** A length of time in the two largest units that matter: `340 ms`, `12.4 s`, `3 min 20 s`, `1 h 5 min`. */
export function duration(milliseconds: number, language: Language): string {
  const number = (value: number, digits: number) =>
    new Intl.NumberFormat(localeOf[language], { maximumFractionDigits: digits }).format(value)
  if (milliseconds < 1000) return `${number(milliseconds, 0)} ms`
  if (milliseconds < 59_950) return `${number(milliseconds / 1000, 1)} s`
  const seconds = Math.round(milliseconds / 1000)
  const hours = Math.floor(seconds / 3600)
  const minutes = Math.floor((seconds % 3600) / 60)
  const rest = seconds % 60
  if (hours > 0) return minutes > 0 ? `${number(hours, 0)} h ${minutes} min` : `${number(hours, 0)} h`
  return rest > 0 ? `${minutes} min ${rest} s` : `${minutes} min`
}

export function integer(value: number, language: Language): string {
  return new Intl.NumberFormat(localeOf[language]).format(value)
}

/** With one decimal at most. */
export function decimal(value: number, language: Language): string {
  return new Intl.NumberFormat(localeOf[language], { maximumFractionDigits: 1 }).format(value)
}

export function percent(share: number, language: Language): string {
  return new Intl.NumberFormat(localeOf[language], { style: 'percent', maximumFractionDigits: 0 }).format(
    share,
  )
}
