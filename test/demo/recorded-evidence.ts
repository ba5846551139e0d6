/** The datasets of the second recordings, in the states in which they were asked. */

import type { Cell, DemoDataset, Row, SourceFile } from '../../src/demo/dataset.ts'
import type { ErddapServer } from '../../src/demo/erddap.ts'
import { described } from './recorded.ts'

const hour = 3600
const seconds = (iso: string) => Date.parse(iso) / 1000

type Values = Record<string, Cell>

function dataset(
  id: string,
  info: { globals: DemoDataset['globals']; variables: DemoDataset['variables'] },
  values: () => Iterable<Values>,
  more: Partial<DemoDataset> = {},
): DemoDataset {
  const { globals, variables } = info
  return {
    id,
    erddapClass: 'EDDTableFromAsciiFiles',
    globals,
    variables,
    rows: () => rowsOf(variables, values()),
    ...more,
  }
}

function* rowsOf(variables: DemoDataset['variables'], values: Iterable<Values>): Generator<Row> {
  for (const value of values)
    yield variables.map(({ name, type }) => value[name] ?? (type === 'String' ? '' : 7))
}

/** The variables of an `/info` answer, with other metadata. */
function like(recording: string, subsetVariables: string): ReturnType<typeof described> {
  const { globals, variables } = described(recording)
  return {
    globals: globals.map((one) =>
      one.name === 'subsetVariables' ? { ...one, value: subsetVariables } : one,
    ),
    variables,
  }
}

// ch_none: three stations in a file each

const firstDay = seconds('2021-03-01T00:00:00Z')

function* station(id: string, latitude: number, count: number): Generator<Values> {
  for (let step = 0; step < count; step++)
    yield { station: id, time: firstDay + step * hour, latitude, longitude: -125, depth: 5 }
}

function* threeStations(): Generator<Values> {
  for (const [at, id] of ['K0', 'K1', 'K2'].entries()) yield* station(id, 45 + at, 48)
}

/** What is left of K1 once its file ends in the middle of a line. */
function* halfCopied(): Generator<Values> {
  yield* station('K0', 45, 48)
  yield* station('K1', 46, 23)
  const missing = Number.NaN
  yield { station: 'K1', time: missing, latitude: missing, longitude: missing, depth: missing }
  yield* station('K2', 47, 48)
  yield* station('K9', 45.5, 10)
}

const stationFiles = (): SourceFile[] =>
  [2275, 2271, 2272].map((size, at) => ({ name: `f${at}.csv`, lastModified: 1_709_251_200_000, size }))

/** When the file was cut: the clock of the server, as far as files tell it. */
export const cutAt = 1_795_882_286_408
const addedAt = 1_795_792_278_026

const chNone = () =>
  dataset('ch_none', described('evidence/halfcopied_info'), threeStations, { files: stationFiles() })

function addStation(server: ErddapServer): void {
  const { variables } = server.dataset('ch_none')
  const added = { name: 'f9.csv', lastModified: addedAt, size: 483 }
  server.addFile('ch_none', added, [...rowsOf(variables, station('K9', 45.5, 10))])
}

function cutFile(server: ErddapServer): void {
  addStation(server)
  server.reread('ch_none')
  const { variables } = server.dataset('ch_none')
  server.rewriteFile('ch_none', () => rowsOf(variables, halfCopied()), 'f1.csv', 1135 - 2271)
}

// A file type with several dimensions

function* multidimensional(): Generator<Values> {
  for (let at = 0; at < 3; at++)
    for (let step = 0; step < 20; step++)
      for (const [level, depth] of [0, 5.0625, 10.125, 15.1875, 20.25].entries())
        yield {
          station: `MD${at}`,
          time: seconds('1990-01-01T00:00:00Z') + step * hour,
          latitude: 55 + at,
          longitude: -30 - at,
          depth,
          temp: step % 10 === 9 && level === 4 ? Number.NaN : step < 2 && level > 0 ? Number.NaN : 7,
        }
}

// Casts, and a mirror of them that answers itself

const castVariables = 'cast,time,latitude,longitude'

function* casts(): Generator<Values> {
  for (let cast = 0; cast < 20; cast++)
    for (let level = 0; level < 10; level++)
      yield {
        cast: `cast${String(cast).padStart(5, '0')}`,
        time: seconds('2018-05-01T00:00:00Z') + cast * 1.5 * hour,
        latitude: Math.round((47 + cast / 100) * 100) / 100,
        longitude: -60,
        depth: level * 5,
        temp: 5,
      }
}

