import { describe, expect, test } from 'vitest'
import { findOceanVariables, uncoveredStandardNames, unknownStandardNames } from '../../src/rules/eov.ts'
import { metadataOf, station, vocabularies } from './examples.ts'

const named = (...names: string[]) =>
  metadataOf(Object.fromEntries(names.map((standard_name, index) => [`v${index}`, { standard_name }])))

describe('ocean variables', () => {
  test('are those that any variable has a standard name of, in mapping order', () => {
    const metadata = named('sea_water_temperature', 'sea_water_practical_salinity')
    expect(findOceanVariables(metadata, vocabularies).eovs).toEqual([
      'subSurfaceSalinity',
      'subSurfaceTemperature',
    ])
  })

  test('share a standard name: it stands for each', () => {
    expect(findOceanVariables(named('sea_surface_salinity'), vocabularies).eovs).toEqual([
      'seaSurfaceSalinity',
      'subSurfaceSalinity',
    ])
  })

  test('are matched by the whole name: neither by part nor by case nor with a modifier', () => {
    const near = named(
      'sea_water_temperature_anomaly',
      'Sea_Water_Temperature',
      'sea_water_temperature status_flag',
    )
    expect(findOceanVariables(near, vocabularies)).toEqual({ eovs: [], firstEovColumn: null, columns: [] })
  })

  test('have as first column the first variable, in dataset order, of the first in mapping order', () => {
    const metadata = metadataOf({
      temp: { standard_name: 'sea_water_temperature' },
      sal_b: { standard_name: 'sea_water_practical_salinity' },
      sal_a: { standard_name: 'sea_water_practical_salinity' },
      temp_2: { standard_name: 'sea_surface_temperature' },
    })
    expect(findOceanVariables(metadata, vocabularies).firstEovColumn).toBe('sal_b')
  })
})

describe('standard names', () => {
  test('that CF does not have are found, once each, without their modifiers', () => {
    const metadata = named(
      'temp',
      'temp',
      'sea_water_temperature status_flag',
      'salt status_flag',
      'wind_speed',
    )
    expect(unknownStandardNames(metadata, vocabularies)).toEqual(['temp', 'salt'])
  })

  test('that CF once had are known', () => {
    expect(unknownStandardNames(named('sea_water_salinity_old'), vocabularies)).toEqual([])
  })

  test('that CF has and no ocean variable covers are found, so that the mapping can grow', () => {
    const metadata = named(
      'wind_speed',
      'partial_pressure_of_methane_in_sea_water',
      'sea_water_temperature',
      'temp',
    )
    expect(uncoveredStandardNames(metadata, vocabularies)).toEqual([
      'wind_speed',
      'partial_pressure_of_methane_in_sea_water',
    ])
  })

  test('of coordinates, pressures and platforms are no candidates for the mapping', () => {
    expect(uncoveredStandardNames(metadataOf(station), vocabularies)).toEqual([])
    expect(
      uncoveredStandardNames(
        named('sea_water_pressure', 'air_pressure', 'platform_name', 'altitude'),
        vocabularies,
      ),
    ).toEqual([])
  })
})
