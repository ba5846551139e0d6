/** How the answers about one dataset are held against each other, however they come in blocks. */
import { createHook } from 'node:async_hooks'
import { describe, expect, it } from 'vitest'
import { compareAnswers } from '../../../src/sources/erddap/agreement.ts'
import type { CountsOf } from '../../../src/sources/erddap/counts.ts'
import type { SeenExtent } from '../../../src/sources/erddap/extents.ts'
import type { KeyedValues } from '../../../src/sources/erddap/keyed-values.ts'
import type { PositionGroup, PositionTable } from '../../../src/sources/erddap/positions.ts'

type Entry<V> = readonly [key: string, value: V]

/** Cuts a list into blocks of so many. */
function blocks<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, i) => list.slice(i * size, (i + 1) * size))
}

function valuesOf<V>(entries: readonly Entry<V>[], size: number): KeyedValues<V> {
  return {
    at: () => null,
    async *entries() {
      yield* blocks(entries, size)
    },
    close: async () => {},
  }
}

function positionsOf(keys: readonly string[], counts: CountsOf | null, size: number): PositionTable {
  const groups = keys.map(
    (key): PositionGroup => ({
      ...{ key, position: { latitude: 1, longitude: 2 }, severalPositions: false },
      ...{ casts: 1, castsWith: { times: 1, verticals: 1 }, counts, time: null },
    }),
  )
  return {
    ...{ single: false, places: null, counted: counts !== null, timed: false, url: undefined },
    async *groups() {
      yield* blocks(groups, size)
    },
    close: async () => {},
  }
}

const keysOf = (count: number) => Array.from({ length: count }, (_, i) => `k${String(i).padStart(6, '0')}`)
const two = { time: 2, vertical: 2 } as CountsOf
const half: SeenExtent = { min: 1, max: 1, half: true }
const whole: SeenExtent = { min: 1, max: 3 }

describe.each([1, 2, 3, 7, 1000])('answers in blocks of %i', (size) => {
  const compare = (times: readonly Entry<SeenExtent>[], keys = ['a', 'b', 'd'], verticals = times) =>
    compareAnswers({
      positions: positionsOf(keys, two, size),
      times: valuesOf(times, size),
      verticals: valuesOf(verticals, size),
      counts: null,
    })

  it('agree where each knows the same identities, one with several rows too', async () => {
    const all: Entry<SeenExtent>[] = [
      ...(['a', 'a', 'a', 'b'] as const).map((key): Entry<SeenExtent> => [key, whole]),
      ['d', whole],
      ['d', whole],
    ]
    expect(await compare(all)).toEqual({ lacking: new Map(), wholeDepths: true })
  })

  it('tell what one lacks, in the middle, at the end and where the positions lack it', async () => {
    const { lacking } = await compare(
      [
        ['a', whole],
        ['c', whole],
        ['d', whole],
      ],
      ['a', 'b', 'd'],
      [
        ['a', whole],
        ['b', whole],
        ['c', whole],
        ['d', whole],
        ['e', whole],
      ],
    )
    expect(lacking.get('times')).toEqual({ count: 2, keys: ['b', 'e'] })
    expect(lacking.get('positions')).toEqual({ count: 2, keys: ['c', 'e'] })
    expect(lacking.has('verticals')).toBe(false)
  })

  it('count one end of two as lacking, in whichever of its rows it stands', async () => {
    for (const rows of [[half], [half, whole], [whole, half]]) {
      const { lacking } = await compare([
        ['a', whole],
        ...rows.map((row): Entry<SeenExtent> => ['b', row]),
        ['d', whole],
      ])
      expect([...lacking.keys()].sort()).toEqual(['times', 'verticals'])
      expect(lacking.get('times')).toEqual({ count: 1, keys: ['b'] })
    }
  })
})

it('many identities are held against each other without a promise for each', async () => {
  const keys = keysOf(20_000)
  const entries = keys.map((key): Entry<SeenExtent> => [key, whole])
  let promises = 0
  const hook = createHook({
    init(_id, type) {
      if (type === 'PROMISE') promises += 1
    },
  }).enable()
  try {
    await compareAnswers({
      positions: positionsOf(keys, two, 1000),
      times: valuesOf(entries, 1000),
      verticals: valuesOf(entries, 1000),
      counts: null,
    })
  } finally {
    hook.disable()
  }
  expect(promises).toBeLessThan(2000)
})
