/** Small, true-to-life inputs of the rules. */

import { indexVocabularies } from '../../src/rules/vocabularies.ts'
import type { DatasetMetadata, ListedDataset } from '../../src/sources/erddap/types.ts'

export const vocabularies = indexVocabularies({
  cfStandardNames: {
    version: '93',
    names: [
      'time',
      'latitude',
      'longitude',
      'depth',
      'altitude',
      'sea_water_temperature',
      'sea_surface_temperature',
      'sea_water_practical_salinity',
      'sea_water_pressure',
      'air_pressure',
      'wind_speed',
      'platform_name',
      'partial_pressure_of_methane_in_sea_water',
      'sea_surface_salinity',
    ],
    aliases: { sea_water_salinity_old: ['sea_water_practical_salinity'] },
  },
  oceanVariables: [
    { name: 'seaSurfaceSalinity', standardNames: ['sea_surface_salinity'] },
    { name: 'subSurfaceSalinity', standardNames: ['sea_surface_salinity', 'sea_water_practical_salinity'] },
    { name: 'subSurfaceTemperature', standardNames: ['sea_surface_temperature', 'sea_water_temperature'] },
    { name: 'marineDebris', standardNames: [] },
  ],
  platforms: {
    l06: [
      { code: '48', label: 'mooring', category: 'mooring' },
      { code: '41', label: 'moored surface buoy', category: 'mooring' },
      { code: '4A', label: 'Ice-tethered subsurface profiling float', category: 'drift ice' },
      { code: '25', label: 'autonomous underwater vehicle', category: 'submersible' },
      { code: '0', label: 'unknown', category: 'unknown' },
    ],
    ioos: [
      { label: 'buoy', code: '48' },
      { label: 'autonomousUnderwterVehicle', code: '25' },
    ],
  },
})

type Attributes = Record<string, string>

/** Metadata whose variables are given as name → attributes. */
export function metadataOf(
  variables: Record<string, Attributes>,
  globals: Attributes = {},
  datasetId = 'buoy_1',
): DatasetMetadata {
  return {
    datasetId,
    globals: new Map(Object.entries(globals)),
    variables: Object.entries(variables).map(([name, attributes]) => ({
      name,
      dataType: 'double',
      attributes: new Map(Object.entries(attributes)),
    })),
  }
}

export function listedAs(cdmDataType: string, datasetId = 'buoy_1'): ListedDataset {
  return { datasetId, cdmDataType, title: '', institution: '', files: '', minTime: '', maxTime: '', row: {} }
}

/** Variables of a station that is harvested as TimeSeries. */
export const station: Record<string, Attributes> = {
  station_id: { cf_role: 'timeseries_id' },
  time: { standard_name: 'time' },
  latitude: { standard_name: 'latitude' },
  longitude: { standard_name: 'longitude' },
  depth: { standard_name: 'depth' },
  TEMP: { standard_name: 'sea_water_temperature' },
}
