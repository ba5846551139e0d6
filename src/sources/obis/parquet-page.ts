/**
 * The values of the pages of one column. Levels, indexes and plain values, which nearly all files are made of, are read
 * into arrays of numbers that are used again and again; other encodings are left to hyparquet.
 */

import type { CompressionCodec, DecodedArray, PageHeader, SchemaTree } from 'hyparquet'
import { decompressPage, readDataPage } from 'hyparquet/src/datapage.js'
import { readPlain } from 'hyparquet/src/plain.js'
import { getMaxDefinitionLevel } from 'hyparquet/src/schema.js'
import type { NameTable } from './occurrences.ts'
import { codecs } from './parquet-codecs.ts'
import { mostPageBytes, mostPageValues, readNumbers, readPresence } from './parquet-runs.ts'

/** A column that is no list: its place, with the nodes from the root to it. */
export interface Leaf {
  path: string[]
  nodes: SchemaTree[]
}

type Values = Float64Array | Int32Array

/** Where values are put: pages of millions of rows would else be garbage by the gigabyte. */
export class PageRoom {
  values: Values | undefined
}

/** What is needed while one page is decoded, and for the columns of a file in turn. */
export class SharedRoom {
  #presence = new Uint8Array(0)
  #indexes = new Uint32Array(0)

