/** Platforms that move, as owners describe them: a glider, floats, drifters, a ship, a survey of samples. */

import {
  buildDataset,
  coordinates,
  daySeconds,
  hourSeconds,
  type Measured,
  measured,
  round,
  seconds,
  variable,
} from './build.ts'
import type { DemoDataset, Row } from './dataset.ts'

export interface MovingOptions {
  id: string
  title: string
  institution?: string
  /** ISO time of the first record. */
  from: string
  globals?: Record<string, string | null>
  more?: Partial<DemoDataset>
}

const trajectoryId = (name: string) =>
  variable(name, 'String', { cf_role: 'trajectory_id', long_name: 'Platform or deployment' })

function place() {
  return [coordinates.time(), coordinates.latitude(), coordinates.longitude()]
}

/** Brings a longitude to ±180. */
function within(longitude: number): number {
  return round(((((longitude + 180) % 360) + 360) % 360) - 180, 4)
}

function described(
  options: MovingOptions,
  cdmDataType: string,
  variables: ReturnType<typeof place>,
  measures: readonly Measured[],
  globals: Record<string, string>,
  rows: () => Iterable<Row>,
): DemoDataset {
  return buildDataset({
    ...options,
    cdmDataType,
    variables: [...variables, ...measures.map(measured)],
    globals: { ...globals, ...options.globals },
    rows,
  })
}

/** One deployment that dives on its way; every so many casts its position was lost. */
export function glider(
  options: MovingOptions & { casts: number; levels: number; lost?: number },
): DemoDataset {
  const start = seconds(options.from)
  return described(
    options,
    'TrajectoryProfile',
    [trajectoryId('trajectory'), coordinates.profile('profile_id'), ...place(), coordinates.depth()],
    ['temperature', 'salinity'],
    {
      cdm_trajectory_variables: 'trajectory',
      cdm_profile_variables: 'profile_id, time, latitude, longitude',
      featureType: 'TrajectoryProfile',
      subsetVariables: 'trajectory, profile_id',
    },
    function* () {
      for (let cast = 0; cast < options.casts; cast++) {
        const isLost = options.lost !== undefined && cast % options.lost === options.lost - 1
        const latitude = round(47 + cast * 0.004 + 0.02 * Math.sin(cast / 9), 4)
        const longitude = round(-60.5 + cast * 0.01, 4)
        for (let level = 0; level < options.levels; level++)
          yield [
            options.id,
            String(cast + 1),
            start + cast * 1.5 * hourSeconds + level * 10,
            isLost ? Number.NaN : latitude,
            isLost ? Number.NaN : longitude,
            round((level * (200 + 300 * Math.abs(Math.sin(cast / 20)))) / options.levels, 2),
            round(8 - level / 20 + Math.sin(cast / 11), 3),
            round(33 + level / 50, 3),
          ]
      }
    },
  )
}

/** Floats that surface every ten days; their cycle numbers repeat. */
export function floats(
  options: MovingOptions & { count: number; cycles: number; levels: number },
): DemoDataset {
  const start = seconds(options.from)
  return described(
    options,
    'TrajectoryProfile',
    [trajectoryId('platform_number'), coordinates.profile('cycle_number'), ...place(), coordinates.depth()],
    ['temperature', 'salinity'],
    {
      cdm_trajectory_variables: 'platform_number',
      cdm_profile_variables: 'cycle_number, time, latitude, longitude',
      featureType: 'TrajectoryProfile',
      subsetVariables: 'platform_number, cycle_number, time, latitude, longitude',
    },
    function* () {
      for (let at = 0; at < options.count; at++)
        for (let cycle = 0; cycle < options.cycles; cycle++)
          for (let level = 0; level < options.levels; level++)
            yield [
              String(4_902_000 + at),
              String(cycle + 1),
              start + at * hourSeconds + cycle * 10 * daySeconds,
              round(48 + (at % 5) * 1.5 + Math.sin(cycle / 3 + at), 4),
              // Some of them drift across the antimeridian.
              within(170 + at * 1.7 + cycle * 0.3 + 0.4 * Math.cos(cycle + at)),
              level * 50,
              round(9 - level / 8 + Math.sin(at + cycle / 4), 3),
              round(33 + level / 100, 3),
            ]
    },
  )
}

