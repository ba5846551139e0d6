import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startCkan } from '../../src/demo/ckan.ts'
import type { DemoDataset } from '../../src/demo/dataset.ts'
import { type ErddapServer, startErddap } from '../../src/demo/erddap.ts'
import { differences } from './compare.ts'
import { generate } from './generate.ts'
import { catalogue, nasty } from './nasty.ts'
import { type Expected, expectHarvest, type ServedErddap } from './oracle.ts'
import { type Ended, harvester, readTable, runFolders } from './run.ts'

/**
 * Three servers harvested at once by the real command: a modern one, one of before 2.x (HTML errors with status 500,
 * no orderByCount, one row where minimum and maximum are the same), and one that sends raw UTF-8.
 */
describe('a harvest holds what the specification says', () => {
  const folder = mkdtempSync(join(tmpdir(), 'acceptance-'))
  const closing: (() => Promise<void>)[] = []
  const servers: (ServedErddap & { server: ErddapServer })[] = []
  let records: unknown[] = []
  const runs: { ended: Ended; folder: string }[] = []
  let expected: Expected

  const random = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, at) => generate(from + at))

  beforeAll(async () => {
    await serve([...nasty, ...random(250, 350)], { version: '2.02' })
    await serve(random(350, 400), { escapes: false })
    // Data of other servers, the first of the list, so that what they lack might be taken for a lack of this one.
    const [old, raw] = servers
    const federated = [
      { ...generate(250), id: 'AAA_of_an_old_server', origin: `${old?.url}/tabledap/${generate(250).id}` },
      { ...generate(351), id: 'AAA_of_another', origin: `${raw?.url}/tabledap/${generate(351).id}` },
    ]
    await serve([...federated, ...nasty, ...random(1, 250)], {})
    servers.reverse()
    records = catalogue(new URL(servers[0]?.url ?? '').host)
    const ckan = await startCkan({ records, rowsCap: 5 })
    closing.push(ckan.close)
    const config = join(folder, 'harvest.yaml')
    writeFileSync(
      config,
      [
        `ckan_url: ${ckan.url}/`,
        'folder: out',
        'erddap_urls:',
        // Which datasets first meet what an old server lacks is a matter of order, where several are asked at once.
        ...servers.map(
          ({ url, countsRecords }) => `  - url: ${url}//\n    concurrency: ${countsRecords ? 4 : 1}`,
        ),
      ].join('\n'),
    )
    const host = new URL(servers[0]?.url ?? '').host
    writeFileSync(
      join(folder, 'skipped_datasets.json'),
      JSON.stringify({ [host]: ['on_skip_list', 'type_none'] }),
    )
    for (const [at] of [1, 2].entries()) {
      const ended = await harvester(['harvest', '-f', config, '--no-load'], folder)
      runs.push({ ended, folder: runFolders(join(folder, 'out')).complete[at] ?? '' })
    }
    const startedAt = Date.parse(readTable(runs[0]?.folder ?? '', 'harvest_runs')[0]?.started_at ?? '')
    expected = expectHarvest(servers, records, startedAt)
  })

  afterAll(async () => {
    for (const close of closing) await close()
    rmSync(folder, { recursive: true, force: true })
  })

  async function serve(datasets: DemoDataset[], options: { version?: string; escapes?: boolean }) {
    const server = await startErddap({ datasets, ...options })
    closing.push(server.close)
    servers.push({
      url: server.url,
      datasets,
      countsRecords: options.version === undefined,
      countedElsewhere: ['AAA_of_an_old_server'],
      skipList: datasets.some(({ origin }) => origin !== undefined) ? ['on_skip_list', 'type_none'] : [],
      server,
    })
  }

  it('ends well, and says that a few datasets failed', () => {
    expect(runs[0]?.ended).toMatchObject({ code: 0 })
    expect(runs[0]?.ended.stdout).toContain('Completed')
  })

  it('decides, describes, joins and writes as the oracle does', () => {
    expect(differences(runs[0]?.folder ?? '', expected)).toEqual([])
  })

  it('gives the time of the run to what it verified', () => {
    const run = readTable(runs[0]?.folder ?? '', 'harvest_runs')[0]
    const times = new Set(readTable(runs[0]?.folder ?? '', 'datasets').map(({ verified_at }) => verified_at))
    expect([...times]).toEqual([run?.started_at])
  })

  it('asks no more than today’s harvester, and says all that it asked', () => {
    const tooMany: string[] = []
    for (const attempt of readTable(runs[0]?.folder ?? '', 'harvest_attempts')) {
      const served = servers.find(({ url }) => url === attempt.erddap_url)
      const dataset = served?.datasets.find(({ id }) => id === attempt.dataset_id)
      const urls = (attempt.query_urls ?? '').split('\n')
      const listOnly = ['CDM_DATA_TYPE_UNSUPPORTED', 'ON_SKIP_LIST'].includes(attempt.reason_code ?? '')
      const dimensions = dataset?.variables.some(({ name }) => ['depth', 'altitude'].includes(name)) ? 2 : 1
      // A window without rows is counted whole, by today's harvester too; an old server is asked once for what it lacks.
      const most = listOnly ? 1 : 3 + dimensions + (served?.countsRecords ? 1 : 2)
      // Each hop of a redirect is a request.
      if (dataset?.origin !== undefined) continue
      if (urls.length > most) tooMany.push(`${attempt.dataset_id}: ${urls.join(' ')}`)
      if (!urls.every((url) => url.startsWith(`${attempt.erddap_url}/`))) tooMany.push(`${urls}`)
      const asked = new Set(served?.server.requests.map(({ path }) => path))
      const origin = served?.server.origin ?? ''
      if (!listOnly)
        for (const url of urls) if (!asked.has(url.slice(origin.length))) tooMany.push(`never asked: ${url}`)
    }
    expect(tooMany).toEqual([])
  })

  it('gives the same files a second time, but for run ids and times', () => {
    const [first, second] = runs.map((run) => run.folder)
    expect(readdirSync(second ?? '').sort()).toEqual(readdirSync(first ?? '').sort())
    const settled = (run: string, name: string) => {
      if (name === 'harvest_runs.csv') return ''
      const { run_id: id = '', started_at: time = '' } = readTable(run, 'harvest_runs')[0] ?? {}
      return readFileSync(join(run, name), 'utf8')
        .replaceAll(id, 'RUN')
        .replace(/,\d+,\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ,("?http)/g, ',MS,TIME,$1')
        .replaceAll(time, 'NOW')
    }
    for (const name of readdirSync(first ?? ''))
      expect(settled(second ?? '', name), name).toBe(settled(first ?? '', name))
  })

  it('writes LF, UTF-8 and every file, if only its header', () => {
    const names = readdirSync(runs[0]?.folder ?? '').sort()
    expect(names).toEqual(
      [
        'ckan',
        'datasets',
        'harvest_attempts',
        'harvest_runs',
        'obis_cells',
        'profiles',
        'skipped',
        'verified',
      ].map((name) => `${name}.csv`),
    )
    expect(readFileSync(join(runs[0]?.folder ?? '', 'obis_cells.csv'), 'utf8')).toBe(
      'dataset_id,latitude,longitude,scientific_names,n_records,time_min,time_max,depth_min,depth_max\n',
    )
    expect(readTable(runs[0]?.folder ?? '', 'verified')).toEqual([])
  })
})
