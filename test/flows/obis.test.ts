import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Database } from '../../src/database/port.ts'
import { type CkanServer, startCkan } from '../../src/demo/ckan.ts'
import { startErddap } from '../../src/demo/erddap.ts'
import { type ObisServer, startObis } from '../../src/demo/obis.ts'
import { demoObisDatasets, demoObisIds } from '../../src/demo/obis-datasets.ts'
import { scaleDatasets } from '../../src/demo/scale.ts'
import { emptyDatabase } from '../support/database.ts'
import { openMigrated } from '../support/engine.ts'
import { createHarvester, type Harvester, type HarvesterOptions } from '../support/harvester.ts'

let database: Database
const closing: { close(): Promise<unknown> }[] = []

beforeAll(async () => {
  database = await openMigrated()
})
afterAll(async () => {
  await database?.close()
})
beforeEach(() => emptyDatabase(database))
afterEach(async () => {
  for (const part of closing.splice(0).reverse()) await part.close()
})

async function obisServer(): Promise<ObisServer> {
  const server = await startObis({ datasets: demoObisDatasets() })
  closing.push(server)
  return server
}

async function harvester(
  server: ObisServer,
  settings: Record<string, unknown> = {},
  more: Partial<HarvesterOptions> = { database },
): Promise<Harvester> {
  const made = await createHarvester({
    settings: {
      obis_dataset_ids: Object.values(demoObisIds),
      obis_api_url: server.apiUrl,
      obis_parquet_url: server.parquetUrl,
      ...settings,
    },
    ...more,
  })
  closing.push(made)
  return made
}

const stored = async (sql: string) => (await database.query(sql)).rows

