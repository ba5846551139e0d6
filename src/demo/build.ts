/** Builds datasets as a careful owner would describe them: attributes, ranges and rows that agree. */

import type { Attribute, Cell, ColumnType, DemoDataset, DemoVariable, Row } from './dataset.ts'
import { sortAttributes } from './dataset.ts'
import { isoTime, javaDouble } from './format.ts'
import type { Station } from './stations.ts'

export const hourSeconds = 3600
export const daySeconds = 86_400

export function seconds(iso: string): number {
  return Date.parse(iso) / 1000
}

/** What a variable measures: its name, standard name, unit and the values around which it varies. */
export interface Measurement {
  name: string
  standardName?: string
  longName: string
  units: string
  mean: number
  swing: number
}

const measurements = {
  surfaceTemperature: ['sst', 'sea_surface_temperature', 'Sea surface temperature', 'degree_C', 9, 5],
  temperature: ['TEMP', 'sea_water_temperature', 'Temperature', 'degree_C', 7, 4],
  salinity: ['PSAL', 'sea_water_practical_salinity', 'Practical salinity', '1', 31.5, 1.5],
  surfaceSalinity: ['sss', 'sea_surface_salinity', 'Sea surface salinity', '1', 30, 2],
  oxygen: [
    'DOXY',
    'mole_concentration_of_dissolved_molecular_oxygen_in_sea_water',
    'Dissolved oxygen',
    'umol/L',
    260,
    60,
  ],
  chlorophyll: ['CHLA', 'mass_concentration_of_chlorophyll_in_sea_water', 'Chlorophyll', 'mg m-3', 2, 1.8],
  nitrate: ['NTRA', 'mole_concentration_of_nitrate_in_sea_water', 'Nitrate', 'umol/L', 12, 9],
  waveHeight: ['VCAR', 'sea_surface_wave_significant_height', 'Significant wave height', 'm', 2, 1.6],
  seaLevel: ['SLEV', 'sea_surface_height_above_geopotential_datum', 'Observed sea level', 'm', 2.4, 1.9],
  eastward: ['UVEL', 'eastward_sea_water_velocity', 'Eastward current', 'm s-1', 0, 0.4],
  northward: ['VVEL', 'northward_sea_water_velocity', 'Northward current', 'm s-1', 0, 0.4],
  iceDraft: ['IDRF', 'sea_ice_draft', 'Ice draft', 'm', 1.4, 1.1],
  turbidity: ['TURB', 'sea_water_turbidity', 'Turbidity', '1', 3, 2],
  co2: [
    'PCO2',
    'partial_pressure_of_carbon_dioxide_in_sea_water',
    'Partial pressure of CO2',
    'uatm',
    400,
    80,
  ],
  battery: ['battery', undefined, 'Battery voltage', 'V', 12.5, 0.4],
  airPressure: ['ATMS', 'air_pressure', 'Air pressure', 'hPa', 1010, 15],
} as const

export type Measured = keyof typeof measurements

function measurement(key: Measured): Measurement {
  const [name, standardName, longName, units, mean, swing] = measurements[key]
  return { name, longName, units, mean, swing, ...(standardName === undefined ? {} : { standardName }) }
}

/** A value that looks measured and is always the same. */
function valueAt({ mean, swing }: Measurement, step: number, place: number): number {
  return round(mean + swing * Math.sin(step / 11 + place) * Math.cos(step / 3.7 + place * 2), 3)
}

export function round(value: number, digits: number): number {
  const scale = 10 ** digits
  return Math.round(value * scale) / scale
}

export interface DatasetDescription {
  id: string
  /** `null` leaves the attribute out. */
  title: string | null
  summary?: string
  institution?: string
  cdmDataType: string
  /** Added to, or with `null` taken from, the attributes that follow from the rest. */
  globals?: Record<string, string | null>
  variables: DemoVariable[]
  rows: () => Iterable<Row>
  /** Whether `actual_range` and what follows from it are worked out from the rows. @default true */
  ranges?: boolean
  more?: Partial<DemoDataset>
}

export function variable(name: string, type: ColumnType, attributes: Record<string, string>): DemoVariable {
  return {
    name,
    type,
    attributes: sortAttributes(
      Object.entries(attributes).map(([key, value]) => ({ name: key, type: 'String', value })),
    ),
  }
}

/** The variables that place a row, by name. */
export const coordinates = {
  station: (type: ColumnType = 'String', name = 'station_id') =>
    variable(name, type, { cf_role: 'timeseries_id', long_name: 'Station identifier' }),
  profile: (name = 'profile_id') =>
    variable(name, 'String', { cf_role: 'profile_id', long_name: 'Profile identifier' }),
  time: () =>
    variable('time', 'double', {
      _CoordinateAxisType: 'Time',
      axis: 'T',
      ioos_category: 'Time',
      long_name: 'Time',
      standard_name: 'time',
      time_origin: '01-JAN-1970 00:00:00',
      units: 'seconds since 1970-01-01T00:00:00Z',
    }),
  latitude: () => place('latitude', 'Lat', 'Y', 'degrees_north'),
  longitude: () => place('longitude', 'Lon', 'X', 'degrees_east'),
  depth: () => vertical('depth', 'down'),
  altitude: () => vertical('altitude', 'up'),
}

