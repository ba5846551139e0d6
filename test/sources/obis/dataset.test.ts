import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ObisServer, parquetOf, startObis } from '../../../src/demo/obis.ts'
import {
  demoObisDatasets,
  demoObisIds,
  type ObisDemoDataset,
  type ObisOccurrence,
} from '../../../src/demo/obis-datasets.ts'
import { createBreaker } from '../../../src/http/breaker.ts'
import { createHttpClient } from '../../../src/http/client.ts'
import type { ObisCell } from '../../../src/rules/obis-cells.ts'
import { sentence } from '../../../src/rules/reasons/index.ts'
import { createObisClient } from '../../../src/sources/obis/client.ts'
import { harvestObisDataset, type ObisHarvest } from '../../../src/sources/obis/dataset.ts'
import { loadObisFilter } from '../../../src/sources/obis/filter.ts'
import { openRemoteFile } from '../../../src/sources/obis/remote-file.ts'

const otherNode = { id: '00000000-0000-4000-8000-000000000001', name: 'Another node' }
const canada = { id: '7dfb2d90-9317-434d-8d4e-64adf324579a', name: 'OBIS Canada' }

function occurrence(id: number, more: Partial<ObisOccurrence> = {}): ObisOccurrence {
  return {
    id: `o-${String(id).padStart(6, '0')}`,
    decimalLatitude: 44 + (id % 40) / 20,
    decimalLongitude: -62 - (id % 30) / 20,
    date_start: Date.UTC(2010, 0, 1 + (id % 300)),
    date_end: Date.UTC(2010, 0, 2 + (id % 300)),
    minimumDepthInMeters: id % 50,
    maximumDepthInMeters: 50 + (id % 50),
    scientificName: `Species ${id % 17}`,
    ...more,
  }
}

const many = (count: number) => Array.from({ length: count }, (_, id) => occurrence(id))

function dataset(more: Partial<ObisDemoDataset> = {}): ObisDemoDataset {
  return {
    id: 'set',
    title: 'Set',
    institutes: ['Institute'],
    nodes: [canada],
    occurrences: many(2500),
    ...more,
  }
}

let folder: string
const closing: (() => Promise<void>)[] = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'harvester-obis-'))
})
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
  await rm(folder, { recursive: true, force: true })
})

async function serve(datasets: ObisDemoDataset[], options: { pageCap?: number } = {}): Promise<ObisServer> {
  const server = await startObis({ datasets, ...options })
  closing.push(() => server.close())
  return server
}

async function harvest(
  server: Pick<ObisServer, 'apiUrl' | 'parquetUrl'>,
  id = 'set',
  {
    known = null,
    mode = 'canada',
    ...more
  }: { known?: string | null; mode?: 'canada' | 'none' } & Partial<ObisHarvest> = {},
) {
  const http = createHttpClient({
    gate: { inFlight: 8 },
    sleep: async () => {},
    timeouts: { bodyIdleMs: 2000 },
  })
  closing.push(() => http.close())
  const cells: ObisCell[] = []
  const result = await harvestObisDataset(
    {
      client: createObisClient({
        http,
        apiUrl: server.apiUrl,
        parquetUrl: server.parquetUrl,
        cacheDir: folder,
      }),
      filter: await loadObisFilter({ mode, polygonFile: undefined, exemptNodeIds: undefined, folders: [] }),
      breaker: createBreaker(),
      datasetTimeoutMs: null,
      signal: new AbortController().signal,
      sleep: async () => {},
      ...more,
    },
    id,
    known,
    { onRows: async (part) => void cells.push(...part) },
  )
  return { ...result, warnings: result.warnings.map((warning) => sentence('en', warning)), cells }
}

/** Cells as a few lines of code make them. */
function simpleCells(occurrences: readonly ObisOccurrence[]) {
  const cells = new Map<
    string,
    { n: number; names: Set<string>; top: number; bottom: number; start: number; end: number }
  >()
  const snap = (degrees: number) =>
    Number(((Math.sign(degrees) * Math.round(Math.abs(degrees) * 12)) / 12).toFixed(8)) + 0
  for (const o of occurrences) {
    const key = `${snap(o.decimalLatitude!)} ${snap(o.decimalLongitude!)}`
    const cell = cells.get(key) ?? {
      n: 0,
      names: new Set(),
      top: Infinity,
      bottom: -Infinity,
      start: Infinity,
      end: -Infinity,
    }
    cell.n += 1
    cell.names.add(o.scientificName!)
    cell.top = Math.min(cell.top, o.minimumDepthInMeters!)
    cell.bottom = Math.max(cell.bottom, o.maximumDepthInMeters!)
    cell.start = Math.min(cell.start, o.date_start!)
    cell.end = Math.max(cell.end, o.date_end!)
    cells.set(key, cell)
  }
  return cells
}

