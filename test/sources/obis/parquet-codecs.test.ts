import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { checkZstd, codecs } from '../../../src/sources/obis/parquet-codecs.ts'

const text = Buffer.from(Array.from({ length: 200 }, (_, row) => `row ${row % 7} `).join(''))
/** Of the format's own tool, with and without the size in the frame. */
const stated = Buffer.from(
  'KLUv/WSwA7UDAHLNGA3AJQfG8f9XkpLCquDgwQgCEFPucspdTrnLKXc55S6n3OWUu5xyl1PucspdTrnLKXc55S6n3OWUu5xyl1PucspdTrnLKXc55S6n3OWUu5xyl1PucspdTrnLKXc5RRCASAQBCIDFpBDwewfg1wIAAFiblAJE9sry',
  'base64',
)
const unstated = Buffer.from(
  'KLUv/QRYtQMAcs0YDcAlB8bx/1eSksKq4ODBCAIQU+5yyl1OucspdznlLqfc5ZS7nHKXU+5yyl1OucspdznlLqfc5ZS7nHKXU+5yyl1OucspdznlLqfc5ZS7nHKXU+5yyl1OucspdzlFEIBIBAEIgMWkEPB7B+DXAgAAWJuUAkT2yvI=',
  'base64',
)

const magic = [0x28, 0xb5, 0x2f, 0xfd]
/** Blocks of one byte that is repeated: 128 kB in four bytes. */
function repeats(blocks: number): Buffer {
  const bytes = Buffer.alloc(blocks * 4, Buffer.from([2, 0, 16, 0]))
  bytes[bytes.length - 4]! |= 1
  return bytes
}
const frame = (...parts: (number[] | Buffer)[]) =>
  new Uint8Array(Buffer.concat([magic, ...parts].map((part) => Buffer.from(part))))

describe('a compressed page', () => {
  it('is unpacked to the size that its header says', () => {
    expect(codecs.GZIP!(gzipSync(text), text.length)).toEqual(new Uint8Array(text))
    for (const page of [stated, unstated]) expect(Buffer.from(codecs.ZSTD!(page, text.length))).toEqual(text)
    const zeros = codecs.ZSTD!(frame([0, 0x48], repeats(2)), 2 * 128 * 1024)
    expect(Buffer.alloc(2 * 128 * 1024).equals(zeros)).toBe(true)
  })

  it('is not unpacked to more', () => {
    const bomb = gzipSync(Buffer.alloc(1_000_000))
    expect(() => codecs.GZIP!(bomb, 1000)).toThrow()
    expect(() => codecs.GZIP!(bomb, 0)).toThrow()
    expect(() => codecs.ZSTD!(frame([0, 0x48], repeats(100_000)), 1000)).toThrow('unpacks to more')
    expect(() => codecs.ZSTD!(stated, 1000)).toThrow(`unpacks to ${text.length}`)
  })

  it.each([
    ['no Zstandard', Uint8Array.from(text), 1000],
    ['a window of gigabytes', frame([0, 0xa8], repeats(1)), 128 * 1024],
    [
      'more compressed blocks than its size can need',
      frame([0, 0x48], Buffer.alloc(3000, Buffer.from([4, 0, 0]))),
      1000,
    ],
    ['a head that is cut', frame([0xe0, 1, 2]), 1000],
    ['blocks that are cut', frame([0, 0x48], [4]), 1000],
    ['a block that cannot be', frame([0, 0x48], [7, 0, 0]), 1000],
    ['a second frame', frame([0, 0x48], repeats(1), magic), 128 * 1024],
    ['nothing', new Uint8Array(0), 1000],
  ])('of Zstandard with %s is refused', (_what, page, size) => {
    expect(() => checkZstd(page, size)).toThrow(/^a page/)
  })
})
