/** One column of one row group, page by page. Decoding is hyparquet's; what is in memory is a window of the bytes. */

import type { ColumnMetaData, DecodedArray, PageHeader, SchemaTree } from 'hyparquet'
import { parquetHeader } from 'hyparquet/src/column.js'
import { decompressPage, readDataPage, readDataPageV2 } from 'hyparquet/src/datapage.js'
import { readPlain } from 'hyparquet/src/plain.js'
import { getMaxDefinitionLevel } from 'hyparquet/src/schema.js'
import type { NameTable } from './occurrences.ts'
import { codecs } from './parquet-codecs.ts'
import { bitsFor, checkRuns, mostPageBytes, mostPageValues } from './parquet-runs.ts'

/** Where bytes come from. */
export interface ByteSource {
  /** For messages. */
  readonly name: string
  readonly bytes: number
  slice(start: number, end: number): Promise<Uint8Array>
}

/** A column that is no list: its place, with the nodes from the root to it. */
export interface Leaf {
  path: string[]
  nodes: SchemaTree[]
}

/** Where the values of a page are put. */
export interface PageRoom {
  array?: Float64Array | Int32Array
}

/** Asked for at once: a balance of requests against memory, which holds one of these a column. */
const windowBytes = 1024 * 1024
const headerBytes = 64 * 1024

/**
 * Reads a column as numbers (NaN where there is none), or with a {@link NameTable} as numbers of names (−1 where
 * there is none).
 */
export class ColumnReader {
  readonly #file: ByteSource
  readonly #chunk: ColumnMetaData
  readonly #leaf: Leaf
  readonly #names: NameTable | null
  readonly #maxLevel: number
  readonly #room: PageRoom
  readonly #end: number
  /** Bytes at hand, those before `#offset` are read. */
  #bytes: Uint8Array = new Uint8Array(0)
  #offset = 0
  /** Where in the file the next byte to be read is, and the next to be asked for. */
  #position: number
  #fetched: number
  #coming: Promise<Uint8Array> | undefined
  #dictionary: Float64Array | Int32Array | undefined
  #page: Float64Array | Int32Array = new Float64Array(0)
  #used = 0
  #rowsLeft: number

