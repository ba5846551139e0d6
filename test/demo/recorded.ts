/** The datasets of the server that was recorded, rebuilt from its answers. */

import { readFileSync } from 'node:fs'
import { parse } from 'csv-parse/sync'
import type { Attribute, Cell, ColumnType, DemoDataset, DemoVariable, Row } from '../../src/demo/dataset.ts'

export const recordedFolder = new URL('../recorded/erddap/', import.meta.url)

export function recorded(name: string, part: 'req' | 'headers' | 'body'): string {
  return readFileSync(new URL(`${name}.${part}`, recordedFolder), 'latin1')
}

function unescaped(text: string): string {
  return text.replace(/\\(u[0-9a-f]{4}|.)/g, (_, code: string) =>
    code.length === 5
      ? String.fromCharCode(Number.parseInt(code.slice(1), 16))
      : ({ n: '\n', t: '\t', r: '\r' }[code] ?? code),
  )
}

/** Metadata from a recorded `/info` answer. */
export function described(recording: string): { globals: Attribute[]; variables: DemoVariable[] } {
  const rows = parse(recorded(recording, 'body'), { from: 2 }) as string[][]
  const globals: Attribute[] = []
  const variables: DemoVariable[] = []
  for (const [kind, variable = '', name = '', type = 'String', value = ''] of rows) {
    if (kind === 'variable') variables.push({ name: variable, type: type as ColumnType, attributes: [] })
    else {
      const owner = variable === 'NC_GLOBAL' ? globals : (variables.at(-1)?.attributes ?? [])
      owner.push({ name, type: type as ColumnType, value: unescaped(value) })
    }
  }
  return { globals, variables }
}

const hour = 3600
const start = Date.UTC(2023, 0, 1) / 1000

export type Values = Record<string, Cell>

/** A dataset as its recorded metadata describe it. Rows by name of column; a number that is not given is `filler`. */
export function rebuilt(
  id: string,
  recording: string,
  filler: number,
  values: () => Iterable<Values>,
  more: Partial<DemoDataset>,
): DemoDataset {
  const { globals, variables } = described(recording)
  return {
    id,
    erddapClass: 'EDDTableFromAsciiFiles',
    globals,
    variables,
    rows: function* (): Generator<Row> {
      for (const value of values())
        yield variables.map(({ name, type }) => value[name] ?? (type === 'String' ? '' : filler))
    },
    ...more,
  }
}

function dataset(id: string, values: () => Iterable<Values>, more: Partial<DemoDataset> = {}): DemoDataset {
  return rebuilt(id, `info_${id}`, 10, values, more)
}

function* each<T>(items: readonly T[], count: number): Generator<[item: T, at: number, step: number]> {
  for (const [at, item] of items.entries()) for (let step = 0; step < count; step++) yield [item, at, step]
}

const round = (value: number) => Math.round(value * 1e4) / 1e4
const upTo = (count: number) => Array.from({ length: count }, (_, at) => at)

const frenchStations: [string, number][] = [
  ['Île-d’Orléans', 10.006],
  ['Baie "Verte", N.-B.', 10.984],
  ["L'Étang, 2", 10.803],
  ['Ünïcode Ω station', 10.145],
  ['A/B & C=<D>', 10.495],
  ['007', 10.171],
  ['ligne\n2', 10.482],
]

const missingTemperatures: Record<string, number[]> = {
  M0: [10.524, 10.66, 10.485],
  M1: [10.74, 10.702, 10.33],
  M2: [10.493, 10.405, 10.782],
  M3: [10.296, 10.111, 10.9],
}

function* missingRows(): Generator<Values> {
  for (const [station, at, step] of each(['M0', 'M1', 'M2', 'M3'], 60)) {
    const hasPlace = station !== 'M2' && !(station === 'M1' && step === 0)
    yield {
      station_id: station,
      time: station === 'M3' && step % 7 === 0 ? Number.NaN : start + step * hour,
      latitude: hasPlace ? 47 + at : Number.NaN,
      longitude: hasPlace ? -52 - at : Number.NaN,
      depth: step % 3 === 0 ? Number.NaN : 2,
      sea_surface_temperature: step % 4 === 0 ? Number.NaN : (missingTemperatures[station]?.[step - 1] ?? 10),
    }
  }
}

function* hourly(
  station: string,
  latitude: number,
  longitude: number,
  depth: number,
  count: number,
): Generator<Values> {
  for (const step of upTo(count))
    yield { station_id: station, time: start + step * hour, latitude, longitude, depth }
}

