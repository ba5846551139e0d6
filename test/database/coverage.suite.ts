import { rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { migrate } from '../../src/database/migrate.ts'
import type { Database } from '../../src/database/port.ts'
import { loadFolder } from '../../src/inventory/load/load.ts'
import type { LoadOptions } from '../../src/inventory/load/types.ts'
import { pruneSource } from '../../src/inventory/prune-source.ts'
import { type CoverageFilter, coverage } from '../../src/inventory/queries/coverage.ts'
import { dataset, erddap, obis, profile, type RunContent, writeRunFolder } from '../support/run-folder.ts'

const other = 'https://other.example.org/erddap'
const eovs = ['oxygen', 'nitrate', 'seaSurfaceTemperature']
const everything: CoverageFilter = {
  zoom: 0,
  variable: null,
  erddapUrl: null,
  columns: null,
  rows: null,
  limit: 1000,
}

/** The same numbers every time. */
function randomOf(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((state / 2_147_483_648) * below)
  }
}

export function describeCoverage(engine: string, open: () => Promise<Database>): void {
  describe(`the counts of the map, on ${engine}`, () => {
    let database: Database
    let day = 0

    beforeAll(async () => {
      database = await open()
      await migrate(database)
    }, 240_000)
    afterAll(() => database?.close())

    const load = async (content: RunContent, options: Partial<LoadOptions> = {}) => {
      day += 1
      const at = new Date(Date.UTC(2020, 0, day)).toISOString().replace('.000', '')
      const folder = await writeRunFolder({ at, ...content })
      try {
        return await loadFolder(database, folder, { mode: 'incremental', ...options })
      } finally {
        await rm(dirname(folder), { recursive: true, force: true })
      }
    }
    const isStale = async () =>
      (await database.query<{ stale: boolean }>('SELECT stale FROM harvester.coverage_state')).rows[0]!.stale
    const setStale = (stale: boolean) =>
      database.query('UPDATE harvester.coverage_state SET stale = $1', [stale])

    /** What the API says, by what loads kept and by the rows. */
    async function bothAnswers(filter: Partial<CoverageFilter> = {}) {
      const kept = await coverage(database, { ...everything, ...filter })
      await setStale(true)
      const counted = await coverage(database, { ...everything, ...filter })
      await setStale(false)
      return { kept, counted }
    }
    async function expectRight(why: unknown) {
      expect([why, await isStale()]).toEqual([why, false])
      let found = 0
      for (const filter of [
        {},
        { zoom: 1 as const },
        { zoom: 1 as const, limit: 1 },
        { zoom: 1 as const, limit: 4 },
        { limit: 2 },
        { variable: 'oxygen' },
        { zoom: 1 as const, erddapUrl: other },
        { variable: 'nitrate', erddapUrl: erddap },
        { rows: [0, 40] as const, columns: [-100, -60] as const },
      ]) {
        const { kept, counted } = await bothAnswers(filter)
        expect([why, filter, kept]).toEqual([why, filter, counted])
        found += kept.nProfiles + kept.nCells
      }
      const { rows } = await database.query(`
        SELECT zoom, hex_pk FROM harvester.coverage_hexagons h
        WHERE NOT EXISTS (SELECT 1 FROM harvester.coverage_datasets c
          WHERE c.zoom = h.zoom AND h.hex_pk = ANY (c.hex_pks))
        UNION ALL SELECT zoom, dataset_pk FROM harvester.coverage_datasets c
        WHERE NOT EXISTS (SELECT 1 FROM cde.datasets d WHERE d.pk = c.dataset_pk)`)
      expect([why, rows]).toEqual([why, []])
      return found
    }

    const place = (random: (below: number) => number) => ({
      latitude: 45 + random(12) / 4,
      longitude: -60 - random(12) / 4,
    })
    function contentOf(random: (below: number) => number): RunContent {
      const ids = ['a', 'b', 'c', 'd', 'e'].filter(() => random(2) === 0)
      const url = random(3) === 0 ? other : erddap
      const cells = ['o', 'p'].filter(() => random(3) === 0)
      return {
        datasets: [
          ...ids.map((id) =>
            dataset(id, { erddap_url: url, eovs: [eovs[random(3)]!], content_hash: String(random(1e6)) }),
          ),
          ...cells.map((id) =>
            dataset(id, {
              erddap_url: obis,
              source_type: 'obis',
              eovs: [eovs[random(3)]!],
              cdm_data_type: null,
            }),
          ),
        ],
        profiles: ids.flatMap((id) =>
          Array.from({ length: 1 + random(6) }, (_, n) =>
            // Now and then a row that is refused: its dataset keeps what it had.
            profile(id, `s${n}`, {
              erddap_url: url,
              ...place(random),
              ...(random(40) === 0 && { latitude: 'x' }),
            }),
          ),
        ),
        obis_cells: cells.flatMap((id) =>
          [
            ...new Map(
              Array.from({ length: 1 + random(4) }, () => place(random)).map((at) => [
                JSON.stringify(at),
                at,
              ]),
            ).values(),
          ].map((at) => ({ dataset_id: id, ...at, scientific_names: ['Orca'], n_records: 1 })),
        ),
      }
    }

    it('are those of the rows after any loads, reloads and removals', async () => {
      const random = randomOf(11)
      let found = 0
      for (let step = 0; step < 40; step += 1) {
        const what = random(10)
        if (what === 0) await pruneSource(database, [erddap, other, obis][random(3)]!)
        else if (what === 1)
          await load(contentOf(random), { mode: 'full', allowFullReload: true, allowPrune: true })
        else if (what === 2)
          await load(
            {
              ...contentOf(random),
              skipped: [{ dataset_id: 'e', reason_code: 'ON_SKIP_LIST' }],
              attempts: [],
            },
            { allowPrune: true },
          )
        else await load(contentOf(random))
        found += await expectRight([step, what])
      }
      expect(found).toBeGreaterThan(1000)
    })

    it('have the totals of the whole beside a view without hexagons', async () => {
      await load({
        datasets: [dataset('a')],
        profiles: [profile('a', 's1'), profile('a', 's2', { latitude: 10 })],
      })
      const nowhere = { rows: [5000, 5001], columns: [0, 1] } as const
      for (const filter of [{}, { erddapUrl: erddap }, { zoom: 1 as const, variable: 'oxygen' }]) {
        const whole = await coverage(database, { ...everything, ...filter })
        const { kept, counted } = await bothAnswers({ ...filter, ...nowhere })
        expect([filter, kept]).toEqual([filter, { ...whole, cells: [] }])
        expect([filter, counted]).toEqual([filter, kept])
      }
      expect((await coverage(database, { ...everything, ...nowhere })).nProfiles).toBeGreaterThan(1)
      expect(await coverage(database, { ...everything, variable: 'nothing' })).toEqual({
        cells: [],
        nProfiles: 0,
        nCells: 0,
        nDatasets: 0,
      })
    })

    it('stay as they were when a load fails', async () => {
      await load({ datasets: [dataset('a')], profiles: [profile('a', 's1')] })
      const before = await bothAnswers()
      await expect(
        load(
          { datasets: [dataset('a')], profiles: [profile('a', 's1', { latitude: 10 })] },
          {
            mode: 'full',
          },
        ),
      ).rejects.toThrow(/full reload/)
      expect(await bothAnswers()).toEqual(before)
    })

    it('are made of the rows where somebody else wrote them, until the next load', async () => {
      await load({ datasets: [dataset('a')], profiles: [profile('a', 's1'), profile('a', 's2')] })
      await load({ datasets: [dataset('z')], profiles: [profile('z', 's1', { latitude: 11 })] })
      for (const sql of [
        `DELETE FROM cde.profiles WHERE pk = (SELECT min(pk) FROM cde.profiles)`,
        `INSERT INTO cde.profiles (dataset_pk, erddap_url, dataset_id, timeseries_id, latitude, longitude, geom, hex_0_pk, hex_1_pk)
         SELECT dataset_pk, erddap_url, dataset_id, 'theirs', latitude, longitude, geom, hex_0_pk, hex_1_pk FROM cde.profiles LIMIT 1`,
        `UPDATE cde.profiles SET hex_0_pk = NULL WHERE timeseries_id = 'theirs'`,
        'TRUNCATE cde.obis_cells',
      ]) {
        await database.query(sql)
        expect([sql, await isStale()]).toEqual([sql, true])
        const shown = await coverage(database, everything)
        await load({ datasets: [dataset('z')], profiles: [profile('z', 's1', { latitude: 10 })] })
        await expectRight(sql)
        expect([sql, (await coverage(database, everything)).nProfiles]).toEqual([sql, shown.nProfiles])
      }
      // What the map does not show changes nothing.
      await database.query(`UPDATE cde.profiles SET n_records = 1`)
      expect(await isStale()).toBe(false)
    })
  })
}
