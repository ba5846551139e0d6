import { randomBytes } from 'node:crypto'
import type { CopyColumn, CopyValue, Database, Session } from '../../database/port.ts'
import { sourceTypeOf, sourceTypes } from '../../rules/source-types.ts'
import { amount } from '../../text.ts'
import { type ColumnOf, checkedColumns, columnsWith, placesOf, type TableName } from '../contract.ts'
import { fileExists, type Reject, readChecked, unreadable } from './read.ts'
import type { DatasetKey, RejectedDataset } from './types.ts'

/** The temporary tables of one load; their names are its own, since the embedded engine shares them with everybody. */
export interface StageNames {
  datasets: string
  profiles: string
  cells: string
  tracks: string
  ckan: string
  skipped: string
  verified: string
  verdicts: string
}

/** A dataset of the folder: known by a number, so that the long names are not repeated on a million rows. */
export interface StagedDataset extends DatasetKey {
  number: number
  line: number
  /** The file that its rows stand in. */
  rows: 'profiles' | 'obis_cells'
  /** What the file says; null where it says nothing. */
  statedRows: number | null
  profiles: number
  cells: number
  /** Why the dataset keeps its previous rows. */
  rejected: string | null
  /** The same as values. */
  refused: RejectedDataset['refused'] | null
}

export interface Stage {
  names: StageNames
  datasets: StagedDataset[]
  /** Whether the folder knows CKAN's records; without them the database keeps what it has from CKAN. */
  hasCkan: boolean
  counts: { profiles: number; cells: number; verified: number; skipped: number; rows: number }
  rejects: Reject[]
  rejectedRows: number
  warnings: string[]
}

/** So many rejects are kept for rejected.csv; more are only counted. */
const mostRejects = 100_000
const separator = '\u0000'

export function keyOf(erddapUrl: string, datasetId: string): string {
  return erddapUrl + separator + datasetId
}

function keyOfDataset({ erddapUrl, datasetId }: DatasetKey): DatasetKey {
  return { erddapUrl, datasetId }
}

export function stageNames(): StageNames {
  const token = randomBytes(6).toString('hex')
  const name = (part: string) => `stage_${token}_${part}`
  return {
    datasets: name('datasets'),
    profiles: name('profiles'),
    cells: name('cells'),
    tracks: name('tracks'),
    ckan: name('ckan'),
    skipped: name('skipped'),
    verified: name('verified'),
    verdicts: name('verdicts'),
  }
}

const number: CopyColumn = { name: 'n', type: 'int' }
const line: CopyColumn = { name: 'line', type: 'int' }

/** The columns of a file that go to the stage, less those that are known by the number of the dataset or not used. */
function staged<T extends TableName>(file: T, ...leftOut: ColumnOf<T>[]): CopyColumn[] {
  return checkedColumns[file].filter((column) => !leftOut.includes(column.name as ColumnOf<T>))
}

/** The first is counted, the second set when something changes. */
const unusedOfDatasets = columnsWith('datasets', 'counted', 'changed')

const stageColumns = {
  datasets: [number, ...staged('datasets', ...unusedOfDatasets)],
  profiles: [number, line, ...staged('profiles', ...columnsWith('profiles', 'key'))],
  cells: [number, line, ...staged('obis_cells', ...columnsWith('obis_cells', 'key'))],
  tracks: [number, line, ...staged('tracks', ...columnsWith('tracks', 'key'))],
  ckan: staged('ckan'),
  skipped: [...staged('skipped'), { name: 'attempted_at', type: 'timestamptz' }],
  verified: staged('verified'),
  verdicts: [number, { name: 'n_rows', type: 'int' }, { name: 'rejected', type: 'boolean' }],
} satisfies Record<keyof StageNames, CopyColumn[]>

/** What the planner must know of the large tables; statistics of every column would take longer than they save. */
const largeKeys = { profiles: 'n', cells: 'n' }

/**
 * Reads a folder into temporary tables, checking every cell on the way: constant memory, no lock. A dataset with a
 * refused row is marked and will keep what it has.
 *
 * @param attemptTimes when each skipped dataset was met, by {@link keyOf}
 * @throws HarvesterError FOLDER_UNREADABLE, DATABASE_FAILED, CANCELLED
 */
