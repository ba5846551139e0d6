import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  believeCount,
  believeNoTimes,
  believeRows,
  type ChangeEvidence,
  type ChangeTerms,
  dueMs,
  fingerprintObstacle,
  hasOneTime,
  isGone,
  isSingle,
  isTrusted,
  isUnchanged,
  lackingAnswers,
  lacksCounting,
  type RowsEvidence,
} from '../../src/rules/evidence/index.ts'

const day = 86_400_000
const now = Date.UTC(2026, 10, 28)
const terms: ChangeTerms = { now, maxAgeMs: 30 * day, phase: 0.4, settleMs: day }

const served = { view: 'served' as const, text: 'f0,f1', newestMs: now - 400 * day }
const whole: Required<ChangeEvidence> = {
  metadata: { realTime: false },
  files: served,
  views: { served: 'f0,f1', disk: 'f0,f1' },
  stored: { fingerprint: 'h', harvestedMs: now - 60_000 },
  fingerprint: 'h',
}

/** Any part of some evidence. */
function parts<E extends object>(evidence: E): fc.Arbitrary<Partial<E>> {
  const names = Object.keys(evidence) as (keyof E)[]
  return fc
    .subarray(names)
    .map((chosen) => Object.fromEntries(chosen.map((name) => [name, evidence[name]])) as Partial<E>)
}