function titleCase(name: string): string {
  return name.slice(0, 1).toUpperCase() + name.slice(1)
}

function place(name: string, axisType: string, axis: string, units: string): DemoVariable {
  return variable(name, 'double', {
    _CoordinateAxisType: axisType,
    axis,
    ioos_category: 'Location',
    long_name: titleCase(name),
    standard_name: name,
    units,
  })
}

function vertical(name: string, positive: string): DemoVariable {
  return variable(name, 'double', {
    _CoordinateAxisType: 'Height',
    _CoordinateZisPositive: positive,
    axis: 'Z',
    ioos_category: 'Location',
    long_name: titleCase(name),
    positive,
    standard_name: name,
    units: 'm',
  })
}

export function measured(key: Measured): DemoVariable {
  const { name, standardName, longName, units } = measurement(key)
  return variable(name, 'double', {
    long_name: longName,
    units,
    ...(standardName === undefined ? {} : { standard_name: standardName }),
  })
}

/** Adds the attributes that ERDDAP derives from the data when it reads a dataset. */
export function buildDataset(description: DatasetDescription): DemoDataset {
  const { id, title, cdmDataType, variables, rows } = description
  if (description.ranges !== false) addRanges(variables, rows)
  const globals: Record<string, string | null> = {
    cdm_data_type: cdmDataType,
    Conventions: 'COARDS, CF-1.6, ACDD-1.3',
    infoUrl: `https://metadata.demo.example/${id}`,
    institution: description.institution ?? 'Institute of Ocean Demonstrations',
    keywords: 'ocean, oceanography, demonstration',
    license: 'CC-BY-4.0',
    sourceUrl: '(local files)',
    standard_name_vocabulary: 'CF Standard Name Table v79',
    summary: description.summary ?? `Made-up data for trying out a harvester: ${title ?? id}.`,
    title,
    ...coverage(variables),
    ...description.globals,
  }
  return {
    id,
    erddapClass: 'EDDTableFromAsciiFiles',
    globals: sortAttributes(
      Object.entries(globals).flatMap(([name, value]): Attribute[] =>
        value === null
          ? []
          : [
              {
                name,
                type: /^(geospatial_.*_(min|max)|.*_(East|North)ing)$/.test(name) ? 'double' : 'String',
                value,
              },
            ],
      ),
    ),
    variables,
    rows,
    ...description.more,
  }
}

function addRanges(variables: readonly DemoVariable[], rows: () => Iterable<Row>): void {
  const ranges = variables.map(() => [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY] as [number, number])
  for (const row of rows()) {
    row.forEach((cell, at) => {
      const range = ranges[at]
      if (range === undefined || typeof cell === 'string' || Number.isNaN(cell)) return
      if (cell < range[0]) range[0] = cell
      if (cell > range[1]) range[1] = cell
    })
  }
  variables.forEach((one, at) => {
    const [low, high] = ranges[at] ?? [1, 0]
    if (one.type !== 'String' && low <= high) setRange(one, low, high)
  })
}

export function setRange(one: DemoVariable, low: number, high: number): void {
  const show = one.type === 'double' || one.type === 'float' ? javaDouble : String
  one.attributes = sortAttributes([
    ...one.attributes.filter(({ name }) => name !== 'actual_range'),
    { name: 'actual_range', type: one.type, value: `${show(low)}, ${show(high)}` },
  ])
}

function coverage(variables: readonly DemoVariable[]): Record<string, string> {
  const rangeOf = (name: string) =>
    variables
      .find((one) => one.name === name)
      ?.attributes.find((attribute) => attribute.name === 'actual_range')
      ?.value.split(', ')
  const result: Record<string, string> = {}
  const ends = (name: string, low: string, high: string) => {
    const [from, to] = rangeOf(name) ?? []
    if (from !== undefined && to !== undefined) Object.assign(result, { [low]: from, [high]: to })
  }
  ends('latitude', 'geospatial_lat_min', 'geospatial_lat_max')
  ends('latitude', 'Southernmost_Northing', 'Northernmost_Northing')
  ends('longitude', 'geospatial_lon_min', 'geospatial_lon_max')
  ends('longitude', 'Westernmost_Easting', 'Easternmost_Easting')
  ends('depth', 'geospatial_vertical_min', 'geospatial_vertical_max')
  const [start, end] = (rangeOf('time') ?? []).map(Number)
  if (start !== undefined && end !== undefined)
    Object.assign(result, { time_coverage_start: isoTime(start), time_coverage_end: isoTime(end) })
  return result
}

interface CommonOptions extends Omit<DatasetDescription, 'variables' | 'rows' | 'cdmDataType'> {
  stations: readonly Station[]
  measures: readonly Measured[]
  /** ISO time of the first record. */
  from: string
  depths?: readonly number[]
  /** Metres up, instead of depths. */
  altitudes?: readonly number[]
}

function verticalVariable({ depths, altitudes }: CommonOptions): DemoVariable[] {
  if (depths !== undefined) return [coordinates.depth()]
  return altitudes === undefined ? [] : [coordinates.altitude()]
}