  /** @param room handed from one row group to the next, whose pages then need no room of their own */
  constructor(file: ByteSource, chunk: ColumnMetaData, leaf: Leaf, names: NameTable | null, room: PageRoom) {
    this.#room = room
    this.#file = file
    this.#chunk = chunk
    this.#leaf = leaf
    this.#names = names
    this.#maxLevel = getMaxDefinitionLevel(leaf.nodes)
    const dictionaryAt = Number(chunk.dictionary_page_offset ?? 0n)
    const dataAt = Number(chunk.data_page_offset)
    this.#position = dictionaryAt > 0 && dictionaryAt < dataAt ? dictionaryAt : dataAt
    this.#fetched = this.#position
    this.#end = this.#fetched + Number(chunk.total_compressed_size)
    this.#rowsLeft = Number(chunk.num_values)
    if (!(this.#fetched >= 4 && this.#end <= file.bytes))
      throw new Error(`the column ${leaf.path.join('.')} lies outside of the file`)
  }

  /** Rows that can be taken now. */
  get available(): number {
    return this.#page.length - this.#used
  }

  /** Starts to fetch the next bytes, if none are coming. */
  prefetch(): void {
    if (this.#coming || this.#fetched >= this.#end) return
    this.#coming = this.#ask(windowBytes)
    // Whoever reads on hears of a failure; if nobody does, nobody is to hear of it.
    this.#coming.catch(() => undefined)
  }

  /** Decodes the next page if all rows of the last one are taken. */
  async fill(): Promise<void> {
    while (this.available === 0 && this.#rowsLeft > 0) await this.#nextPage()
  }

  /** The next rows; not more than are available. Valid until the next `fill`. */
  take(rows: number): Float64Array | Int32Array {
    const part = this.#page.subarray(this.#used, this.#used + rows)
    this.#used += rows
    return part
  }

  async #nextPage(): Promise<void> {
    const header = await this.#readHeader()
    const size = header.compressed_page_size
    if (!(size >= 0 && size <= mostPageBytes))
      throw new Error(`a page of ${this.#leaf.path.join('.')} has a size of ${size} bytes`)
    await this.#need(size)
    const bytes = this.#bytes.subarray(this.#offset, this.#offset + size)
    this.#offset += size
    this.#position += size
    // The next window comes while this page is worked on.
    if (this.#bytes.length - this.#offset < windowBytes / 4) this.prefetch()
    if (header.type === 'DICTIONARY_PAGE') {
      this.#dictionary = this.#decodeDictionary(bytes, header)
      return
    }
    if (header.type !== 'DATA_PAGE' && header.type !== 'DATA_PAGE_V2') return
    this.#page = this.#decodePage(bytes, header)
    this.#used = 0
    this.#rowsLeft -= this.#page.length
  }

  async #readHeader(): Promise<PageHeader> {
    for (let wanted = headerBytes; ; wanted *= 4) {
      const left = this.#end - this.#position
      if (left <= 0)
        throw new Error(`the column ${this.#leaf.path.join('.')} ends ${this.#rowsLeft} rows early`)
      await this.#need(Math.min(wanted, left))
      const reader = { view: viewOf(this.#bytes.subarray(this.#offset)), offset: 0 }
      try {
        const header = parquetHeader(reader)
        this.#offset += reader.offset
        this.#position += reader.offset
        return header
      } catch (error) {
        if (wanted >= left) throw error
      }
    }
  }

  /** Sees to it that so many bytes are at hand. */
  async #need(count: number): Promise<void> {
    while (this.#bytes.length - this.#offset < count) {
      if (!this.#coming && this.#fetched >= this.#end)
        throw new Error(`a page of ${this.#leaf.path.join('.')} is longer than its column`)
      const missing = count - (this.#bytes.length - this.#offset)
      const piece = await (this.#coming ?? this.#ask(Math.max(windowBytes, missing)))
      this.#coming = undefined
      const rest = this.#bytes.subarray(this.#offset)
      if (rest.length === 0) this.#bytes = piece
      else {
        const joined = new Uint8Array(rest.length + piece.length)
        joined.set(rest)
        joined.set(piece, rest.length)
        this.#bytes = joined
      }
      this.#offset = 0
    }
  }

  #ask(bytes: number): Promise<Uint8Array> {
    const start = this.#fetched
    this.#fetched = Math.min(this.#end, start + bytes)
    return this.#file.slice(start, this.#fetched)
  }

  get #decoder() {
    const element = this.#leaf.nodes.at(-1)!.element
    return { type: element.type!, element, schemaPath: this.#leaf.nodes }
  }

  #decompress(bytes: Uint8Array, size: number): Uint8Array {
    if (!(size >= 0 && size <= mostPageBytes)) throw new Error(`a page of ${size} bytes`)
    return decompressPage(bytes, size, this.#chunk.codec, codecs)
  }

  #decodeDictionary(bytes: Uint8Array, header: PageHeader): Float64Array | Int32Array {
    const count = header.dictionary_page_header?.num_values ?? 0
    const page = this.#decompress(bytes, header.uncompressed_page_size)
    // Eight values of a bit each are the most that a byte can hold.
    if (!(count >= 0 && count <= page.length * 8)) throw new Error(`a dictionary of ${count} values`)
    const { type, element } = this.#decoder
    return this.#convert(readPlain({ view: viewOf(page), offset: 0 }, type, count, element.type_length))
  }

  #decodePage(bytes: Uint8Array, header: PageHeader): Float64Array | Int32Array {
    const about = header.data_page_header ?? header.data_page_header_v2
    if (!about) throw new Error('a page has no header of its kind')
    const { num_values: rows, encoding } = about
    if (!(rows >= 0 && rows <= this.#rowsLeft && rows <= mostPageValues))
      throw new Error(`a page of ${rows} values where ${this.#rowsLeft} are left`)
    const { definitionLevels: levels, dataPage: values } = header.data_page_header_v2
      ? this.#readV2(bytes, header, header.data_page_header_v2)
      : this.#readV1(bytes, header, header.data_page_header!)
    const indexes = encoding.endsWith('_DICTIONARY') ? values : null
    if (indexes) this.#checkIndexes(indexes)
    const present = indexes ? this.#dictionary! : this.#convert(values)
    const max = levels && levels.length > 0 ? this.#maxLevel : 0
    if (max === 0 && values.length !== rows)
      throw new Error(`a page holds ${values.length} values instead of ${rows}`)
    if (max === 0 && !indexes) return present
    const output = this.#scratch(rows)
    const absent = this.#names ? -1 : Number.NaN
    let at = 0
    for (let row = 0; row < rows; row++) {
      if (max > 0 && levels![row] !== max) output[row] = absent
      else {
        output[row] = present[indexes ? (indexes[at] as number) : at]!
        at += 1
      }
    }
    return output
  }

  #readV1(bytes: Uint8Array, header: PageHeader, about: NonNullable<PageHeader['data_page_header']>) {
    const page = this.#decompress(bytes, header.uncompressed_page_size)
    let at = 0
    if (this.#maxLevel > 0) {
      const length = page.length < 4 ? 0 : viewOf(page).getUint32(0, true)
      checkRuns(page.subarray(4, 4 + length), bitsFor(this.#maxLevel), about.num_values)
      at = 4 + length
    }
    this.#checkValues(page.subarray(at), about.encoding, about.num_values)
    return readDataPage(page, about, this.#decoder as Parameters<typeof readDataPage>[2])
  }

  #readV2(bytes: Uint8Array, header: PageHeader, about: NonNullable<PageHeader['data_page_header_v2']>) {
    const { repetition_levels_byte_length: skipped, definition_levels_byte_length: length } = about
    const { num_values: rows, num_nulls: absent } = about
    const levels = skipped + length
    if (!(skipped >= 0 && length >= 0 && levels <= bytes.length && absent >= 0 && absent <= rows))
      throw new Error('a page whose header contradicts itself')
    if (this.#maxLevel > 0) checkRuns(bytes.subarray(skipped, levels), bitsFor(this.#maxLevel), rows)
    const packed = bytes.subarray(levels)
    const size = header.uncompressed_page_size - levels
    const page = about.is_compressed === false ? packed : this.#decompress(packed, size)
    this.#checkValues(page, about.encoding, rows - absent)
    // The decoder wants levels and values in one piece, and need not decompress again.
    const whole = new Uint8Array(levels + page.length)
    whole.set(bytes.subarray(0, levels))
    whole.set(page, levels)
    const plain = { ...header, data_page_header_v2: { ...about, is_compressed: false } }
    const decoder = { ...this.#decoder, codec: this.#chunk.codec, compressors: codecs }
    return readDataPageV2(whole, plain, decoder as Parameters<typeof readDataPageV2>[2])
  }

  /** @param most values; fewer where some are absent */
  #checkValues(values: Uint8Array, encoding: string, most: number): void {
    const isBoolean = this.#decoder.type === 'BOOLEAN'
    if (encoding === 'RLE') {
      if (!isBoolean) throw new Error('a page with an encoding that is not for its type')
      checkRuns(values.subarray(4), 1, most, true)
    } else if (encoding.endsWith('_DICTIONARY') && values.length > 0)
      // A byte says how many bits an index has. Where all values are absent nothing follows the levels.
      checkRuns(values.subarray(1), values[0]!, most, true)
  }

  /** Room for the values of a page, used again and again: pages of millions of rows would else be garbage by the gigabyte. */
  #scratch(rows: number): Float64Array | Int32Array {
    if (!this.#room.array || this.#room.array.length < rows)
      this.#room.array = this.#names ? new Int32Array(rows) : new Float64Array(rows)
    return this.#room.array.subarray(0, rows)
  }

  #checkIndexes(indexes: DecodedArray): void {
    const size = this.#dictionary?.length
    if (size === undefined) throw new Error(`the column ${this.#leaf.path.join('.')} lacks its dictionary`)
    for (let i = 0; i < indexes.length; i++)
      if ((indexes[i] as number) >= size)
        throw new Error(`an index of ${this.#leaf.path.join('.')} is outside of its dictionary`)
  }

  #convert(values: DecodedArray): Float64Array | Int32Array {
    if (this.#names) {
      const output = new Int32Array(values.length)
      for (let i = 0; i < values.length; i++) output[i] = this.#names.id(textOf(values[i]))
      return output
    }
    return toNumbers(values, this.#divisor)
  }

  /** What turns the unit of a timestamp into milliseconds. */
  get #divisor(): number {
    const { converted_type: converted, logical_type: logical } = this.#decoder.element
    const unit = logical?.type === 'TIMESTAMP' ? logical.unit : undefined
    if (unit === 'NANOS') return 1_000_000
    return unit === 'MICROS' || converted === 'TIMESTAMP_MICROS' ? 1000 : 1
  }
}

const decoder = new TextDecoder()

function textOf(value: unknown): string | null {
  return value instanceof Uint8Array ? decoder.decode(value) : typeof value === 'string' ? value : null
}

function toNumbers(values: DecodedArray, divisor: number): Float64Array {
  if (values instanceof Float64Array) return values
  if (values instanceof BigInt64Array) {
    // By halves: a BigInt for each of millions of dates would cost more than all the rest.
    const halves = new Int32Array(values.buffer, values.byteOffset, values.length * 2)
    const output = new Float64Array(values.length)
    for (let i = 0; i < output.length; i++)
      output[i] = (halves[2 * i + 1]! * 4_294_967_296 + (halves[2 * i]! >>> 0)) / divisor
    return output
  }
  const output = new Float64Array(values.length)
  for (let i = 0; i < output.length; i++) {
    const value: unknown = values[i]
    if (typeof value === 'number') output[i] = value / divisor
    else if (typeof value === 'bigint') output[i] = Number(value) / divisor
    else if (typeof value === 'boolean') output[i] = value ? 1 : 0
    else {
      const text = textOf(value)?.trim()
      output[i] = text === undefined || text === '' ? Number.NaN : Number(text)
    }
  }
  return output
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
