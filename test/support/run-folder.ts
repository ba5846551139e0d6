import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'csv-stringify/sync'
import { type TableName, tableColumns } from '../../src/inventory/contract.ts'

type CellText = string | number | null | undefined | readonly string[]
type Row = Record<string, CellText>

export const erddap = 'https://erddap.example.org/erddap'
export const obis = 'https://obis.org'

/** What a run found, in the words of the CSVs; what is left out gets a plausible value. */
export interface RunContent {
  /** Time of the harvest. @default 2026-01-01T00:00:00Z */
  at?: string
  runId?: string
  datasets?: Row[]
  profiles?: Row[]
  obis_cells?: Row[]
  tracks?: Row[]
  /** Leave out for a run without CKAN's records: there is no file then. */
  ckan?: Row[]
  skipped?: Row[]
  verified?: Row[]
  /** Attempts of datasets that no other file names, as errors are. */
  attempts?: Row[]
}

export function dataset(id: string, more: Row = {}): Row {
  return {
    erddap_url: erddap,
    dataset_id: id,
    cdm_data_type: 'TimeSeries',
    platform: 'buoy',
    eovs: ['seaSurfaceTemperature'],
    organizations: ['Institute of Examples'],
    profile_variables: ['station'],
    timeseries_id_variable: 'station',
    num_columns: 7,
    first_eov_column: 'temp',
    source_type: 'erddap',
    title: `Title of ${id}`,
    obis_nodes: [],
    content_hash: `hash-${id}`,
    ...more,
  }
}

export function profile(id: string, station: string, more: Row = {}): Row {
  return {
    erddap_url: erddap,
    dataset_id: id,
    timeseries_id: station,
    latitude: 48.5,
    longitude: -123.25,
    depth_min: 0,
    depth_max: 10.5,
    time_min: '2020-01-01T00:00:00Z',
    time_max: '2020-01-11T12:00:00Z',
    n_records: 240,
    records_per_day: 24,
    ...more,
  }
}

function text(cell: CellText): string {
  if (cell === null || cell === undefined) return ''
  return Array.isArray(cell) ? JSON.stringify(cell) : String(cell)
}

function csvOf(file: TableName, rows: Row[]): string {
  const columns = tableColumns[file]
  return stringify(
    rows.map((row) => columns.map((column) => text(row[column]))),
    { header: true, columns: [...columns] },
  )
}

/** Writes a run folder as a harvest would. */
export async function writeRunFolder(content: RunContent): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), 'harvester-run-'))
  const folder = join(parent, '20260101_000000')
  await mkdir(folder)
  const at = content.at ?? '2026-01-01T00:00:00Z'
  const runId = content.runId ?? randomUUID()
  const profiles = content.profiles ?? []
  const cells = content.obis_cells ?? []
  const datasets = (content.datasets ?? []).map((row) => ({
    n_profiles:
      row.source_type === 'obis'
        ? cells.filter((cell) => cell.dataset_id === row.dataset_id).length
        : profiles.filter((p) => p.dataset_id === row.dataset_id && p.erddap_url === row.erddap_url).length,
    verified_at: at,
    ...row,
  }))
  const verified = (content.verified ?? []).map((row) => ({ erddap_url: erddap, verified_at: at, ...row }))
  const skipped = (content.skipped ?? []).map((row): Row => ({ erddap_url: erddap, ...row }))
  const attempt = (row: Row, status: string, reason: CellText): Row => ({
    run_id: runId,
    erddap_url: row.erddap_url ?? erddap,
    dataset_id: row.dataset_id,
    source: row.erddap_url === obis ? 'obis' : 'erddap',
    status,
    reason_code: reason,
    duration_ms: 12,
    attempted_at: at,
  })
  const attempts = [
    ...datasets.map((row) => attempt(row, 'success', null)),
    ...verified.map((row) => attempt(row, 'skipped', 'UNCHANGED')),
    ...skipped.map((row) => attempt(row, 'skipped', row.reason_code)),
    ...(content.attempts ?? []).map((row) =>
      attempt(row, String(row.status ?? 'error'), row.reason_code ?? 'HTTP_ERROR'),
    ),
  ]
  const run = {
    run_id: runId,
    started_at: at,
    finished_at: at,
    status: 'ok',
    scope: 'single',
    triggered_by: 'cli',
  }
  const files: Partial<Record<TableName, Row[]>> = {
    datasets,
    profiles,
    obis_cells: cells,
    skipped,
    verified,
    harvest_runs: [run],
    harvest_attempts: attempts,
    ...(content.tracks && { tracks: content.tracks }),
    ...(content.ckan ? { ckan: content.ckan.map((row) => ({ erddap_url: erddap, ...row })) } : {}),
  }
  for (const [file, rows] of Object.entries(files))
    await writeFile(join(folder, `${file}.csv`), csvOf(file as TableName, rows))
  return folder
}