function levels({ depths, altitudes }: CommonOptions): readonly (number | undefined)[] {
  return depths ?? altitudes ?? [undefined]
}

function* placed(level: number | undefined): Generator<Cell> {
  if (level !== undefined) yield level
}

/** Regular readings at fixed stations. */
export function timeSeries(
  options: CommonOptions & {
    stepSeconds: number
    count: number
    stationType?: ColumnType
    /** For owners who count longitudes from 0 to 360. */
    eastward?: boolean
  },
): DemoDataset {
  const { stations, measures, stepSeconds, count } = options
  const kinds = measures.map(measurement)
  const start = seconds(options.from)
  return buildDataset({
    ...options,
    cdmDataType: 'TimeSeries',
    variables: [
      coordinates.station(options.stationType),
      coordinates.time(),
      coordinates.latitude(),
      coordinates.longitude(),
      ...verticalVariable(options),
      ...measures.map(measured),
    ],
    globals: {
      cdm_timeseries_variables: 'station_id, latitude, longitude',
      featureType: 'TimeSeries',
      ...options.globals,
    },
    rows: function* () {
      for (const [at, station] of stations.entries()) {
        const longitude = options.eastward === true ? round(station.longitude + 360, 4) : station.longitude
        const id = options.stationType === 'int' ? Number(station.id) : station.id
        for (let step = 0; step < count; step++)
          for (const level of levels(options))
            yield [
              id,
              start + step * stepSeconds,
              station.latitude,
              longitude,
              ...placed(level),
              ...kinds.map((kind) => valueAt(kind, step, at + (level ?? 0) / 50)),
            ]
      }
    },
  })
}

/** Casts from a ship, each at one station and time, going round the stations. */
export function profiles(
  options: CommonOptions & { casts: number; everySeconds: number; prefix: string },
): DemoDataset {
  const { stations, measures, casts, everySeconds, prefix } = options
  const kinds = measures.map(measurement)
  const start = seconds(options.from)
  return buildDataset({
    ...options,
    cdmDataType: 'Profile',
    variables: [
      coordinates.profile(),
      coordinates.time(),
      coordinates.latitude(),
      coordinates.longitude(),
      ...verticalVariable(options),
      ...measures.map(measured),
    ],
    globals: {
      cdm_profile_variables: 'profile_id, time, latitude, longitude',
      featureType: 'Profile',
      ...options.globals,
    },
    rows: function* () {
      for (let cast = 0; cast < casts; cast++) {
        const station = stations[cast % stations.length] as Station
        const round4 = (value: number) => round(value, 4)
        // A ship is never twice at exactly the same place.
        const latitude = round4(station.latitude + 0.004 * Math.sin(cast))
        const longitude = round4(station.longitude + 0.004 * Math.cos(cast))
        for (const level of levels(options))
          yield [
            `${prefix}${String(cast + 1).padStart(4, '0')}`,
            start + cast * everySeconds,
            latitude,
            longitude,
            ...placed(level),
            ...kinds.map((kind) => valueAt(kind, cast, (level ?? 0) / 50)),
          ]
      }
    },
  })
}

/** Repeated casts at fixed stations. */
export function timeSeriesProfiles(
  options: CommonOptions & {
    casts: number
    everySeconds: number
    /** Whether a variable has the role of profile id. @default true */
    profileRole?: boolean
  },
): DemoDataset {
  const { stations, measures, casts, everySeconds } = options
  const kinds = measures.map(measurement)
  const start = seconds(options.from)
  const hasRole = options.profileRole !== false
  return buildDataset({
    ...options,
    cdmDataType: 'TimeSeriesProfile',
    variables: [
      coordinates.station(),
      hasRole ? coordinates.profile() : variable('cast', 'String', { long_name: 'Cast' }),
      coordinates.time(),
      coordinates.latitude(),
      coordinates.longitude(),
      ...verticalVariable(options),
      ...measures.map(measured),
    ],
    globals: {
      cdm_timeseries_variables: 'station_id, latitude, longitude',
      ...(hasRole ? { cdm_profile_variables: 'profile_id, time' } : {}),
      featureType: 'TimeSeriesProfile',
      ...options.globals,
    },
    rows: function* () {
      for (const [at, station] of stations.entries())
        for (let cast = 0; cast < casts; cast++)
          for (const level of levels(options))
            yield [
              station.id,
              `${station.id}-${String(cast + 1).padStart(3, '0')}`,
              start + cast * everySeconds,
              station.latitude,
              station.longitude,
              ...placed(level),
              ...kinds.map((kind) => valueAt(kind, cast, at + (level ?? 0) / 50)),
            ]
    },
  })
}

/** Source files whose time is long past, one a year. */
export function yearlyFiles(
  id: string,
  years: readonly number[],
): { name: string; lastModified: number; size: number }[] {
  return years.map((year, at) => ({
    name: `${id}_${year}.csv`,
    lastModified: Date.UTC(year + 1, 0, 15, 6, 30),
    size: 120_000 + at * 7_919,
  }))
}
