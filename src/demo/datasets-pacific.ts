/** What the demo's Pacific server lists: every supported kind, and most reasons to be skipped. */

import {
  buildDataset,
  coordinates,
  daySeconds,
  hourSeconds,
  measured,
  profiles,
  round,
  seconds,
  timeSeries,
  timeSeriesProfiles,
  yearlyFiles,
} from './build.ts'
import type { DemoDataset, Row } from './dataset.ts'
import { setAttribute } from './dataset.ts'
import { newfoundlandBuoyDataset } from './datasets-atlantic.ts'
import { javaDouble } from './format.ts'
import type { Station } from './stations.ts'
import { lineP, pacificBuoys, pacificCoast, pacificTideGauges } from './stations.ts'

const observatory = 'Demonstration Observatory of the Pacific'
const ioos = { platform_vocabulary: 'https://mmisw.org/ont/ioos/platform' }
const l06 = { platform_vocabulary: 'https://vocab.nerc.ac.uk/collection/L06/current/' }
const people = {
  creator_name: 'Coastal Data Group',
  creator_type: 'group',
  publisher_name: 'Pacific Data Centre',
  publisher_type: 'institution',
  contributor_name: 'Jane Doe',
  contributor_type: 'person',
}
const one = (list: readonly Station[], at: number) => list.slice(at, at + 1)

/** @param atlanticUrl address of the other server, for the dataset that is only passed on */
export function pacificDatasets(atlanticUrl: string): DemoDataset[] {
  return [
    ...fixedStations(),
    ...casts(),
    realtime(),
    ...awkward(),
    passedOn(atlanticUrl),
    ...unsupported(),
    ...skipped(),
    failing(),
    halfCopied(),
  ]
}

/** Time series of buoys, masts, moorings and gauges. */
function fixedStations(): DemoDataset[] {
  return [
    timeSeries({
      id: 'pacific_weather_buoys',
      title: 'Weather buoys of the Pacific coast',
      institution: observatory,
      stations: pacificBuoys,
      measures: ['surfaceTemperature', 'waveHeight'],
      depths: [0.6],
      from: '2022-01-01T00:00:00Z',
      stepSeconds: 6 * hourSeconds,
      count: 480,
      globals: {
        platform: 'moored_buoy',
        ...ioos,
        ...people,
        subsetVariables: 'station_id, latitude, longitude',
      },
      more: { files: yearlyFiles('buoys', [2021, 2022]) },
    }),
    timeSeries({
      id: 'quadra_seawater_intake',
      title: 'Seawater intake, Quadra Island',
      institution: 'Coastal Research Station',
      stations: one(pacificCoast, 0),
      measures: ['temperature', 'salinity', 'co2'],
      depths: [20],
      from: '2021-05-01T00:00:00Z',
      stepSeconds: hourSeconds,
      count: 2000,
      globals: { platform: 'pier', ...ioos, time_coverage_resolution: 'PT1H' },
      more: { files: yearlyFiles('intake', [2021]) },
    }),
    timeSeries({
      id: 'baynes_sound_mooring',
      title: 'Mooring in Baynes Sound',
      institution: 'Coastal Research Station',
      stations: one(pacificCoast, 4),
      measures: ['temperature', 'oxygen'],
      depths: [5],
      from: '2020-03-10T12:00:00Z',
      stepSeconds: 2 * hourSeconds,
      count: 1400,
      globals: { platform: 'subsurface mooring', ...l06 },
    }),
    timeSeries({
      id: 'rivers_inlet_pilot',
      title: 'Rivers Inlet, ten-day pilot deployment',
      institution: 'Coastal Research Station',
      stations: one(pacificCoast, 2),
      measures: ['temperature'],
      depths: [3],
      from: '2023-06-01T00:00:00Z',
      stepSeconds: hourSeconds,
      count: 240,
      globals: { platform: 'Moored Surface Buoy', ...l06 },
    }),
    timeSeries({
      id: 'pacific_tide_gauges',
      title: 'Tide gauges of British Columbia',
      institution: 'Hydrographic Demonstration Service',
      stations: pacificTideGauges,
      stationType: 'int',
      measures: ['seaLevel'],
      from: '2019-01-01T00:00:00Z',
      stepSeconds: daySeconds,
      count: 730,
      globals: { platform: 'tide_station', ...ioos },
      more: { files: yearlyFiles('tides', [2019, 2020]), croissant: 'files' },
    }),
    timeSeries({
      id: 'strait_of_georgia_met_ocean',
      title: 'Surface observations from masts, Strait of Georgia',
      institution: observatory,
      stations: pacificBuoys.slice(0, 2),
      measures: ['surfaceTemperature', 'airPressure'],
      altitudes: [-0.5, 2, 10],
      from: '2022-09-01T00:00:00Z',
      stepSeconds: 6 * hourSeconds,
      count: 200,
      globals: { platform: 'fixed', ...ioos },
    }),
  ]
}