describe('an OBIS dataset', () => {
  it('is gathered into cells from its published file, read by ranges', async () => {
    const server = await serve([dataset()])
    const { outcome, cells, harvested, queryUrls, warnings } = await harvest(server)
    expect(outcome.status).toBe('success')
    expect(warnings).toEqual([])
    const wanted = simpleCells(many(2500))
    expect(cells).toHaveLength(wanted.size)
    for (const cell of cells) {
      const simple = wanted.get(`${cell.latitude} ${cell.longitude}`)!
      expect(cell).toMatchObject({
        n_records: simple.n,
        scientific_names: [...simple.names].sort(),
        depth_min: simple.top,
        depth_max: simple.bottom,
        time_min: simple.start === null ? null : new Date(simple.start),
        time_max: simple.end === null ? null : new Date(simple.end),
      })
    }
    expect(harvested).toMatchObject({
      rows: wanted.size,
      description: { title: 'Set', institutes: ['Institute'], nodes: ['OBIS Canada'] },
      content: { hash: expect.stringMatching(/^[0-9a-f]{64}$/), reason: null },
    })
    expect(cells.reduce((sum, { n_records }) => sum + (n_records ?? 0), 0)).toBe(2500)
    expect(queryUrls).toEqual([`${server.apiUrl}/dataset/set`, `${server.parquetUrl}/set.parquet`])
    expect(
      server.requests.filter(({ path }) => path.endsWith('.parquet')).every(({ range }) => range !== null),
    ).toBe(true)
  })

  it('gives the same cells from the paged API, page by page, when there is no file', async () => {
    const published = await serve([dataset()])
    const unpublished = await serve([dataset({ isPublished: false })], { pageCap: 400 })
    const one = await harvest(published)
    const other = await harvest(unpublished)
    expect(other.cells).toEqual(one.cells)
    expect(other.warnings).toEqual([expect.stringMatching(/the paged API was asked instead/)])
    expect(other.harvested!.content).toEqual({ hash: null, reason: 'HASH_NO_FILE_LIST' })
    expect(unpublished.requests.filter(({ path }) => path.startsWith('/v3/occurrence'))).toHaveLength(8)
  })

  it('gives the same cells from a server that knows no ranges', async () => {
    const server = await serve([dataset()])
    const one = await harvest(server)
    server.setIntercept((request) => {
      delete request.headers.range
      return false
    })
    const other = await harvest(server)
    expect(other.cells).toEqual(one.cells)
    expect(other.warnings).toEqual([])
  })

  it('is unchanged as long as file, description, rules and region are, which costs two small requests', async () => {
    const server = await serve([dataset({ occurrences: many(20_000) })])
    const first = await harvest(server)
    const known = first.harvested!.content.hash
    server.requests.length = 0
    const second = await harvest(server, 'set', { known })
    expect(second).toMatchObject({
      outcome: { status: 'skipped', reason: 'UNCHANGED' },
      verified: true,
      cells: [],
    })
    expect(server.requests.map(({ path, status }) => [path, status])).toEqual([
      ['/v3/dataset/set', 304],
      ['/occurrence/set.parquet', 206],
    ])
    // Another node of the same dataset, another file: both end it.
    server.datasets.set('set', { ...server.datasets.get('set')!, title: 'Another title' })
    expect((await harvest(server, 'set', { known })).outcome.status).toBe('success')
    server.publish(dataset({ occurrences: many(20_001) }))
    expect((await harvest(server, 'set', { known })).outcome.status).toBe('success')
  })

  it('that is unchanged is verified, and a success where its catalogue record changed', async () => {
    const server = await serve([dataset()])
    const known = (await harvest(server)).harvested!.content.hash
    const record = await harvest(server, 'set', { known, catalogueChange: async () => 'record' })
    expect(record).toMatchObject({ outcome: { status: 'success' }, verified: true, harvested: null })
    const vanished = await harvest(server, 'set', { known, catalogueChange: async () => 'harvest' })
    expect(vanished).toMatchObject({ outcome: { status: 'success' }, verified: false })
    expect(vanished.cells.length).toBeGreaterThan(0)
  })

  it('of an exempt node is taken whole, of others only what lies within the region', async () => {
    const occurrences = [
      ...many(100),
      ...many(50).map((o) => ({ ...o, id: `x${o.id}`, decimalLongitude: 5 })),
    ]
    const server = await serve([
      dataset({ id: 'ours', occurrences }),
      dataset({ id: 'theirs', nodes: [otherNode], occurrences }),
    ])
    expect((await harvest(server, 'ours')).harvested!.rows).toBe(simpleCells(occurrences).size)
    const theirs = await harvest(server, 'theirs')
    expect(theirs.cells).toEqual((await harvest(await serve([dataset({ occurrences: many(100) })]))).cells)
    expect((await harvest(server, 'theirs', { mode: 'none' })).harvested!.rows).toBe(
      simpleCells(occurrences).size,
    )
  })

  it('is left out, with the reason, where there is nothing to be had of it', async () => {
    const server = await serve([
      dataset({
        id: 'far',
        nodes: [otherNode],
        occurrences: [occurrence(1, { decimalLatitude: -17, decimalLongitude: 148 })],
      }),
      dataset({
        id: 'frame',
        nodes: [otherNode],
        extent: 'POLYGON((-80 30,10 30,10 60,-80 60,-80 30))',
        occurrences: [occurrence(1, { decimalLongitude: 5 })],
      }),
      dataset({ id: 'empty', occurrences: [] }),
      dataset({
        id: 'nowhere',
        occurrences: [occurrence(1, { decimalLatitude: null }), occurrence(2, { decimalLatitude: 89 })],
      }),
      dataset({ id: 'odd', nodes: [otherNode], extent: 'somewhere', occurrences: many(10) }),
    ])
    const reason = async (id: string) => (await harvest(server, id)).outcome.reason
    expect(await reason('far')).toBe('OUT_OF_REGION')
    // The extent alone said so: its file was not asked for.
    expect(server.requests.map(({ path }) => path)).toEqual(['/v3/dataset/far'])
    expect(await reason('frame')).toBe('OUT_OF_REGION')
    expect(await reason('empty')).toBe('NO_OCCURRENCES')
    expect(await reason('nowhere')).toBe('NO_VALID_COORDINATES')
    expect(await reason('unknown')).toBe('NOT_FOUND')
    const odd = await harvest(server, 'odd')
    expect(odd.outcome.status).toBe('success')
    expect(odd.warnings).toEqual([expect.stringMatching(/extent cannot be understood/)])
  })

  it('with a file that lacks depths and dates goes without them; one that lacks positions is of no use', async () => {
    const server = await serve([dataset()])
    const without = ['minimumDepthInMeters', 'maximumDepthInMeters', 'date_start', 'date_end']
    server.putFile('set', parquetOf(many(200), { without }))
    const bare = await harvest(server)
    expect(bare.warnings).toEqual([expect.stringMatching(/lacks date_start, date_end, minimumDepthInMeters/)])
    expect(bare.cells.every((cell) => cell.time_min === null && cell.depth_max === 0)).toBe(true)
    server.putFile('set', parquetOf(many(200), { without: ['decimalLatitude'] }))
    const lost = await harvest(server)
    expect(lost.warnings).toEqual([expect.stringMatching(/decimalLatitude is missing.*paged API/)])
    expect(lost.cells).toHaveLength(simpleCells(many(2500)).size)
  })

  it('with a truncated, corrupt, empty or senseless file is asked from the API, and says why', async () => {
    const server = await serve([dataset({ occurrences: many(300) })])
    const whole = parquetOf(many(300))
    const wanted = (await harvest(server)).cells
    const scrambled = whole.slice()
    scrambled.fill(0x5a, whole.length * 0.3, whole.length * 0.6)
    const broken: Record<string, Uint8Array> = {
      truncated: whole.slice(0, whole.length - 20),
      beheaded: whole.slice(Math.floor(whole.length / 2)),
      scrambled,
      html: Buffer.from('<!DOCTYPE html><h1>Welcome</h1>'.repeat(20)),
      empty: new Uint8Array(0),
    }
    for (const [kind, bytes] of Object.entries(broken)) {
      server.putFile('set', bytes)
      const { outcome, cells, warnings } = await harvest(server)
      expect([kind, outcome.status]).toEqual([kind, 'success'])
      expect([kind, warnings]).toEqual([kind, [expect.stringMatching(/is of no use .*paged API/s)]])
      expect(cells).toEqual(wanted)
    }
  })

  it('shows what was found: neither what was looked for in vain nor what OBIS drops', async () => {
    const found = { decimalLatitude: 45, decimalLongitude: -65, scientificName: 'Gadus morhua' }
    const records = [
      occurrence(1, found),
      occurrence(2, { ...found, scientificName: 'Balaena mysticetus', absence: true }),
      occurrence(3, { decimalLatitude: 47, scientificName: 'Orcinus orca', absence: true }),
      occurrence(4, { decimalLatitude: 44, scientificName: 'Incertae', dropped: true }),
    ]
    const server = await serve([
      dataset({ occurrences: records }),
      dataset({ id: 'paged', occurrences: records, isPublished: false }),
      dataset({ id: 'nothing', occurrences: records.slice(1) }),
    ])
    const { cells, warnings } = await harvest(server)
    expect(cells).toMatchObject([{ latitude: 45, n_records: 1, scientific_names: ['Gadus morhua'] }])
    expect(warnings).toEqual([
      '2 of its 4 records say that nothing was found, 1 of its 4 records is dropped by OBIS for quality; they were left out',
    ])
    // Both ways to the same dataset agree.
    expect((await harvest(server, 'paged')).cells).toEqual(cells)
    expect((await harvest(server, 'nothing')).outcome).toMatchObject({
      status: 'skipped',
      reason: 'NO_OCCURRENCES',
      message: expect.stringMatching(/^2 of its 3 records say that nothing was found/),
    })
  })

  it('with a file that does not say what is to be left out says so', async () => {
    const server = await serve([dataset({ occurrences: many(20) })])
    server.putFile('set', parquetOf(many(20), { without: ['absence', 'dropped'] }))
    const { outcome, warnings } = await harvest(server)
    expect(outcome.status).toBe('success')
    expect(warnings).toEqual([expect.stringMatching(/lacks absence, dropped; records that OBIS leaves out/)])
  })

  it('whose file is broken and whose API gives less than OBIS states is in contradiction, not empty', async () => {
    const server = await serve([
      dataset({ id: 'none', occurrences: [], stated: 40 }),
      dataset({ id: 'some', occurrences: many(30), stated: 40 }),
      dataset({ id: 'late', occurrences: many(30), stated: 40, isPublished: false }),
      dataset({ id: 'unread', occurrences: [], stated: 40, isPublished: false }),
    ])
    server.putFile('some', new Uint8Array(100))
    expect((await harvest(server, 'some')).outcome).toMatchObject({
      status: 'error',
      reason: 'CONTRADICTORY_ANSWERS',
      message: expect.stringMatching(/states 40 occurrences of it, its API gave 30/),
    })
    server.putFile('none', new Uint8Array(100))
    // An intact file without a row, and no file at all: OBIS's own total is against both.
    const outcomes = [await harvest(server, 'none'), await harvest(server, 'unread')]
    server.publish(dataset({ id: 'none', occurrences: [], stated: 40 }))
    outcomes.push(await harvest(server, 'none'))
    for (const { outcome } of outcomes)
      expect(outcome).toMatchObject({ status: 'error', reason: 'CONTRADICTORY_ANSWERS' })
    // What was never published may be published in part: it is harvested, with a warning.
    const late = await harvest(server, 'late')
    expect(late.outcome.status).toBe('success')
    expect(late.warnings).toContainEqual('OBIS states 40 occurrences of it, its API gave 30')
  })

  it('whose file breaks off while it is read is read again, alone', async () => {
    const server = await serve([dataset({ occurrences: many(40_000) })])
    const wanted = (await harvest(server)).cells
    await rm(folder, { recursive: true, force: true })
    let breaks = 2
    server.setIntercept((request, response, url) => {
      if (!url.pathname.endsWith('.parquet') || request.headers.range === undefined) return false
      if (request.headers.range.startsWith('bytes=-') || breaks === 0) return false
      breaks -= 1
      response.writeHead(206, { 'Content-Range': 'bytes 0-999/1000', 'Content-Length': 1000 })
      response.write('PAR1')
      setTimeout(() => response.destroy(), 10)
      return true
    })
    const again = await harvest(server)
    expect(again.cells).toEqual(wanted)
  })

  it('whose file is read gives bytes that whoever asked may keep, as a thread does', async () => {
    const server = await serve([dataset({ occurrences: many(20) })])
    const http = createHttpClient()
    closing.push(() => http.close())
    const url = `${server.parquetUrl}/set.parquet`
    const file = await openRemoteFile({ http, url, folder, signal: new AbortController().signal })
    const end = file.validators.bytes
    const first = await file.slice(0, end)
    const kept = first.slice()
    structuredClone(first, { transfer: [first.buffer as ArrayBuffer] })
    expect(first).toHaveLength(0)
    expect(await file.slice(0, end)).toEqual(kept)
    await file.close()
  })

  it('whose file is replaced while it is read is never a mixture of both', async () => {
    const before = dataset({ occurrences: many(30_000) })
    const after = dataset({ occurrences: many(30_000).map((o) => ({ ...o, scientificName: 'New name' })) })
    const server = await serve([before])
    let ranges = 0
    server.setIntercept((request) => {
      if (request.headers.range && ++ranges === 4) server.publish(after)
      return false
    })
    const { outcome, cells } = await harvest(server)
    expect(outcome.status).toBe('success')
    expect(new Set(cells.flatMap(({ scientific_names }) => scientific_names ?? []))).toEqual(
      new Set(['New name']),
    )
  })

  it.each([
    ['a first answer of a terabyte', 0, ['bytes=-262144']],
    ['a footer of gigabytes', 1e12 - 262144, ['bytes=-262144', 'bytes=999999475712-999999999999']],
  ])('whose file claims %s is asked from the API', async (_what, first, wanted) => {
    const server = await serve([dataset({ occurrences: many(20) })])
    const asked: string[] = []
    server.setIntercept((request, response, url) => {
      if (!url.pathname.endsWith('.parquet')) return false
      const range = request.headers.range ?? ''
      asked.push(range)
      const start = Number(/=(\d+)-/.exec(range)?.[1] ?? first)
      const length = Math.min(1e12 - start, 1e6)
      const bytes = Buffer.alloc(length)
      // The length of the footer, four gigabytes, and the magic.
      bytes.set([0xf0, 0xff, 0xff, 0xff, ...Buffer.from('PAR1')], length - 8)
      response.writeHead(206, { 'Content-Range': `bytes ${start}-999999999999/1000000000000` }).end(bytes)
      return true
    })
    const { outcome, cells, warnings } = await harvest(server)
    expect(outcome.status).toBe('success')
    expect(cells).toHaveLength(simpleCells(many(20)).size)
    expect(warnings).toHaveLength(1)
    expect(asked).toEqual(wanted)
  })

  it('whose file never ends is cut off, and leaves nothing on the disk', async () => {
    const server = await serve([dataset()])
    server.setIntercept((_request, response, url) => {
      if (!url.pathname.endsWith('.parquet')) return false
      const more = () => response.write(Buffer.alloc(64 * 1024), (error) => error || setImmediate(more))
      response.writeHead(200)
      more()
      return true
    })
    const http = createHttpClient()
    closing.push(() => http.close())
    const signal = new AbortController().signal
    const url = `${server.parquetUrl}/set.parquet`
    await expect(openRemoteFile({ http, url, folder, signal, mostBytes: 5_000_000 })).rejects.toMatchObject({
      code: 'HTTP_TOO_LARGE',
    })
    expect(await readdir(folder)).toEqual([])
  })

  it('fails alone where neither file nor API can be had, naming what was asked', async () => {
    const server = await serve([dataset({ isPublished: false })])
    server.setIntercept((_request, response, url) => {
      if (url.pathname !== '/v3/occurrence') return false
      response.writeHead(500).end('no')
      return true
    })
    const { outcome, queryUrls } = await harvest(server)
    expect(outcome).toMatchObject({
      status: 'error',
      reason: 'HTTP_ERROR',
      message: expect.stringMatching(/^no \[HTTP 500\] \(GET http/),
    })
    expect(queryUrls.at(-1)).toContain('/v3/occurrence?datasetid=set')
    server.setIntercept((_request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/html' }).end('<h1>Maintenance</h1>')
      return true
    })
    expect((await harvest(server)).outcome).toMatchObject({
      status: 'error',
      message: expect.stringMatching(/no JSON/),
    })
  })

  it('that takes too long ends as its own error', async () => {
    const server = await serve([dataset()])
    server.setIntercept((_request, _response, url) => url.pathname.endsWith('.parquet'))
    const { outcome } = await harvest(server, 'set', { datasetTimeoutMs: 300 })
    expect(outcome).toMatchObject({
      status: 'error',
      message: expect.stringMatching(/took longer than it may.*0\.3 s/),
    })
  })

  it('of the demo ends as its owner would expect', async () => {
    const server = await serve(demoObisDatasets())
    const outcomes: Record<string, string> = {}
    for (const [name, id] of Object.entries(demoObisIds)) {
      const { outcome } = await harvest(server, id)
      outcomes[name] = outcome.reason ?? outcome.status
    }
    expect(outcomes).toEqual({
      trawlSurvey: 'success',
      whaleSightings: 'success',
      taggedFish: 'success',
      atlanticPlankton: 'success',
      reefFish: 'OUT_OF_REGION',
      intertidal: 'success',
      announced: 'NO_OCCURRENCES',
      arcticBenthos: 'success',
    })
  })
})
