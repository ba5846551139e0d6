import { beforeEach, describe, expect, it, vi } from 'vitest'
import { HarvesterError } from '../../src/errors.ts'
import type { WormsClient } from '../../src/names/client.ts'
import type { NameRow } from '../../src/rules/vernaculars.ts'

const stored: NameRow[] = []
vi.mock('../../src/inventory/vernaculars/write-names.ts', () => ({
  writeNames: async (_database: unknown, rows: readonly NameRow[]) => void stored.push(...rows),
}))
const { fetchNames } = await import('../../src/names/fetch-names.ts')

beforeEach(() => stored.splice(0))

const refusal = (status: number) =>
  new HarvesterError('HTTP_STATUS', `WoRMS answered ${status}`, { facts: { status, body: '' } })

/** WoRMS that chokes on any batch which `refuses` says. */
function worms(
  refuses: (names: readonly string[]) => HarvesterError | null,
): WormsClient & { asked: number } {
  const client = {
    asked: 0,
    async match(names: readonly string[]) {
      client.asked += 1
      const error = refuses(names)
      if (error) throw error
      return names.map((_, at) => ({ aphiaId: at + 1, rank: 'Species' }))
    },
    vernaculars: async () => ({ en: [], fr: [] }),
    ancestors: async () => [1],
  }
  return client as unknown as WormsClient & { asked: number }
}

const warned: string[] = []
const run = (client: WormsClient, names: readonly string[]) =>
  fetchNames({
    worms: client,
    database: {} as never,
    names,
    batchSize: 50,
    signal: new AbortController().signal,
    log: { debug() {}, info() {}, error() {}, warn: (_: object, text: string) => warned.push(text) } as never,
    onProgress() {},
    now: () => new Date(),
  })

const culprit = '× Hybrid "quoted", comma'
const names = [...Array.from({ length: 26 }, (_, n) => `Species ${n}`), culprit]

describe('names that WoRMS is asked for', () => {
  it('are told once where many are refused, with their number and a few of them', async () => {
    warned.length = 0
    const bad = (name: string) => /^Species \d*[05]$/.test(name)
    await run(
      worms((asked) => (asked.some(bad) ? refusal(400) : null)),
      names,
    )
    expect(warned).toEqual([
      expect.stringMatching(/^6 names cannot be asked for, for example Species \d+: .*; /),
    ])
  })

  it.each([400, 403, 500, 502, 503, 504])(
    'are stored but for the one that it chokes on with %i, which is stored as an error',
    async (status) => {
      const result = await run(
        worms((asked) => (asked.includes(culprit) ? refusal(status) : null)),
        names,
      )
      expect(result).toMatchObject({ left: 0, outage: null })
      expect(stored).toHaveLength(27)
      expect(
        stored.filter(({ status }) => status === 'error').map(({ scientificName }) => scientificName),
      ).toEqual([culprit])
    },
  )

  it('are told apart also where the very first is the one that it chokes on', async () => {
    const first = [culprit, ...names.slice(0, -1)]
    const result = await run(
      worms((asked) => (asked.includes(culprit) ? refusal(500) : null)),
      first,
    )
    expect(result).toMatchObject({ left: 0, outage: null })
    expect(stored.find(({ scientificName }) => scientificName === culprit)?.status).toBe('error')
  })

  it('are left for another run where WoRMS answers nothing at all, and that run failed', async () => {
    for (const status of [500, 503]) {
      const client = worms(() => refusal(status))
      const result = await run(client, names)
      expect(result.left).toBe(27)
      expect(result.outage).not.toBeNull()
      expect(stored).toEqual([])
      // Halving ends where it is clear that WoRMS is at fault.
      expect(client.asked).toBeLessThanOrEqual(20)
    }
    const one = await run(
      worms(() => refusal(500)),
      ['Gadus morhua'],
    )
    expect(one).toMatchObject({ left: 1, outage: expect.any(String) })
  })

  it('make no failed run where there are none', async () => {
    expect(
      await run(
        worms(() => null),
        [],
      ),
    ).toMatchObject({ left: 0, outage: null })
  })
})
