/** What the demo's Atlantic and Arctic server lists, much of it in French. */

import {
  buildDataset,
  coordinates,
  daySeconds,
  hourSeconds,
  measured,
  profiles,
  seconds,
  timeSeries,
  timeSeriesProfiles,
  yearlyFiles,
} from './build.ts'
import type { DemoDataset } from './dataset.ts'
import type { Station } from './stations.ts'
import {
  arcticCommunities,
  arcticMoorings,
  atlanticStations,
  gulfBuoys,
  gulfThermographs,
  newfoundlandBuoys,
} from './stations.ts'

const centre = 'Atlantic Demonstration Centre'
const observatoire = 'Observatoire de démonstration du Saint-Laurent; "ODSL"'
const ministry = 'Pêches et Océans Démonstration, Région du Québec'
const ioos = { platform_vocabulary: 'https://mmisw.org/ont/ioos/platform' }
const l06 = { platform_vocabulary: 'https://vocab.nerc.ac.uk/collection/L06/current/' }
const one = (list: readonly Station[], at: number) => list.slice(at, at + 1)

export const skipListedId = 'retired_mirror'

export function atlanticDatasets(): DemoDataset[] {
  return [...french(), ...atlantic(), ...arctic(), ...unsupported(), ...refused()]
}

function french(): DemoDataset[] {
  return [
    timeSeries({
      id: 'bouees_golfe',
      title: 'Température à la surface, bouées du golfe et de l’estuaire du Saint-Laurent',
      summary:
        'Première ligne, avec virgule.\nDeuxième ligne "entre guillemets".\n\n\tTabulée: 10 °C ± 0,5 — œuvre €',
      institution: ministry,
      stations: gulfBuoys,
      measures: ['surfaceTemperature', 'surfaceSalinity'],
      depths: [0],
      from: '2021-05-01T00:00:00Z',
      stepSeconds: 6 * hourSeconds,
      count: 400,
      globals: {
        platform: 'buoy',
        ...ioos,
        subsetVariables: 'station_id, latitude, longitude',
        creator_name: 'Société "Les Amis du fleuve", Québec',
        creator_type: 'group',
        publisher_name: observatoire,
        publisher_type: 'institution',
      },
      more: { files: yearlyFiles('bouees', [2021]) },
    }),
    timeSeries({
      id: 'thermographes',
      // Owners write such escapes by hand; the server escapes their backslash once more.
      title: 'R\\u00e9seau de thermographes,\\n golfe du Saint-Laurent',
      institution: ministry,
      stations: gulfThermographs,
      measures: ['temperature'],
      depths: [2.5],
      from: '2020-06-01T00:00:00Z',
      stepSeconds: 12 * hourSeconds,
      count: 300,
      globals: { platform: 'fixed benthic node', ...l06 },
      more: { files: yearlyFiles('thermographes', [2020]) },
    }),
    profiles({
      id: 'releve_multidisciplinaire',
      title: 'Relevé multidisciplinaire du golfe: profils CTD',
      institution: ministry,
      stations: gulfBuoys,
      measures: ['temperature', 'salinity', 'oxygen', 'chlorophyll'],
      depths: Array.from({ length: 16 }, (_, at) => at * 20),
      casts: 72,
      everySeconds: 5 * daySeconds,
      prefix: 'Été-',
      from: '2021-06-02T13:30:00Z',
      globals: {
        platform: 'research vessel',
        ...l06,
        publisher_name: observatoire,
        publisher_type: 'institution',
      },
      more: { files: yearlyFiles('releve', [2021, 2022]) },
    }),
  ]
}

function atlantic(): DemoDataset[] {
  return [
    newfoundlandBuoyDataset(),
    timeSeriesProfiles({
      id: 'bedford_basin_weekly',
      title: 'Bedford Basin, weekly station',
      institution: centre,
      stations: one(atlanticStations, 0),
      measures: ['temperature', 'salinity', 'oxygen', 'chlorophyll'],
      depths: [1, 5, 10, 20, 40, 60],
      casts: 104,
      everySeconds: 7 * daySeconds,
      from: '2020-01-08T15:00:00Z',
      globals: { platform: 'self-propelled boat', ...l06 },
      more: { files: yearlyFiles('bedford', [2020, 2021]) },
    }),
    timeSeriesProfiles({
      id: 'zonal_monitoring_stations',
      title: 'Fixed stations of the Atlantic zone',
      institution: centre,
      stations: atlanticStations.slice(1),
      measures: ['temperature', 'salinity'],
      depths: [0, 10, 25, 50, 100, 150],
      casts: 36,
      everySeconds: 15 * daySeconds,
      profileRole: false,
      from: '2021-01-15T12:00:00Z',
      globals: { platform: 'ship', ...ioos },
    }),
    castsByStation(),
    timeSeries({
      id: 'halifax_harbour_sensor',
      title: 'Halifax harbour, sensor at the entrance',
      institution: centre,
      stations: one(newfoundlandBuoys, 3),
      measures: ['temperature', 'oxygen'],
      depths: [18],
      from: '2023-01-01T00:00:00Z',
      stepSeconds: 3 * hourSeconds,
      count: 900,
      globals: { platform: 'lander', ...ioos, time_coverage_resolution: 'P0Y0M0DT3H' },
      more: { files: yearlyFiles('halifax', [2023]), croissant: 'files' },
    }),
  ]
}