describe('OBIS as a source', () => {
  it('ends every configured dataset in an attempt, and its cells in the map', async () => {
    const server = await obisServer()
    const harvest = await harvester(server)
    const run = await harvest.run({ source: 'obis' })
    expect(run.result.state, run.result.message).toBe('COMPLETED')
    expect(run.outcomes).toEqual({
      [demoObisIds.trawlSurvey]: 'success',
      [demoObisIds.whaleSightings]: 'success',
      [demoObisIds.taggedFish]: 'success',
      [demoObisIds.atlanticPlankton]: 'success',
      [demoObisIds.reefFish]: 'OUT_OF_REGION',
      [demoObisIds.intertidal]: 'success',
      [demoObisIds.announced]: 'NO_OCCURRENCES',
      [demoObisIds.arcticBenthos]: 'success',
    })
    expect(run.folder).toMatch(/\/obis\/\d{8}_\d{6}$/)
    const cells = await run.table('obis_cells')
    const datasets = await run.table('datasets')
    expect(datasets.map((row) => row.dataset_id)).toEqual([...datasets.map((row) => row.dataset_id)].sort())
    for (const row of datasets) {
      expect(row).toMatchObject({
        erddap_url: 'https://obis.org',
        cdm_data_type: 'Point',
        source_type: 'obis',
        n_profiles: String(cells.filter((cell) => cell.dataset_id === row.dataset_id).length),
      })
    }
    expect(datasets[0]).toMatchObject({
      title: 'Maritimes summer research vessel trawl survey (demonstration)',
      organizations: '["Fisheries and Oceans Canada","Bedford Institute of Oceanography"]',
      obis_nodes: '["OBIS Canada"]',
    })
    expect(await run.table('profiles')).toEqual([])
    expect(await run.table('rejected').catch(() => [])).toEqual([])
    for (const cell of cells) {
      const names = JSON.parse(cell.scientific_names!) as string[]
      expect(names).toEqual([...new Set(names)].sort())
      expect(cell.time_min === '' || cell.time_min! <= cell.time_max!).toBe(true)
      expect(Number(cell.depth_min)).toBeLessThanOrEqual(Number(cell.depth_max))
    }
    expect(
      await stored(
        'SELECT count(*) AS n FROM cde.obis_cells WHERE hex_0_pk IS NOT NULL AND point_pk IS NOT NULL',
      ),
    ).toEqual([{ n: cells.length }])
    expect(
      await stored(`SELECT obis_nodes FROM cde.datasets WHERE dataset_id = '${demoObisIds.taggedFish}'`),
    ).toEqual([{ obis_nodes: ['Ocean Tracking Network'] }])
    expect(
      await stored(
        "SELECT total_records > 0 AS seen FROM cde.obis_scientific_name_popularity WHERE scientific_name = 'Gadus morhua'",
      ),
    ).toEqual([{ seen: true }])
    expect(await stored('SELECT DISTINCT source, status FROM cde.harvest_attempts ORDER BY 1, 2')).toEqual([
      { source: 'obis', status: 'skipped' },
      { source: 'obis', status: 'success' },
    ])
  })

  it('skips what is unchanged, harvests what is not, and changes no row without need', async () => {
    const server = await obisServer()
    const harvest = await harvester(server)
    await harvest.run({ source: 'obis' })
    const before = await stored('SELECT pk, xmin FROM cde.obis_cells ORDER BY pk')
    const second = await harvest.run({ source: 'obis' })
    expect(second.outcomes).toMatchObject({
      [demoObisIds.trawlSurvey]: 'UNCHANGED',
      [demoObisIds.arcticBenthos]: 'UNCHANGED',
      // The paged API proves nothing.
      [demoObisIds.intertidal]: 'success',
      [demoObisIds.reefFish]: 'OUT_OF_REGION',
    })
    expect((await second.table('verified')).map((row) => row.dataset_id)).toContain(demoObisIds.trawlSurvey)
    expect(await stored('SELECT pk, xmin FROM cde.obis_cells ORDER BY pk')).toEqual(before)

    const trawl = server.datasets.get(demoObisIds.trawlSurvey)!
    server.publish({ ...trawl, occurrences: trawl.occurrences.slice(1000) })
    const third = await harvest.run({ source: 'obis' })
    expect(third.outcomes).toMatchObject({
      [demoObisIds.trawlSurvey]: 'success',
      [demoObisIds.whaleSightings]: 'UNCHANGED',
    })
    const [{ n }] = (await stored(
      `SELECT sum(n_records) AS n FROM cde.obis_cells WHERE dataset_id = '${trawl.id}'`,
    )) as [{ n: string }]
    expect(Number(n)).toBe(trawl.occurrences.length - 1000)
    expect((await harvest.run({ source: 'obis', force: true })).outcomes[demoObisIds.whaleSightings]).toBe(
      'success',
    )
  })

  it('takes nothing over for longer than 30 days, whatever its file', async () => {
    const server = await obisServer()
    const harvest = await harvester(server, { obis_dataset_ids: [demoObisIds.trawlSurvey] })
    await harvest.run({ source: 'obis' })
    await database.query(`UPDATE cde.harvest_attempts SET attempted_at = attempted_at - interval '31 days'`)
    const aged = await harvest.run({ source: 'obis' })
    expect(aged.outcomes).toEqual({ [demoObisIds.trawlSurvey]: 'success' })
    expect((await harvest.run({ source: 'obis' })).outcomes).toEqual({
      [demoObisIds.trawlSurvey]: 'UNCHANGED',
    })
  })

  it('removes the cells of a dataset that left the configuration, after it was missing three times', async () => {
    const server = await obisServer()
    await (await harvester(server)).run({ source: 'obis' })
    const { trawlSurvey, ...others } = demoObisIds
    const smaller = await harvester(server, {
      obis_dataset_ids: Object.values(others),
      prune_after_hours: 0,
    })
    const cells = async () =>
      (await stored(`SELECT count(*) AS n FROM cde.obis_cells WHERE dataset_id = '${trawlSurvey}'`))[0]!
        .n as number
    for (let run = 1; run <= 3; run += 1) {
      expect(await cells()).toBeGreaterThan(0)
      await smaller.run({ source: 'obis' })
    }
    expect(await cells()).toBe(0)
  })

  it('is harvested side by side with servers, in a run over all sources', async () => {
    const server = await obisServer()
    const erddap = await startErddap({ datasets: scaleDatasets({ kind: 'mixed', datasets: 3, profiles: 4 }) })
    closing.push(erddap)
    const harvest = await harvester(server, {
      erddap_urls: [erddap.url],
      obis_dataset_ids: [demoObisIds.whaleSightings, demoObisIds.intertidal],
    })
    const run = await harvest.run()
    expect(run.result.state, run.result.message).toBe('COMPLETED')
    const datasets = await run.table('datasets')
    expect(new Set(datasets.map((row) => row.source_type))).toEqual(new Set(['erddap', 'obis']))
    expect((await run.table('profiles')).length).toBeGreaterThan(0)
    expect((await run.table('obis_cells')).length).toBeGreaterThan(0)
  })

  it('is told in the catalogue’s words where a record came from the dataset, and follows its changes', async () => {
    const server = await obisServer()
    const record = {
      id: 'record-1',
      title_translated: { en: 'Whales, catalogued', fr: 'Baleines, cataloguées' },
      'cited-responsible-party': [{ 'organisation-name': 'Catalogued organization' }],
      resources: [],
      xml_location_url: `https://example.org/erddap/metadata/${demoObisIds.whaleSightings.toUpperCase()}.xml`,
    }
    const ckan: CkanServer = await startCkan({ records: [record] })
    closing.push(ckan)
    const harvest = await harvester(server, {
      ckan_url: ckan.url,
      ckan_cache_hours: 0,
      obis_dataset_ids: [demoObisIds.whaleSightings],
    })
    const first = await harvest.run({ source: 'obis' })
    expect((await first.table('datasets'))[0]).toMatchObject({
      ckan_id: 'record-1',
      title: 'Whales, catalogued',
      title_fr: 'Baleines, cataloguées',
      organizations: '["Catalogued organization"]',
    })
    expect((await harvest.run({ source: 'obis' })).outcomes[demoObisIds.whaleSightings]).toBe('UNCHANGED')
    ckan.changeRecord('record-1', { title_translated: { en: 'Whales, anew', fr: 'Baleines' } })
    const changed = await harvest.run({ source: 'obis' })
    expect(changed.outcomes[demoObisIds.whaleSightings]).toBe('success')
    expect(await changed.table('datasets')).toEqual([])
    expect(await stored('SELECT title, title_fr FROM cde.datasets')).toEqual([
      { title: 'Whales, anew', title_fr: 'Baleines' },
    ])
  })

  it('fails, and keeps what the map has, while OBIS is down', async () => {
    const server = await obisServer()
    const harvest = await harvester(server)
    await harvest.run({ source: 'obis' })
    const before = (await stored('SELECT count(*) AS n FROM cde.obis_cells'))[0]!.n
    server.setIntercept((_request, response) => {
      response.writeHead(404).end('<h1>Gone</h1>')
      return true
    })
    const run = await harvest.run({ source: 'obis' })
    expect(run.result.state).toBe('FAILED')
    expect(new Set(Object.values(run.outcomes))).toEqual(new Set(['NOT_FOUND']))
    expect((await stored('SELECT count(*) AS n FROM cde.obis_cells'))[0]!.n).toBe(before)
  })

  it('says which dataset was asked for and is not configured', async () => {
    const server = await obisServer()
    const harvest = await harvester(server, {}, {})
    const run = await harvest.run({ source: 'obis', dataset_ids: [demoObisIds.announced, 'nobody-knows'] })
    expect(run.outcomes).toEqual({ [demoObisIds.announced]: 'NO_OCCURRENCES', 'nobody-knows': 'NOT_LISTED' })
  })

  it('refuses a polygon file that is none before anything is asked', async () => {
    const server = await obisServer()
    const harvest = await harvester(server, { obis_geo_filter: { polygon_file: 'no-such-file.wkt' } }, {})
    const run = await harvest.run({ source: 'obis' })
    expect(run.result.state).toBe('FAILED')
    expect(run.result.message).toMatch(/no-such-file\.wkt cannot be read/)
    expect(server.requests).toEqual([])
  })
})
