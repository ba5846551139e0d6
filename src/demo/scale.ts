/** Servers of any size for benchmarks: metadata and rows are made when they are asked for, or kept ready. */

import { coordinates, daySeconds, hourSeconds, measured, round, seconds, setRange } from './build.ts'
import type { Attribute, DemoDataset, DemoVariable, Row } from './dataset.ts'

/**
 * `mixed`: 40/30/30 TimeSeries/Profile/TimeSeriesProfile, half with depth, all with a manifest.
 * `profiles`: datasets of type Profile that share a number of profiles.
 * `unsupported`: the mix, but nine of ten of a type that is skipped.
 */
export const scaleKinds = ['mixed', 'profiles', 'unsupported'] as const
export type ScaleKind = (typeof scaleKinds)[number]

export interface ScaleOptions {
  kind: ScaleKind
  /** @default 200 */
  datasets?: number
  /** Profiles of all datasets together, for `profiles`. @default 140,000 */
  profiles?: number
}

/** The datasets of a benchmark, made one by one. */
export function* scaleDatasets({
  kind,
  datasets = 200,
  profiles = 140_000,
}: ScaleOptions): Generator<DemoDataset> {
  for (let at = 0; at < datasets; at++) {
    if (kind === 'profiles') {
      const from = Math.floor((profiles * at) / datasets)
      const to = Math.floor((profiles * (at + 1)) / datasets)
      yield manyProfiles(at, to - from)
    } else if (kind === 'unsupported' && at % 10 !== 0) yield lazy(at, 'Trajectory', false, () => [])
    else yield mixed(at)
  }
}

/** Out of every ten datasets four, three and three; depth changes from one to the next of a type. */
const mix = ['TimeSeries', 'Profile', 'TimeSeriesProfile'] as const
const order = [0, 1, 2, 0, 1, 2, 0, 1, 2, 0] as const

function mixed(at: number): DemoDataset {
  const type = mix[order[at % order.length] ?? 0] as (typeof mix)[number]
  // Twenty datasets hold each type with and without depth equally often.
  const hasDepth = Math.floor(at / 10) % 2 === 0
  const levels = hasDepth ? [0, 25, 50, 75] : [0]
  const start = seconds('2020-01-01T00:00:00Z') + (at % 365) * daySeconds
  const vertical = (level: number) => (hasDepth ? [level] : [])
  const latitude = placeLatitude(at)
  const longitude = placeLongitude(at)
  switch (type) {
    case 'TimeSeries':
      return lazy(at, type, hasDepth, function* () {
        for (let step = 0; step < 60; step++)
          for (const level of levels)
            yield [
              `S${at}`,
              start + step * daySeconds,
              latitude,
              longitude,
              ...vertical(level),
              8 + (step % 7) / 10,
            ]
      })
    case 'Profile':
      return lazy(at, type, hasDepth, function* () {
        for (let cast = 0; cast < 25; cast++)
          for (const level of levels)
            yield [
              `P${at}-${padded(cast, 3)}`,
              start + cast * hourSeconds,
              round(latitude + cast / 1000, 4),
              round(longitude - cast / 1000, 4),
              ...vertical(level),
              8 - level / 50,
            ]
      })
    case 'TimeSeriesProfile':
      return lazy(at, type, hasDepth, function* () {
        for (let station = 0; station < 3; station++)
          for (let cast = 0; cast < 10; cast++)
            for (const level of levels)
              yield [
                `T${at}-${station}`,
                `T${at}-${station}-${padded(cast, 2)}`,
                start + cast * daySeconds,
                round(latitude + station / 10, 4),
                longitude,
                ...vertical(level),
                8 - level / 50,
              ]
      })
  }
}

/** Two rows a profile: its top and its bottom. */
function manyProfiles(at: number, count: number): DemoDataset {
  const start = seconds('1990-01-01T00:00:00Z')
  const digits = String(count).length
  const dataset = lazy(at, 'Profile', true, function* () {
    for (let cast = 0; cast < count; cast++) {
      const id = `M${at}-${padded(cast, digits)}`
      const time = start + cast * 600
      const latitude = round(45 + (cast % 2000) / 100, 4)
      const longitude = round(-60 - (cast % 3500) / 100, 4)
      yield [id, time, latitude, longitude, 0, 8]
      yield [id, time, latitude, longitude, 10 + (cast % 300), 4]
    }
  })
  const variables = [...dataset.variables]
  const named = (name: string) => variables.find((one) => one.name === name) as DemoVariable
  setRange(named('time'), start, start + Math.max(0, count - 1) * 600)
  setRange(named('depth'), 0, 309)
  setRange(named('latitude'), 45, 64.99)
  setRange(named('longitude'), -94.99, -60)
  // Ids are padded: they come in the order in which a server would sort them.
  return { ...dataset, variables, sortedBy: 'profile_id' }
}

