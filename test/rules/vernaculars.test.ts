/** Scientific names: what is counted of them, and how many are asked at once. */
import { describe, expect, it } from 'vitest'
import {
  batchesOfNames,
  countNames,
  describeNames,
  type NameRow,
  noNames,
  unknownName,
} from '../../src/rules/vernaculars.ts'

const found = (vernacularsEn: string[], vernacularsFr: string[]): NameRow => ({
  ...unknownName('Gadus morhua', 'error'),
  ...{ status: 'ok', aphiaId: 126_436, vernacularsEn, vernacularsFr },
})

it('names are counted by their fate, and by the languages that they have names in', () => {
  const counts = { ...noNames }
  countNames(counts, [found(['cod'], ['morue']), found(['cod', 'codling'], []), found([], [])])
  countNames(counts, [unknownName('x', 'not_found'), unknownName('y', 'error'), unknownName('z', 'error')])
  expect(counts).toEqual({ ok: 3, not_found: 1, error: 2, english: 2, french: 1 })
  expect(describeNames(counts)).toBe(
    '3 found (2 with English names, 1 with French ones), 1 unknown to WoRMS, 2 failed',
  )
  expect(describeNames(noNames)).toBe('0 found (0 with English names, 0 with French ones)')
})

describe('names are asked in batches', () => {
  it.each([
    [0, 2, []],
    [1, 2, [1]],
    [2, 2, [2]],
    [5, 2, [2, 2, 1]],
  ])('%i names by %i', (count, size, sizes) => {
    const names = Array.from({ length: count }, (_, at) => `n${at}`)
    const batches = batchesOfNames(names, size)
    expect(batches.map(({ length }) => length)).toEqual(sizes)
    expect(batches.flat()).toEqual(names)
  })

  it('that no address is too long for, as it is encoded', () => {
    const names = Array.from({ length: 400 }, () => 'Gadus  morhua é')
    for (const batch of batchesOfNames(names, 500)) {
      const query = batch.map((name) => `scientificnames%5B%5D=${encodeURIComponent(name)}`).join('&')
      expect(query.length).toBeLessThanOrEqual(7000)
      expect(query.length === 0 || batch.length > 100).toBe(true)
    }
    expect(batchesOfNames(names, 500).flat()).toEqual(names)
  })

  it('of which one may hold a single name that is longer than that', () => {
    const long = 'x'.repeat(8000)
    expect(batchesOfNames(['a', long, 'b'], 500)).toEqual([['a'], [long], ['b']])
  })
})
