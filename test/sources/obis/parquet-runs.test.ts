import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readNumbers, readPresence } from '../../../src/sources/obis/parquet-runs.ts'

/** What a writer says: a value so many times, or values packed by eights. */
type Run = { value: number; times: number } | { values: number[] }

function varint(value: number): number[] {
  const bytes: number[] = []
  for (let left = value >>> 0; ; left >>>= 7) {
    if (left < 0x80) return [...bytes, left]
    bytes.push((left & 0x7f) | 0x80)
  }
}

function rle(times: number, value: number, bits = 8): number[] {
  const bytes = Array.from({ length: Math.ceil(bits / 8) }, (_, at) => Math.floor(value / 256 ** at) % 256)
  return [...varint(times << 1), ...bytes]
}

/** Bit by bit, the lowest first. */
function packed(values: readonly number[], bits: number): number[] {
  const groups = Math.ceil(values.length / 8)
  const bytes = new Array<number>(groups * bits).fill(0)
  values.forEach((value, at) => {
    for (let bit = 0; bit < bits; bit++) {
      const place = at * bits + bit
      bytes[place >> 3]! |= (Math.floor(value / 2 ** bit) % 2) << (place & 7)
    }
  })
  return [...varint((groups << 1) | 1), ...bytes]
}

const written = (runs: readonly Run[], bits: number) =>
  runs.flatMap((run) => ('values' in run ? packed(run.values, bits) : rle(run.times, run.value, bits)))
const valuesOf = (runs: readonly Run[]) =>
  runs.flatMap((run) => ('values' in run ? run.values : Array<number>(run.times).fill(run.value)))

function numbers(bytes: readonly number[], bits: number, count: number): number[] {
  const output = new Uint32Array(count)
  readNumbers(Uint8Array.from(bytes), bits, output)
  return [...output]
}

/** Runs of one number of bits; all but the last packed run are full eights. */
const runsOf = (bits: number): fc.Arbitrary<Run[]> => {
  const value = fc.integer({ min: 0, max: 2 ** bits - 1 })
  const eights = fc
    .array(fc.tuple(value, value, value, value, value, value, value, value), { minLength: 1, maxLength: 70 })
    .map((groups): Run => ({ values: groups.flat() }))
  const repeated = fc.record({ value, times: fc.integer({ min: 1, max: 5000 }) })
  const last = fc.array(value, { minLength: 1, maxLength: 30 }).map((values): Run => ({ values }))
  return fc
    .tuple(fc.array(fc.oneof(eights, repeated), { maxLength: 12 }), last)
    .map(([runs, end]) => [...runs, end])
}

describe('runs', () => {
  it('give the values that were written, of any number of bits', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 32 }).chain((bits) => fc.tuple(fc.constant(bits), runsOf(bits))),
        ([bits, runs]) => {
          const wanted = valuesOf(runs)
          const bytes = written(runs, bits)
          expect(numbers(bytes, bits, wanted.length)).toEqual(wanted)
          // Some writers leave out the padding of the last eight.
          const { values } = runs.at(-1) as { values: number[] }
          const padding = Math.floor((((8 - (values.length % 8)) % 8) * bits) / 8)
          expect(numbers(bytes.slice(0, bytes.length - padding), bits, wanted.length)).toEqual(wanted)
        },
      ),
    )
  })

  it('of levels tell which values are present, and how many', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3 }).chain((max) => fc.tuple(fc.constant(max), runsOf(max === 1 ? 1 : 2))),
        ([max, runs]) => {
          const levels = valuesOf(runs)
          const output = new Uint8Array(levels.length)
          const present = readPresence(Uint8Array.from(written(runs, max === 1 ? 1 : 2)), max, output)
          const wanted = levels.map((level) => Number(level === max))
          expect([...output]).toEqual(wanted)
          expect(present).toBe(wanted.filter((one) => one === 1).length)
        },
      ),
    )
  })

  it.each([
    ['longer than their page', [...varint(0x7fffffff * 2), 1], 1],
    ['of no bits and without end', [...varint(0x7fffffff)], 0],
    ['that end early', rle(5, 1), 1],
    ['that end within a run', packed(Array<number>(100).fill(1), 3).slice(0, -5), 3],
    ['without a length', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], 1],
    ['of impossible bits', rle(100, 1), 33],
    ['that are none', [], 1],
  ])('%s are refused', (_, bytes, bits) => {
    expect(() => numbers(bytes, bits, 100)).toThrow()
  })
})
