import { describe, expect, it } from 'vitest'
import {
  describeSeen,
  describeWanted,
  isReady,
  newerThanMs,
  type Seen,
  type Wanted,
} from '../../src/rules/readiness.ts'

const five = Date.UTC(2026, 10, 21, 5)
const server: Wanted = { datasetId: null, newerThanMs: null }
const listed: Wanted = { datasetId: 'buoy_7', newerThanMs: null }
const newer: Wanted = { datasetId: 'buoy_7', newerThanMs: five }

const looks: [seen: Seen, server: boolean, listed: boolean, newer: boolean][] = [
  [{ kind: 'unreachable', why: 'refuses connections' }, false, false, false],
  [{ kind: 'refused', why: 'answered 503', forGood: false }, false, false, false],
  [{ kind: 'starting' }, false, false, false],
  [{ kind: 'answers', version: '2.31' }, true, false, false],
  [{ kind: 'answers', version: null }, true, false, false],
  [{ kind: 'not-listed' }, false, false, false],
  [{ kind: 'listed' }, false, true, false],
  // What the list promises is no data.
  [{ kind: 'not-newer', listedMaxTime: '2030-01-01T00:00:00Z' }, false, false, false],
  [{ kind: 'newest', time: '2026-11-21T04:59:59Z' }, false, false, false],
  [{ kind: 'newest', time: '2026-11-21T05:00:00Z' }, false, false, false],
  [{ kind: 'newest', time: '2026-11-21T05:00:00.001Z' }, false, false, true],
  [{ kind: 'newest', time: '2026-11-21T05:00:01Z' }, false, false, true],
  [{ kind: 'newest', time: 'NaN' }, false, false, false],
  [{ kind: 'newest', time: '' }, false, false, false],
]

describe('a source', () => {
  it.each(looks)(
    'of which %j is seen: ready as server %s, listed %s, with newer data %s',
    (seen, ...ready) => {
      expect([server, listed, newer].map((wanted) => isReady(wanted, seen))).toEqual(ready)
    },
  )
})

describe('what is newer than', () => {
  it.each([
    ['2026-11-21T05:00:00Z', five],
    ['2026-11-21T06:00:00+01:00', five],
    ['2026-11-21', Date.UTC(2026, 10, 21)],
    ['90min', five - 90 * 60_000],
    ['6h', five - 6 * 3_600_000],
    ['2 d', five - 2 * 86_400_000],
    ['yesterday', null],
  ])('%s is read against the start of the run', (text, ms) => {
    expect(newerThanMs(text, five)).toBe(ms)
  })
})

it('is said in words that an operator reads in a log', () => {
  expect([server, listed, newer].map(describeWanted)).toEqual([
    'the server answers',
    'dataset buoy_7 is listed',
    'dataset buoy_7 has data after 2026-11-21T05:00:00Z',
  ])
})

it.each<[Seen, string]>([
  [{ kind: 'unreachable', why: 'refuses connections' }, 'refuses connections'],
  [{ kind: 'refused', why: 'answered 503', forGood: false }, 'answered 503'],
  [{ kind: 'starting' }, 'the server is starting: it has no list of datasets yet'],
  [{ kind: 'answers', version: '2.31' }, 'the server answers (ERDDAP 2.31)'],
  [{ kind: 'answers', version: null }, 'the server answers'],
  [{ kind: 'not-listed' }, 'the dataset is not listed'],
  [{ kind: 'listed' }, 'the dataset is listed'],
  [
    { kind: 'not-newer', listedMaxTime: '2026-11-20T00:00:00Z' },
    'the dataset has no later data; its newest time is 2026-11-20T00:00:00Z by the list',
  ],
  [{ kind: 'not-newer', listedMaxTime: '' }, 'the dataset has no later data'],
  [{ kind: 'newest', time: '2026-11-21T05:00:01Z' }, 'the dataset has data up to 2026-11-21T05:00:01Z'],
])('%j is said so', (seen, said) => {
  expect(describeSeen(seen)).toBe(said)
})
