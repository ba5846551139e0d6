/** Datasets by chance, the same for the same seed: everything that varies in life varies here, often all at once. */
import type { DemoDataset, Row } from '../../src/demo/dataset.ts'
import { type Description, day, describe, epoch, hour, none } from './build.ts'

/** mulberry32 */
export function chance(seed: number) {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
  return {
    is: (probability: number) => next() < probability,
    whole: (low: number, high: number) => low + Math.floor(next() * (high - low + 1)),
    /** With three decimals, so that no fourth one is a matter of opinion. */
    number: (low: number, high: number) => Math.round((low + next() * (high - low)) * 1000) / 1000,
    pick: <T>(all: readonly T[]): T => all[Math.floor(next() * all.length)] as T,
  }
}

const ids = [
  '',
  '007',
  '7',
  '1.10',
  '1.1',
  'NA',
  'nan',
  'NaN',
  'null',
  'a,b',
  'say "hi"',
  "L'Étang, 2",
  'Île-d’Orléans',
  'two\nlines',
  'tab\there',
  'back\\slash',
  '\\u00e9',
  '\\n',
  'é',
  'é',
  '😀',
  '\uffee',
  '中',
  'Zeta',
  'alpha',
  'Alpha',
  'ALPHA',
  ' lead',
  'trail ',
  'A/B & C=<D>',
  '%20',
  '-0',
  '1e5',
  'TRUE',
  '=1+1',
  '#',
  'line\r\nend',
]

const durations = [
  '',
  'PT1H',
  'P1D',
  'P0Y0M0DT1H',
  'PT10M',
  'PT0.5S',
  'PT1.5H',
  'PT0,5H',
  'P1M',
  'P1Y',
  'P2W',
  'P1DT12H',
  'PT0S',
  'P0D',
  '-PT1H',
  'PT',
  'P',
  'P1H',
  '1 hour',
  'unknown',
  'PT1H30M',
  'P3M10D',
  'pt1h?',
]

