/** Datasets for the acceptance tests, row by row, with no attribute that was not asked for. */
import type { ColumnType, DemoDataset, DemoVariable, Row } from '../../src/demo/dataset.ts'

export interface Description {
  id: string
  type: string
  /** Variables before `time`, with their role. */
  ids: readonly (readonly [name: string, role: string, type?: ColumnType])[]
  vertical?: 'depth' | 'altitude'
  globals?: Record<string, string>
  /** `actual_range` of a variable. */
  ranges?: Record<string, string>
  /** Standard names of the variables after the coordinates, which are named v0, v1…; '' has none. */
  measures?: readonly string[]
  /** The cells of the ids, time (epoch seconds), latitude, longitude and, if there is one, the vertical. */
  rows: readonly Row[]
  more?: Partial<DemoDataset>
}

export const none = Number.NaN
export const hour = 3600
export const day = 86_400

export function epoch(iso: string): number {
  return Date.parse(iso) / 1000
}

export function describe(one: Description): DemoDataset {
  const measures = one.measures ?? ['sea_water_temperature']
  const names: [string, ColumnType, Record<string, string>][] = [
    ...one.ids.map(([name, role, type]): [string, ColumnType, Record<string, string>] => [
      name,
      type ?? 'String',
      role === '' ? {} : { cf_role: role },
    ]),
    ['time', 'double', { standard_name: 'time', units: 'seconds since 1970-01-01T00:00:00Z' }],
    ['latitude', 'double', { standard_name: 'latitude', units: 'degrees_north' }],
    ['longitude', 'double', { standard_name: 'longitude', units: 'degrees_east' }],
  ]
  if (one.vertical !== undefined)
    names.push([one.vertical, 'double', { standard_name: one.vertical, units: 'm' }])
  measures.forEach((standardName, at) => {
    names.push([`v${at}`, 'double', standardName === '' ? {} : { standard_name: standardName }])
  })
  const variables = names.map(([name, type, attributes]): DemoVariable => {
    const range = one.ranges?.[name]
    const all = { ...attributes, ...(range === undefined ? {} : { actual_range: range }) }
    return {
      name,
      type,
      attributes: Object.entries(all).map(([key, value]) => ({
        name: key,
        type: key === 'actual_range' && !/[TZ]/.test(value) ? type : 'String',
        value,
      })),
    }
  })
  const globals = {
    cdm_data_type: one.type,
    institution: 'Institute of Tests',
    title: `Dataset ${one.id}`,
    ...one.globals,
  }
  const rows = one.rows.map((row): Row => [...row, ...measures.map(() => 1)])
  return {
    id: one.id,
    erddapClass: 'EDDTableFromAsciiFiles',
    globals: Object.entries(globals).map(([name, value]) => ({ name, type: 'String', value })),
    variables,
    rows: () => rows,
    ...one.more,
  }
}
