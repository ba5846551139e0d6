/** What a load has on its stage: the temporary tables, the datasets whose rows they hold, and what was refused. */

import { randomBytes } from 'node:crypto'
import type { CopyColumn } from '../../database/port.ts'
import { type ColumnOf, checkedColumns, columnsWith, type TableName } from '../contract.ts'
import type { Reject } from './read.ts'
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

export const stageColumns = {
  datasets: [number, ...staged('datasets', ...unusedOfDatasets)],
  profiles: [number, line, ...staged('profiles', ...columnsWith('profiles', 'key'))],
  cells: [number, line, ...staged('obis_cells', ...columnsWith('obis_cells', 'key'))],
  tracks: [number, line, ...staged('tracks', ...columnsWith('tracks', 'key'))],
  ckan: staged('ckan'),
  skipped: [...staged('skipped'), { name: 'attempted_at', type: 'timestamptz' }],
  verified: staged('verified'),
  verdicts: [number, { name: 'n_rows', type: 'int' }, { name: 'rejected', type: 'boolean' }],
} satisfies Record<keyof StageNames, CopyColumn[]>

export function temporaryTable(name: string, columns: readonly CopyColumn[]): string {
  return `CREATE TEMP TABLE ${name} (${columns.map((column) => `${column.name} ${column.type}`).join(', ')})`
}

/** Puts down what was refused of a row; its dataset, where it is known, will keep what it has. */
export function refuseRow(stage: Stage, faults: Reject[], dataset: StagedDataset | undefined): void {
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

/** The same for one cell that is right by itself and wrong beside others. */
export function refuseCell(
  stage: Stage,
  cell: Omit<Reject, keyof DatasetKey>,
  dataset: StagedDataset | undefined,
  key: DatasetKey = { erddapUrl: '', datasetId: '' },
): void {
  refuseRow(stage, [{ ...key, ...cell }], dataset)
}

function keyOfDataset({ erddapUrl, datasetId }: DatasetKey): DatasetKey {
  return { erddapUrl, datasetId }
}