export function generate(seed: number): DemoDataset {
  const luck = chance(seed)
  const type = luck.pick(['TimeSeries', 'Profile', 'TimeSeriesProfile'])
  const vertical = luck.pick([undefined, 'depth', 'altitude'] as const)
  const roles: [string, string][] = []
  if (type !== 'Profile' || luck.is(0.3)) roles.push(['Station', 'timeseries_id'])
  if (type === 'Profile' || luck.is(type === 'TimeSeries' ? 0.2 : 0.8)) roles.push(['cast', 'profile_id'])
  if (luck.is(0.15)) roles.push(['leg', 'trajectory_id'])
  if (luck.is(0.1)) roles.push(['other_station', 'timeseries_id'])
  if (luck.is(0.1)) roles.push(['free', ''])

  const stationCount = luck.is(0.45) ? 1 : luck.whole(2, 6)
  const stations = Array.from({ length: stationCount }, () => ({
    id: luck.pick(ids),
    latitude: luck.is(0.1) ? luck.pick([90, -90, 85.06, 85.061, -85.07, 91, 0, -0]) : luck.number(-84, 84),
    longitude: luck.is(0.15)
      ? luck.pick([180, -180, 360, 359.5, 180.5, 361, -181, 0, 270.1234])
      : luck.number(-179, 179),
    place: luck.number(0, 1),
  }))
  const start = epoch('2019-03-01T00:00:00Z') + luck.whole(0, 1000) * hour
  const span = luck.pick([0, 600, 5 * hour, day, 3.4 * day, 29.9 * day, 30 * day, 31 * day, 100.7 * day])
  const perStation = luck.whole(1, 12)
  const rows: Row[] = []
  for (const [at, station] of stations.entries()) {
    for (let step = 0; step < perStation; step++) {
      const time = start + Math.round((span * step) / Math.max(1, perStation - 1))
      const moved = luck.is(0.1)
      const lost = luck.is(station.place < 0.1 ? 1 : 0.1)
      const cast = luck.is(0.1) ? luck.pick(ids) : `c${at}-${Math.floor(step / 3)}`
      for (const level of vertical === undefined ? [0] : [1, luck.number(2, 90)]) {
        const cells = roles.map(([name]) =>
          name === 'Station'
            ? station.id
            : name === 'cast'
              ? cast
              : name === 'other_station'
                ? luck.pick(['x', stationCount === 1 ? 'x' : 'y'])
                : luck.pick(['leg 1', '']),
        )
        rows.push([
          ...cells,
          luck.is(0.08) ? none : time,
          lost ? none : station.latitude + (moved ? 0.5 : 0),
          luck.is(0.05) ? none : station.longitude,
          ...(vertical === undefined
            ? []
            : [luck.is(0.15) ? none : vertical === 'altitude' ? -level : level]),
        ])
      }
    }
  }
  if (vertical !== undefined && luck.is(0.08)) {
    const extreme = luck.pick([15_000, 15_000.5, -100, -100.5, 20_000])
    rows[0] = [...(rows[0] ?? []).slice(0, -1), vertical === 'altitude' ? -extreme : extreme]
  }
  const end = start + span
  const ranges: Record<string, string> = {}
  const scientific = (value: number) => value.toExponential().replace('e+', 'E')
  const time = luck.pick([
    undefined,
    `${scientific(start)}, ${scientific(end)}`,
    `${scientific(start)}, ${scientific(end)}`,
    `  ${start},${end}  `,
    `${new Date(start * 1000).toISOString().slice(0, 19)}Z, ${new Date(end * 1000).toISOString().slice(0, 19)}Z`,
    `${scientific(start)}, NaN`,
    `NaN, ${scientific(end)}`,
    `NaN, NaN`,
    `${scientific(end + 1)}, ${scientific(start)}`,
    `${start}`,
    'soon, later',
  ])
  if (time !== undefined) ranges.time = time
  const depth = luck.pick([
    undefined,
    undefined,
    '0.0, 250.5',
    '-3.5,12',
    'NaN, NaN',
    '5.0',
    '0.0, NaN',
    '1, 2, 3',
  ])
  if (vertical !== undefined && depth !== undefined) ranges[vertical] = depth
  const globals: Record<string, string> = { title: luck.pick(titles), ...luck.pick(organizations) }
  const duration = luck.pick(durations)
  if (duration !== '' && luck.is(0.6)) globals.time_coverage_resolution = duration
  // Declared rightly or wrongly: it may change the questions, never the rows.
  if (luck.is(0.4))
    globals.cdm_profile_variables = luck.pick(['profile_id, time', 'time, latitude, longitude', 'profile_id'])
  const description: Description = {
    id: `random_${String(seed).padStart(4, '0')}`,
    type,
    ids: roles,
    ranges,
    globals,
    measures: luck.pick(measures),
    rows,
    ...(vertical === undefined ? {} : { vertical }),
  }
  return describe(description)
}

const titles = [
  'Plain',
  'Données d’été',
  'Donn\\u00e9es et Été',
  'two\\nlines',
  'real\nline\r\nbreaks',
  '  padded   inside  ',
  '',
  '   ',
  'NA',
  '\\ud83d\\ude00 smile',
  'back\\\\u00e9slash',
  '"quoted", with comma',
  '\\t',
  'C:\\data\\new',
]

const organizations: Record<string, string>[] = [
  {},
  { institution: '' },
  {
    institution: 'A',
    publisher_name: 'B',
    publisher_type: 'institution',
    creator_name: 'A',
    creator_type: 'group',
  },
  { institution: 'A', publisher: 'P', publisher_name: ' ', publisher_type: 'group' },
  { institution: 'Universit\\u00e9  Laval', creator_name: 'Someone', creator_type: 'person' },
  { contributor: 'C', contributor_type: 'group', publisher_name: 'P', publisher_type: 'institution' },
  { institution: 'Pêches\net Océans', creator: 'Z', creator_type: 'position' },
]

const measures: readonly (readonly string[])[] = [
  ['sea_water_temperature'],
  ['', 'sea_water_density', 'mass_concentration_of_oxygen_in_sea_water'],
  ['sea_surface_salinity', 'air_pressure'],
  ['chlorophyll_concentration_in_sea_water', 'sea_ice_draft'],
]