export async function stageFolder(
  database: Database,
  session: Session,
  folder: string,
  names: StageNames,
  attemptTimes: ReadonlyMap<string, string>,
  signal: AbortSignal | undefined,
): Promise<Stage> {
  for (const [part, name] of Object.entries(names) as [keyof StageNames, string][]) {
    const columns = stageColumns[part].map((column) => `${column.name} ${column.type}`)
    await session.query(`CREATE TEMP TABLE ${name} (${columns.join(', ')})`)
  }
  const stage: Stage = {
    names,
    datasets: [],
    hasCkan: await fileExists(folder, 'ckan'),
    counts: { profiles: 0, cells: 0, verified: 0, skipped: 0, rows: 0 },
    rejects: [],
    rejectedRows: 0,
    warnings: [],
  }
  const byKey = new Map<string, StagedDataset>()
  const obisById = new Map<string, StagedDataset>()

  const reject = (faults: Reject[], dataset: StagedDataset | undefined) => {
    stage.rejectedRows += 1
    for (const fault of faults)
      if (stage.rejects.length < mostRejects)
        stage.rejects.push({ ...fault, ...(dataset && keyOfDataset(dataset)) })
    const first = faults[0]!
    if (!dataset) return
    dataset.rejected ??= `${first.file} line ${first.line}${first.column ? `, ${first.column}` : ''}: "${first.value}" ${first.reason}`
    const { file, line, column, value, reason: rule } = first
    dataset.refused ??= { file, line, column, value, rule }
  }
  const rejectRow = (
    file: string,
    at: number,
    column: string,
    value: string,
    reason: string,
    dataset?: StagedDataset,
    key: DatasetKey = { erddapUrl: '', datasetId: '' },
  ) => reject([{ ...key, file, line: at, column, value, reason }], dataset)

  async function* datasetRows(): AsyncGenerator<CopyValue[]> {
    const of = placesOf('datasets')
    const used = stageColumns.datasets.slice(1).map(({ name }) => of[name as ColumnOf<'datasets'>])
    for await (const { line: at, cells, faults } of readChecked(folder, 'datasets', signal)) {
      stage.counts.rows += 1
      const erddapUrl = cells[of.erddap_url] as string | null
      const datasetId = cells[of.dataset_id] as string | null
      if (erddapUrl === null || datasetId === null) {
        reject(faults, undefined)
        continue
      }
      const key = keyOf(erddapUrl, datasetId)
      const earlier = byKey.get(key)
      if (earlier) {
        rejectRow(
          'datasets.csv',
          at,
          'dataset_id',
          datasetId,
          `is given in line ${earlier.line} already`,
          earlier,
        )
        continue
      }
      const dataset: StagedDataset = {
        number: stage.datasets.length + 1,
        line: at,
        erddapUrl,
        datasetId,
        rows: sourceTypes[sourceTypeOf(cells[of.source_type] as string | null)].rows,
        statedRows: cells[of.n_profiles] === null ? null : Number(cells[of.n_profiles]),
        profiles: 0,
        cells: 0,
        rejected: null,
        refused: null,
      }
      stage.datasets.push(dataset)
      byKey.set(key, dataset)
      if (dataset.rows === 'obis_cells') obisById.set(datasetId, dataset)
      if (faults.length > 0) {
        reject(faults, dataset)
        continue
      }
      yield [dataset.number, ...used.map((place) => cells[place]!)]
    }
  }

  async function* profileRows(): AsyncGenerator<CopyValue[]> {
    const of = placesOf('profiles')
    let last: StagedDataset | undefined
    for await (const { line: at, cells, faults } of readChecked(folder, 'profiles', signal)) {
      stage.counts.rows += 1
      const erddapUrl = cells[of.erddap_url] as string | null
      const datasetId = cells[of.dataset_id] as string | null
      if (!last || last.datasetId !== datasetId || last.erddapUrl !== erddapUrl)
        last = byKey.get(keyOf(erddapUrl ?? '', datasetId ?? ''))
      if (faults.length > 0) reject(faults, last)
      else if (!last)
        rejectRow('profiles.csv', at, 'dataset_id', datasetId ?? '', 'is not in datasets.csv', undefined, {
          erddapUrl: erddapUrl ?? '',
          datasetId: datasetId ?? '',
        })
      else if (isLater(cells[of.time_min] as string, cells[of.time_max] as string))
        rejectRow('profiles.csv', at, 'time_min', String(cells[of.time_min]), 'is later than time_max', last)
      else {
        last.profiles += 1
        stage.counts.profiles += 1
        // The keys make room for the number and the line: no second array for each of a million rows.
        cells[of.erddap_url] = last.number
        cells[of.dataset_id] = at
        yield cells
      }
    }
  }

  async function* cellRows(): AsyncGenerator<CopyValue[]> {
    const of = placesOf('obis_cells')
    for await (const { line: at, cells, faults } of readChecked(folder, 'obis_cells', signal)) {
      stage.counts.rows += 1
      const datasetId = String(cells[of.dataset_id])
      const dataset = obisById.get(datasetId)
      if (faults.length > 0) reject(faults, dataset)
      else if (!dataset)
        rejectRow(
          'obis_cells.csv',
          at,
          'dataset_id',
          datasetId,
          'is no OBIS dataset of datasets.csv',
          undefined,
          { erddapUrl: '', datasetId: datasetId },
        )
      else {
        dataset.cells += 1
        stage.counts.cells += 1
        yield [dataset.number, at, ...cells.slice(1)]
      }
    }
  }

  async function* trackRows(): AsyncGenerator<CopyValue[]> {
    const of = placesOf('tracks')
    const seen = new Set<string>()
    for await (const { line: at, cells, faults } of readChecked(folder, 'tracks', signal)) {
      stage.counts.rows += 1
      const key = { erddapUrl: String(cells[of.erddap_url]), datasetId: String(cells[of.dataset_id]) }
      const dataset = byKey.get(keyOf(key.erddapUrl, key.datasetId))
      const trajectory = String(cells[of.trajectory_id] ?? '')
      const track = keyOf(keyOf(key.erddapUrl, key.datasetId), trajectory)
      if (faults.length > 0) reject(faults, dataset)
      else if (!dataset)
        rejectRow('tracks.csv', at, 'dataset_id', key.datasetId, 'is not in datasets.csv', undefined, key)
      else if (seen.has(track))
        rejectRow('tracks.csv', at, 'trajectory_id', trajectory, 'is given more than once', dataset)
      else {
        seen.add(track)
        yield [dataset.number, at, ...cells.slice(2)]
      }
    }
  }

  async function* plainRows(
    file: 'ckan' | 'verified' | 'skipped',
    seen: Set<string>,
  ): AsyncGenerator<CopyValue[]> {
    const of = placesOf(file)
    for await (const { line: at, cells, faults } of readChecked(folder, file, signal)) {
      stage.counts.rows += 1
      const datasetId = String(cells[of.dataset_id])
      const key = keyOf(String(cells[of.erddap_url]), datasetId)
      if (faults.length > 0) reject(faults, file === 'ckan' ? byKey.get(key) : undefined)
      else if (seen.has(key))
        rejectRow(`${file}.csv`, at, 'dataset_id', datasetId, 'is given more than once', undefined, {
          erddapUrl: String(cells[of.erddap_url]),
          datasetId: datasetId,
        })
      else {
        seen.add(key)
        yield file === 'skipped' ? [...cells, attemptTimes.get(key) ?? null] : cells
      }
    }
  }

  const copy = (part: keyof StageNames, rows: AsyncIterable<CopyValue[]> | Iterable<CopyValue[]>) =>
    database.copyRows(session, names[part], stageColumns[part], rows)

  for (const file of ['datasets', 'profiles'] as const)
    if (!(await fileExists(folder, file)))
      throw unreadable(folder, `has no ${file}.csv: it is no complete run folder`)
  await copy('datasets', datasetRows())
  await copy('profiles', profileRows())
  if (await fileExists(folder, 'obis_cells')) await copy('cells', cellRows())
  else if (obisById.size > 0) throw unreadable(folder, 'has OBIS datasets, but no obis_cells.csv')
  if (await fileExists(folder, 'tracks')) await copy('tracks', trackRows())
  if (stage.hasCkan) await copy('ckan', plainRows('ckan', new Set()))
  const verified = new Set<string>()
  if (await fileExists(folder, 'verified'))
    stage.counts.verified = await copy('verified', plainRows('verified', verified))
  const skipped = new Set<string>()
  if (await fileExists(folder, 'skipped'))
    stage.counts.skipped = await copy('skipped', plainRows('skipped', skipped))

  await rejectDoubles(
    session,
    stage,
    'profiles',
    ["coalesce(timeseries_id, '')", "coalesce(profile_id, '')"],
    rejectRow,
  )
  await rejectDoubles(session, stage, 'cells', ['latitude', 'longitude'], rejectRow)
  judgeCounts(stage, rejectRow)

  await copy(
    'verdicts',
    stage.datasets.map((dataset) => [
      dataset.number,
      dataset.rows === 'obis_cells' ? dataset.cells : dataset.profiles,
      dataset.rejected !== null,
    ]),
  )
  const isRejected = stage.datasets.filter((dataset) => dataset.rejected !== null)
  await copy(
    'skipped',
    isRejected
      .filter((dataset) => !skipped.has(keyOf(dataset.erddapUrl, dataset.datasetId)))
      .map((dataset) => [dataset.erddapUrl, dataset.datasetId, 'ROWS_REJECTED', null]),
  )
  for (const [part, name] of Object.entries(names))
    await session.query(
      `ANALYZE ${name} (${part in largeKeys ? largeKeys[part as keyof typeof largeKeys] : stageColumns[part as keyof StageNames].map((c) => c.name).slice(0, 2)})`,
    )
  return stage
}

