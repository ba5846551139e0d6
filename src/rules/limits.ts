/**
 * What files, the database and the maps can hold: the one table of limits. The configuration, the rules, the writer
 * and the loader all read it, so that whatever is harvested can be written, and whatever is written can be loaded.
 */
export const limits = {
  /** Epoch milliseconds: the years 1 to 9999, which ISO 8601 writes with four digits and PostgreSQL reads back. */
  earliestMs: Date.parse('0001-01-01T00:00:00Z'),
  latestMs: Date.parse('9999-12-31T23:59:59.999Z'),
  /** Degrees on either side of the equator: the projection of web maps (EPSG:3857) ends there. */
  latitude: 85.06,
  /** Degrees on either side of Greenwich. */
  longitude: 180,
  /** Metres down of a profile. */
  shallowestMetres: -100,
  deepestMetres: 15_000,
  /** Of an answer of a server that is read, where nothing else is said. */
  tableRows: 10_000_000,
  /** Of a count, a `bigint` that JavaScript still tells apart from its neighbours. */
  records: Number.MAX_SAFE_INTEGER,
  /** Of a PostgreSQL `int`. */
  integer: 2_147_483_647,
  /** UTF-8 bytes of an address or an id: four of them make a key of `cde.profiles`, and a key ends at 2,704 bytes. */
  keyBytes: 600,
  /** UTF-8 bytes of the name of an organization or a species, which is a key by itself. */
  nameBytes: 2_000,
  /** Characters of a text that is only shown. */
  textCharacters: 65_536,
  /** Characters of a list of texts. */
  listCharacters: 4_194_304,
} as const

/** Whether files and the database can hold a time (epoch milliseconds). */
export function isStorableTime(ms: number): boolean {
  return ms >= limits.earliestMs && ms <= limits.latestMs
}

/** Whether an id or an address fits into a key. */
export function isStorableKey(text: string): boolean {
  // No character takes more than three bytes a UTF-16 unit: short ones need no counting.
  return (
    text.length * 3 <= limits.keyBytes ||
    (text.length <= limits.keyBytes && utf8Bytes(text) <= limits.keyBytes)
  )
}

/**
 * A text as PostgreSQL can hold it: without NUL characters, and with U+FFFD for half of a surrogate pair, which is
 * what UTF-8 makes of it. Ids are brought into this form before they are compared: what is stored alike is alike.
 */
export function storableText(text: string): string {
  if (!needsCare.test(text)) return text
  return text.replaceAll('\0', '').replace(loneSurrogate, '\ufffd')
}

const needsCare = /[\0\ud800-\udfff]/
const loneSurrogate = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g

/** A text cut to so many UTF-8 bytes, at the end of a character. */
export function cutToBytes(text: string, bytes: number): string {
  if (text.length * 3 <= bytes) return text
  let used = 0
  let end = 0
  for (const character of text) {
    used += utf8Bytes(character)
    if (used > bytes) return text.slice(0, end).trimEnd()
    end += character.length
  }
  return text
}

/** A text that is only shown, cut to what a cell holds; the cut is marked. */
export function cutToCell(text: string): string {
  if (text.length <= limits.textCharacters) return text
  return `${storableText(text.slice(0, limits.textCharacters - 1))}…`
}

/** The rules are pure: no Buffer. */
function utf8Bytes(text: string): number {
  let bytes = 0
  for (const character of text) {
    const code = character.codePointAt(0)!
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x1_0000 ? 3 : 4
  }
  return bytes
}
