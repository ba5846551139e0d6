/** One column of one row group, page by page. Decoding is hyparquet's; what is in memory is a window of the bytes. */

import { gunzipSync } from 'node:zlib'
import type { ColumnMetaData, Compressors, DecodedArray, PageHeader, SchemaTree } from 'hyparquet'
import { parquetHeader } from 'hyparquet/src/column.js'
import { decompressPage, readDataPage, readDataPageV2 } from 'hyparquet/src/datapage.js'
import { readPlain } from 'hyparquet/src/plain.js'
import { getMaxDefinitionLevel } from 'hyparquet/src/schema.js'
import { compressors as allCompressors } from 'hyparquet-compressors'
import type { NameTable } from './occurrences.ts'

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

const compressors: Compressors = {
  ...allCompressors,
  GZIP: (input: Uint8Array) => new Uint8Array(gunzipSync(input)),
}

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
    if (!(size >= 0)) throw new Error(`a page of ${this.#leaf.path.join('.')} has no size`)
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

  #decodeDictionary(bytes: Uint8Array, header: PageHeader): Float64Array | Int32Array {
    const count = header.dictionary_page_header?.num_values ?? 0
    const page = decompressPage(bytes, header.uncompressed_page_size, this.#chunk.codec, compressors)
    const { type, element } = this.#decoder
    return this.#convert(readPlain({ view: viewOf(page), offset: 0 }, type, count, element.type_length))
  }

  #decodePage(bytes: Uint8Array, header: PageHeader): Float64Array | Int32Array {
    let rows: number
    let encoding: string
    let levels: readonly number[] | undefined
    let values: DecodedArray
    if (header.data_page_header) {
      const page = decompressPage(bytes, header.uncompressed_page_size, this.#chunk.codec, compressors)
      const read = readDataPage(
        page,
        header.data_page_header,
        this.#decoder as Parameters<typeof readDataPage>[2],
      )
      rows = header.data_page_header.num_values
      encoding = header.data_page_header.encoding
      levels = read.definitionLevels
      values = read.dataPage
    } else if (header.data_page_header_v2) {
      const decoder = { ...this.#decoder, codec: this.#chunk.codec, compressors }
      const read = readDataPageV2(bytes, header, decoder as Parameters<typeof readDataPageV2>[2])
      rows = header.data_page_header_v2.num_values
      encoding = header.data_page_header_v2.encoding
      levels = read.definitionLevels
      values = read.dataPage
    } else throw new Error('a page has no header of its kind')
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
