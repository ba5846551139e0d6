/** One column of one row group, page by page. What is in memory is a window of the bytes. */

import type { ColumnMetaData, PageHeader } from 'hyparquet'
import { parquetHeader } from 'hyparquet/src/column.js'
import type { NameTable } from './occurrences.ts'
import { type Leaf, PageDecoder, type PageRoom, type SharedRoom, viewOf } from './parquet-page.ts'
import { mostPageBytes } from './parquet-runs.ts'

/** Where bytes come from. */
export interface ByteSource {
  /** For messages. */
  readonly name: string
  readonly bytes: number
  /** Whoever asked may keep the bytes. */
  slice(start: number, end: number): Promise<Uint8Array>
}

/** Asked for at once: a balance of requests against memory, which holds one of these a column. */
const windowBytes = 1024 * 1024
const headerBytes = 64 * 1024
const noBytes = new Uint8Array(0)

/**
 * Reads a column as numbers (NaN where there is none), or with a {@link NameTable} as numbers of names (−1 where
 * there is none).
 */
export class ColumnReader {
  readonly #file: ByteSource
  readonly #leaf: Leaf
  readonly #decoder: PageDecoder
  readonly #end: number
  /** Bytes at hand, those before `#offset` are read. */
  #bytes: Uint8Array = noBytes
  #offset = 0
  /** Where in the file the next byte to be read is, and the next to be asked for. */
  #position: number
  #fetched: number
  #coming: Promise<Uint8Array> | undefined
  #page: Float64Array | Int32Array = new Float64Array(0)
  #used = 0
  #rowsLeft: number

  /** @param room handed from one row group to the next, whose pages then need no room of their own */
  constructor(
    file: ByteSource,
    chunk: ColumnMetaData,
    leaf: Leaf,
    names: NameTable | null,
    room: PageRoom,
    shared: SharedRoom,
  ) {
    this.#file = file
    this.#leaf = leaf
    this.#decoder = new PageDecoder(chunk.codec, leaf, names, room, shared)
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
      this.#decoder.dictionary(bytes, header)
      return
    }
    if (header.type !== 'DATA_PAGE' && header.type !== 'DATA_PAGE_V2') return
    this.#page = this.#decoder.page(bytes, header, this.#rowsLeft)
    this.#used = 0
    this.#rowsLeft -= this.#page.length
    if (this.#rowsLeft === 0) this.#bytes = noBytes
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
}
