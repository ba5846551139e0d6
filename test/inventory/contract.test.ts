import { describe, expect, expectTypeOf, it } from 'vitest'
import type { Column } from '../../src/inventory/column.ts'
import {
  cellsOf,
  checkedColumns,
  columnsWith,
  contract,
  placesOf,
  type TableName,
  type TableRow,
  tableColumns,
} from '../../src/inventory/contract.ts'
import type { ProfileRow } from '../../src/rules/profile.ts'

const profile: TableRow<'profiles'> = {
  erddap_url: 'https://erddap.example.org/erddap',
  dataset_id: 'd',
  timeseries_id: 's1',
  profile_id: null,
  latitude: 48.5,
  longitude: -61.25,
  depth_min: 1,
  depth_max: 2,
  time_min: new Date('2020-01-01T00:00:00Z'),
  time_max: new Date('2020-01-02T00:00:00Z'),
  n_records: 10,
  records_per_day: 5,
  n_profiles: 1,
}

describe('the column contract', () => {
  // Portals and older loaders read these files: neither a name nor its place may change unseen.
  it('keeps names and order of what portals read', () => {
    expect(tableColumns.profiles.join()).toBe(
      'erddap_url,dataset_id,timeseries_id,profile_id,latitude,longitude,depth_min,depth_max,time_min,time_max,n_records,records_per_day,n_profiles',
    )
    expect(tableColumns.datasets.join()).toBe(
      'erddap_url,dataset_id,cdm_data_type,platform,eovs,organizations,n_profiles,profile_variables,timeseries_id_variable,profile_id_variable,trajectory_id_variable,num_columns,first_eov_column,source_type,ckan_id,title,title_fr,obis_nodes,content_hash,content_hash_reason,last_updated_at,verified_at',
    )
    expect(tableColumns.obis_cells.join()).toBe(
      'dataset_id,latitude,longitude,scientific_names,n_records,time_min,time_max,depth_min,depth_max',
    )
    expect(tableColumns.ckan.join()).toBe(
      'erddap_url,dataset_id,ckan_id,ckan_organizations,ckan_title,title_fr',
    )
    expect(tableColumns.skipped.join()).toBe('erddap_url,dataset_id,reason_code')
    expect(tableColumns.verified.join()).toBe('erddap_url,dataset_id,verified_at')
    expect(tableColumns.harvest_runs.join()).toBe(
      'run_id,started_at,finished_at,git_sha,status,error_message,prefect_flow_run_id,scope,triggered_source,triggered_by',
    )
    expect(tableColumns.harvest_attempts.join()).toBe(
      'run_id,erddap_url,dataset_id,source,status,reason_code,error_message,duration_ms,attempted_at,query_urls',
    )
  })

  it('puts each value of a row into its own column, whatever the order of its keys', () => {
    const turned = Object.fromEntries(Object.entries(profile).reverse()) as unknown as TableRow<'profiles'>
    for (const row of [profile, turned])
      expect(cellsOf('profiles', row)).toEqual(tableColumns.profiles.map((column) => profile[column]))
  })

  it('says of each column what it means, and finds it where it is', () => {
    for (const table of Object.keys(contract) as TableName[]) {
      const places = placesOf(table) as Record<string, number>
      for (const [name, column] of Object.entries<Column>(contract[table])) {
        expect(column.meaning, `${table}.${name}`).toMatch(/^[A-Z].*[.]$/)
        expect(checkedColumns[table][places[name]!]).toMatchObject({ name, type: column.type })
        const refused = column.check('') !== null
        expect(refused, `${table}.${name} when empty`).toBe(column.needed)
      }
    }
  })

  it('gives every column of the index a part in the merge', () => {
    expect(columnsWith('profiles', 'place')).toEqual(['latitude', 'longitude'])
    expect(columnsWith('profiles', 'key', 'identity', 'place', 'data')).toEqual(tableColumns.profiles)
    expect(columnsWith('datasets', 'catalogue')).toEqual(['organizations', 'ckan_id', 'title', 'title_fr'])
  })
})

describe('the compiler', () => {
  it('refuses a column that is misspelt, missing or swapped with one of another type', () => {
    // @ts-expect-error a column that there is not
    const misspelt: TableRow<'profiles'> = { ...profile, latitud: 1 }
    const { time_min, depth_min, ...others } = profile
    // @ts-expect-error a time where a depth belongs, and the other way round
    const swapped: TableRow<'profiles'> = { ...others, depth_min: time_min, time_min: depth_min }
    const { longitude: _, ...rest } = profile
    // @ts-expect-error a position without longitude
    const missing: TableRow<'profiles'> = rest
    // @ts-expect-error no such column
    placesOf('profiles').lattitude
    // @ts-expect-error a part that no column of profiles has
    const none: 'latitude'[] = columnsWith('profiles', 'data')
    expect([misspelt, swapped, missing, none]).toHaveLength(4)
  })

  it('knows the values of a column', () => {
    expectTypeOf<TableRow<'profiles'>['time_min']>().toEqualTypeOf<Date>()
    expectTypeOf<TableRow<'profiles'>['depth_min']>().toEqualTypeOf<number | null>()
    expectTypeOf<TableRow<'harvest_attempts'>['status']>().toEqualTypeOf<'success' | 'skipped' | 'error'>()
    expectTypeOf<keyof ProfileRow>().toEqualTypeOf<
      Exclude<keyof TableRow<'profiles'>, 'erddap_url' | 'dataset_id'>
    >()
  })
})
