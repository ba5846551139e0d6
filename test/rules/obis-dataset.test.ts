import { describe, expect, it } from 'vitest'
import type { CkanRecord } from '../../src/catalogue/record.ts'
import { tableColumns } from '../../src/inventory/contract.ts'
import { describeObisDataset, matchObisCkan, obisRecord } from '../../src/rules/obis-dataset.ts'

const first = '11111111-aaaa-4aaa-8aaa-000000000001'
const second = '11111111-aaaa-4aaa-8aaa-000000000002'
const harvestedAt = new Date('2026-01-02T03:04:05Z')

function record(id: string, of: Partial<CkanRecord> = {}): CkanRecord {
  const nothing = { titleEn: null, titleFr: null, organizations: [], resourceUrls: [], xmlLocationUrl: null }
  return { id, ...nothing, ...of }
}

const at = (id: string, ...datasets: string[]) =>
  record(id, { xmlLocationUrl: datasets.map((name) => `https://obis.org/dataset/${name}`).join(' ') })

function recordOf({
  ckan = null as CkanRecord | null,
  title = 'Own title' as string | null,
  institutes = ['Institute', 'Institute', 'Museum'],
} = {}) {
  const description = { title, institutes, nodes: ['OBIS Canada'] }
  const content = { hash: 'h', reason: null }
  return obisRecord({
    ...{ erddapUrl: 'https://obis.org', datasetId: first, cells: 7 },
    ...{ description, ckan, content, harvestedAt },
  })
}

describe('the record of an OBIS dataset', () => {
  it('has the columns of datasets.csv, and is that of points without platform or variables', () => {
    const { record: made, warnings } = recordOf()
    expect(Object.keys(made)).toEqual([...tableColumns.datasets])
    expect(made).toMatchObject({
      cdm_data_type: 'Point',
      source_type: 'obis',
      platform: null,
      eovs: [],
      n_profiles: 7,
      obis_nodes: ['OBIS Canada'],
      content_hash: 'h',
      content_hash_reason: null,
      verified_at: harvestedAt,
    })
    expect(warnings).toEqual([])
  })

  it('names its own title and institutes where no catalogue has a record', () => {
    expect(recordOf().record).toMatchObject({
      ckan_id: null,
      title: 'Own title',
      title_fr: null,
      organizations: ['Institute', 'Museum'],
    })
  })

  it('names what the catalogue says of it', () => {
    const ckan = record('r', { titleEn: 'Title', titleFr: 'Titre', organizations: ['Centre'] })
    expect(recordOf({ ckan }).record).toMatchObject({
      ckan_id: 'r',
      title: 'Title',
      title_fr: 'Titre',
      organizations: ['Centre'],
    })
  })

  it('keeps its own institutes where the catalogue names no organization', () => {
    const { record: made } = recordOf({ ckan: record('r', { titleEn: 'Title' }) })
    expect(made).toMatchObject({ ckan_id: 'r', organizations: ['Institute', 'Museum'] })
  })

  it.each([null, ' '])('without a title (%j) is called by its id, with a warning', (title) => {
    const { record: made, warnings } = recordOf({ title })
    expect(made.title).toBe(first)
    expect(warnings).toEqual([{ code: 'TITLE_MISSING', values: {} }])
  })
})

it('a node without a name is called by its id, each once', () => {
  const nodes = [
    { id: 'n1', name: 'OBIS Canada' },
    { id: 'n2', name: null },
    { id: 'n3', name: 'OBIS Canada' },
  ]
  const described = describeObisDataset({ title: 'T', institutes: ['I'], nodes } as unknown as Parameters<
    typeof describeObisDataset
  >[0])
  expect(described).toEqual({ title: 'T', institutes: ['I'], nodes: ['OBIS Canada', 'n2'] })
})

describe('the catalogue’s record of an OBIS dataset', () => {
  it('is the one whose metadata came from an address with its id, in any case', () => {
    const one = at('r1', first.toUpperCase())
    const other = at('r2', '22222222-aaaa-4aaa-8aaa-000000000001')
    const { records, warnings } = matchObisCkan([other, record('r3'), one], [first, second])
    expect([...records]).toEqual([[first, one]])
    expect(warnings.size).toBe(0)
  })

  it('keeps the id of the dataset as it is configured', () => {
    const id = first.toUpperCase()
    expect([...matchObisCkan([at('r', first)], [id]).records.keys()]).toEqual([id])
  })

  it('may be one of two datasets', () => {
    const both = at('r', first, second)
    expect([...matchObisCkan([both], [first, second]).records]).toEqual([
      [first, both],
      [second, both],
    ])
  })

  it.each([[['a', 'b']], [['b', 'a']]])(
    'is the first by id of those that claim it, in the order %j',
    (ids) => {
      const claims = ids.map((id) => at(id, first, first))
      const { records, warnings } = matchObisCkan(claims, [first])
      expect(records.get(first)?.id).toBe('a')
      expect(warnings.get(first)).toEqual({ code: 'CKAN_RECORDS_SEVERAL', values: { records: ['a', 'b'] } })
    },
  )
})