  presence(count: number): Uint8Array {
    if (this.#presence.length < count) this.#presence = new Uint8Array(count)
    return this.#presence.subarray(0, count)
  }

  indexes(count: number): Uint32Array {
    if (this.#indexes.length < count) this.#indexes = new Uint32Array(count)
    return this.#indexes.subarray(0, count)
  }
}

/** A page taken apart. */
interface Parts {
  rows: number
  encoding: string
  /** Null where no value can be absent. */
  levels: Uint8Array | null
  /** Values that are present, where the header says. */
  present: number | null
  values: Uint8Array
}

export class PageDecoder {
  readonly #codec: CompressionCodec
  readonly #leaf: Leaf
  readonly #names: NameTable | null
  readonly #room: PageRoom
  readonly #shared: SharedRoom
  readonly #maxLevel: number
  readonly #divisor: number
  /** One value more than the file's: what stands for none. */
  #dictionary: Values | undefined

  /** @param room handed from one row group to the next, whose pages then need none of their own */
  constructor(
    codec: CompressionCodec,
    leaf: Leaf,
    names: NameTable | null,
    room: PageRoom,
    shared: SharedRoom,
  ) {
    this.#shared = shared
    this.#codec = codec
    this.#leaf = leaf
    this.#names = names
    this.#room = room
    this.#maxLevel = getMaxDefinitionLevel(leaf.nodes)
    this.#divisor = divisorOf(leaf)
  }

  /** Keeps the values that the indexes of later pages speak of. */
  dictionary(bytes: Uint8Array, header: PageHeader): void {
    const count = header.dictionary_page_header?.num_values ?? 0
    const page = this.#decompress(bytes, header.uncompressed_page_size)
    // Eight values of a bit each are the most that a byte can hold.
    if (!(count >= 0 && count <= page.length * 8)) throw new Error(`a dictionary of ${count} values`)
    const dictionary = this.#names ? new Int32Array(count + 1) : new Float64Array(count + 1)
    const values = this.#convert(this.#plain(page, count), dictionary)
    if (values.buffer !== dictionary.buffer) dictionary.set(values)
    dictionary[count] = this.#absent
    this.#dictionary = dictionary
  }

  /** The values of a page, NaN or −1 for those that are absent. Valid until the next page of the room. */
  page(bytes: Uint8Array, header: PageHeader, rowsLeft: number): Values {
    const parts = this.#takeApart(bytes, header, rowsLeft)
    const { rows, levels, encoding, values } = parts
    const isPresent = this.#shared.presence(rows)
    const present = levels ? readPresence(levels, this.#maxLevel, isPresent) : rows
    if (parts.present !== null && parts.present !== present)
      throw new Error(`a page says that it holds ${parts.present} values, and its levels ${present}`)
    if (encoding.endsWith('_DICTIONARY'))
      return this.#lookUp(values, present, present === rows ? null : isPresent, this.#output(rows))
    const output = this.#output(rows)
    const given = this.#readValues(values, encoding, present, output)
    return present === rows ? given : spread(given, isPresent, this.#absent, output)
  }

  #takeApart(bytes: Uint8Array, header: PageHeader, rowsLeft: number): Parts {
    const { data_page_header: first, data_page_header_v2: second, uncompressed_page_size: size } = header
    const about = second ?? first
    if (!about) throw new Error('a page has no header of its kind')
    const { num_values: rows, encoding } = about
    if (!(rows >= 0 && rows <= rowsLeft && rows <= mostPageValues))
      throw new Error(`a page of ${rows} values where ${rowsLeft} are left`)
    if (!second) {
      const page = this.#decompress(bytes, size)
      if (this.#maxLevel === 0) return { rows, encoding, levels: null, present: null, values: page }
      const end = 4 + (page.length < 4 ? 0 : viewOf(page).getUint32(0, true))
      return { rows, encoding, levels: page.subarray(4, end), present: null, values: page.subarray(end) }
    }
    const { repetition_levels_byte_length: skipped, definition_levels_byte_length: length } = second
    const { num_nulls: absent } = second
    const end = skipped + length
    if (!(skipped >= 0 && length >= 0 && end <= bytes.length && absent >= 0 && absent <= rows))
      throw new Error('a page whose header contradicts itself')
    const packed = bytes.subarray(end)
    return {
      rows,
      encoding,
      levels: this.#maxLevel > 0 ? bytes.subarray(skipped, end) : null,
      present: rows - absent,
      values: second.is_compressed === false ? packed : this.#decompress(packed, size - end),
    }
  }

  /** The values that are present: at the beginning of the output, unless they lie ready elsewhere. */
  #readValues(values: Uint8Array, encoding: string, present: number, output: Values): Values {
    if (encoding === 'PLAIN') return this.#convert(this.#plain(values, present), output)
    const { element } = this.#leaf.nodes.at(-1)!
    if (encoding === 'RLE') {
      if (element.type !== 'BOOLEAN') throw new Error('a page with an encoding that is not for its type')
      const flags = this.#shared.indexes(present)
      // After the length of what follows.
      readNumbers(values.subarray(4), 1, flags)
      return this.#names ? new Int32Array(present).fill(-1) : Float64Array.from(flags)
    }
    const about = { num_values: present, encoding } as Parameters<typeof readDataPage>[1]
    const decoder = { type: element.type!, element, schemaPath: [] } as unknown
    const { dataPage } = readDataPage(values, about, decoder as Parameters<typeof readDataPage>[2])
    if (dataPage.length !== present)
      throw new Error(`a page holds ${dataPage.length} values instead of ${present}`)
    return this.#convert(dataPage, output)
  }

  #lookUp(values: Uint8Array, present: number, isPresent: Uint8Array | null, output: Values): Values {
    const name = this.#leaf.path.join('.')
    const dictionary = this.#dictionary
    if (!dictionary) throw new Error(`the column ${name} lacks its dictionary`)
    const indexes = this.#shared.indexes(present)
    // A byte says how many bits an index has: none where there is but one value, or where all are absent.
    const bits = values[0] ?? 0
    if (bits === 0) indexes.fill(0)
    else readNumbers(values.subarray(1), bits, indexes)
    const size = dictionary.length - 1
    for (let i = 0; i < present; i++)
      if (indexes[i]! >= size) throw new Error(`an index of ${name} is outside of its dictionary`)
    if (isPresent) translateSome(indexes, dictionary, isPresent, output)
    else translate(indexes, dictionary, output)
    return output
  }

  get #absent(): number {
    return this.#names ? -1 : Number.NaN
  }

  /** Room for a page of so many rows. */
  #output(rows: number): Values {
    if (!this.#room.values || this.#room.values.length < rows)
      this.#room.values = this.#names ? new Int32Array(rows) : new Float64Array(rows)
    return this.#room.values.subarray(0, rows)
  }

  #plain(bytes: Uint8Array, count: number): DecodedArray {
    const { type, type_length: length } = this.#leaf.nodes.at(-1)!.element
    return readPlain({ view: viewOf(bytes), offset: 0 }, type!, count, length)
  }