/** Times of the usual form compare as text; others are read. */
function isLater(start: string, end: string): boolean {
  if (start.length === 20 && end.length === 20 && start.endsWith('Z') && end.endsWith('Z')) return start > end
  return Date.parse(start) > Date.parse(end)
}

/** Rows that say the same thing twice: the second of them is refused. */
async function rejectDoubles(
  session: Session,
  stage: Stage,
  part: 'profiles' | 'cells',
  identity: string[],
  rejectRow: (
    file: string,
    line: number,
    column: string,
    value: string,
    reason: string,
    dataset?: StagedDataset,
  ) => void,
): Promise<void> {
  if (stage.counts[part] === 0) return
  const key = ['n', ...identity].join(', ')
  const doubled = await session.query(
    `SELECT 1 FROM ${stage.names[part]} GROUP BY ${key} HAVING count(*) > 1 LIMIT 1`,
  )
  if (doubled.count === 0) return
  const { rows } = await session.query<{ n: number; first: number; lines: number[]; value: string }>(`
    SELECT n, min(line) AS first, (array_agg(line ORDER BY line))[2:1000] AS lines, concat_ws(', ', ${identity.join(', ')}) AS value
    FROM ${stage.names[part]} GROUP BY ${key} HAVING count(*) > 1 ORDER BY 2 LIMIT 10000`)
  const [file, column] =
    part === 'profiles'
      ? ['profiles.csv', 'timeseries_id, profile_id']
      : ['obis_cells.csv', 'latitude, longitude']
  for (const row of rows)
    for (const at of row.lines)
      rejectRow(
        file!,
        at,
        column!,
        row.value,
        `is given in line ${row.first} already`,
        stage.datasets[row.n - 1],
      )
}

/** A dataset that names rows of which not one is there was cut off; a number that is merely off is worth a word. */
function judgeCounts(
  stage: Stage,
  rejectRow: (
    file: string,
    line: number,
    column: string,
    value: string,
    reason: string,
    dataset?: StagedDataset,
  ) => void,
): void {
  let off = 0
  for (const dataset of stage.datasets) {
    const found = dataset.rows === 'obis_cells' ? dataset.cells : dataset.profiles
    if (dataset.rejected !== null || dataset.statedRows === null || dataset.statedRows === found) continue
    if (found === 0) {
      rejectRow(
        'datasets.csv',
        dataset.line,
        'n_profiles',
        String(dataset.statedRows),
        `rows are stated, but ${dataset.rows}.csv has none`,
        dataset,
      )
    } else off += 1
  }
  if (off > 0)
    stage.warnings.push(
      `${amount(off, 'dataset states', 'datasets state')} another n_profiles than there are rows; the rows were counted`,
    )
}

/** The stage goes with its connection on PostgreSQL; the embedded engine keeps it until it is told. */
export async function dropStage(session: Session, names: StageNames): Promise<void> {
  await session.query(`DROP TABLE IF EXISTS ${Object.values(names).join(', ')}`)
}
