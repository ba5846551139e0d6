/**
 * Text that others wrote, before it goes anywhere: cut to a length, its control characters made visible. Pure, and
 * linear in the length of the text.
 */

/** Characters of one value in a message, a line or a cell that people read. */
export const shownLength = 4_096
/** Characters of a text that patterns look at: longer than any sentence or page that says something. */
export const readLength = 64 * 1024

/** A number and its word in English: `1 row`, `2 rows`, `1 dataset was`, `0 datasets were`. */
export function amount(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`
}

/** At most so many characters, no pair halved; what is cut off is told by an ellipsis. */
export function cut(text: string, length: number = shownLength): string {
  if (text.length <= length) return text
  const last = text.charCodeAt(length - 2)
  return `${text.slice(0, last >= 0xd800 && last <= 0xdbff ? length - 2 : length - 1)}…`
}

/** A text by itself: one that was cut out of a longer one keeps the longer one in memory for as long as it lives. */
export function owned(text: string): string {
  return ` ${text}`.slice(1)
}

/**
 * What a terminal, a log viewer or a browser would obey or hide: controls (C0, DEL, C1), line and paragraph separators,
 * marks that turn the direction of text, invisible marks and halves of pairs.
 */
const unseen =
  /[\p{Cc}\p{Cs}\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu
const named: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** The text on one line, with `\n`, `\u001b` or `\u{e0041}` written out where such a character stood. */
export function visible(text: string): string {
  return text.replace(unseen, written)
}

/** The same for a text of several lines, whose line ends and tabs are meant. */
export function visibleLines(text: string): string {
  return text.replace(unseen, (character) =>
    character === '\n' || character === '\t' ? character : written(character),
  )
}

function written(character: string): string {
  const code = character.codePointAt(0)!.toString(16)
  return named[character] ?? (code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`)
}

/** A copy of a JSON value whose texts (keys too) are {@link visible}, each at most `length` characters long. */
export function visibleJson<T>(value: T, length: number = shownLength): T {
  if (typeof value === 'string') return visible(cut(value, length)) as T
  if (Array.isArray(value)) return value.map((item) => visibleJson(item, length)) as T
  if (value === null || typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype)
    return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [visible(cut(key, length)), visibleJson(item, length)]),
  ) as T
}

/**
 * Warnings of one kind that rows of others make: one sentence however many rows there are, since one for each would
 * let a table of a million rows fill the disk with logs.
 */
export class Tally {
  /** So many different examples are told. */
  static readonly most = 3
  readonly #examples = new Set<string>()
  #count = 0

  get count(): number {
    return this.#count
  }

  /** Counts what an example stands for. */
  add(example: string): void {
    this.#count += 1
    if (this.#examples.size < Tally.most) this.#examples.add(visible(cut(example, 300)))
  }

  /** Null where nothing was counted; `many` gets the number and the first examples, joined. */
  sentence(
    one: (example: string) => string,
    many: (count: number, examples: string) => string,
  ): string | null {
    const [first] = this.#examples
    if (first === undefined) return null
    return this.#count === 1 ? one(first) : many(this.#count, [...this.#examples].join('; '))
  }
}
