/**
 * Runs of the hybrid of run lengths and bit packing, as parquet writes levels, indexes of a dictionary and some yes-or-no
 * values. What a page says of its own size is held against what it can have: a run of five bytes can speak of two
 * billion values. Pure.
 */

/** A page holds a row group at most, of some hundred thousand rows; one of more values is not decoded. */
export const mostPageValues = 1 << 24
/** Nor is one that unpacks to more. */
export const mostPageBytes = 256 * 1024 * 1024
/** Values that a writer may add to a last run: it packs them by eights, up to 63 of them at a time. */
const mostPadding = 504
/** Bits of a value that a word of 32 takes beside what is left of the byte before. */
const mostBitsAtOnce = 24

/** The runs of a page, one after the other, until there are as many values as are wanted. */
class Runs {
  isPacked = false
  /** Where the values of the run are: in the bytes, and among all. What a writer added to the last run is left out. */
  at = 0
  from = 0
  to = 0
  readonly #bytes: Uint8Array
  readonly #bits: number
  readonly #values: number
  #next = 0

  constructor(bytes: Uint8Array, bits: number, values: number) {
    if (!(bits >= 0 && bits <= 32)) throw new Error(`values of ${bits} bits`)
    this.#bytes = bytes
    this.#bits = bits
    this.#values = values
  }

  /** @throws Error for runs that end early, or say that they have more values than are wanted */
  next(): boolean {
    if (this.to >= this.#values) return false
    const bits = this.#bits
    const left = this.#values - this.to
    const header = this.#header()
    const packed = (header & 1) === 1
    const count = packed ? (header >>> 1) * 8 : header >>> 1
    if (count > left + mostPadding) throw new Error(`a run of ${count} values where ${left} are left`)
    const wanted = Math.min(count, left)
    this.isPacked = packed
    this.at = this.#next
    this.#next += packed ? (header >>> 1) * bits : (bits + 7) >> 3
    // The padding of the last run may be left out.
    const end = packed ? this.at + Math.ceil((wanted * bits) / 8) : this.#next
    if (end > this.#bytes.length) throw this.#early()
    this.from = this.to
    this.to += wanted
    return true
  }

  #header(): number {
    let header = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.#bytes[this.#next++]
      if (byte === undefined) throw this.#early()
      if (shift > 28) throw new Error('a run has no length')
      header |= (byte & 0x7f) << shift
      if (byte < 0x80) return header
    }
  }

  #early(): Error {
    return new Error(`its runs end after ${this.to} of ${this.#values} values`)
  }
}

/**
 * Levels, as 1 where they say that a value is present and 0 where it is not.
 * @param max the level of what is present: 1 to 3, as deep as a column that is no list lies
 * @returns how many values are present
 * @throws Error
 */
export function readPresence(bytes: Uint8Array, max: number, output: Uint8Array): number {
  const bits = bitsFor(max)
  const isPresent = Uint8Array.from({ length: 4 }, (_, level) => Number(level === max))
  const mask = (1 << bits) - 1
  const runs = new Runs(bytes, bits, output.length)
  let present = 0
  while (runs.next()) {
    const { from, to } = runs
    if (!runs.isPacked) {
      const level = bytes[runs.at]!
      output.fill(Number(level === max), from, to)
      if (level === max) present += to - from
      continue
    }
    let { at } = runs
    let byte = 0
    for (let i = from, shift = 8; i < to; i++, shift += bits) {
      if (shift === 8) {
        byte = bytes[at++]!
        shift = 0
      }
      const one = isPresent[(byte >> shift) & mask]!
      output[i] = one
      present += one
    }
  }
  return present
}

/**
 * Numbers: fills the output.
 * @param bits of each
 * @throws Error
 */
export function readNumbers(bytes: Uint8Array, bits: number, output: Uint32Array): void {
  const runs = new Runs(bytes, bits, output.length)
  while (runs.next()) {
    const { at, from, to } = runs
    if (!runs.isPacked) output.fill(littleEndian(bytes, at, (bits + 7) >> 3), from, to)
    else if (bits <= mostBitsAtOnce) unpack(bytes, at, bits, output, from, to)
    else unpackWide(bytes, at, bits, output, from, to)
  }
}

function unpack(
  bytes: Uint8Array,
  start: number,
  bits: number,
  output: Uint32Array,
  from: number,
  to: number,
): void {
  const mask = (1 << bits) - 1
  let at = start
  let word = 0
  let left = 0
  for (let i = from; i < to; i++) {
    while (left < bits) {
      word |= bytes[at++]! << left
      left += 8
    }
    output[i] = word & mask
    word >>>= bits
    left -= bits
  }
}

/** Five bytes hold any value of so many bits, which numbers hold exactly. */
function unpackWide(
  bytes: Uint8Array,
  start: number,
  bits: number,
  output: Uint32Array,
  from: number,
  to: number,
): void {
  for (let i = from; i < to; i++) {
    const first = (i - from) * bits
    const at = start + Math.floor(first / 8)
    const length = Math.ceil(((first % 8) + bits) / 8)
    output[i] = Math.floor(littleEndian(bytes, at, length) / 2 ** (first % 8)) % 2 ** bits
  }
}

function littleEndian(bytes: Uint8Array, at: number, length: number): number {
  let value = 0
  for (let byte = length - 1; byte >= 0; byte--) value = value * 256 + bytes[at + byte]!
  return value
}

/** Bits that hold numbers up to a maximum. */
function bitsFor(max: number): number {
  return 32 - Math.clz32(max)
}
