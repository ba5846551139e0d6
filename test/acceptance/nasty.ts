/** Datasets by hand, each for one place in the specification where a harvester goes wrong. */
import type { DemoDataset, Row } from '../../src/demo/dataset.ts'
import { type Description, day, describe, epoch, hour, none } from './build.ts'

const start = epoch('2020-05-01T00:00:00Z')
const station = [['station', 'timeseries_id']] as const
const cast = [['cast', 'profile_id']] as const

/** One station at one place, read at these times. */
function readings(times: readonly number[], more: Partial<Description> & { id: string }): DemoDataset {
  return describe({
    type: 'TimeSeries',
    ids: station,
    rows: times.map((time): Row => ['A', time, 47.5, -60.25]),
    ...more,
  })
}

const everyHour = (count: number) => Array.from({ length: count }, (_, at) => start + at * hour)
const isoRange = (from: number, to: number) =>
  `${new Date(from * 1000).toISOString()}, ${new Date(to * 1000).toISOString()}`

export const nasty: readonly DemoDataset[] = [
  // Decisions and their order
  readings([start], { id: 'type_lower_case', type: 'timeSeries' }),
  readings([start], { id: 'type_none', type: '' }),
  readings([start], { id: 'type_before_flag', type: 'Grid', globals: { cde_ingest: 'false' } }),
  readings([start], { id: 'flag_false', globals: { cde_ingest: 'FaLse' } }),
  readings([start], { id: 'flag_true', globals: { cde_ingest: 'true' } }),
  readings([start], { id: 'flag_before_names', globals: { cde_ingest: 'false' }, measures: [''] }),
  readings([start], { id: 'on_skip_list' }),
  without(readings([start], { id: 'no_time_variable', measures: [] }), 'time', 'longitude'),
  readings([start], { id: 'names_unmapped', measures: ['air_pressure', '', 'wind_speed'] }),
  readings([start], { id: 'names_none', measures: [''] }),
  both(readings([start], { id: 'depth_and_altitude', vertical: 'depth', rows: [['A', start, 1, 1, 5]] })),
  readings([start], { id: 'role_missing', ids: [['leg', 'trajectory_id']] }),
  readings([start], { id: 'role_of_other_type', type: 'Profile' }),
  readings([start], { id: 'gone_meanwhile', more: { gone: true } }),
  readings([start], { id: 'not_public', more: { private: true } }),
  readings([start], {
    id: 'too_much_data',
    more: { failsWith: { status: 413, sentence: 'You are requesting too much data.' } },
  }),
  readings([], { id: 'no_rows_at_all' }),
  readings([none], { id: 'no_time_anywhere' }),
  readings([start], { id: 'no_position_anywhere', rows: [['A', start, none, none]] }),
  readings([start], {
    id: 'unknown_role',
    ids: [
      ['station', 'timeseries_id'],
      ['x', 'feature_id'],
    ],
    rows: [['A', 'b', start, 4, 5]],
  }),
  readings([start], { id: 'Zeta', globals: { title: 'Zeta' } }),
  readings([start], { id: 'alpha', globals: { title: 'alpha' } }),

  // Positions
  readings([start], {
    id: 'edges',
    rows: [
      ['pole', start, 90, 10],
      ['south pole', start, -90, 10],
      ['map edge', start, 85.06, 10],
      ['beyond the map', start, 85.0601, 10],
      ['antimeridian', start, 10, 180],
      ['antimeridian west', start, 10, -180],
      ['nearly', start, 10, 179.99994],
      ['would be written as it', start, 10, 179.99996],
      ['eastward', start, 10, 180.00001],
      ['once round', start, 10, 360],
      ['twice round', start, 10, 360.5],
      ['tiny', start, 1e-7, -1e-7],
      ['ties', start, 1.00005, -1.00025],
      ['many digits', start, 46.123456789, -123.987654321],
      ['first is lost', start, none, 10],
      ['first is lost', start, 11, 12],
      ['two places', start, 5, 9],
      ['two places', start, 5, 8],
    ],
  }),
  readings([start], {
    id: 'vertical_edges',
    vertical: 'depth',
    rows: [
      ['deep', start, 1, 1, 15_000],
      ['too deep', start, 1, 1, 15_000.01],
      ['high', start, 1, 1, -100],
      ['too high', start, 1, 1, -100.01],
      ['missing', start, 1, 1, none],
      ['some', start, 1, 1, none],
      ['some', start, 1, 1, 0.123456],
    ],
  }),
  readings([start], {
    id: 'altitude',
    vertical: 'altitude',
    rows: [
      ['A', start, 1, 1, -40.5],
      ['A', start, 1, 1, 2],
      ['B', start, 1, 1, 0],
    ],
  }),
  readings([start], {
    id: 'altitude_of_one',
    vertical: 'altitude',
    ranges: { altitude: '-100.5, 3.25' },
    rows: [['A', start, 1, 1, -1]],
  }),

  // Times and ranges
  readings(everyHour(30), { id: 'range_iso', ranges: { time: isoRange(start - day, start + 2 * day) } }),
  readings(everyHour(30), { id: 'range_date_only', ranges: { time: '2020-04-01, 2020-05-09' } }),
  readings(everyHour(30), { id: 'range_fraction', ranges: { time: `${start}.25, ${start + day}.75` } }),
  readings([-86_400.5, -1], { id: 'before_1970', ranges: { time: '-8.64005E4, -1.0' } }),
  readings(everyHour(30), {
    id: 'range_of_two_ids',
    ranges: { time: `${start - 900 * day}, ${start + 900 * day}` },
    rows: [
      ['A', start, 1, 1],
      ['B', start + day, 1, 1],
    ],
  }),
  readings(everyHour(30), { id: 'range_one_value', ranges: { time: `${start}` } }),
  readings(everyHour(30), { id: 'range_reversed', ranges: { time: `${start + day}, ${start}` } }),
  readings(everyHour(30), { id: 'range_until_now', ranges: { time: `${start}, NaN` } }),
  readings(everyHour(30), { id: 'range_nan', ranges: { time: 'NaN, NaN' } }),

  // Records
  readings([start, start + 30 * day - 1], { id: 'under_30_days' }),
  readings([start, start + hour, start + 30 * day], { id: 'exactly_30_days' }),
  readings([start, start + hour, start + 30 * day, start + 30 * day + 1, start + 61.5 * day], {
    id: 'window_takes_its_end',
  }),
  readings([start + 100 * day, start + 101 * day, start + 102 * day], {
    id: 'window_empty',
    ranges: { time: `${start}, ${start + 102 * day}` },
  }),
  readings([start, start + 1799], {
    id: 'resolution_half_hour',
    globals: { time_coverage_resolution: 'PT1H' },
  }),
  readings([start, start + 5.5 * hour], {
    id: 'resolution_rounds_up',
    globals: { time_coverage_resolution: 'PT1H' },
  }),
  readings([start], { id: 'resolution_no_span', globals: { time_coverage_resolution: 'P1D' } }),
  readings([start, start + 36 * hour], {
    id: 'resolution_whole_days',
    globals: { time_coverage_resolution: 'P0Y0M0DT1H' },
  }),
  readings([start, start + 365 * day], {
    id: 'resolution_monthly',
    globals: { time_coverage_resolution: 'P1M' },
  }),
  readings([start, start + 400 * day], {
    id: 'resolution_of_two',
    globals: { time_coverage_resolution: 'PT1S' },
    rows: [
      ['A', start, 1, 1],
      ['B', start + 400 * day, 1, 1],
    ],
  }),

  // Ids and roles
  describe({
    id: 'casts_without_stations',
    type: 'TimeSeriesProfile',
    ids: station,
    vertical: 'depth',
    rows: [
      ['S', start, 1, 1, 1],
      ['S', start + day, 1, 1, 2],
    ],
  }),
  describe({
    id: 'casts_of_stations',
    type: 'TimeSeriesProfile',
    ids: [...station, ...cast],
    vertical: 'depth',
    rows: [
      ['S', 'c1', start, 1, 1, 1],
      ['S', 'c1', start, 1, 1, 2],
      ['S', 'c2', start + day, 1, 1, 1],
      ['s', 'c1', start, 2, 2, 1],
    ],
  }),
  describe({
    id: 'stations_of_casts',
    type: 'Profile',
    ids: [...cast, ...station],
    rows: [
      ['1', 'b', start, 1, 1],
      ['2', 'a', start, 1, 1],
      ['1', 'a', start, 2, 2],
      ['10', 'a', start, 3, 3],
    ],
  }),
  describe({
    id: 'numeric_ids',
    type: 'TimeSeries',
    ids: [['station', 'timeseries_id', 'int']],
    rows: [
      [7, start, 1, 1],
      [10, start, 1, 1],
      [none, start, 1, 1],
    ],
  }),
  describe({
    id: 'ids_of_doubles',
    type: 'Profile',
    ids: [['cast', 'profile_id', 'double']],
    rows: [
      [7, start, 1, 1],
      [1.5, start, 1, 1],
    ],
  }),
  describe({
    id: 'time_is_the_profile_id',
    type: 'Profile',
    ids: [],
    vertical: 'depth',
    rows: [0, 1, 2].flatMap((at): Row[] => [
      [start + at * day, 40 + at, -50, 1],
      [start + at * day, 40 + at, -50, 30 + at],
    ]),
  }),

  describe({
    id: 'time_tells_casts_apart',
    type: 'TimeSeriesProfile',
    ids: station,
    vertical: 'depth',
    rows: [0, 1, 2, 2].map((at): Row => ['S', start + at * day, 40, -50, at]),
  }),
  describe({
    id: 'time_is_the_only_id',
    type: 'Profile',
    ids: [],
    rows: [0, 1].map((at): Row => [start + at * day, 40, -50]),
  }),

  // Records of datasets
  readings([start], {
    id: 'first_of_mapping',
    measures: [
      'sea_water_temperature',
      'sea_ice_draft',
      'sea_water_density',
      'mass_concentration_of_oxygen_in_sea_water',
    ],
  }),
  readings([start], {
    id: 'platform_ioos',
    globals: { platform: 'moored_buoy', platform_vocabulary: 'https://mmisw.org/ont/ioos/platform' },
  }),
  readings([start], {
    id: 'platform_l06',
    globals: {
      platform: 'Research Vessel',
      platform_vocabulary: 'http://vocab.nerc.ac.uk/collection/L06/current/',
    },
  }),
  readings([start], { id: 'platform_unknown', globals: { platform: 'raft', platform_vocabulary: 'L06' } }),
  readings([start], { id: 'platform_no_vocabulary', globals: { platform: 'glider' } }),
  readings([start], {
    id: 'title_escapes',
    globals: {
      title: ' Donn\\u00e9es\\nd’été \\ud83d\\ude00 et\n\nvrai é ',
      institution: 'P\\u00eaches\\tet Océans',
    },
  }),
  readings([start], { id: 'title_only_breaks', globals: { title: '\\n \\n', institution: '' } }),

  // Ids that hold others, for the catalogue
  ...['a', 'a.b', 'ab', 'a_b', 'dotted.id.html'].map((id) => readings([start], { id })),
].map((dataset) => (dataset.id.startsWith('time_') ? timeAsId(dataset) : dataset))

