/** Occurrences as OBIS gives them, by column: what the parquet reader and the paged API both hand over. */

import { HarvesterError } from '../../errors.ts'
import { cutToBytes, limits, storableText } from '../../rules/limits.ts'
import { owned } from '../../text.ts'

/** Some thousand occurrences. Missing numbers are NaN; a missing name is −1. All arrays are of the same length. */
export interface OccurrenceBatch {
  rows: number
  /** Degrees. */
  latitude: Float64Array
  longitude: Float64Array
  /** Milliseconds since 1970. */
  dateStartMs: Float64Array
  dateEndMs: Float64Array
  depthMinMetres: Float64Array
  depthMaxMetres: Float64Array
  /** 1 for a record that says that the species was looked for and not found. */
  absence: Float64Array
  /** 1 for a record that OBIS itself leaves out, since its quality does not suffice. */
  dropped: Float64Array
  /** Index into the {@link NameTable} of the reader. */
  name: Int32Array
}

/** As they come; WoRMS knows not half as many, whatever their rank. */
const mostNames = 1_000_000
const mostCharacters = 64 * 1024 * 1024
/** Characters of a name as it comes: what is stored of it is shorter by far. */
const longestRaw = 4 * limits.nameBytes

/** Numbers every scientific name of a dataset once, so that millions of occurrences need not carry text. */
export class NameTable {
  readonly #ids = new Map<string, number>()
  readonly names: string[] = []
  /** As they came, each once and without blank ones: a table that takes them in in this order gives the same numbers. */
  readonly texts: string[] = []
  #characters = 0

  /**
   * The number of a name as it is stored: trimmed, without control characters; −1 for a blank one.
   * @throws HTTP_BAD_ANSWER
   */
  id(text: string | null | undefined): number {
    if (text === null || text === undefined) return -1
    if (text.length > longestRaw) return this.id(owned(text.slice(0, longestRaw)))
    const known = this.#ids.get(text)
    if (known !== undefined) return known
    const name = cutToBytes(storableText(text.replace(/[\s\p{Cc}]+/gu, ' ').trim()), limits.nameBytes)
    if (name === '') return -1
    let id = this.#ids.get(name)
    if (id === undefined) {
      id = this.names.length
      this.names.push(name)
      this.#ids.set(name, id)
    }
    if (name !== text) this.#ids.set(text, id)
    this.texts.push(text)
    this.#characters += text.length
    if (this.#ids.size > mostNames || this.#characters > mostCharacters)
      throw new HarvesterError(
        'HTTP_BAD_ANSWER',
        `the occurrences have more names than there are species: ${this.names.length} before they were left`,
      )
    return id
  }
}

/** The numeric columns of a batch, with the names that OBIS gives them; the last two are yes or no. */
export const numericColumns = {
  latitude: 'decimalLatitude',
  longitude: 'decimalLongitude',
  dateStartMs: 'date_start',
  dateEndMs: 'date_end',
  depthMinMetres: 'minimumDepthInMeters',
  depthMaxMetres: 'maximumDepthInMeters',
  absence: 'absence',
  dropped: 'dropped',
} as const
export type NumericColumn = keyof typeof numericColumns
export const numericColumnNames = Object.keys(numericColumns) as NumericColumn[]
/** Which of them say that a record is to be left out. */
export const flagColumns: readonly string[] = [numericColumns.absence, numericColumns.dropped]
export const nameColumn = 'scientificName'