/** Also listed by the other server. */
export function newfoundlandBuoyDataset(): DemoDataset {
  return timeSeries({
    id: 'newfoundland_buoys',
    title: 'Weather buoys off Newfoundland and Nova Scotia',
    institution: centre,
    stations: newfoundlandBuoys,
    measures: ['surfaceTemperature', 'waveHeight'],
    depths: [0.5],
    from: '2022-01-01T00:00:00Z',
    stepSeconds: 6 * hourSeconds,
    count: 360,
    globals: { platform: 'wave_buoy', ...ioos },
    more: { files: yearlyFiles('newfoundland', [2022]) },
  })
}

/** Casts that carry a station as well: both ids identify a row. */
function castsByStation(): DemoDataset {
  const stations = atlanticStations.slice(0, 3)
  return buildDataset({
    id: 'ecosystem_survey_casts',
    title: 'Casts of the ecosystem survey, by station',
    cdmDataType: 'Profile',
    institution: centre,
    variables: [
      coordinates.station(),
      coordinates.profile('cast_id'),
      coordinates.time(),
      coordinates.latitude(),
      coordinates.longitude(),
      coordinates.depth(),
      measured('temperature'),
      measured('salinity'),
    ],
    globals: {
      featureType: 'Profile',
      cdm_profile_variables: 'station_id, cast_id',
      platform: 'ship',
      ...ioos,
    },
    rows: function* () {
      for (const [at, station] of stations.entries())
        for (let cast = 1; cast <= 8; cast++)
          for (const depth of [0, 20, 50, 90])
            yield [
              station.id,
              // Each station counts its casts from one.
              String(cast),
              seconds('2022-07-01T09:00:00Z') + cast * 2 * daySeconds + at * hourSeconds,
              station.latitude,
              station.longitude,
              depth,
              9 - depth / 20,
              31 + depth / 100,
            ]
    },
  })
}

function arctic(): DemoDataset[] {
  return [
    timeSeries({
      id: 'arctic_moorings',
      title: 'Moorings of the Canadian Arctic',
      institution: 'Northern Demonstration Network',
      stations: arcticMoorings,
      measures: ['temperature', 'salinity', 'eastward', 'northward'],
      depths: [30, 75, 150],
      from: '2018-09-01T00:00:00Z',
      stepSeconds: daySeconds,
      count: 330,
      globals: { platform: 'subsurface mooring', ...l06 },
      more: { files: yearlyFiles('arctic', [2018, 2019]) },
    }),
    timeSeries({
      id: 'beaufort_ice_draft',
      title: 'Ice draft, Beaufort Sea',
      institution: 'Northern Demonstration Network',
      stations: one(arcticMoorings, 0),
      measures: ['iceDraft'],
      depths: [45],
      from: '2017-09-15T00:00:00Z',
      stepSeconds: 2 * hourSeconds,
      count: 2400,
      globals: { platform: 'subsurface mooring', ...l06 },
    }),
    timeSeries({
      id: 'community_observatories',
      title: 'Community observatories of the Arctic and Hudson Bay',
      institution: 'Northern Demonstration Network',
      stations: arcticCommunities,
      measures: ['temperature', 'salinity', 'oxygen'],
      depths: [8],
      from: '2021-01-01T00:00:00Z',
      stepSeconds: 12 * hourSeconds,
      count: 365,
      globals: { platform: 'fixed', ...ioos },
      more: { files: yearlyFiles('community', [2021]) },
    }),
    profiles({
      id: 'baffin_bay_ctd',
      title: 'CTD casts in Baffin Bay and Davis Strait',
      institution: 'Northern Demonstration Network',
      stations: arcticMoorings.slice(1),
      measures: ['temperature', 'salinity', 'nitrate'],
      depths: Array.from({ length: 12 }, (_, at) => at * 60),
      casts: 48,
      everySeconds: 2 * daySeconds,
      prefix: 'BB',
      from: '2019-08-01T02:00:00Z',
      globals: { platform: 'ship', ...ioos },
      more: { files: yearlyFiles('baffin', [2019]) },
    }),
  ]
}

function unsupported(): DemoDataset[] {
  const kind = (id: string, title: string, cdmDataType: string) =>
    buildDataset({
      id,
      title,
      cdmDataType,
      institution: centre,
      variables: [
        coordinates.time(),
        coordinates.latitude(),
        coordinates.longitude(),
        measured('surfaceTemperature'),
      ],
      rows: () => [[seconds('2022-06-01T00:00:00Z'), 46.5, -58.5, 8.5]],
    })
  return [
    kind('ferry_thermosalinograph', 'Ferry across Cabot Strait', 'Trajectory'),
    kind('tagged_fish', 'Detections of tagged fish', 'Point'),
    // The list of types is matched exactly: this one is a slip of its owner.
    kind('lower_case_type', 'Type written in lower case', 'timeseries'),
  ]
}

function refused(): DemoDataset[] {
  const common = {
    institution: centre,
    stations: one(atlanticStations, 1),
    measures: ['temperature'] as const,
    from: '2022-01-01T00:00:00Z',
    stepSeconds: daySeconds,
    count: 60,
  }
  const both = timeSeries({
    ...common,
    id: 'tower_with_two_heights',
    title: 'Tower with depth and altitude',
    depths: [3],
  })
  return [
    { ...both, variables: [...both.variables, coordinates.altitude()] },
    timeSeries({ ...common, id: skipListedId, title: 'Old mirror, on the skip list', depths: [3] }),
    {
      ...timeSeries({
        ...common,
        id: 'vanishing_dataset',
        title: 'Taken down between list and request',
        depths: [3],
      }),
      gone: true,
    },
    {
      ...timeSeries({ ...common, id: 'restricted_fisheries', title: 'Restricted', depths: [3] }),
      private: true,
    },
  ]
}
