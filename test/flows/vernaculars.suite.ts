import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { readHarvestConfig } from '../../src/config/harvest.ts'
import { migrate } from '../../src/database/migrate.ts'
import type { Database } from '../../src/database/port.ts'
import { startWorms, type WormsServer } from '../../src/demo/worms.ts'
import { demoSynonyms, demoTaxa, demoUnknownName, type Taxon } from '../../src/demo/worms-taxa.ts'
import { populateVernacularsFlow, type VernacularParameters } from '../../src/flows/populate-vernaculars.ts'
import { createHttpClient } from '../../src/http/client.ts'
import { nameCoverage } from '../../src/inventory/vernaculars/coverage.ts'
import { refreshNameIndex, searchNames } from '../../src/inventory/vernaculars/name-index.ts'
import { pendingNames } from '../../src/inventory/vernaculars/pending-names.ts'
import { createLocalBackend, memoryStore, runFlow } from '../../src/runs/index.ts'
import { emptyDatabase } from '../support/database.ts'

/** What becomes of names from the cells to the portal's search, on either engine. */
export function describeVernaculars(name: string, open: () => Promise<Database>): void {
  describe(`vernacular names on ${name}`, { timeout: 60_000 }, () => {
    let database: Database
    const closing: (() => Promise<void>)[] = []
    beforeAll(async () => {
      database = await open()
      await migrate(database)
    })
    afterAll(() => database?.close())
    beforeEach(() => emptyDatabase(database))
    afterEach(async () => {
      for (const close of closing.splice(0)) await close()
    })

    /** Cells with these names, each with so many records. */
    async function cells(...rows: [names: string[], records: number][]): Promise<void> {
      for (const [at, [names, records]] of rows.entries())
        await database.query(
          `INSERT INTO cde.obis_cells (dataset_id, latitude, longitude, scientific_names, n_records) VALUES ('d', $1, 0, $2, $3)`,
          [at, names, records],
        )
      await database.query('REFRESH MATERIALIZED VIEW cde.obis_scientific_names')
      await database.query('REFRESH MATERIALIZED VIEW cde.obis_scientific_name_popularity')
    }

    async function worms(taxa: readonly Taxon[] = demoTaxa): Promise<WormsServer> {
      const server = await startWorms({ taxa, synonyms: demoSynonyms })
      closing.push(() => server.close())
      return server
    }

    async function populate(
      server: { url: string },
      parameters: Partial<VernacularParameters> = {},
      options: { signal?: AbortSignal; onNames?: (done: number) => void; retries?: boolean } = {},
    ) {
      const http = createHttpClient({ gate: { inFlight: 8 }, sleep: async () => {} })
      closing.push(() => http.close())
      const config = readHarvestConfig({
        env: {
          HARVEST_CONFIG_YAML: JSON.stringify({
            erddap_urls: ['https://x.example/erddap'],
            worms_url: server.url,
          }),
        },
        folder: '/nowhere',
      })
      return runFlow(
        createLocalBackend({ store: memoryStore(), tagLimits: { database: 3 } }),
        populateVernacularsFlow({
          config,
          http,
          database: async () => database,
          ...(options.onNames && { onNames: options.onNames }),
        }),
        parameters,
        { ...(options.signal && { signal: options.signal }) },
      )
    }

    async function known(): Promise<Record<string, Record<string, unknown>>> {
      const { rows } = await database.query<Record<string, unknown> & { scientific_name: string }>(
        'SELECT * FROM cde.scientific_name_vernaculars',
      )
      return Object.fromEntries(rows.map((row) => [row.scientific_name, row]))
    }

    it('are fetched once for every name, with rank, classification and status, most frequent first', async () => {
      const server = await worms()
      await cells(
        [['Gadus morhua', 'Gadus callarias'], 10],
        [['Calanus finmarchicus', demoUnknownName], 500],
        [['Orcinus orca'], 3],
      )
      expect(await pendingNames(database, { refresh: [], top: null, limit: null })).toEqual([
        'Calanus finmarchicus',
        demoUnknownName,
        'Gadus callarias',
        'Gadus morhua',
        'Orcinus orca',
      ])
      const result = await populate(server)
      expect(result.state, result.message).toBe('COMPLETED')
      expect(result.message).toBe(
        '5 of 5 names: 4 found (3 with English names, 3 with French ones), 1 unknown to WoRMS; 3 cells got ids',
      )
      const rows = await known()
      expect(rows['Gadus callarias']).toMatchObject({
        aphia_id: 126436,
        rank: 'Species',
        ancestor_aphia_ids: [1, 2, 1821, 146419, 843664, 10313, 125469, 125732],
        vernaculars_en: ['Atlantic cod', 'cod'],
        vernaculars_fr: ['morue de l’Atlantique', 'morue franche', 'cabillaud'],
        fetch_status: 'ok',
      })
      expect(rows[demoUnknownName]).toMatchObject({
        aphia_id: null,
        fetch_status: 'not_found',
        vernaculars_en: [],
      })
      expect(rows['Calanus finmarchicus']).toMatchObject({ fetch_status: 'ok', vernaculars_fr: [] })
      // One classification an accepted id, however many names mean it.
      expect(server.requests.filter((path) => path.endsWith('ClassificationByAphiaID/126436'))).toHaveLength(
        1,
      )
      expect(server.requests.filter((path) => path.includes('MatchNames'))).toHaveLength(1)
      const ids = await database.query('SELECT aphia_ids FROM cde.obis_cells ORDER BY latitude')
      expect(ids.rows.map((row) => row.aphia_ids)).toEqual([[126436], [104464], [137102]])

      server.requests.length = 0
      const again = await populate(server)
      expect(again.message).toBe('no new names; 0 cells got ids')
      expect(server.requests).toEqual([])
      expect(await nameCoverage(database)).toMatchObject({
        names: 5,
        asked: 5,
        found: 4,
        notFound: 1,
        failed: 0,
        english: 3,
        french: 3,
        classified: 4,
      })
    })

    it('are limited to the most frequent, and to so many a run', async () => {
      const server = await worms()
      await cells([['Gadus morhua'], 5], [['Orcinus orca'], 50], [['Salmo salar'], 20])
      await populate(server, { top: 2, limit: 1 })
      expect(Object.keys(await known())).toEqual(['Orcinus orca'])
      await populate(server, { top: 2 })
      expect(Object.keys(await known()).sort()).toEqual(['Orcinus orca', 'Salmo salar'])
    })

    it('that were stored survive a cancellation, and the next run asks for the rest only', async () => {
      const server = await worms()
      const names = demoTaxa.map((taxon) => taxon.name)
      await cells([names, 1])
      const controller = new AbortController()
      const first = await populate(
        server,
        { batch_size: 5 },
        { signal: controller.signal, onNames: (done) => done >= 20 && controller.abort() },
      )
      expect(first.state).toBe('CANCELLED')
      const stored = Object.keys(await known())
      expect(stored.length).toBeGreaterThanOrEqual(20)
      expect(stored.length).toBeLessThan(names.length)
      server.requests.length = 0
      expect((await populate(server)).state).toBe('COMPLETED')
      expect(Object.keys(await known())).toHaveLength(names.length)
      const asked = server.requests.filter((path) => path.includes('MatchNames')).join('&')
      for (const name of stored) expect(asked).not.toContain(`=${name}&`)
    })

    it('are asked again by refresh mode, and a failure takes nothing from what was known', async () => {
      const server = await worms()
      await cells([['Gadus morhua'], 9], [['Orcinus orca'], 5], [[demoUnknownName], 2])
      server.setIntercept((_request, response, url) => {
        const isDown =
          url.pathname.endsWith('VernacularsByAphiaID/126436') ||
          url.pathname.endsWith('ClassificationByAphiaID/137102')
        if (isDown) response.writeHead(404).end('gone')
        return isDown
      })
      await populate(server)
      expect(await known()).toMatchObject({
        'Gadus morhua': { fetch_status: 'error', aphia_id: 126436, vernaculars_en: [] },
        // A failed classification leaves the names.
        'Orcinus orca': {
          fetch_status: 'ok',
          ancestor_aphia_ids: null,
          vernaculars_fr: ['épaulard', 'orque'],
        },
      })
      expect((await populate(server)).message).toMatch(/no new names/)
      server.setIntercept(undefined)
      await populate(server, { refresh_status: ['missing_classification'] })
      expect((await known())['Orcinus orca']!.ancestor_aphia_ids).toContain(2688)
      expect((await known())['Gadus morhua']!.fetch_status).toBe('error')
      await populate(server, { refresh_status: ['error'] })
      expect((await known())['Gadus morhua']).toMatchObject({
        fetch_status: 'ok',
        vernaculars_en: ['Atlantic cod', 'cod'],
      })

      await database.query(
        "UPDATE cde.scientific_name_vernaculars SET fetch_status = 'error' WHERE aphia_id = 126436",
      )
      server.setIntercept((_request, response) => {
        response.writeHead(404).end('gone')
        return true
      })
      await populate(server, { refresh_status: ['error'] })
      expect((await known())['Gadus morhua']).toMatchObject({
        fetch_status: 'error',
        aphia_id: 126436,
        vernaculars_en: ['Atlantic cod', 'cod'],
      })
    })

    it('of a batch are stored even if WoRMS chokes on one of them', async () => {
      const server = await worms()
      const poison = `Poison '"%_\\ ${'x'.repeat(290)}`
      await cells([['Gadus morhua', 'Orcinus orca', poison, 'Salmo salar', 'Cetacea'], 1])
      server.setIntercept((_request, response, url) => {
        const chokes = url.searchParams.getAll('scientificnames[]').includes(poison)
        if (chokes) response.writeHead(400).end('Bad request')
        return chokes
      })
      expect((await populate(server)).state).toBe('COMPLETED')
      const rows = await known()
      expect(rows[poison]).toMatchObject({ fetch_status: 'error' })
      expect(Object.values(rows).filter((row) => row.fetch_status === 'ok')).toHaveLength(4)
    })

    it('that WoRMS cannot be asked for are left for the next run, which the run says', async () => {
      const server = await worms()
      const names = Array.from({ length: 300 }, (_, at) => demoTaxa[at]?.name ?? `Unknown species ${at}`)
      await cells([names, 1])
      let answers = 0
      server.setIntercept((_request, response) => {
        answers += 1
        if (answers <= 60) return false
        response.writeHead(503).end('down')
        return true
      })
      const result = await populate(server, { batch_size: 10 })
      expect(result.state).toBe('FAILED')
      expect(result.message).toMatch(/\d+ are left for the next run; WoRMS cannot be reached: .*503/)
      const rows = await known()
      expect(Object.keys(rows).length).toBeGreaterThan(5)
      expect(Object.keys(rows).length).toBeLessThan(100)
      server.setIntercept(undefined)
      expect((await populate(server, { refresh_status: ['error'] })).state).toBe('COMPLETED')
      expect(Object.keys(await known())).toHaveLength(300)
      expect(Object.values(await known()).some((row) => row.fetch_status === 'error')).toBe(false)
    })

    it('never ask for more at once than there are workers', async () => {
      const server = await worms()
      server.setLatency(5)
      await cells([demoTaxa.map((taxon) => taxon.name), 1])
      await populate(server, { workers: 3, batch_size: 10 })
      expect(server.busiest()).toBe(3)
    })

    it('fill the ids of a cell once all of its names are known, and again when one of them is asked anew', async () => {
      const server = await worms(demoTaxa.filter(({ id }) => id !== 137102))
      await cells([['Gadus morhua', 'Orcinus orca'], 2], [['Gadus morhua', 'Not asked yet'], 1])
      const ids = async () =>
        (await database.query('SELECT aphia_ids FROM cde.obis_cells ORDER BY latitude')).rows.map(
          (row) => row.aphia_ids,
        )
      await populate(server, { limit: 2 })
      expect(await ids()).toEqual([[126436], []])
      const later = await worms()
      await populate(later, { refresh_status: ['not_found'] })
      expect(await ids()).toEqual([[126436, 137102], [126436]])
    })

    it('are found by any part of them, without regard to accents and case, with what lies below', async () => {
      const server = await worms()
      await cells(
        [['Gadus morhua', 'Boreogadus saida', 'Gadus'], 900],
        [['Cetacea', 'Orcinus orca', 'Balaenoptera musculus'], 40],
        [['Phoca vitulina', `O'Brien's 100% "fish"`, 'Salmo salar'], 7],
      )
      await populate(server)
      const found = async (text: string, limit = 20) =>
        (await searchNames(database, text, limit)).map(({ scientificName }) => scientificName)
      expect((await found('cod'))[0]).toBe('Gadus')
      expect(await found('cod')).toEqual(expect.arrayContaining(['Gadus morhua', 'Boreogadus saida']))
      expect(await found('MORUE')).toEqual(expect.arrayContaining(['Gadus morhua', 'Boreogadus saida']))
      expect(await found('epaulard')).toEqual(['Orcinus orca'])
      expect(await found('Épaulard')).toEqual(['Orcinus orca'])
      expect(await found('gadus mor')).toEqual(['Gadus morhua'])
      expect(await found('100%')).toEqual([`O'Brien's 100% "fish"`])
      expect(await found('%')).toEqual([])
      expect(await found('')).toEqual([])
      expect(await found("'; DROP TABLE x; --")).toEqual([])
      const whales = await searchNames(database, 'cétacés', 20)
      expect(whales[0]).toMatchObject({
        scientificName: 'Cetacea',
        matched: 'cétacés',
        matchedIn: 'fr',
        below: null,
      })
      expect(whales.slice(1)).toMatchObject([
        { scientificName: 'Balaenoptera musculus', below: 'Cetacea' },
        { scientificName: 'Orcinus orca', below: 'Cetacea' },
      ])
      expect(await found('cétacés', 2)).toHaveLength(2)
      const { rows } = await database.query('SELECT harvester.taxon_ids(2688) AS ids')
      expect(rows[0]!.ids).toEqual([2688, 137090, 137102])

      // A name that left the cells is not found any more; one that is new is, before WoRMS was asked.
      await database.query("DELETE FROM cde.obis_cells WHERE 'Cetacea' = ANY (scientific_names)")
      await cells()
      await refreshNameIndex(database)
      expect(await found('epaulard')).toEqual([])
    })
  })
}
