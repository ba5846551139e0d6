import { describe, expect, test } from 'vitest'
import type { CkanRecord } from '../../src/catalogue/record.ts'
import { tableColumns } from '../../src/inventory/contract.ts'
import { type DatasetFacts, datasetRecord } from '../../src/rules/dataset.ts'
import { decideFromMetadata } from '../../src/rules/decisions.ts'
import { listedAs, metadataOf, station, vocabularies } from './examples.ts'

const harvestedAt = new Date('2026-01-01T12:00:00Z')
const ckanRecord: CkanRecord = {
  id: 'ckan-1',
  titleEn: 'Catalogued',
  titleFr: 'Catalogu\\u00e9',
  organizations: ['Org B', 'Org A', 'Org B'],
  resourceUrls: [],
  xmlLocationUrl: null,
}

function facts(globals: Record<string, string> = {}, changes: Partial<DatasetFacts> = {}): DatasetFacts {
  const listed = listedAs('TimeSeries')
  const metadata = metadataOf(station, { title: 'Own', institution: 'Inst', ...globals })
  const decision = decideFromMetadata({ listed, metadata, vocabularies })
  if (decision.kind !== 'harvest') throw new Error('the example is harvested')
  return {
    erddapUrl: 'https://data.example.org/erddap/',
    listed,
    metadata,
    plan: decision.plan,
    vocabularies,
    ckan: null,
    profileCount: 3,
    content: { hash: null, reason: 'HASH_NOT_COMPUTED' },
    harvestedAt,
    ...changes,
  }
}

describe('the record of a dataset', () => {
  test('has the columns of datasets.csv, in their order', () => {
    expect(Object.keys(datasetRecord(facts()).record)).toEqual([...tableColumns.datasets])
  })

  test('holds what the dataset says of itself', () => {
    const globals = { platform: 'buoy', platform_vocabulary: 'https://mmisw.org/ont/ioos/platform' }
    expect(datasetRecord(facts(globals))).toEqual({
      record: {
        erddap_url: 'https://data.example.org/erddap',
        dataset_id: 'buoy_1',
        cdm_data_type: 'TimeSeries',
        platform: 'mooring',
        eovs: ['subSurfaceTemperature'],
        organizations: ['Inst'],
        n_profiles: 3,
        profile_variables: ['station_id'],
        timeseries_id_variable: 'station_id',
        profile_id_variable: null,
        trajectory_id_variable: null,
        num_columns: 6,
        first_eov_column: 'TEMP',
        source_type: 'erddap',
        ckan_id: null,
        title: 'Own',
        title_fr: null,
        obis_nodes: [],
        content_hash: null,
        content_hash_reason: 'HASH_NOT_COMPUTED',
        last_updated_at: null,
        verified_at: harvestedAt,
      },
      warnings: [],
    })
  })

  test('takes id, titles and organizations from the catalogue', () => {
    expect(datasetRecord(facts({}, { ckan: ckanRecord })).record).toMatchObject({
      ckan_id: 'ckan-1',
      title: 'Catalogued',
      title_fr: 'Catalogué',
      organizations: ['Org B', 'Org A'],
    })
  })

  test('has the one organization that the catalogue names', () => {
    const ckan = { ...ckanRecord, organizations: ['Org A'] }
    expect(datasetRecord(facts({}, { ckan })).record.organizations).toEqual(['Org A'])
  })

  test('keeps its own organizations where the catalogue names none', () => {
    const ckan = { ...ckanRecord, organizations: [' '] }
    expect(datasetRecord(facts({}, { ckan })).record.organizations).toEqual(['Inst'])
  })

  test('falls back to its id for a title, and warns of that and of its platform', () => {
    const { record, warnings } = datasetRecord(facts({ title: ' ', platform: 'raft' }))
    expect(record).toMatchObject({ title: 'buoy_1', platform: 'unknown' })
    expect(warnings.map(({ code }) => code)).toEqual(['TITLE_MISSING'])
  })

  test('carries its fingerprint', () => {
    const content = { hash: 'abc', reason: null }
    expect(datasetRecord(facts({}, { content })).record).toMatchObject({
      content_hash: 'abc',
      content_hash_reason: null,
    })
  })
})
