import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { alertsSchema } from '../../src/config/operations-schema.ts'
import { migrate } from '../../src/database/migrate.ts'
import type { Database } from '../../src/database/port.ts'
import { databaseAlertStore, openTroubles } from '../../src/inventory/alert-store.ts'
import { watchSources } from '../../src/inventory/queries/watched-sources.ts'
import { claim } from '../../src/operate/alerts/policy.ts'
import type { Trouble } from '../../src/operate/alerts/trouble.ts'
import { emptyDatabase } from '../support/database.ts'

const settings = alertsSchema.parse({})
const at = (minute: number) => new Date(Date.UTC(2026, 10, 21, 5, minute, 0, 123))

function trouble(more: Partial<Trouble> = {}): Trouble {
  return {
    subject: 'https://a.example.org/erddap',
    kind: 'failed',
    openedAt: at(0),
    lastAt: at(1),
    occurrence: 'run-1:1',
    untold: 2,
    untoldSince: at(0),
    toldAt: null,
    recoveredAt: null,
    details: {
      name: 'harvest-a',
      source: 'https://a.example.org/erddap',
      flow: 'Harvest Source',
      deployment: 'harvest-a',
      runId: 'run-1',
      runName: 'harvest-erddap-a',
      message: 'it said "no"\nénd',
      datasets: { failed: 1, total: 2 },
      lastSuccessAt: null,
    },
    ...more,
  }
}

/** What operators were told, shared by several processes. */
export function describeAlertStore(name: string, open: () => Promise<Database>): void {
  describe(`the memory of alerts on ${name}`, () => {
    let one: Database
    beforeAll(async () => {
      one = await open()
      await migrate(one)
      return () => one.close()
    })
    beforeEach(() => emptyDatabase(one))

    it('gives back what was kept, changed and removed', async () => {
      const store = databaseAlertStore(async () => one)
      const b = trouble({ subject: 'harvest-all', kind: 'crashed', toldAt: at(2), recoveredAt: at(3) })
      await store.change(() => ({ troubles: [trouble(), b], result: null }))
      expect(await openTroubles(one)).toEqual([b, trouble()])
      const kept = await store.change((found) => ({
        troubles: found.filter(({ kind }) => kind === 'failed').map((one) => ({ ...one, untold: 3 })),
        result: 'done',
      }))
      expect(kept).toBe('done')
      expect(await openTroubles(one)).toEqual([trouble({ untold: 3 })])
    })

    it('keeps a message that somebody cut in the middle of a character', async () => {
      const store = databaseAlertStore(async () => one)
      const halved = trouble({ details: { ...trouble().details, message: 'it broke at \ud83d' } })
      await store.change(() => ({ troubles: [halved], result: null }))
      expect((await openTroubles(one))[0]?.details.message).toBe('it broke at \ufffd')
    })

    it('writes nothing when nothing changed, and nothing of a change that threw', async () => {
      const store = databaseAlertStore(async () => one)
      await store.change(() => ({ troubles: [trouble()], result: null }))
      const version = async () =>
        (await one.query<{ xmin: string }>('SELECT xmin::text AS xmin FROM harvester.alert_states')).rows
      const before = await version()
      await store.change((troubles) => ({ troubles, result: null }))
      await expect(
        store.change(() => {
          throw new Error('changed my mind')
        }),
      ).rejects.toThrow('changed my mind')
      expect(await version()).toEqual(before)
    })

    it('lets one of many claimants tell a trouble', async () => {
      const stores = [databaseAlertStore(async () => one), databaseAlertStore(async () => one)]
      const names = Array.from({ length: 5 }, (_, n) => `harvest-${n}`)
      await stores[0]!.change(() => ({
        troubles: names.map((subject) => trouble({ subject })),
        result: null,
      }))
      const claims = await Promise.all(
        Array.from({ length: 8 }, (_, n) =>
          stores[n % 2]!.change((troubles) => {
            const taken = claim(troubles, settings, at(10))
            return { troubles: taken.troubles, result: taken.result.alerts.map(({ subject }) => subject) }
          }),
        ),
      )
      expect(claims.filter((claimed) => claimed.length > 0)).toEqual([names])
    })

    it('loses no occurrence of processes that write at the same time', async () => {
      const stores = [databaseAlertStore(async () => one), databaseAlertStore(async () => one)]
      await stores[0]!.change(() => ({ troubles: [trouble({ untold: 0 })], result: null }))
      await Promise.all(
        Array.from({ length: 20 }, (_, n) =>
          stores[n % 2]!.change((troubles) => ({
            troubles: troubles.map((found) => ({ ...found, untold: found.untold + 1 })),
            result: null,
          })),
        ),
      )
      expect((await openTroubles(one))[0]!.untold).toBe(20)
    })

    it('asks for the database anew, which may be back', async () => {
      let away = true
      const store = databaseAlertStore(async () => {
        if (away) throw new Error('away')
        return one
      })
      await expect(store.change((troubles) => ({ troubles, result: 1 }))).rejects.toThrow('away')
      away = false
      expect(await store.change((troubles) => ({ troubles, result: 1 }))).toBe(1)
    })

    it('knows since when a source is configured; one that was taken out for a day begins anew', async () => {
      const day = 24 * 60
      expect(await watchSources(one, ['a', 'b'], at(0))).toEqual(
        new Map([
          ['a', at(0)],
          ['b', at(0)],
        ]),
      )
      expect(await watchSources(one, ['a', 'a'], at(60))).toEqual(new Map([['a', at(0)]]))
      expect(await watchSources(one, ['a', 'b'], at(day + 30))).toEqual(
        new Map([
          ['a', at(0)],
          ['b', at(day + 30)],
        ]),
      )
    })
  })
}