const file = (id: string) => [{ name: `${id}.csv`, lastModified: 1_795_247_163_825, size: 467_326 }]
const realtimeEnd = Date.UTC(2026, 10, 21, 7) / 1000

export function recordedDatasets(): DemoDataset[] {
  return [
    dataset('ts_francais', function* () {
      for (const [[station, temperature], at, step] of each(frenchStations, 30))
        yield {
          station_id: station,
          time: start + step * hour,
          latitude: round(46 + at / 10),
          longitude: round(-71 - at / 10),
          depth: 0,
          sea_surface_temperature: temperature,
        }
    }),
    dataset('other_table', () => [{ time: start, flag: 'a' }]),
    dataset('point_obs', () => [{ time: start, latitude: 50, longitude: -60 }]),
    dataset(
      'profile_300',
      function* () {
        for (const [, at, step] of each(upTo(300), 20))
          yield {
            profile_id: `P${String(at).padStart(4, '0')}`,
            time: start + at * 5 * hour,
            latitude: round(50 + at / 1000),
            longitude: round(-130 + at / 500),
            depth: step * 10,
          }
      },
      { files: file('profile_300') },
    ),
    dataset('profile_one', () =>
      [10.885, 10.495, 10.442, 10.653, 11.005].map((temperature, depth) => ({
        profile_id: 'only',
        time: 1_591_012_800.25,
        latitude: 10,
        longitude: 170,
        depth,
        TEMP: temperature,
      })),
    ),
    dataset('traj_glider', () => [{ time: start, latitude: 48, longitude: -126 }]),
    dataset('ts_altitude', function* () {
      for (const [station, at, step] of each(['A0', 'A1', 'A2'], 100))
        yield {
          station_id: station,
          time: start + step * hour,
          latitude: 60 + at,
          longitude: -70,
          altitude: step % 2 === 0 ? -20.5 : 2,
        }
    }),
    dataset('ts_missing_ll', missingRows),
    dataset('remote_multi', () => [], {
      erddapClass: 'EDDTableFromErddap',
      origin: 'http://localhost:8180/erddap/tabledap/ts_multi',
    }),
    dataset(
      'ts_multi',
      function* () {
        for (const [, at, step] of each(upTo(20), 120))
          for (const depth of [0, 10, 50])
            yield {
              station_id: `STN${String(at).padStart(2, '0')}`,
              time: start + step * 6 * hour,
              latitude: round(48 + at / 10),
              longitude: round(-125 - at / 7),
              depth,
            }
      },
      { files: file('ts_multi') },
    ),
    dataset('ts_no_std', () => hourly('X', 48.1, -123.1, 0, 50)),
    dataset('ts_noingest', () => hourly('N1', 48.2, -123.2, 0, 50)),
    dataset('ts_numeric', function* () {
      const temperatures = [10.987, 10.921, 10.607]
      for (const [station, at, step] of each([1000, 1001, 1002], 48))
        yield {
          station_id: station,
          time: start + step * hour,
          latitude: 45.5,
          longitude: -60 - at,
          depth: 5,
          sea_surface_temperature: step === 0 ? Number.NaN : (temperatures[at] ?? 10),
        }
    }),
    dataset('ts_realtime', function* () {
      const last = [10.906, 10.944, 10.008]
      for (const step of upTo(2161))
        yield {
          station_id: 'RT1',
          time: realtimeEnd - (2160 - step) * hour,
          latitude: 49,
          longitude: -124,
          depth: 0.5,
          sea_surface_temperature: last[step - 2158] ?? 12,
        }
    }),
    dataset('ts_single_nores', () => hourly('BUOY1', 47.5, -59.25, 1, 8760), {
      files: file('ts_single_nores'),
    }),
    dataset('ts_single_res', () => hourly('BUOY1', 49.3, -123.9, 1, 8760)),
    dataset('ts_unsupported', () => hourly('X', 48.1, -123.1, 0, 50)),
    dataset('tsp_5x40', function* () {
      for (const [, at, cast] of each(upTo(5), 40))
        for (const step of upTo(10))
          yield {
            station_id: `S${at}`,
            profile_id: `S${at}-C${String(cast).padStart(3, '0')}`,
            time: start + cast * 24 * hour,
            latitude: 44 + at,
            longitude: -63 - at,
            depth: step * 10,
          }
    }),
    { ...dataset('ts_multi', () => []), id: 'ts_private', private: true },
  ]
}