describe('a dataset is believed unchanged', () => {
  it('where metadata, the files as served and the stored harvest agree', () => {
    expect(isUnchanged(whole, terms)).toBe(true)
    const { views: _, ...without } = whole
    expect(isUnchanged(without, terms)).toBe(true)
  })

  it('never of less than all of them, and of none alone', () => {
    fc.assert(
      fc.property(parts(whole), (some) => {
        const needed = ['metadata', 'files', 'stored', 'fingerprint'] as const
        expect(isUnchanged(some, terms)).toBe(needed.every((name) => some[name] !== undefined))
      }),
    )
  })

  it.each<[string, ChangeEvidence]>([
    ['data go on arriving', { metadata: { realTime: true } }],
    ['the manifest shows other files', { views: { served: 'f0,f1', disk: 'f0,f1,f9' } }],
    ['nobody knows when it was harvested', { stored: { fingerprint: 'h', harvestedMs: null } }],
    ['it was harvested in ten years', { stored: { fingerprint: 'h', harvestedMs: now + 3650 * day } }],
    ['it was harvested too long ago', { stored: { fingerprint: 'h', harvestedMs: now - 31 * day } }],
    ['the files are seen on the disk for the first time', { files: { ...served, view: 'disk' } }],
    [
      'the disk has looked like this for less than the server may leave its data',
      { files: { ...served, view: 'disk', sameSinceMs: now - 7 * day } },
    ],
    ['the fingerprint is another', { fingerprint: 'other' }],
  ])('not where %s', (_what, change) => {
    const { views: _, ...evidence } = whole
    expect(isUnchanged({ ...evidence, ...change }, terms)).toBe(false)
  })

  it('up to the moment at which a dataset is due, and not from before it', () => {
    const due = dueMs(terms)
    for (const [harvestedMs, unchanged] of [
      [due, true],
      [due - 1, false],
    ] as const)
      expect(isUnchanged({ ...whole, stored: { fingerprint: 'h', harvestedMs } }, terms)).toBe(unchanged)
  })

  it('of the disk alone where it has looked the same for 8 days', () => {
    const files = { ...served, view: 'disk' as const, sameSinceMs: now - 8 * day }
    expect(isUnchanged({ ...whole, files }, terms)).toBe(true)
  })

  it('never for longer than the greatest age, and each at a moment of its own', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.integer({ min: 0, max: 200 * day }),
        fc.integer({ min: 1, max: 60 }),
        (phase, after, days) => {
          const due = dueMs({ now: now + after, maxAgeMs: days * day, phase })
          expect(due).toBeLessThanOrEqual(now + after + 1)
          expect(now + after - due).toBeLessThanOrEqual(days * day + 1)
        },
      ),
    )
    const moments = [0.1, 0.2, 0.7].map((phase) => dueMs({ ...terms, phase }))
    expect(new Set(moments).size).toBe(3)
    expect(dueMs({ ...terms, maxAgeMs: 0 })).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('trust in metadata', () => {
  const seen = { metadata: whole.metadata, stored: whole.stored, fingerprint: 'h' }

  it('takes the stored harvest, and ends', () => {
    expect(isTrusted(seen, terms)).toBe(true)
    expect(isTrusted({ ...seen, metadata: { realTime: true } }, terms)).toBe(false)
    const old = { fingerprint: 'h', harvestedMs: now - 30 * day }
    expect(isTrusted({ ...seen, stored: old }, terms)).toBe(false)
    const future = { fingerprint: 'h', harvestedMs: now + 3650 * day }
    expect(isTrusted({ ...seen, stored: future }, terms)).toBe(false)
    // Young is not enough: it must be the same.
    expect(isTrusted({ ...seen, fingerprint: 'other' }, terms)).toBe(false)
    // Two machines that keep time are seconds apart.
    const ahead = { fingerprint: 'h', harvestedMs: now + 60_000 }
    expect(isTrusted({ ...seen, stored: ahead }, terms)).toBe(true)
    fc.assert(
      fc.property(parts(seen), (some) => {
        expect(isTrusted(some, terms)).toBe(Object.keys(some).length === 3)
      }),
    )
  })
})

describe('a fingerprint is stored', () => {
  const good = { complete: true, agree: true, fresh: true }
  const { views: _, ...evidence } = whole

  it('of a complete harvest whose answers agree', () => {
    expect(fingerprintObstacle(evidence, terms, good)).toBeNull()
  })

  it.each([
    ['an answer was lacking', { ...good, complete: false }, 'HASH_HTTP_ERROR'],
    ['answers contradict each other', { ...good, agree: false }, 'HASH_NOT_SETTLED'],
    ['all answers came from a cached table', { ...good, fresh: false }, 'HASH_NOT_SETTLED'],
  ])('not where %s', (_what, answers, reason) => {
    expect(fingerprintObstacle(evidence, terms, answers)).toBe(reason)
  })

  it('not where the files or the metadata were not seen', () => {
    for (const lacking of ['files', 'metadata'] as const)
      expect(fingerprintObstacle({ ...evidence, [lacking]: undefined }, terms, good)).toBe(
        'HASH_NO_FILE_LIST',
      )
  })

  it('of the very moment when a file is old enough', () => {
    const files = { ...served, newestMs: now - terms.settleMs }
    expect(fingerprintObstacle({ ...evidence, files }, terms, good)).toBeNull()
    const newer = { ...served, newestMs: now - terms.settleMs + 1 }
    expect(fingerprintObstacle({ ...evidence, files: newer }, terms, good)).toBe('HASH_NOT_SETTLED')
  })

  it('not of files that the server may not have read yet', () => {
    const disk = { ...served, view: 'disk' as const, sameSinceMs: now - 1 }
    expect(fingerprintObstacle({ ...evidence, files: disk }, terms, good)).toBe('HASH_NOT_SETTLED')
  })

  it('not while a file is young, nor where the manifest differs from what is served', () => {
    const young = { ...served, newestMs: now - day / 2 }
    expect(fingerprintObstacle({ ...evidence, files: young }, terms, good)).toBe('HASH_NOT_SETTLED')
    const views = { served: 'f0,f1', disk: 'f0,f1,f9' }
    expect(fingerprintObstacle({ ...evidence, views }, terms, good)).toBe('HASH_NOT_SETTLED')
  })
})

describe('a dataset without rows', () => {
  const promise = { by: 'list', what: 'time', from: '2020', to: '2021' } as const

  it('is believed only where nothing else shows a row', () => {
    const all: Required<RowsEvidence> = {
      counts: 'no-rows',
      distinct: 'no-rows',
      times: 'no-rows',
      listRow: null,
      metadata: null,
    }
    expect(believeRows(all)).toEqual({ belief: 'no-rows' })
    fc.assert(
      fc.property(parts(all), (some) => {
        const needed = ['distinct', 'listRow', 'metadata'] as const
        const enough = needed.every((name) => some[name] !== undefined)
        expect(believeRows(some).belief).toBe(enough ? 'no-rows' : 'unsure')
      }),
    )
  })

  it.each([
    // A count that shows rows is enough, whatever the others say.
    [{ counts: 'rows' }, { belief: 'rows' }],
    [{ counts: 'rows', distinct: 'no-rows', times: 'no-rows' }, { belief: 'rows' }],
    [{}, { belief: 'unsure', next: 'distinct' }],
    [{ counts: 'failed' }, { belief: 'unsure', next: 'distinct' }],
    [{ counts: 'failed', distinct: 'rows' }, { belief: 'rows' }],
    [{ distinct: 'rows' }, { belief: 'rows' }],
    [
      { counts: 'no-rows', distinct: 'failed' },
      { belief: 'unsure', next: 'distinct' },
    ],
    [{ counts: 'no-rows', distinct: 'rows', times: 'failed' }, { belief: 'rows' }],
    [
      { counts: 'no-rows', distinct: 'no-rows' },
      { belief: 'unsure', next: 'listRow' },
    ],
    [
      { counts: 'no-rows', distinct: 'no-rows', listRow: null },
      { belief: 'unsure', next: 'metadata' },
    ],
  ] as [RowsEvidence, object][])('of which %j is known: %j', (evidence, belief) => {
    expect(believeRows(evidence)).toEqual(belief)
  })

  it('is a contradiction where the list or the metadata know of rows', () => {
    const empty = { counts: 'no-rows', distinct: 'no-rows' } as const
    expect(believeRows({ ...empty, listRow: promise, metadata: null })).toMatchObject({
      belief: 'contradictory',
      contradiction: { kind: 'promised', from: '2020', to: '2021' },
    })
    expect(believeRows({ ...empty, listRow: null, metadata: promise }).belief).toBe('contradictory')
  })

  it('is a contradiction where only its positions are there', () => {
    expect(believeRows({ counts: 'no-rows', distinct: 'rows' })).toEqual({ belief: 'unsure', next: 'times' })
    expect(believeRows({ counts: 'no-rows', distinct: 'rows', times: 'no-rows' }).belief).toBe(
      'contradictory',
    )
    expect(believeRows({ counts: 'no-rows', distinct: 'rows', times: 'rows' }).belief).toBe('rows')
  })
})

describe('rows without times', () => {
  const promise = { by: 'list', what: 'time', from: '2020', to: '2021' } as const
  const place = { ...promise, what: 'latitude' } as unknown as typeof promise

  it('are believed where none was counted and nobody knows of any', () => {
    expect(believeNoTimes({})).toBeNull()
    expect(believeNoTimes({ counted: 0, listRow: null, metadata: place })).toBeNull()
  })

  it('are a contradiction where some were counted, or promised', () => {
    expect(believeNoTimes({ counted: 1, listRow: promise })).toEqual({ kind: 'positions-only' })
    expect(believeNoTimes({ counted: 0, listRow: promise })).toMatchObject({ kind: 'promised', from: '2020' })
    expect(believeNoTimes({ listRow: place, metadata: promise })).toMatchObject({ kind: 'promised' })
  })
})

describe('a count', () => {
  const seen = {
    counts: { time: 10, greatest: 10 },
    hasTimes: true,
    mirrored: false,
    readsData: true,
  }

  it('is believed with the times of its row, of data, from their own server', () => {
    expect(believeCount(seen)).toBe(10)
    fc.assert(
      fc.property(parts(seen), (some) => {
        expect(believeCount(some)).toBe(Object.keys(some).length === 4 ? 10 : null)
      }),
    )
  })

  it.each([
    ['a mirror counted counts', { mirrored: true }],
    ['it counts no times of a row that has times', { counts: { time: 0, greatest: 1 } }],
    ['it counts the distinct rows of a cached table', { readsData: false }],
  ])('is unknown where %s', (_what, change) => {
    expect(believeCount({ ...seen, ...change })).toBeNull()
  })

  it('is given up for a server only where three datasets were refused and none counted', () => {
    fc.assert(
      fc.property(fc.nat(5), fc.nat(5), (counted, refused) => {
        expect(lacksCounting({ counted, refused })).toBe(counted === 0 && refused >= 3)
      }),
    )
  })
})

describe('answers about one dataset', () => {
  it('agree where each identity is in all, or rightly missing', () => {
    expect(lackingAnswers({ positions: true, times: true, verticals: true, counts: true })).toEqual([])
    const counted = { time: 0, vertical: 0 }
    expect(lackingAnswers({ positions: true, times: false, verticals: false, counted })).toEqual([])
  })

  it('lack what another has', () => {
    expect(lackingAnswers({ positions: false, times: true })).toEqual(['positions'])
    expect(lackingAnswers({ positions: true, times: false, counted: { time: 5, vertical: 0 } })).toEqual([
      'times',
    ])
    expect(lackingAnswers({ positions: true, times: true, verticals: false })).toEqual([])
    expect(lackingAnswers({ positions: true, verticals: false, counted: { time: 5, vertical: 5 } })).toEqual([
      'verticals',
    ])
    expect(lackingAnswers({ positions: true, times: true, counts: false })).toEqual(['counts'])
    expect(lackingAnswers({ positions: true, verticals: false })).toEqual([])
  })
})

describe('further beliefs', () => {
  it('one time a cast takes the owner, both ends, the counts and the range', () => {
    const all = { declared: true, endsAgree: true, countsAgree: true, rangeAgrees: true }
    expect(hasOneTime(all)).toBe(true)
    fc.assert(
      fc.property(parts(all), (some) => {
        expect(hasOneTime(some)).toBe(Object.keys(some).length === 4)
      }),
    )
  })

  it('one identity takes the metadata, or a second answer', () => {
    const at = (value: number) => ({ min: value, max: value })
    const seen = { latitude: at(48), longitude: at(-125) }
    expect(isSingle({ identities: 1 })).toBe(false)
    expect(isSingle({ identities: 1, seen, metadata: seen })).toBe(true)
    expect(isSingle({ identities: 1, seen, metadata: { latitude: null, longitude: null } })).toBe(true)
    const wider = { latitude: { min: 48, max: 49 }, longitude: at(-125) }
    expect(isSingle({ identities: 1, seen, metadata: wider })).toBe(false)
    expect(isSingle({ identities: 1, seen, metadata: wider, again: 1 })).toBe(true)
    expect(isSingle({ identities: 1, seen, metadata: seen, again: 2 })).toBe(false)
    expect(isSingle({ identities: 2, seen, metadata: seen })).toBe(false)
    expect(isSingle({ identities: 1, metadata: seen })).toBe(false)
    expect(isSingle({ identities: 1, seen })).toBe(false)
    // No position, so that no place can be another.
    expect(isSingle({ identities: 1, seen: null, metadata: wider })).toBe(true)
    const rounded = { latitude: { min: 47.9995, max: 48.0005 }, longitude: at(-125) }
    expect(isSingle({ identities: 1, seen, metadata: rounded })).toBe(true)
    for (const latitude of [
      { min: 47.99, max: 48 },
      { min: 48, max: 48.01 },
    ])
      expect(isSingle({ identities: 1, seen, metadata: { latitude, longitude: at(-125) } })).toBe(false)
  })

  it('gone is what is unknown twice', () => {
    expect(isGone({ first: 'unknown' })).toBe(false)
    expect(isGone({ first: 'unknown', again: 'known' })).toBe(false)
    expect(isGone({ first: 'unknown', again: 'unknown' })).toBe(true)
  })
})
