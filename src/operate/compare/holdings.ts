/** What an index holds of each dataset, read from the CSVs of a run or from a database, in one form. */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'csv-parse'
import { serverOf } from '../../config/source.ts'
import type { Database } from '../../database/port.ts'
import { HarvesterError } from '../../errors.ts'

const textFacts = ['title', 'title_fr', 'cdm_data_type', 'platform', 'ckan_id'] as const
const listFacts = ['eovs', 'organizations'] as const
const numberFacts = [
  'profiles',
  'records',
  'latitude_min',
  'latitude_max',
  'longitude_min',
  'longitude_max',
  'depth_min',
  'depth_max',
] as const
const timeFacts = ['time_min', 'time_max'] as const
export const factNames = [...textFacts, ...listFacts, ...numberFacts, ...timeFacts] as const
export type FactName = (typeof factNames)[number]
/** What is compared of a dataset, as text; empty where nothing is known. */
export type Facts = Readonly<Record<FactName, string>>

export interface Holdings {
  /** By {@link keyOf}. */
  datasets: Map<string, Facts>
  /** Why a dataset is not among them, where that is known: a reason code. */
  absent: Map<string, string>
}

type Row = Readonly<Record<string, unknown>>

/** One name for a dataset, however its server's address was written: case of the host, scheme and slashes are no matter. */
export function keyOf(address: string, datasetId: string): string {
  const text = address.trim()
  const written = URL.canParse(text) ? new URL(text) : null
  const server = written ? `${written.protocol}//${written.host}${written.pathname}` : text
  return `${serverOf(server)
    .replace(/^\/\//, '')
    .replace(/(?<!\/)\/+$/, '')} ${datasetId}`
}

/**
 * Reads a run folder, of this harvester or of the Python one.
 * @throws HarvesterError FOLDER_UNREADABLE
 */
export async function holdingsOfFolder(folder: string): Promise<Holdings> {
  const extents = new Map<string, Extent>()
  for await (const row of rowsOf(folder, 'profiles')) {
    const key = keyOfRow(row)
    const extent = extents.get(key) ?? new Extent()
    extent.add(row)
    extents.set(key, extent)
  }
  const holdings: Holdings = { datasets: new Map(), absent: new Map() }
  for await (const row of rowsOf(folder, 'datasets'))
    holdings.datasets.set(keyOfRow(row), factsOf(row, (extents.get(keyOfRow(row)) ?? new Extent()).facts()))
  for await (const row of rowsOf(folder, 'skipped', false))
    holdings.absent.set(keyOfRow(row), String(row.reason_code ?? ''))
  for await (const row of rowsOf(folder, 'harvest_attempts', false))
    if (row.status === 'error') holdings.absent.set(keyOfRow(row), String(row.reason_code ?? ''))
  return holdings
}

/** Reads the tables that portals read; of a database that either harvester keeps. */
export async function holdingsOfDatabase(database: Database): Promise<Holdings> {
  const holdings: Holdings = { datasets: new Map(), absent: new Map() }
  const datasets = await database.query<Row>(`
    SELECT d.erddap_url, d.dataset_id, d.title, d.title_fr, d.cdm_data_type, d.platform, d.eovs, d.organizations, d.ckan_id,
      count(p.dataset_pk)::int AS profiles, sum(p.n_records)::float8 AS records, min(p.time_min) AS time_min,
      max(p.time_max) AS time_max, min(p.latitude) AS latitude_min, max(p.latitude) AS latitude_max,
      min(p.longitude) AS longitude_min, max(p.longitude) AS longitude_max, min(p.depth_min) AS depth_min,
      max(p.depth_max) AS depth_max
    FROM cde.datasets d LEFT JOIN cde.profiles p ON p.dataset_pk = d.pk GROUP BY d.pk`)
  for (const row of datasets.rows) holdings.datasets.set(keyOfRow(row), factsOf(row, row))
  const skipped = await database.query<Row>(
    'SELECT DISTINCT erddap_url, dataset_id, reason_code FROM cde.skipped_datasets',
  )
  for (const row of skipped.rows) holdings.absent.set(keyOfRow(row), String(row.reason_code ?? ''))
  return holdings
}

function keyOfRow({ erddap_url, dataset_id }: Row): string {
  return keyOf(String(erddap_url ?? ''), String(dataset_id ?? ''))
}

