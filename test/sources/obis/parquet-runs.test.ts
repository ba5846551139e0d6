import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bitsFor, checkRuns } from '../../../src/sources/obis/parquet-runs.ts'

const rle = (count: number, value: number) => [...varint(count << 1), value]
const packed = (groups: number, bits: number) => [
  ...varint((groups << 1) | 1),
  ...Array.from({ length: groups * bits }, () => 0),
]
function varint(value: number): number[] {
  const bytes: number[] = []
  for (let left = value >>> 0; ; left >>>= 7) {
    if (left < 0x80) return [...bytes, left]
    bytes.push((left & 0x7f) | 0x80)
  }
}
const check = (bytes: number[], bits: number, values: number, mayEnd?: boolean) =>
  checkRuns(Uint8Array.from(bytes), bits, values, mayEnd)

describe('runs', () => {
  it('of any lengths are taken where they are what was promised', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: -60, max: -1 })), {
          minLength: 1,
        }),
        fc.integer({ min: 1, max: 8 }),
        (runs, bits) => {
          const bytes = runs.flatMap((run) => (run > 0 ? rle(run, 1) : packed(-run, bits)))
          const values = runs.reduce((sum, run) => sum + (run > 0 ? run : -run * 8), 0)
          check(bytes, bits, values)
          // The last group of eight may be padding.
          if (runs.at(-1)! < 0) check(bytes, bits, values - 7)
        },
      ),
    )
  })

  it.each([
    ['longer than their page', [...varint(0x7fffffff * 2), 1], 1],
    ['of no bits and without end', [...varint(0x7fffffff)], 0],
    ['that end early', rle(5, 1), 1],
    ['without a length', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], 1],
    ['of impossible bits', rle(100, 1), 33],
    ['that are none', [], 1],
  ])('%s are refused', (_, bytes, bits) => {
    expect(() => check(bytes, bits, 100)).toThrow()
  })

  it('may end where some values are absent', () => {
    expect(() => check(rle(5, 1), 1, 100, true)).not.toThrow()
    expect(() => check([...varint(2_000_000), 1], 1, 100, true)).toThrow()
  })
})

it('counts the bits of a level', () => {
  expect([0, 1, 2, 3, 4, 255].map(bitsFor)).toEqual([0, 1, 2, 2, 3, 8])
})