/** Drifters without a depth, a record an hour; here and there a position is missing, and one has no id. */
export function drifters(
  options: MovingOptions & {
    count: number
    records: number
    /** Where each sets out; by default in a row from west to east, every fourth before the antimeridian. */
    setOut?: (at: number) => { latitude: number; longitude: number }
  },
): DemoDataset {
  const start = seconds(options.from)
  const setOut =
    options.setOut ?? ((at: number) => ({ latitude: 40 + at, longitude: at % 4 === 0 ? 178 : -150 + at * 4 }))
  return described(
    options,
    'Trajectory',
    [trajectoryId('ID'), ...place()],
    ['surfaceTemperature'],
    { cdm_trajectory_variables: 'ID', featureType: 'Trajectory', subsetVariables: 'ID' },
    function* () {
      for (let at = 0; at < options.count; at++) {
        let { latitude, longitude } = setOut(at)
        for (let step = 0; step < options.records; step++) {
          latitude += 0.004 * Math.sin(step / 60 + at)
          longitude += 0.008 + 0.006 * Math.cos(step / 35 + at)
          const isLost = step % 97 === 96
          yield [
            at === 3 ? '' : `3003${String(at).padStart(5, '0')}`,
            start + step * hourSeconds,
            isLost ? Number.NaN : round(latitude, 4),
            isLost ? Number.NaN : within(longitude),
            round(11 + 2 * Math.sin(step / 200 + at), 3),
          ]
        }
      }
    },
  )
}

/** A ship that measures at one depth, on its way and for some days in port. */
export function ship(
  options: MovingOptions & {
    records: number
    stepSeconds: number
    /** Its port, and how far it goes in a day. */
    way?: { latitude: number; longitude: number; north: number; east: number }
  },
): DemoDataset {
  const start = seconds(options.from)
  const course = options.way ?? { latitude: 46.8, longitude: -71.2, north: 1.1, east: 1.6 }
  return described(
    options,
    'Trajectory',
    [trajectoryId('ship'), ...place(), coordinates.depth()],
    ['temperature', 'salinity'],
    { cdm_trajectory_variables: 'ship', featureType: 'Trajectory', subsetVariables: 'ship' },
    function* () {
      for (let step = 0; step < options.records; step++) {
        const days = (step * options.stepSeconds) / daySeconds
        // Out and back in 40 days, of which ten are in port.
        const leg = Math.min(30, days % 40)
        const way = leg < 15 ? leg : 30 - leg
        yield [
          'CCGS Demonstration',
          start + step * options.stepSeconds,
          round(course.latitude + way * course.north, 4),
          round(course.longitude + way * course.east, 4),
          4.5,
          round(6 - way / 5 + Math.sin(days), 3),
          round(31 + way / 20, 3),
        ]
      }
    },
  )
}

/** Samples of a yearly survey, without any id, longitudes from 0 to 360. */
export function survey(
  options: MovingOptions & { stations: number; levels: number; years: number },
): DemoDataset {
  const start = seconds(options.from)
  return described(
    options,
    'Point',
    [...place(), coordinates.depth()],
    ['temperature', 'salinity'],
    { featureType: 'Point' },
    function* () {
      for (let year = 0; year < options.years; year++)
        for (let at = 0; at < options.stations; at++)
          for (let level = 0; level < options.levels; level++)
            yield [
              start + Math.round((year * 365.25 + at / 6) * daySeconds),
              round(43 + (at % 12) * 0.7 + year * 0.01, 4),
              round(292 + Math.floor(at / 12) * 0.9 + year * 0.013, 4),
              level * 10,
              round(5 + Math.sin(at + year) - level / 10, 3),
              round(32 + level / 30, 3),
            ]
    },
  )
}
