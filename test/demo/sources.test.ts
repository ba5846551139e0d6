import { parse } from 'csv-parse/sync'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { CkanServer } from '../../src/demo/ckan.ts'
import { startCkan } from '../../src/demo/ckan.ts'
import { startErddap } from '../../src/demo/erddap.ts'
import { scaleDatasets } from '../../src/demo/scale.ts'
import type { DemoSources } from '../../src/demo/sources.ts'
import { demoUrls, startDemoSources } from '../../src/demo/sources.ts'
import { ask, lines } from './ask.ts'

describe('the demo', () => {
  let sources: DemoSources
  beforeAll(async () => {
    sources = await startDemoSources()
  })
  afterAll(() => sources.close())

  const table = async (url: string) =>
    parse((await ask(url)).body, { columns: true }) as Record<string, string>[]
  const listed = async () => {
    const both = await Promise.all(
      [sources.pacific, sources.atlantic].map((server) => table(`${server.url}/tabledap/allDatasets.csv`)),
    )
    return both.flatMap((rows) => rows.slice(1)).filter((row) => row.datasetID !== 'allDatasets')
  }

  it('lists a few dozen datasets of all types, each id once', async () => {
    const rows = await listed()
    const types = new Set(rows.map((row) => row.cdm_data_type))
    expect(rows.length).toBeGreaterThanOrEqual(40)
    expect(new Set(rows.map((row) => row.datasetID)).size).toBe(rows.length)
    for (const type of ['TimeSeries', 'Profile', 'TimeSeriesProfile', 'Trajectory', 'Point', 'Other'])
      expect(types).toContain(type)
  })

  it('gives only its fixed addresses, and routes for them', async () => {
    expect(sources.erddapUrls).toEqual([demoUrls.pacific, demoUrls.atlantic])
    const { body } = await ask(`${sources.pacific.url}/tabledap/allDatasets.csv`)
    expect(body).not.toContain('127.0.0.1')
    expect(sources.routes.get('https://erddap.demo-pacific.example')).toBe(sources.pacific.origin)
    expect(sources.routes.get(sources.ckanUrl)).toBe(sources.ckan.origin)
  })

  it('answers the metadata of every listed dataset but the one that vanished', async () => {
    const failed: string[] = []
    for (const server of [sources.pacific, sources.atlantic])
      for (const row of await table(`${server.url}/tabledap/allDatasets.csv?datasetID`))
        if (row.datasetID && (await ask(`${server.url}/info/${row.datasetID}/index.csv`)).status !== 200)
          failed.push(row.datasetID)
    expect(failed).toEqual(['vanishing_dataset'])
  })

  it('keeps the stations around the three coasts', async () => {
    // Drifters and floats go where they are carried.
    const elsewhere = ['survey_with_bad_rows', 'surface_drifters', 'floats_north_pacific']
    const rows = (await listed()).filter((row) => !elsewhere.includes(row.datasetID ?? ''))
    const within = (name: string, low: number, high: number) =>
      rows
        .filter((row) => row[name] !== 'NaN')
        .every((row) => Number(row[name]) >= low && Number(row[name]) <= high)
    expect(within('minLatitude', 42, 83)).toBe(true)
    expect(within('maxLatitude', 42, 83)).toBe(true)
    const west = rows.map((row) => Number(row.minLongitude))
    expect(west.some((value) => value < -140)).toBe(true)
    expect(west.some((value) => value > -60 && value < 0)).toBe(true)
    expect(west.some((value) => value > 180)).toBe(true)
  })

  it('passes data of a federated dataset on to the other server', async () => {
    const answer = await ask(
      `${sources.pacific.url}/tabledap/mirrored_newfoundland_buoys.csv?station_id&distinct()`,
    )
    expect(answer.status).toBe(302)
    expect(answer.headers.location).toBe(
      `${demoUrls.atlantic}/tabledap/newfoundland_buoys.csv?station_id&distinct()`,
    )
  })

  it('has one dataset that fails with a sentence', async () => {
    const answer = await ask(
      `${sources.pacific.url}/tabledap/archive_on_broken_disk.csv?station_id&distinct()`,
    )
    expect(answer.status).toBe(400)
    expect(answer.body).toContain('cannot be read')
  })

  it('catalogues most datasets in two languages, pointing at listed ids', async () => {
    const answer = await ask(`${sources.ckan.url}/api/3/action/package_search?q=erddap&rows=1000&start=0`)
    const { count, results } = JSON.parse(answer.body).result
    expect(results.length).toBeLessThan(count)
    const first = results[0]
    expect(first.title_translated.fr).toBe('Bouées météorologiques de la côte du Pacifique')
    expect(first.resources[0].url).toMatch(/^https?:\/\/erddap\.demo-pacific\.example\/erddap\//)
  })

  it('gives the same answers after a restart', async () => {
    const again = await startDemoSources()
    try {
      const urls = (one: DemoSources) => [
        `${one.pacific.url}/info/line_p_ctd/index.csv`,
        `${one.atlantic.url}/tabledap/arctic_moorings.csv`,
        `${one.pacific.url}/files/line_p_ctd.manifest`,
      ]
      for (const [at, url] of urls(sources).entries())
        expect((await ask(urls(again)[at] as string)).body).toBe((await ask(url)).body)
    } finally {
      await again.close()
    }
  })
})

describe('the look-alike CKAN', () => {
  let ckan: CkanServer
  beforeEach(async () => {
    const records = Array.from({ length: 25 }, (_, at) => ({
      id: `r${at}`,
      title: at === 24 ? 'something else' : `erddap ${at}`,
      resources: [],
    }))
    ckan = await startCkan({ records, rowsCap: 10 })
  })
  afterEach(() => ckan.close())

  const search = (query: string) => ask(`${ckan.url}/api/3/action/package_search?${query}`)
  const found = async (query: string) =>
    JSON.parse((await search(query)).body).result as {
      count: number
      results: { id: string; title: string }[]
    }

  it('caps rows and pages by start', async () => {
    const first = await found('q=erddap&rows=1000')
    expect(first.count).toBe(24)
    expect(first.results).toHaveLength(10)
    expect((await found('q=erddap&rows=1000&start=20')).results.map(({ id }) => id)).toEqual([
      'r20',
      'r21',
      'r22',
      'r23',
    ])
    expect((await found('q=erddap&rows=1000&start=24')).results).toEqual([])
  })

  it('changes a record', async () => {
    ckan.changeRecord('r3', { title: 'erddap changed' })
    expect((await found('q=changed')).results).toMatchObject([{ id: 'r3', title: 'erddap changed' }])
  })

  it('can be down in several ways', async () => {
    ckan.setMode('error')
    expect((await search('q=erddap')).status).toBe(503)
    ckan.setMode('html')
    expect((await search('q=erddap')).body).toContain('Maintenance')
    ckan.setMode('reset')
    await expect(search('q=erddap')).rejects.toThrow()
    ckan.setMode('up')
    expect((await search('q=erddap')).status).toBe(200)
  })
})

describe('generated servers', () => {
  it('mix 40/30/30, half of each type with depth, in twenty', () => {
    const datasets = [...scaleDatasets({ kind: 'mixed', datasets: 200 })]
    const types = datasets.map(({ globals }) => globals[0]?.value)
    const count = (type: string) => types.filter((one) => one === type).length
    expect([count('TimeSeries'), count('Profile'), count('TimeSeriesProfile')]).toEqual([80, 60, 60])
    const deep = datasets.filter(({ variables }) => variables.some(({ name }) => name === 'depth'))
    expect(deep).toHaveLength(100)
  })

  it('say in their metadata what their rows hold', () => {
    for (const { id, variables, rows } of scaleDatasets({ kind: 'mixed', datasets: 20 })) {
      const at = variables.findIndex(({ name }) => name === 'time')
      const times = [...rows()].map((row) => Number(row[at]))
      const range = variables[at]?.attributes.find(({ name }) => name === 'actual_range')?.value
      expect([id, ...(range ?? '').split(',').map(Number)]).toEqual([
        id,
        Math.min(...times),
        Math.max(...times),
      ])
    }
  })

  it('share out a number of profiles, in the order in which they are sorted', async () => {
    const datasets = [...scaleDatasets({ kind: 'profiles', datasets: 3, profiles: 1000 })]
    const server = await startErddap({ datasets })
    try {
      let total = 0
      for (const { id } of datasets) {
        const streamed = lines(
          (await ask(`${server.url}/tabledap/${id}.csv?profile_id,latitude,longitude&distinct()`)).body,
        ).slice(2)
        expect([...streamed].sort()).toEqual(streamed)
        total += streamed.length
        const ranges = lines(
          (await ask(`${server.url}/tabledap/${id}.csv?profile_id,depth&orderByMinMax("profile_id,depth")`))
            .body,
        )
        expect(ranges).toHaveLength(2 + streamed.length * 2)
      }
      expect(total).toBe(1000)
    } finally {
      await server.close()
    }
  })
})