const prBasic = () => dataset('pr_basic', like('evidence/federated_noredirect_info', castVariables), casts)

const places: readonly [latitude: number, longitude: number][] = [
  [48, -123],
  [48.6, -123.5],
  [49, -124],
  [49.5, -124.5],
]

function* stationCasts(): Generator<Values> {
  for (let cast = 0; cast < 24; cast++)
    for (let level = 0; level < 4; level++)
      yield {
        station: `st${cast % 4}`,
        cast: `cast${String(cast).padStart(5, '0')}`,
        time: seconds('2018-05-01T00:00:00Z') + cast * hour,
        latitude: places[cast % 4]![0],
        longitude: places[cast % 4]![1],
        depth: level * 5,
        temp: 5,
      }
}

function tspBasic(): DemoDataset {
  const { globals, variables } = like('evidence/federated_noredirect_info', 'station,latitude,longitude')
  const stationVariable = { name: 'station', type: 'String' as const, attributes: [] }
  return dataset('tsp_basic', { globals, variables: [stationVariable, ...variables] }, stationCasts)
}

// A server that updates by itself

function* live(
  id: string,
  latitude: number,
  longitude: number,
  temps: number[],
  count: number,
): Generator<Values> {
  for (let step = 0; step < count; step++)
    yield {
      station: id,
      time: seconds('2026-11-20T00:00:00Z') + step * hour,
      latitude,
      longitude,
      temp: step === 0 ? temps[0]! : step === count - 1 ? temps[1]! : 8.5,
    }
}

function* liveStations(): Generator<Values> {
  yield* live('live1', 48, -125, [8.962, 9], 130)
  yield* live('live2', 48.25, -125.5, [9.269, 9], 130)
}

function realtime(): DemoDataset {
  const { globals, variables } = like('evidence/halfcopied_info', 'station,latitude,longitude')
  const without = variables.filter(({ name }) => name !== 'depth')
  return dataset('ts_realtime', { globals, variables: without }, liveStations, {
    updates: true,
    files: [{ name: 'a.csv', lastModified: 1_795_880_382_128, size: 11_825 }],
  })
}

function addLive(server: ErddapServer, ids: readonly string[]): void {
  const { variables } = server.dataset('ts_realtime')
  const rows = {
    live9: live('live9', 47, -124, [8, 8], 6),
    live8: live('live8', 46, -124, [8, 8], 6),
  }
  for (const id of ids)
    server.addFile('ts_realtime', { name: 'b.csv', lastModified: 1_795_778_936_644, size: 295 }, [
      ...rowsOf(variables, rows[id as keyof typeof rows]),
    ])
}

/** The states, in the order in which the first that fits the name of a recording counts. */
export const states: readonly (readonly [
  names: RegExp,
  datasets: () => DemoDataset[],
  change?: (server: ErddapServer) => void,
])[] = [
  [/^stale_before|^count_identity/, () => [chNone()]],
  [/^stale_added/, () => [chNone()], addStation],
  [
    /^stale_reloaded/,
    () => [chNone()],
    (server) => {
      addStation(server)
      server.reread('ch_none')
    },
  ],
  [/^halfcopied_before_reload/, () => [chNone()], cutFile],
  [
    /^halfcopied/,
    () => [chNone()],
    (server) => {
      // The files are known again, but the table of `subsetVariables` is that of before.
      server.dataset('ch_none').updates = true
      cutFile(server)
    },
  ],
  [
    /^multidim/,
    () => [
      dataset('nc_multidim', described('evidence/multidim_info'), multidimensional, {
        multidimensional: true,
      }),
      dataset('nc_multidim_tsp', described('evidence/multidim_tsp_info'), multidimensional, {
        multidimensional: true,
      }),
    ],
  ],
  [
    /^federated|^count_subset|^count_casts/,
    () => [
      prBasic(),
      dataset('zz_remote_noredirect', described('evidence/federated_noredirect_info'), () => [], {
        erddapClass: 'EDDTableFromErddap',
        mirrors: prBasic,
      }),
      tspBasic(),
    ],
  ],
  [/^subset_lags_minmax_with_data/, () => [realtime()], (server) => addLive(server, ['live8', 'live9'])],
  [/^subset_lags/, () => [realtime()], (server) => addLive(server, ['live9'])],
]
