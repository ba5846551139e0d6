import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CkanRecord } from '../../src/catalogue/record.ts'
import type { Cell } from '../../src/inventory/column.ts'
import { cellsOf, type TableName, tableColumns } from '../../src/inventory/contract.ts'
import { readChecked } from '../../src/inventory/load/read.ts'
import { csvLines, TableWriter } from '../../src/inventory/writer.ts'
import { ckanRow } from '../../src/rules/ckan.ts'
import { datasetRecord } from '../../src/rules/dataset.ts'
import { CellGatherer } from '../../src/rules/obis-cells.ts'
import { obisRecord } from '../../src/rules/obis-dataset.ts'
import { profileRow } from '../../src/rules/profile.ts'
import { idsOfKey } from '../../src/sources/erddap/identity.ts'
import { collectPositions } from '../../src/sources/erddap/positions.ts'
import { metadataOf, vocabularies } from '../rules/examples.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'accepted-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Text as servers, owners and attackers send it. */
const shortText = fc.oneof(
  { arbitrary: fc.string({ unit: 'binary', maxLength: 60 }), weight: 3 },
  fc.constantFrom(
    '',
    ' ',
    'NaN',
    'nan',
    '007',
    '1.10',
    'NA',
    '"',
    '""',
    ',',
    '\n',
    '\r',
    '\r\n',
    'a\r\nb',
    '"\r',
  ),
  fc.constantFrom('\0', 'a\0', '\ud800', 'x\udfff', '\ufeff', '\u2028', '\\u0000', '\\ud800', '=cmd()', '😀'),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
)
/** A long one costs as much as a hundred others. */
const text = fc.oneof(
  { arbitrary: shortText, weight: 60 },
  { arbitrary: fc.constant('Ω'.repeat(70_000)), weight: 1 },
)
const number = fc.oneof(
  fc.double(),
  fc.integer({ min: -400, max: 400 }),
  fc.constantFrom(
    0,
    -0,
    90,
    -90,
    85.06,
    85.0600001,
    180,
    -180,
    179.99999,
    360,
    15_000,
    15_000.00004,
    -100,
    1e300,
    5e-324,
  ),
)
const time = fc.oneof(
  number,
  fc.integer({ min: -9e15, max: 9e15 }),
  fc.constantFrom(
    Date.parse('0001-01-01T00:00:00Z'),
    Date.parse('0000-12-31T23:59:59.999Z'),
    Date.parse('9999-12-31T23:59:59.999Z'),
    253_402_300_800_000,
  ),
)
const extent = fc.option(fc.record({ min: time, max: time }))

/** The rows of a file as the loader sees them. Faults are what it would refuse. */
async function read(file: TableName, lines: string) {
  const path = join(folder, `${file}.csv`)
  await writeFile(path, csvLines([tableColumns[file]]) + lines)
  const rows: unknown[][] = []
  const faults: unknown[] = []
  for await (const row of readChecked(folder, file)) {
    rows.push(row.cells)
    faults.push(...row.faults)
  }
  return { rows, faults }
}

const linesOf = <T extends TableName>(table: T, rows: readonly Record<string, unknown>[]) =>
  csvLines(rows.map((row) => tableColumns[table].map((column) => (row[column] ?? null) as Cell)))

const erddapUrl = 'https://erddap.example.org/erddap'
const runs = { numRuns: 60 }

