/** What CKAN, OBIS and WoRMS send. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fetchCkan } from '../../../src/catalogue/client.ts'
import { demoCkanRecords } from '../../../src/demo/ckan-records.ts'
import { pacificDatasets } from '../../../src/demo/datasets-pacific.ts'
import { parquetOf } from '../../../src/demo/obis.ts'
import { demoObisDatasets } from '../../../src/demo/obis-datasets.ts'
import { createWormsClient } from '../../../src/names/client.ts'
import { ckanOrganizations, ckanRow, datasetOfAddress } from '../../../src/rules/ckan.ts'
import { parseShape } from '../../../src/rules/obis-geometry.ts'
import { createObisClient } from '../../../src/sources/obis/client.ts'
import { NameTable } from '../../../src/sources/obis/occurrences.ts'
import { openOccurrences } from '../../../src/sources/obis/parquet.ts'
import { bytesOf, type Target, utf8 } from '../target.ts'
import { fakeHttp } from './fake-http.ts'

const json = (value: unknown) => bytesOf(JSON.stringify(value))
const signal = new AbortController().signal
const jsonTokens = [
  'null',
  '[]',
  '{}',
  '""',
  '0',
  '-1',
  '1e999',
  'true',
  '[[[[',
  '{"a":',
  '"id"',
  '"results"',
  '"count"',
]

const records = demoCkanRecords([
  { url: 'https://erddap.example.org/erddap', datasets: pacificDatasets('https://a.example/erddap') },
])
const ckan: Target = {
  name: 'ckan',
  what: 'answers of a CKAN catalogue',
  corpus: [
    ...records.slice(0, 10).map((record) => json({ success: true, result: { count: 1, results: [record] } })),
    json({ success: true, result: { count: records.length, results: records } }),
    json({ success: false, error: { __type: 'Validation Error' } }),
  ],
  tokens: [
    ...jsonTokens,
    '"resources"',
    '"url"',
    '"title_translated"',
    '"cited-responsible-party"',
    '"organisation-name"',
    'tabledap',
    '"success":false',
  ],
  errors: ['HTTP_BAD_ANSWER'],
  weight: 10,
  async parse(input) {
    const empty = '{"success":true,"result":{"count":0,"results":[]}}'
    const answer = await fetchCkan(fakeHttp(utf8(input), empty), 'https://ckan.example.org')
    const ids = new Set(['a', 'a.b'])
    for (const record of answer.pages.flatMap((page) => page.records)) {
      ckanOrganizations(record)
      ckanRow('https://erddap.example.org/erddap', 'a', record)
      for (const address of record.resourceUrls)
        datasetOfAddress(address, 'https://erddap.example.org/erddap', ids)
    }
  },
}

const [first] = demoObisDatasets()
const occurrences = first!.occurrences.slice(0, 20)
let cache: string | null = null
const obisJson: Target = {
  name: 'obis-json',
  what: 'descriptions and pages of occurrences of OBIS',
  corpus: [
    json({
      total: 1,
      results: [
        {
          id: 'set',
          title: 'Set',
          institutes: [{ name: 'I' }],
          nodes: [{ id: 'n', name: 'N' }],
          extent: 'POLYGON((-70 40,-60 40,-60 50,-70 40))',
          statistics: { Occurrence: 20 },
        },
      ],
    }),
    json({ total: 20, results: occurrences }),
  ],
  tokens: [
    ...jsonTokens,
    '"extent"',
    'POLYGON((',
    'POLYGON EMPTY',
    '"nodes"',
    '"institutes"',
    '"decimalLatitude"',
    '"scientificName"',
    '"date_start"',
  ],
  errors: ['HTTP_BAD_ANSWER'],
  weight: 10,
  async parse(input) {
    cache ??= mkdtempSync(join(tmpdir(), 'fuzz-obis-'))
    const text = utf8(input)
    const client = (...answers: string[]) =>
      createObisClient({
        http: fakeHttp(...answers),
        apiUrl: 'https://api.example.org/v3',
        parquetUrl: 'https://files.example.org',
        cacheDir: cache!,
      })
    const names = new NameTable()
    let failed: unknown = null
    try {
      for await (const batch of client(text, '{"results":[]}').pages('set', names, { signal }))
        for (const name of batch.name)
          if (name >= names.names.length) throw new Error('a name without a number')
    } catch (error) {
      failed = error
    }
    const found = await client(text).dataset('set', { signal })
    if (found?.extent) shapeOf(found.extent)
    if (failed !== null) throw failed
  },
  close() {
    if (cache !== null) rmSync(cache, { recursive: true, force: true })
  },
}

/** Whoever asks for a shape says in his own words what is wrong with it. */
function shapeOf(text: string): void {
  try {
    parseShape(text)
  } catch (error) {
    if (!(error instanceof Error) || error instanceof TypeError || error instanceof RangeError) throw error
  }
}

