import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  believeClock,
  believeListing,
  isAbsent,
  isBelievableCatalogue,
  isWholeSnapshot,
  removalObstacle,
} from '../../src/rules/evidence/index.ts'
import { durationInWords } from '../../src/rules/time.ts'

const hour = 3_600_000
const terms = { listings: 3, hours: 24 }
const limits = { share: 0.2, count: 5 }

describe('a dataset is believed absent', () => {
  const gone = { missingListings: 3, firstMissingMs: 0, lastMissingMs: 24 * hour }

  it('after three listings without it that span a day', () => expect(isAbsent(gone, terms)).toBe(true))

  it.each([
    ['after two', { ...gone, missingListings: 2 }],
    ['within a day', { ...gone, lastMissingMs: 23 * hour }],
    ['within a day, whatever the day', { ...gone, firstMissingMs: 90 * hour, lastMissingMs: 113 * hour }],
    ['where it failed', { ...gone, failed: true }],
    ['where nobody knows since when', { ...gone, firstMissingMs: null }],
  ])('but not %s', (_what, evidence) => expect(isAbsent(evidence, terms)).toBe(false))

  it('after one, where a site asks for one only: that has no span', () => {
    const once = { missingListings: 1, firstMissingMs: 5, lastMissingMs: 5 }
    expect(isAbsent(once, { listings: 1, hours: 24 })).toBe(true)
    expect(isAbsent({ ...gone, missingListings: 2 }, { listings: 2, hours: 24 })).toBe(true)
    expect(isAbsent({ ...gone, missingListings: 2, lastMissingMs: hour }, { listings: 2, hours: 24 })).toBe(
      false,
    )
  })

  it('never on one listing, whatever its time', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.integer({ min: 2, max: 9 }), fc.nat(99), (at, listings, hours) => {
        const once = { missingListings: 1, firstMissingMs: at, lastMissingMs: at }
        expect(isAbsent(once, { listings, hours })).toBe(false)
      }),
    )
  })
})

describe('one run', () => {
  it('never takes more than half of a source of two or more, nor more than the limits allow', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 0, max: 400 }), (total, lost) => {
        fc.pre(lost <= total)
        const allowed = removalObstacle({ lost, total }, limits) === null
        const tooMany = (total >= 2 && lost * 2 > total) || (lost > 5 && lost > total * 0.2)
        expect(allowed).toBe(!tooMany)
      }),
    )
  })
})

describe('what a run would take', () => {
  it.each([
    [1, 1, null],
    [1, 2, null],
    [2, 2, 'half'],
    [2, 3, 'half'],
    [2, 4, null],
    [3, 4, 'half'],
    [5, 10, null],
    [5, 9, 'half'],
    [5, 20, null],
    [6, 30, null],
    [6, 29, 'share'],
  ])('%i of %i datasets: %s', (lost, total, obstacle) =>
    expect(removalObstacle({ lost, total }, limits)).toBe(obstacle),
  )
})

describe('a list', () => {
  it.each([
    [{}, 'missing'],
    [{ listed: 0 }, 'empty'],
    [{ listed: 6, known: { total: 12, lacking: 6 } }, 'short'],
    [{ listed: 8, known: { total: 12, lacking: 4 } }, 'complete'],
    // Lacking as many as the limits allow, by number and by share.
    [{ listed: 1, known: { total: 6, lacking: 5 } }, 'complete'],
    [{ listed: 24, known: { total: 30, lacking: 6 } }, 'complete'],
    [{ listed: 23, known: { total: 29, lacking: 6 } }, 'short'],
    [{ listed: 8 }, 'complete'],
  ] as const)('%j is %s', (evidence, belief) => expect(believeListing(evidence, limits)).toBe(belief))
})

describe('a catalogue', () => {
  it('is whole with as many distinct ids as every page counts', () => {
    expect(isWholeSnapshot({ distinct: 4, counts: [4, 4], ended: false })).toBe(true)
    expect(isWholeSnapshot({ distinct: 3, counts: [4, 4], ended: false })).toBe(false)
    expect(isWholeSnapshot({ distinct: 4, counts: [4, 5], ended: false })).toBe(false)
    expect(isWholeSnapshot({ distinct: 4, counts: [null, null], ended: true })).toBe(true)
    expect(isWholeSnapshot({ distinct: 4, counts: [null], ended: false })).toBe(false)
    expect(isWholeSnapshot({ distinct: 0, counts: [], ended: true })).toBe(false)
  })

  it('is believed where there is no index to hold it against', () => {
    expect(isBelievableCatalogue({})).toBe(true)
    expect(isBelievableCatalogue({ indexed: 9 })).toBe(true)
  })

  it.each([
    [100, 20, true],
    [20, 5, true],
    [29, 6, false],
    [30, 6, true],
    [100, 21, false],
    [10, 3, true],
    // While it is indexed anew it has one of four, or none.
    [4, 3, false],
    [4, 4, false],
    [4, 2, true],
    [3, 2, false],
    [2, 2, false],
    [2, 1, true],
    [1, 1, true],
    [0, 0, true],
  ])('that lacks of %i catalogued datasets %i: believed is %s', (indexed, lacking, believed) =>
    expect(isBelievableCatalogue({ indexed, lacking })).toBe(believed),
  )
})

describe('a clock', () => {
  it.each([
    [0, 'agrees'],
    [5 * 60_000, 'agrees'],
    [6 * 60_000, 'apart'],
    [-6 * 60_000, 'apart'],
    [60 * 60_000, 'apart'],
    [61 * 60_000, 'wrong'],
    [-10 * 365 * 24 * hour, 'wrong'],
  ])('that is %i ms ahead %s', (aheadMs, kind) => {
    const askedMs = 1e12 + aheadMs
    expect(believeClock({ askedMs, answeredMs: askedMs, databaseMs: 1e12 })).toEqual({ kind, aheadMs })
  })

  it('is not blamed for a slow database, nor where there is none', () => {
    const slow = believeClock({ askedMs: 0, answeredMs: 2 * hour, databaseMs: 1000 })
    expect(slow).toEqual({ kind: 'agrees', aheadMs: 0 })
    expect(believeClock({ askedMs: 0, answeredMs: 1 })).toEqual({ kind: 'unknown', aheadMs: 0 })
  })

  it('is off by so much in words', () => {
    expect([3_600_000 * 24 * 3653, 5_400_000, 61_000, 1000, -0].map((ms) => durationInWords(ms))).toEqual([
      '10 years',
      '90 minutes',
      '61 seconds',
      '1 second',
      '0 seconds',
    ])
  })
})
