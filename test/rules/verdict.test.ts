/** When a run is Failed: the boundaries, and what is counted as what. */
import { describe, expect, it } from 'vitest'
import { runFact } from '../../src/rules/reasons/run.ts'
import {
  type AttemptCounts,
  countAttempt,
  noAttempts,
  runVerdict,
  sourceVerdict,
  totalAttempts,
} from '../../src/rules/verdict.ts'

const counts = (some: Partial<AttemptCounts>): AttemptCounts => ({ ...noAttempts, ...some })

it('an attempt counts as what it ended as, and as decided by the list where nobody had to be asked', () => {
  const seen = counts({})
  for (const [status, reason] of [
    ['success', null],
    ['error', 'HTTP_ERROR'],
    ['skipped', 'UNCHANGED'],
    ['skipped', 'MISSING_CF_ROLE'],
    ['skipped', 'CDM_DATA_TYPE_UNSUPPORTED'],
    ['skipped', 'ON_SKIP_LIST'],
  ] as const)
    countAttempt(seen, { status, reason } as Parameters<typeof countAttempt>[1])
  expect(seen).toEqual({ success: 1, unchanged: 1, skipped: 3, decidedByList: 2, error: 1 })
  expect(totalAttempts(seen)).toBe(6)
})

describe('the run of a source', () => {
  it.each<[string, Partial<AttemptCounts>, boolean]>([
    ['nothing was there', {}, true],
    ['all was skipped', { skipped: 4, decidedByList: 4 }, true],
    ['fewer than a tenth failed', { success: 91, error: 9 }, true],
    ['a tenth failed', { success: 90, error: 10 }, false],
    [
      'a tenth of what had to be asked failed',
      { success: 9, skipped: 90, decidedByList: 90, error: 1 },
      false,
    ],
    ['what was skipped had to be asked', { success: 9, skipped: 90, error: 1 }, true],
    ['one failed and nothing was good', { skipped: 99, error: 1 }, false],
    ['one failed and one was unchanged', { unchanged: 1, skipped: 99, error: 1 }, true],
  ])('where %s', (_, some, ok) => expect(sourceVerdict(counts(some), null).ok).toBe(ok))

  it('is Failed without a list, whatever was counted', () => {
    const listing = runFact('BROKE_OFF', { detail: 'no list' })
    expect(sourceVerdict(counts({ success: 9 }), listing)).toMatchObject({ ok: false, facts: [listing] })
  })
})

describe('the run of several sources', () => {
  const good = { ...sourceVerdict(counts({ success: 1 }), null), source: 'https://a.example.org' }
  const bad = { ...sourceVerdict(counts({ error: 1 }), null), source: 'https://b.example.org' }

  it('is Failed where one is, and names that one alone', () => {
    const verdict = runVerdict([good, bad])
    expect(verdict.ok).toBe(false)
    expect(verdict.facts[0]).toMatchObject({ values: { failed: 1, total: 2 } })
    expect(verdict.message).toContain('b.example.org')
    expect(verdict.message).not.toContain('a.example.org')
    expect(runVerdict([good, good]).ok).toBe(true)
  })

  it('of one is that of the one', () => {
    expect(runVerdict([good])).toMatchObject({ ok: true, facts: good.facts })
    expect(runVerdict([bad])).toMatchObject({ ok: false, facts: bad.facts })
  })
})