function padded(value: number, digits: number): string {
  return String(value).padStart(digits, '0')
}

function placeLatitude(at: number): number {
  return round(43 + ((at * 7) % 300) / 10, 4)
}

function placeLongitude(at: number): number {
  return round(-55 - ((at * 13) % 800) / 10, 4)
}

type ScaleType = (typeof mix)[number] | 'Trajectory'

/** A dataset whose attributes exist only while they are read, so that 20,000 of them are small. */
function lazy(at: number, type: ScaleType, hasDepth: boolean, rows: () => Iterable<Row>): DemoDataset {
  const id = `scale_${padded(at, 5)}`
  const lastModified = Date.UTC(2022, 0, 1 + (at % 300))
  let changedVariables: DemoVariable[] | undefined
  let changedGlobals: Attribute[] | undefined
  return {
    id,
    erddapClass: 'EDDTableFromMultidimNcFiles',
    get globals() {
      return changedGlobals ?? globalsOf(at, id, type)
    },
    set globals(globals) {
      changedGlobals = globals
    },
    get variables() {
      return changedVariables ?? variablesOf(at, type, hasDepth)
    },
    set variables(variables) {
      changedVariables = variables
    },
    rows,
    files: [{ name: `${id}.nc`, lastModified, size: 40_000 + at }],
  }
}

const sharedGlobals: Attribute[] = Object.entries({
  Conventions: 'COARDS, CF-1.6, ACDD-1.3',
  infoUrl: 'https://metadata.demo.example',
  institution: 'Institute of Ocean Benchmarks',
  license: 'CC-BY-4.0',
  platform: 'mooring',
  platform_vocabulary: 'https://mmisw.org/ont/ioos/platform',
  sourceUrl: '(local files)',
  summary: 'Generated for a benchmark.',
}).map(([name, value]) => ({ name, type: 'String', value }))

/** What ERDDAP demands of each type, and a stated resolution for every other TimeSeries. */
function declaredOf(at: number, type: ScaleType): Record<string, string> {
  if (type === 'TimeSeries')
    return {
      cdm_timeseries_variables: 'station_id, latitude, longitude',
      ...(at % 2 === 0 ? { time_coverage_resolution: 'P1D' } : {}),
    }
  if (type === 'Profile') return { cdm_profile_variables: 'profile_id, time, latitude, longitude' }
  if (type === 'TimeSeriesProfile')
    return {
      cdm_timeseries_variables: 'station_id, latitude, longitude',
      cdm_profile_variables: 'profile_id, time',
    }
  return {}
}

function globalsOf(at: number, id: string, type: ScaleType): Attribute[] {
  return [
    { name: 'cdm_data_type', type: 'String', value: type },
    ...Object.entries(declaredOf(at, type)).map(
      ([name, value]): Attribute => ({ name, type: 'String', value }),
    ),
    ...sharedGlobals,
    { name: 'title', type: 'String', value: `Benchmark dataset ${padded(at, 5)} (${id})` },
  ]
}

/** How far the positions of each type reach to the north and to the west, in degrees. */
const spreads: Record<ScaleType, readonly [north: number, west: number]> = {
  TimeSeries: [0, 0],
  Profile: [0.024, 0.024],
  TimeSeriesProfile: [0.2, 0],
  Trajectory: [0, 0],
}

function variablesOf(at: number, type: ScaleType, hasDepth: boolean): DemoVariable[] {
  const time = coordinates.time()
  const start = seconds('2020-01-01T00:00:00Z') + (at % 365) * daySeconds
  const lengths: Record<ScaleType, number> = {
    TimeSeries: 59 * daySeconds,
    Profile: 24 * hourSeconds,
    TimeSeriesProfile: 9 * daySeconds,
    Trajectory: daySeconds,
  }
  setRange(time, start, start + lengths[type])
  const depth = coordinates.depth()
  setRange(depth, 0, 75)
  const latitude = coordinates.latitude()
  const longitude = coordinates.longitude()
  const [north, west] = spreads[type]
  setRange(latitude, placeLatitude(at), round(placeLatitude(at) + north, 4))
  setRange(longitude, round(placeLongitude(at) - west, 4), placeLongitude(at))
  return [
    ...(type === 'TimeSeries' || type === 'TimeSeriesProfile' ? [coordinates.station()] : []),
    ...(type === 'Profile' || type === 'TimeSeriesProfile' ? [coordinates.profile()] : []),
    time,
    latitude,
    longitude,
    ...(hasDepth ? [depth] : []),
    measured('temperature'),
  ]
}
