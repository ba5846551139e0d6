/**
 * What a page of parquet says of its own size, held against what it can have: the decoder believes it, and would fill two
 * billion values for a run of five bytes. Pure.
 */

/** A page holds a row group at most, of some hundred thousand rows; one of more values is not decoded. */
export const mostPageValues = 1 << 24
/** Nor is one that unpacks to more. */
export const mostPageBytes = 256 * 1024 * 1024
/** Values that a writer may add to a last run: it packs them by eights, up to 63 of them at a time. */
const mostPadding = 504

/**
 * Runs of the hybrid of run lengths and bit packing, as levels and dictionary indexes are written.
 * @param bits of a value
 * @param values that the runs must have
 * @param mayEnd whether they may have fewer: where some values are absent, only the levels tell how many there are
 * @throws Error for runs that end early, or say that they have more values than are wanted
 */
export function checkRuns(bytes: Uint8Array, bits: number, values: number, mayEnd = false): void {
  if (!(bits >= 0 && bits <= 32)) throw new Error(`values of ${bits} bits`)
  const { length } = bytes
  let at = 0
  let seen = 0
  while (seen < values) {
    if (mayEnd && at >= length) return
    let header = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]
      if (byte === undefined) throw new Error(`its runs end after ${seen} of ${values} values`)
      if (shift > 28) throw new Error('a run has no length')
      header |= (byte & 0x7f) << shift
      if (byte < 0x80) break
    }
    const packed = (header & 1) === 1
    const count = packed ? (header >>> 1) * 8 : header >>> 1
    if (count > values - seen + mostPadding)
      throw new Error(`a run of ${count} values where ${values - seen} are left`)
    at += packed ? (header >>> 1) * bits : (bits + 7) >> 3
    seen += count
    // The padding of the last run may be left out.
    if (at > length && seen < values && !mayEnd)
      throw new Error(`its runs end after ${seen} of ${values} values`)
  }
}

/** Bits that hold numbers up to a maximum. */
export function bitsFor(max: number): number {
  return 32 - Math.clz32(max)
}