const shapes: Target = {
  name: 'shapes',
  what: 'WKT and GeoJSON: extents of OBIS, polygons of a site',
  corpus: [
    'POLYGON((-70 40,-60 40,-60 50,-70 40))',
    'MULTIPOLYGON(((0 0,1 0,1 1,0 0)),((5 5,6 5,6 6,5 5),(5.2 5.2,5.4 5.2,5.4 5.4,5.2 5.2)))',
    'GEOMETRYCOLLECTION(POINT(1 2),LINESTRING(1 2,3 4))',
    '{"type":"FeatureCollection","features":[{"type":"Feature","geometry":{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}}]}',
    '{"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[1,2]}]}',
  ].map(bytesOf),
  tokens: [
    'POLYGON',
    'MULTIPOLYGON',
    'EMPTY',
    'Z',
    'SRID=4326;',
    '((',
    '))',
    '"coordinates"',
    '"geometry"',
    'null',
    '1e999',
  ],
  errors: [],
  weight: 8,
  parse: (input) => shapeOf(utf8(input)),
}

const parquet: Target = {
  name: 'obis-parquet',
  what: 'parquet files of OBIS',
  corpus: [
    parquetOf(occurrences),
    parquetOf(demoObisDatasets().at(-1)!.occurrences.slice(0, 200)),
    parquetOf([]),
  ],
  tokens: ['PAR1', 'interpreted', 'decimalLatitude', 'scientificName', '\u0015\u0000'],
  errors: ['HTTP_BAD_ANSWER'],
  weight: 4,
  async parse(input) {
    const table = await openOccurrences({
      name: 'https://files.example.org/set.parquet',
      bytes: input.length,
      slice: async (from, to) => input.slice(from, to),
    })
    const names = new NameTable()
    let rows = 0
    for await (const batch of table.batches(names)) {
      rows += batch.rows
      if (batch.latitude.length < batch.rows || batch.name.length < batch.rows)
        throw new Error('a short column')
      if (rows > 100_000) break
    }
  },
}

const match = { AphiaID: 1, valid_AphiaID: 2, rank: 'Species' }
const worms: Target = {
  name: 'worms',
  what: 'answers of WoRMS',
  corpus: [
    json([[match], [], [match, match]]),
    json([
      { vernacular: 'cod', language_code: 'eng' },
      { vernacular: 'morue', language_code: 'fra' },
    ]),
    json({ AphiaID: 1, rank: 'Superdomain', child: { AphiaID: 2, child: { AphiaID: 3, child: null } } }),
  ],
  tokens: [
    ...jsonTokens,
    '"AphiaID"',
    '"valid_AphiaID"',
    '"child"',
    '"vernacular"',
    '"language_code"',
    '"eng"',
    '2147483648',
  ],
  errors: ['HTTP_BAD_ANSWER'],
  weight: 10,
  async parse(input, random) {
    const client = createWormsClient({ http: fakeHttp(utf8(input)), baseUrl: 'https://worms.example.org' })
    switch (Math.floor(random() * 3)) {
      case 0: {
        const names = ['Gadus morhua', 'Homarus', 'x'].slice(0, 1 + Math.floor(random() * 3))
        if ((await client.match(names, { signal })).length !== names.length)
          throw new Error('a name without an answer')
        return
      }
      case 1:
        return void (await client.vernaculars(1, { signal }))
      case 2:
        return void (await client.ancestors(3, { signal }))
    }
  },
}

export const catalogueTargets: readonly Target[] = [ckan, obisJson, shapes, parquet, worms]
