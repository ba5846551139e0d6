/** Compressed pages of parquet, unpacked to the size that their header says and not a byte beyond: a few kilobytes can hold terabytes. */

import { gunzipSync } from 'node:zlib'
import type { Compressors } from 'hyparquet'
import { compressors as allCompressors, decompressZstd } from 'hyparquet-compressors'

/** Snappy, LZ4 and Brotli write into room of the stated size. */
export const codecs: Compressors = {
  ...allCompressors,
  GZIP: (input: Uint8Array, size: number) =>
    // Zero would mean no limit.
    new Uint8Array(gunzipSync(input, { maxOutputLength: Math.max(1, size) })),
  ZSTD: (input: Uint8Array, size: number) => {
    const stated = checkZstd(input, size)
    // Where the frame says its size it needs no window beside what it gives.
    return (decompressZstd as (input: Uint8Array, room?: Uint8Array) => Uint8Array)(
      input,
      stated ? new Uint8Array(size) : undefined,
    )
  },
}

/** What one block of Zstandard can unpack to. */
const blockBytes = 128 * 1024
/** Writers split blocks to where their statistics change, not into crumbs. */
const leastBlockBytes = 4096
const spareBlocks = 64
/** As the format's own tool takes without being told to. */
const mostWindowBytes = 128 * 1024 * 1024

/**
 * One frame of Zstandard (RFC 8878), held against the size of its page by the headers of frame and blocks.
 * @returns whether the frame states its size
 * @throws Error for one that unpacks to more, or that could only be unpacked at a cost out of all proportion
 */
export function checkZstd(input: Uint8Array, size: number): boolean {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength)
  if (input.length < 6 || view.getUint32(0, true) !== 0xfd2fb528)
    throw new Error('a page that is no Zstandard')
  const flags = input[4]!
  const single = (flags & 32) !== 0
  let at = 5
  if (!single) {
    const exponent = input[at]! >> 3
    const window = 2 ** (10 + exponent) * (1 + (input[at]! & 7) / 8)
    if (window > mostWindowBytes) throw new Error(`a page with a window of ${window} bytes`)
    at += 1
  }
  at += [0, 1, 2, 4][flags & 3]!
  const sizeBytes = flags >> 6 === 0 ? (single ? 1 : 0) : 1 << (flags >> 6)
  if (at + sizeBytes > input.length) throw new Error('a page that ends in its head')
  if (sizeBytes > 0) {
    let stated = sizeBytes === 2 ? 256 : 0
    for (let byte = 0; byte < sizeBytes; byte += 1) stated += input[at + byte]! * 2 ** (8 * byte)
    if (stated !== size) throw new Error(`a page of ${size} bytes that unpacks to ${stated}`)
  }
  at += sizeBytes
  const most = Math.ceil(size / leastBlockBytes) + spareBlocks
  let least = 0
  for (let blocks = 1; ; blocks += 1) {
    if (at + 3 > input.length) throw new Error('a page that ends in its blocks')
    const head = input[at]! | (input[at + 1]! << 8) | (input[at + 2]! << 16)
    const [last, kind, length] = [head & 1, (head >> 1) & 3, head >> 3]
    if (kind === 3 || length > blockBytes) throw new Error('a page with a block that cannot be')
    // Raw, or one byte so many times; how much a compressed one gives is known once it is unpacked.
    if (kind < 2) least += length
    if (least > size || blocks > most) throw new Error(`a page of ${size} bytes that unpacks to more`)
    at += 3 + (kind === 1 ? 1 : length)
    if (last === 1) break
  }
  at += (flags & 4) === 0 ? 0 : 4
  if (at !== input.length) throw new Error('a page that is not one frame of Zstandard')
  return sizeBytes > 0
}
