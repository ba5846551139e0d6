/** What the sentences of both languages are made of: lists, numbers, counted words, quotation marks. */

export const languages = ['en', 'fr'] as const
export type Language = (typeof languages)[number]

/** The same words in every language. */
export type Text = Readonly<Record<Language, string>>

/** The entry of one code: what it is called, what its owner can do, and the sentence that its values make. */
export interface Entry<V> {
  title: Text
  /** What the owner of the dataset can do about it. */
  advice: Text
  said: Readonly<Record<Language, (values: V) => string>>
}

/** Fixes the type of the values, so that both languages speak of the same ones. */
export function entry<V>(words: Entry<V>): Entry<V> {
  return words
}

/**
 * The sentence of values that were stored, perhaps by another version: null where one that it speaks of is not there, which
 * reads "undefined". So may a value that is there, so the same is said without the word.
 */
export function sentenceOfStored<V>(say: (values: V) => string, values: V): string | null {
  const missing = 'undefined'
  try {
    const said = say(values)
    if (!said.includes(missing)) return said
    const others = JSON.parse(JSON.stringify(values).replaceAll(missing, 'x')) as V
    return say(others).includes(missing) ? null : said
  } catch {
    return null
  }
}

/** Names that a sentence shows of many; the counts are whole. */
export const namesShown = 10

/** Some names of so many: `a, b and 3 more`. `total` is the number of all, of which `names` may be the first. */
export function listed(language: Language, names: readonly string[], total: number = names.length): string {
  const shown = names.slice(0, namesShown)
  const more = total - shown.length
  if (more <= 0) return shown.join(', ')
  return language === 'en'
    ? `${shown.join(', ')} and ${more} more`
    : `${shown.join(', ')} et ${more} ${more === 1 ? 'autre' : 'autres'}`
}

/** The number and its word; French takes the singular for 0 and 1. */
export function counted(language: Language, n: number, one: string, many: string): string {
  const single = language === 'en' ? n === 1 : n < 2
  return `${numeral(language, n)} ${single ? one : many}`
}

const formats = new Map<Language, Intl.NumberFormat>()

/** With the decimal sign of the language; thousands apart as it does it. */
export function numeral(language: Language, n: number): string {
  // Most numbers are small and whole; the first format of a process takes some 15 ms.
  if (Number.isInteger(n) && n >= 0 && n < 1000) return String(n)
  let format = formats.get(language)
  if (!format) {
    format = new Intl.NumberFormat(language === 'en' ? 'en-CA' : 'fr-CA', { maximumFractionDigits: 3 })
    formats.set(language, format)
  }
  return format.format(n)
}