describe('whatever a harvest writes, its loader accepts:', () => {
  it('profiles of any ids, places, times, depths and counts', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            timeseriesId: fc.option(text),
            profileId: fc.option(text),
            position: fc.option(fc.record({ latitude: number, longitude: number })),
            time: extent,
            vertical: fc.option(fc.record({ min: number, max: number })),
            records: number,
            casts: fc.option(fc.nat()),
          }),
          { maxLength: 8 },
        ),
        fc.constantFrom('depth', 'altitude', null),
        async (facts, vertical) => {
          const kept = facts.flatMap((fact) => {
            const result = profileRow(fact, { cdmDataType: 'TimeSeries', vertical })
            return result.kind === 'row' ? [result.row] : []
          })
          const lines = csvLines(
            kept.map((row) => cellsOf('profiles', { erddap_url: erddapUrl, dataset_id: 'd', ...row })),
          )
          const { rows, faults } = await read('profiles', lines)
          expect(faults).toEqual([])
          expect(rows).toHaveLength(kept.length)
          for (const cells of rows) expect(String(cells[8]) <= String(cells[9])).toBe(true)
        },
      ),
      runs,
    ))

  it('ids that the server sends, each as one row and as the text that it is', () =>
    fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 8 }), async (ids) => {
        const identity = {
          timeseries: 'station',
          profile: null,
          cast: null,
          missingCasts: [''],
          numeric: new Set<string>(),
        }
        const answer = ids.map((id) => [id, '48.5', '-122'])
        const table = await collectPositions(
          {
            columns: ['station', 'latitude', 'longitude'],
            rows: (async function* () {
              yield* answer
            })(),
          } as never,
          identity,
          { counted: [], vertical: null, timed: false },
          folder,
        )
        const found: string[] = []
        for await (const groups of table.groups())
          for (const { key } of groups) found.push(idsOfKey(key, identity).timeseriesId ?? '')
        await table.close()
        const rows = found
          .filter((id) => Buffer.byteLength(id) <= 600)
          .map((id) => [erddapUrl, 'd', id, null, 1, 2, 0, 0, new Date(0), new Date(1), 1, 1, null])
        const loaded = await read('profiles', csvLines(rows))
        expect(loaded.faults).toEqual([])
        const stored = loaded.rows.map((cells) => cells[2] ?? '')
        expect(stored).toEqual(rows.map(([, , id]) => id))
        expect(new Set(stored).size).toBe(stored.length)
      }),
      runs,
    ))

  it('cells of any occurrences', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({ lat: number, lon: number, start: time, end: time, top: number, bottom: number }),
          {
            minLength: 1,
            maxLength: 20,
          },
        ),
        fc.array(text, { minLength: 1, maxLength: 5 }),
        async (occurrences, names) => {
          const column = (pick: (one: (typeof occurrences)[number]) => number) =>
            Float64Array.from(occurrences, pick)
          const gatherer = new CellGatherer(null)
          gatherer.add({
            rows: occurrences.length,
            latitude: column(({ lat }) => lat),
            longitude: column(({ lon }) => lon),
            dateStartMs: column(({ start }) => start),
            dateEndMs: column(({ end }) => end),
            depthMinMetres: column(({ top }) => top),
            depthMaxMetres: column(({ bottom }) => bottom),
            absence: new Float64Array(occurrences.length),
            dropped: new Float64Array(occurrences.length),
            name: Int32Array.from(occurrences, (_, at) => at % names.length),
          })
          const cells = [...gatherer.cells(names)]
          const { rows, faults } = await read(
            'obis_cells',
            csvLines(cells.map((cell) => cellsOf('obis_cells', { dataset_id: 'o', ...cell }))),
          )
          expect(faults).toEqual([])
          expect(rows).toHaveLength(cells.length)
        },
      ),
      runs,
    ))

  it('datasets, attempts and catalogue records of any words', () =>
    fc.assert(
      fc.asyncProperty(
        fc.record({
          title: text,
          institution: text,
          platform: text,
          variable: text,
          ckan: fc.option(
            fc.record({
              id: fc.string({ minLength: 1, maxLength: 40 }),
              titleEn: fc.option(text),
              titleFr: fc.option(text),
              organizations: fc.array(text, { maxLength: 4 }),
              resourceUrls: fc.constant([]),
              xmlLocationUrl: fc.constant(null),
            }),
          ),
          message: text,
          urls: fc.array(text, { maxLength: 4 }),
        }),
        async ({ title, institution, platform, variable, ckan, message, urls }) => {
          const record = ckan as CkanRecord | null
          const shared = {
            erddapUrl,
            ckan: record,
            content: { hash: null, reason: 'HASH_NO_FILE_LIST' },
            harvestedAt: new Date(0),
          } as const
          const metadata = metadataOf(
            { time: {}, [variable]: { cf_role: 'timeseries_id' } },
            { title, institution, platform, publisher_type: 'group', publisher_name: title },
          )
          const erddapDataset = datasetRecord({
            ...shared,
            listed: { datasetId: 'd', title },
            metadata,
            plan: {
              cdmDataType: 'TimeSeries',
              eovs: [],
              profileVariables: [variable],
              timeseriesIdVariable: variable,
              profileIdVariable: null,
              trajectoryIdVariable: null,
              numColumns: 2,
              firstEovColumn: variable,
            } as never,
            vocabularies,
            profileCount: 0,
          }).record
          const obisDataset = obisRecord({
            ...shared,
            erddapUrl: 'https://obis.org',
            datasetId: 'o',
            description: { title, institutes: [institution], nodes: [platform] },
            cells: 1,
          }).record
          const datasets = await read(
            'datasets',
            linesOf('datasets', [{ ...erddapDataset }, { ...obisDataset }]),
          )
          expect(datasets.faults).toEqual([])
          expect(datasets.rows).toHaveLength(2)
          const attempt = {
            run_id: '00000000-0000-4000-8000-000000000000',
            erddap_url: erddapUrl,
            dataset_id: 'd',
            source: 'erddap',
            status: 'error',
            reason_code: 'UNKNOWN_ERROR',
            error_message: message,
            duration_ms: 3,
            attempted_at: new Date(0),
            query_urls: urls.join('\n'),
          }
          const attempts = await read('harvest_attempts', linesOf('harvest_attempts', [attempt]))
          expect(attempts.faults).toEqual([])
          expect(attempts.rows.map((cells) => cells[2])).toEqual(['d'])
          if (record)
            expect((await read('ckan', linesOf('ckan', [ckanRow(erddapUrl, 'd', record)]))).faults).toEqual(
              [],
            )
        },
      ),
      runs,
    ))

  it('a text with any line ends comes back as it was written', async () => {
    const path = join(folder, 'skipped.csv')
    const writer = await TableWriter.create(path, 'skipped')
    const ids = ['a\r\nb', 'a\nb', 'a\rb', '\r', 'c\r\n']
    for (const id of ids)
      await writer.write({ erddap_url: erddapUrl, dataset_id: id, reason_code: 'HTTP_ERROR' })
    await writer.close()
    const found: unknown[] = []
    for await (const { cells, faults } of readChecked(folder, 'skipped')) {
      expect(faults).toEqual([])
      found.push(cells[1])
    }
    expect(found).toEqual(ids)
  })
})
