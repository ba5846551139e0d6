/** A new kind of source goes through the whole pipeline: list, attempts, CSVs, load, API, page. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Source } from '../../src/config/source.ts'
import { migrate } from '../../src/database/migrate.ts'
import { openDatabase } from '../../src/database/open.ts'
import type { Database } from '../../src/database/port.ts'
import { createServer } from '../../src/serve/server.ts'
import { datasetLink, kindLabel } from '../../src/web/model/sources.ts'
import { createHarvester } from '../support/harvester.ts'

// The two tables that a kind is entered in.
vi.mock('../../src/rules/source-types.ts', async (original) => {
  const module = await original<typeof import('../../src/rules/source-types.ts')>()
  const { toyFacts } = await import('./toy-facts.ts')
  Object.assign(module.sourceTypes, { toy: toyFacts })
  ;(module.sourceTypeNames as string[]).push('toy')
  return module
})
vi.mock('../../src/sources/registry.ts', async (original) => {
  const module = await original<typeof import('../../src/sources/registry.ts')>()
  const { toyKind } = await import('./toy-kind.ts')
  const toy = { ...toyKind, type: 'toy' }
  return {
    sourceKinds: [...module.sourceKinds, toy],
    kindOf: (source: { type: string }) => (source.type === 'toy' ? toy : module.kindOf(source as Source)),
  }
})

const url = 'https://buoys.example.org/toy'
let folder: string
let database: Database

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'harvester-toy-'))
  database = await openDatabase({ kind: 'embedded', dataFolder: folder })
  await migrate(database)
})
afterAll(async () => {
  await database?.close()
  await rm(folder, { recursive: true, force: true })
})

test('a kind of source is listed, harvested, written, loaded and shown without being known by name', async () => {
  const file = join(folder, 'buoys.txt')
  await writeFile(
    file,
    'north;North buoy;60;-50;2024-05-01T00:00:00Z\neast;East buoy;45;-10;2024-05-02T00:00:00Z\n',
  )
  const toy = { type: 'toy', url, slug: 'buoys', file } as unknown as Source
  const harvester = await createHarvester({ settings: {}, database, sources: [toy] })
  try {
    const first = await harvester.run()
    expect(first.result).toMatchObject({ state: 'COMPLETED' })
    expect(first.outcomes).toEqual({ east: 'success', north: 'success' })
    expect(first.attempts[0]).toMatchObject({ source: 'toy', erddapUrl: url, datasetId: 'east' })
    expect(first.log.find(({ facts }) => facts.dataset === 'east')?.facts).toMatchObject({ buoys: 1 })
    expect(await first.table('datasets')).toMatchObject([
      { dataset_id: 'east', source_type: 'toy', title: 'East buoy', n_profiles: '1' },
      { dataset_id: 'north', source_type: 'toy', title: 'North buoy', n_profiles: '1' },
    ])
    expect(await first.table('profiles')).toMatchObject([
      { erddap_url: url, dataset_id: 'east', timeseries_id: 'east', latitude: '45', longitude: '-10' },
      { erddap_url: url, dataset_id: 'north', timeseries_id: 'north', latitude: '60', longitude: '-50' },
    ])

    await writeFile(
      file,
      'north;North buoy;61;-50;2024-05-01T00:00:00Z\neast;East buoy;45;-10;2024-05-02T00:00:00Z\n',
    )
    const second = await harvester.run({ dataset_ids: ['north', 'east', 'south'] })
    expect(second.outcomes).toEqual({ east: 'UNCHANGED', north: 'success', south: 'NOT_LISTED' })
    expect(second.attempts.find(({ datasetId }) => datasetId === 'south')?.queryUrls).toEqual([
      `${url}/buoy/south`,
    ])
    const stored = await database.query(
      "SELECT d.dataset_id, p.latitude FROM cde.profiles p JOIN cde.datasets d ON d.pk = p.dataset_pk WHERE d.source_type = 'toy' ORDER BY 1",
    )
    expect(stored.rows).toEqual([
      { dataset_id: 'east', latitude: 45 },
      { dataset_id: 'north', latitude: 61 },
    ])
  } finally {
    await harvester.close()
  }

  const server = createServer({ database, port: 0, cacheSeconds: 0 })
  try {
    const base = await server.listen()
    const ask = async (path: string) => (await fetch(`${base}${path}`)).json()
    expect(await ask('/api/harvest/servers')).toMatchObject([
      { erddap_url: url, source: 'toy', n_indexed: 2, n_unchanged: 1, n_error: 1 },
    ])
    expect(await ask('/api/harvest/servers/buoys-example-org-toy')).toMatchObject(
      ['south', 'east', 'north'].map((dataset_id) => ({ dataset_id, source: 'toy' })),
    )
  } finally {
    await server.close()
  }
  expect(datasetLink(url, 'north', 'toy')).toBe(`${url}/buoy/north`)
  expect(kindLabel('toy', 'buoys.example.org')).toBe('Toy')
}, 180_000)
