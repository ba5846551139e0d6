import { describe, expect, it } from 'vitest'
import { seededNumbers } from '../support/loader-process.ts'
import { type Measure, type Sample, slopesOf } from './slopes.ts'

const memory: Measure = { name: 'memory', unit: 'MB', tolerance: { absolute: 8, share: 0.1 } }

/** Two hours, a sample every ten seconds. */
function samples(value: (at: number, random: () => number) => number): Sample[] {
  const random = seededNumbers(1)
  return Array.from({ length: 720 }, (_, n) => ({ at: n * 10, values: { memory: value(n * 10, random) } }))
}
const slope = (all: Sample[]) => slopesOf(all, [memory])[0]!

describe('a slope', () => {
  it('is flat for what wanders, warms up and has odd moments', () => {
    const found = slope(
      samples(
        (at, random) => 130 * Math.min(1, 0.5 + at / 1200) + 10 * random() + (random() < 0.05 ? 200 : 0),
      ),
    )
    expect(found.grows).toBe(false)
    expect(Math.abs(found.perHour)).toBeLessThan(2)
  })

  it('grows for what leaks 20 MB an hour under the same noise', () => {
    const found = slope(samples((at, random) => 130 + (20 * at) / 3600 + 10 * random()))
    expect(found.grows).toBe(true)
    expect(found.perHour).toBeGreaterThan(15)
    expect(found.perHour).toBeLessThan(25)
  })

  it('does not grow by falling', () => {
    expect(slope(samples((at) => 300 - at / 60)).grows).toBe(false)
  })

  it('wants enough samples', () => {
    expect(() => slopesOf(samples(() => 1).slice(0, 5), [memory])).toThrow(/too few/)
  })
})
