import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NameSets } from '../../src/rules/name-sets.ts'

/** The same numbers every time. */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

function held(pairs: readonly (readonly [cell: number, name: number])[], cells: number) {
  const sets = new NameSets()
  const wanted = new Map<number, Set<number>>()
  for (const [cell, name] of pairs) {
    sets.add(cell, name)
    const names = wanted.get(cell) ?? new Set()
    wanted.set(cell, names.add(name))
  }
  // The last name comes first.
  const last = pairs.reduce((most, [, name]) => Math.max(most, name), 0)
  const ranksOf = sets.ranked(
    cells,
    Uint32Array.from({ length: last + 1 }, (_, name) => last - name),
  )
  const backwards = (names: Iterable<number>) => [...names].sort((a, b) => b - a)
  return {
    size: sets.size,
    sets: Array.from({ length: cells }, (_, cell) => [...ranksOf(cell)].map((rank) => last - rank)),
    wantedSize: [...wanted.values()].reduce((sum, names) => sum + names.size, 0),
    wanted: Array.from({ length: cells }, (_, cell) => backwards(wanted.get(cell) ?? [])),
  }
}

describe('the names of cells', () => {
  it.each([
    ['few of many names in each of many cells', 3000, 50_000, 40_000],
    ['most of few names in each cell', 2000, 64, 200_000],
    ['all names in one cell', 1, 20_000, 60_000],
    ['one name in every cell', 30_000, 1, 60_000],
    ['a middling mixture', 800, 900, 300_000],
  ])('are each held once: %s', (_, cells, names, count) => {
    const random = randomOf(cells)
    const pairs = Array.from(
      { length: count },
      () => [Math.floor(random() * cells), Math.floor(random() * names)] as const,
    )
    const { size, sets, wantedSize, wanted } = held(pairs, cells)
    expect(size).toBe(wantedSize)
    expect(sets).toEqual(wanted)
  })

  it('are held once while cells and names grow by turns: first many names, then many cells, then both', () => {
    const random = randomOf(9)
    const pairs: [number, number][] = []
    for (const [cells, names, count] of [
      [50, 400, 40_000],
      [50, 6000, 20_000],
      [20_000, 10, 30_000],
      [20_000, 64, 300_000],
      [25_000, 70, 300_000],
    ] as const)
      for (let n = 0; n < count; n += 1)
        pairs.push([Math.floor(random() * cells), Math.floor(random() * names)])
    const { size, sets, wantedSize, wanted } = held(pairs, 25_000)
    expect(size).toBe(wantedSize)
    expect(sets).toEqual(wanted)
  })

  it.each([
    ['name by name', 40, 1500, (n: number) => [n % 40, Math.floor(n / 40)] as const],
    ['cell by cell', 4000, 15, (n: number) => [Math.floor(n / 15), n % 15] as const],
  ])('are held once where each is the next one: %s', (_, cells, names, pairOf) => {
    const pairs = Array.from({ length: cells * names }, (_, n) => pairOf(n))
    const { size, sets, wantedSize, wanted } = held(pairs, cells)
    expect(size).toBe(wantedSize)
    expect(sets).toEqual(wanted)
  })

  it('are those of any pairs', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(40), fc.nat(200)), { maxLength: 300 }), (pairs) => {
        const { size, sets, wantedSize, wanted } = held(pairs, 42)
        expect(size).toBe(wantedSize)
        expect(sets).toEqual(wanted)
      }),
    )
  })
})