/** What ships lowered: each cast once, or at stations that they come back to. */
function casts(): DemoDataset[] {
  return [
    profiles({
      id: 'line_p_ctd',
      title: 'CTD casts along Line P',
      institution: 'Institute of Ocean Demonstrations',
      stations: lineP,
      measures: ['temperature', 'salinity', 'oxygen'],
      depths: Array.from({ length: 21 }, (_, at) => at * 75),
      casts: 60,
      everySeconds: 9 * daySeconds,
      prefix: 'LP-',
      from: '2020-02-11T08:00:00Z',
      globals: { platform: 'research vessel', ...l06, ...people },
      more: { files: yearlyFiles('linep', [2020, 2021]) },
    }),
    profiles({
      id: 'coastal_bottle_samples',
      title: 'Surface bottle samples of the central coast',
      institution: 'Coastal Research Station',
      stations: pacificCoast,
      measures: ['nitrate', 'chlorophyll'],
      casts: 40,
      everySeconds: 3 * daySeconds,
      prefix: 'B',
      from: '2022-04-01T17:00:00Z',
      globals: { platform: 'boat', ...ioos },
    }),
    timeSeriesProfiles({
      id: 'central_coast_rosette',
      title: 'Rosette stations of the central coast',
      institution: 'Coastal Research Station',
      stations: pacificCoast.slice(1, 4),
      measures: ['temperature', 'salinity', 'nitrate'],
      depths: [0, 10, 30, 75, 150],
      casts: 24,
      everySeconds: 14 * daySeconds,
      from: '2021-01-12T18:00:00Z',
      globals: { platform: 'rosette', ...ioos },
      more: { files: yearlyFiles('rosette', [2021]) },
    }),
  ]
}

/** A buoy that goes on: its owner leaves the end of the time range open. */
function realtime(): DemoDataset {
  const dataset = timeSeries({
    id: 'halibut_bank_realtime',
    title: 'Halibut Bank buoy, near real time',
    institution: observatory,
    stations: one(pacificBuoys, 1),
    measures: ['surfaceTemperature', 'waveHeight'],
    depths: [0.5],
    from: '2024-06-01T00:00:00Z',
    stepSeconds: hourSeconds,
    count: 1500,
    globals: { platform: 'buoy', ...ioos, testOutOfDate: 'now-3days', time_coverage_end: null },
  })
  const time = dataset.variables.find(({ name }) => name === 'time')
  if (time !== undefined)
    setAttribute(time.attributes, 'actual_range', `${javaDouble(seconds('2024-06-01T00:00:00Z'))}, NaN`)
  return dataset
}

/** Supported, and full of what real data holds. */
function awkward(): DemoDataset[] {
  return [
    timeSeries({
      id: 'shelf_adcp_eastward',
      title: 'Current meters on the shelf (longitudes from 0 to 360)',
      institution: observatory,
      stations: pacificBuoys.slice(3, 6),
      measures: ['eastward', 'northward'],
      depths: [40, 80, 120],
      from: '2021-07-01T00:00:00Z',
      stepSeconds: 12 * hourSeconds,
      count: 120,
      eastward: true,
      globals: { platform: 'mooring', ...ioos },
    }),
    timeSeries({
      id: 'stations_with_odd_names',
      title: 'Stations whose names look like numbers',
      institution: observatory,
      stations: ['007', '1.10', 'NA', 'nan', '1e5'].map((id, at) => ({
        id,
        name: id,
        latitude: round(52.2 + at * 0.3, 4),
        longitude: round(-129.4 - at * 0.2, 4),
      })),
      measures: ['temperature'],
      depths: [2],
      from: '2023-02-01T00:00:00Z',
      stepSeconds: 12 * hourSeconds,
      count: 90,
      globals: { platform: 'dock', ...ioos },
    }),
    timeSeries({
      id: 'untitled_logger',
      title: null,
      institution: observatory,
      stations: one(pacificCoast, 3),
      measures: ['temperature', 'turbidity'],
      depths: [12],
      from: '2022-11-05T00:00:00Z',
      stepSeconds: 6 * hourSeconds,
      count: 300,
      globals: { platform: 'ocean thing', ...ioos, time_coverage_resolution: 'hourly' },
    }),
    surveyWithBadRows(),
  ]
}

/** Casts of which some have no position, impossible ones, or impossible depths. */
function surveyWithBadRows(): DemoDataset {
  const places: [latitude: number, longitude: number, deepest: number][] = [
    [48.6, -125.4, 150],
    [48.7, -125.6, 180],
    [Number.NaN, Number.NaN, 120],
    [95.2, -125.9, 90],
    [49.0, -426.2, 90],
    [90, -126.4, 60],
    [49.2, -126.6, 99_999],
    [49.3, 180, 75],
    [49.4, -126.9, 210],
  ]
  return buildDataset({
    id: 'survey_with_bad_rows',
    title: 'Shelf survey, as entered by hand',
    cdmDataType: 'Profile',
    institution: observatory,
    variables: [
      coordinates.profile(),
      coordinates.time(),
      coordinates.latitude(),
      coordinates.longitude(),
      coordinates.depth(),
      measured('temperature'),
    ],
    globals: { featureType: 'Profile', cdm_profile_variables: 'profile_id', platform: 'ship', ...ioos },
    rows: function* (): Generator<Row> {
      for (const [at, [latitude, longitude, deepest]] of places.entries())
        for (const depth of [0, deepest / 3, deepest])
          yield [
            `HAND-${at + 1}`,
            seconds('2021-08-02T15:00:00Z') + at * daySeconds,
            latitude,
            longitude,
            depth,
            8 + at / 10,
          ]
    },
  })
}

