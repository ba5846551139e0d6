/** Run folders of any size, the same for the same numbers: what the loader's benchmark loads. */

import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { tableColumns } from '../../src/inventory/contract.ts'

const source = 'https://erddap.example.org/erddap'
const profilesOfADataset = 100

export interface FolderShape {
  /** Profiles of the whole index; datasets have 100 each, in the mix 40/30/30 of the three types, half with depth. */
  profiles: number
  /** Only so many profiles, evenly from the whole, changed: an incremental folder holds their datasets alone. */
  changed?: number
  /** Time of the harvest. */
  at: string
}

/** A small generator: the same positions in every run of the benchmark. */
function scatter(n: number): number {
  let x = Math.imul(n ^ 0x9e3779b9, 0x85ebca6b)
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
  return ((x ^ (x >>> 16)) >>> 0) / 4_294_967_296
}

const types = [
  'TimeSeries',
  'TimeSeries',
  'TimeSeries',
  'TimeSeries',
  'Profile',
  'Profile',
  'Profile',
  'TimeSeriesProfile',
  'TimeSeriesProfile',
  'TimeSeriesProfile',
]

/** Writes one row a profile: its station, its cast, its position near its dataset's, its times and counts. */
export function profileRow(dataset: number, nth: number, records: number): string {
  const type = types[dataset % types.length]!
  const n = dataset * profilesOfADataset + nth
  // A dataset lies within a degree or so; ships come back to their ten stations, moorings have each a place of their own.
  const place = type === 'Profile' ? dataset * profilesOfADataset + (nth % 10) : n
  const latitude = (-70 + 140 * scatter(dataset) + scatter(place + 1_000_000_007)).toFixed(4)
  const longitude = (-175 + 340 * scatter(dataset + 500_000) + scatter(place + 2_000_000_011)).toFixed(4)
  const depth = dataset % 2 === 0 ? `0.5,${(20 + scatter(n) * 4000).toFixed(1)}` : '0,0'
  const begins = new Date(Date.UTC(2000, 0, 1 + (n % 7000))).toISOString().slice(0, 19)
  const ends = new Date(Date.UTC(2000, 0, 11 + (n % 7000) + (n % 300))).toISOString().slice(0, 19)
  const ids = type === 'Profile' ? `,cast_${nth}` : `station_${nth},`
  const casts = type === 'TimeSeries' ? '' : type === 'Profile' ? '1' : String(1 + (n % 50))
  return `${source},dataset_${String(dataset).padStart(6, '0')},${ids},${latitude},${longitude},${depth},${begins}Z,${ends}Z,${records},24.5,${casts}\n`
}

/** Writes the folder and returns how many profile rows it has. */
export async function writeBenchFolder(folder: string, shape: FolderShape): Promise<number> {
  await mkdir(folder, { recursive: true })
  const total = Math.ceil(shape.profiles / profilesOfADataset)
  // Changed profiles fill whole datasets one after the other, spread over the index.
  const chosen = shape.changed === undefined ? total : Math.ceil(shape.changed / profilesOfADataset)
  const step = Math.max(1, Math.floor(total / chosen))
  let rows = 0
  const files = Object.fromEntries(
    (Object.keys(tableColumns) as (keyof typeof tableColumns)[])
      .filter((name) => name !== 'ckan')
      .map((name) => {
        const stream = createWriteStream(join(folder, `${name}.csv`))
        stream.write(`${tableColumns[name].join(',')}\n`)
        return [name, stream]
      }),
  )
  for (let index = 0; index < chosen; index++) {
    const dataset = index * step
    const id = `dataset_${String(dataset).padStart(6, '0')}`
    const type = types[dataset % types.length]!
    files.datasets!.write(
      `${source},${id},${type},buoy,"[""oxygen"",""nitrate""]","[""Institute ${dataset % 50}""]",${profilesOfADataset},"[""station""]",station,,,12,temp,erddap,,Title of ${id},,[],hash-${shape.at},,,${shape.at}\n`,
    )
    let text = ''
    for (let nth = 0; nth < profilesOfADataset; nth++, rows++)
      text += profileRow(dataset, nth, shape.changed === undefined ? 1000 : 2000)
    if (!files.profiles!.write(text)) await once(files.profiles!, 'drain')
  }
  for (const stream of Object.values(files)) {
    stream.end()
    await once(stream, 'finish')
  }
  return rows
}