  #decompress(bytes: Uint8Array, size: number): Uint8Array {
    if (!(size >= 0 && size <= mostPageBytes)) throw new Error(`a page of ${size} bytes`)
    return decompressPage(bytes, size, this.#codec, codecs)
  }

  #convert(values: DecodedArray, output: Values): Values {
    if (this.#names) {
      for (let i = 0; i < values.length; i++) output[i] = this.#names.id(textOf(values[i]))
      return output.subarray(0, values.length)
    }
    if (values instanceof Float64Array) return values
    toNumbers(values, this.#divisor, output)
    return output.subarray(0, values.length)
  }
}

function translate(indexes: Uint32Array, dictionary: Values, output: Values): void {
  for (let i = 0; i < indexes.length; i++) output[i] = dictionary[indexes[i]!]!
}

/** Without a branch: no processor guesses which of millions of values are absent. */
function translateSome(
  indexes: Uint32Array,
  dictionary: Values,
  isPresent: Uint8Array,
  output: Values,
): void {
  const none = dictionary.length - 1
  const last = indexes.length - 1
  let at = 0
  for (let row = 0; row < isPresent.length; row++) {
    const one = isPresent[row]!
    const index = last < 0 ? none : indexes[Math.min(at, last)]!
    output[row] = dictionary[(index & -one) | (none & (one - 1))]!
    at += one
  }
}

/** Brings values to their rows: from the last one on, since they may lie at the beginning of the output. */
function spread(values: Values, isPresent: Uint8Array, absent: number, output: Values): Values {
  let at = values.length - 1
  for (let row = isPresent.length - 1; row >= 0; row--)
    output[row] = isPresent[row] === 1 ? values[at--]! : absent
  return output
}

/** What turns the unit of a timestamp into milliseconds. */
function divisorOf({ nodes }: Leaf): number {
  const { converted_type: converted, logical_type: logical } = nodes.at(-1)!.element
  const unit = logical?.type === 'TIMESTAMP' ? logical.unit : undefined
  if (unit === 'NANOS') return 1_000_000
  return unit === 'MICROS' || converted === 'TIMESTAMP_MICROS' ? 1000 : 1
}

const decoder = new TextDecoder()

function textOf(value: unknown): string | null {
  return value instanceof Uint8Array ? decoder.decode(value) : typeof value === 'string' ? value : null
}

function toNumbers(values: DecodedArray, divisor: number, output: Values): void {
  if (values instanceof BigInt64Array) {
    // By halves: a BigInt for each of millions of dates would cost more than all the rest.
    const halves = new Int32Array(values.buffer, values.byteOffset, values.length * 2)
    for (let i = 0; i < values.length; i++)
      output[i] = (halves[2 * i + 1]! * 4_294_967_296 + (halves[2 * i]! >>> 0)) / divisor
    return
  }
  for (let i = 0; i < values.length; i++) {
    const value: unknown = values[i]
    if (typeof value === 'number') output[i] = value / divisor
    else if (typeof value === 'bigint') output[i] = Number(value) / divisor
    else if (typeof value === 'boolean') output[i] = value ? 1 : 0
    else {
      const text = textOf(value)?.trim()
      output[i] = text === undefined || text === '' ? Number.NaN : Number(text)
    }
  }
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