async function* rowsOf(folder: string, name: string, needed = true): AsyncGenerator<Row> {
  const path = join(folder, `${name}.csv`)
  if (!(await stat(path).catch(() => null))) {
    if (!needed) return
    throw new HarvesterError('FOLDER_UNREADABLE', `${path} is not there`, {
      remedy: 'Name a folder that holds the CSVs of one run, as harvest/full/20260101_050000.',
    })
  }
  try {
    yield* createReadStream(path).pipe(
      parse({ columns: true, bom: true, relax_column_count: true, skip_empty_lines: true }),
    )
  } catch (cause) {
    throw new HarvesterError('FOLDER_UNREADABLE', `${path} is no table that can be read`, {
      cause,
      remedy: 'Harvest again, or name a folder that is complete.',
    })
  }
}

/** The rows of a dataset's profiles, as one. */
class Extent {
  #profiles = 0
  #records = 0
  readonly #least = new Map<string, number>()
  readonly #most = new Map<string, number>()

  add(row: Row): void {
    this.#profiles += 1
    this.#records += Number(row.n_records) || 0
    for (const [name, value] of [
      ['time', timeOf(row.time_min)],
      ['time', timeOf(row.time_max)],
      ['latitude', numberOf(row.latitude)],
      ['longitude', numberOf(row.longitude)],
      ['depth', numberOf(row.depth_min)],
      ['depth', numberOf(row.depth_max)],
    ] as const) {
      if (value === null) continue
      this.#least.set(name, Math.min(this.#least.get(name) ?? value, value))
      this.#most.set(name, Math.max(this.#most.get(name) ?? value, value))
    }
  }

  facts(): Row {
    const time = (at: number | undefined) => (at === undefined ? null : new Date(at))
    return {
      profiles: this.#profiles,
      records: this.#records,
      time_min: time(this.#least.get('time')),
      time_max: time(this.#most.get('time')),
      ...Object.fromEntries(
        ['latitude', 'longitude', 'depth'].flatMap((name) => [
          [`${name}_min`, this.#least.get(name)],
          [`${name}_max`, this.#most.get(name)],
        ]),
      ),
    }
  }
}

function numberOf(value: unknown): number | null {
  const number = value === null || value === undefined || value === '' ? Number.NaN : Number(value)
  return Number.isFinite(number) ? number : null
}

function timeOf(value: unknown): number | null {
  if (value instanceof Date) return value.getTime()
  const text = String(value ?? '').trim()
  // Python writes a blank for the T, and no zone: times are UTC.
  const at = Date.parse(
    /(Z|[+-]\d{2}:?\d{2})$/.test(text) ? text.replace(' ', 'T') : `${text.replace(' ', 'T')}Z`,
  )
  return Number.isNaN(at) ? null : at
}

/** `extent` is what the profiles of the dataset give. */
function factsOf(row: Row, extent: Row): Facts {
  return Object.fromEntries([
    ...textFacts.map((name) => [name, String(row[name] ?? '').trim()]),
    ...listFacts.map((name) => [name, listOf(row[name])]),
    ...numberFacts.map((name) => [name, roundedText(extent[name])]),
    ...timeFacts.map((name) => [name, timeText(extent[name])]),
  ]) as Facts
}

function roundedText(value: unknown): string {
  const number = numberOf(value)
  return number === null ? '' : String(Math.round(number * 10_000) / 10_000)
}

function timeText(value: unknown): string {
  const at = timeOf(value)
  return at === null ? '' : `${new Date(at).toISOString().slice(0, 19)}Z`
}

/** A list in any of its forms: an array, `["a","b"]`, `['a', 'b']` of Python, `{a,"b, c"}` of PostgreSQL. In order of its names. */
function listOf(value: unknown): string {
  const items = Array.isArray(value) ? value.map(String) : itemsOf(String(value ?? ''))
  return items
    .map((item) => item.trim())
    .filter(Boolean)
    .sort()
    .join(', ')
}

function itemsOf(text: string): string[] {
  const inner = text.trim().replace(/^[[{](.*)[\]}]$/s, '$1')
  return [...inner.matchAll(/\s*(?:"((?:[^"\\]|\\.|"")*)"|'((?:[^'\\]|\\.)*)'|([^,]+))/g)].map(
    ([, double, single, bare]) =>
      (double ?? single ?? bare ?? '').replaceAll(/\\(.)|""/g, (_, c) => c ?? '"'),
  )
}