/** Belongs to the other server; this one lists it and passes requests for data on. */
function passedOn(atlanticUrl: string): DemoDataset {
  const dataset = newfoundlandBuoyDataset()
  setAttribute(dataset.globals, 'title', 'Newfoundland buoys (passed on from the Atlantic server)')
  const { files: _, ...described } = dataset
  return {
    ...described,
    id: 'mirrored_newfoundland_buoys',
    erddapClass: 'EDDTableFromErddap',
    rows: () => [],
    origin: `${atlanticUrl}/tabledap/${dataset.id}`,
  }
}

function other(id: string, title: string, cdmDataType: string): DemoDataset {
  return buildDataset({
    id,
    title,
    cdmDataType,
    institution: observatory,
    variables: [coordinates.time(), coordinates.latitude(), coordinates.longitude(), measured('temperature')],
    rows: () => [[seconds('2022-05-05T00:00:00Z'), 49.5, -127.5, 9.5]],
  })
}

/** Kinds that are no fixed stations or casts: skipped without a request. */
function unsupported(): DemoDataset[] {
  return [
    other('glider_calvert_line', 'Glider along the Calvert line', 'Trajectory'),
    other('float_profiles_northeast_pacific', 'Drifting floats, north-east Pacific', 'TrajectoryProfile'),
    other('whale_sightings', 'Whale sightings', 'Point'),
    other('species_codes', 'Codes of species', 'Other'),
  ]
}

function skipped(): DemoDataset[] {
  const common = {
    institution: observatory,
    stations: one(pacificCoast, 1),
    from: '2022-01-01T00:00:00Z',
    stepSeconds: daySeconds,
    count: 60,
    depths: [1],
  }
  const withoutPlace = buildDataset({
    id: 'laboratory_tanks',
    title: 'Laboratory tanks, no position',
    cdmDataType: 'TimeSeries',
    institution: observatory,
    variables: [coordinates.station(), coordinates.time(), measured('temperature')],
    rows: () => [['TANK1', seconds('2022-01-01T00:00:00Z'), 11.5]],
  })
  const withoutRole = timeSeries({
    ...common,
    id: 'logger_without_role',
    title: 'Logger whose station has no cf_role',
    measures: ['temperature'],
  })
  const station = withoutRole.variables.find(({ name }) => name === 'station_id')
  if (station !== undefined) setAttribute(station.attributes, 'cf_role', undefined)
  return [
    timeSeries({
      ...common,
      id: 'not_for_portals',
      title: 'Engineering deployment, not for portals',
      measures: ['temperature'],
      globals: { cde_ingest: 'False' },
    }),
    withoutPlace,
    timeSeries({
      ...common,
      id: 'mooring_batteries',
      title: 'Batteries of the moorings',
      measures: ['battery'],
    }),
    withoutRole,
    timeSeries({
      ...common,
      id: 'positions_pending',
      title: 'Deployment whose positions are still missing',
      stations: [
        { id: 'NEW1', name: 'Planned 1', latitude: Number.NaN, longitude: Number.NaN },
        { id: 'NEW2', name: 'Planned 2', latitude: Number.NaN, longitude: Number.NaN },
      ],
      measures: ['temperature'],
    }),
  ]
}

function failing(): DemoDataset {
  const dataset = timeSeries({
    id: 'archive_on_broken_disk',
    title: 'Archive on a broken disk',
    institution: observatory,
    stations: pacificCoast.slice(0, 2),
    measures: ['temperature', 'salinity'],
    depths: [4],
    from: '2018-01-01T00:00:00Z',
    stepSeconds: daySeconds,
    count: 50,
  })
  // A refusal that says what is wrong: nobody should ask again and again.
  const sentence = 'Query error: The source file /data/archive/2018.csv cannot be read.'
  return { ...dataset, failsWith: { status: 400, sentence } }
}

/** Half copied: its metadata and the list know of times and places, its data of none. */
function halfCopied(): DemoDataset {
  const dataset = timeSeries({
    id: 'moorings_half_copied',
    title: 'Moorings whose files are half copied',
    institution: observatory,
    stations: pacificCoast.slice(1, 3),
    measures: ['temperature'],
    depths: [20],
    from: '2021-01-01T00:00:00Z',
    stepSeconds: daySeconds,
    count: 40,
  })
  return { ...dataset, rows: () => [] }
}