function without(dataset: DemoDataset, ...names: string[]): DemoDataset {
  return { ...dataset, variables: dataset.variables.filter(({ name }) => !names.includes(name)) }
}

function both(dataset: DemoDataset): DemoDataset {
  const depth = dataset.variables.find(({ name }) => name === 'depth')
  if (depth === undefined) throw new Error('a depth is needed')
  return { ...dataset, variables: [...dataset.variables, { ...depth, name: 'altitude' }] }
}

function timeAsId(dataset: DemoDataset): DemoDataset {
  return {
    ...dataset,
    variables: dataset.variables.map((one) =>
      one.name === 'time'
        ? {
            ...one,
            attributes: [...one.attributes, { name: 'cf_role', type: 'String', value: 'profile_id' }],
          }
        : one,
    ),
  }
}

/** Records of a catalogue; `{}` stands for the server's host. */
export function catalogue(host: string): unknown[] {
  const record = (id: string, url: unknown, more: Record<string, unknown> = {}) => ({
    id,
    title: `erddap ${id}`,
    title_translated: { en: `English ${id}`, fr: `Français ${id}` },
    resources: [{ url: `https://elsewhere.example/erddap.pdf` }, null, { url }],
    ...more,
  })
  const parties = (...names: unknown[]) => ({
    'cited-responsible-party': names.map((name) => ({ 'organisation-name': name, role: 'owner' })),
  })
  return [
    record(
      'r-a',
      `https://${host}/erddap/tabledap/a.html?time,latitude`,
      parties('One', 'Two', 'One', '', ' Two '),
    ),
    record(
      'r-a.b',
      `http://${host.toUpperCase()}/erddap/fr/tabledap/a.b.html`,
      parties('Universit\\u00e9\n Laval'),
    ),
    record('r-dotted', `http://${host}/erddap/tabledap/dotted.id.html.graph`),
    record('r-2-alpha', `https://${host}/erddap/tabledap/alpha`),
    record('r-1-alpha', `https://${host}/erddap/tabledap/alpha.csv`, {
      title_translated: { fr: 'Seulement en français' },
    }),
    record('r-zeta-other-path', `https://${host}/other/erddap/tabledap/Zeta.html`),
    record('r-zeta-other-host', `https://x${host}/erddap/tabledap/Zeta.html`),
    record('r-griddap', `https://${host}/erddap/griddap/Zeta.html`),
    record('r-escapes', `https://${host}/erddap/tabledap/title_escapes.html`, {
      title_translated: { en: 'Sea\\u0020ice\\n\\u00e0 bord é', fr: '' },
    }),
    record('r-skipped', `https://${host}/erddap/tabledap/flag_false.html`),
    record('r-gone', `https://${host}/erddap/tabledap/never_listed.html`),
    null,
    17,
    'erddap',
    { title: 'erddap, no id', resources: [{ url: `https://${host}/erddap/tabledap/edges.html` }] },
    { id: 'r-no-resources', title: 'erddap', resources: null },
    { id: 'r-odd', title: 'erddap', resources: [{ url: 12 }, 'text', {}] },
  ]
}
