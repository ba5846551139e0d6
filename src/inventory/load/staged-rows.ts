/**
 * The rows of a run folder on their way to the stage: every cell is checked, every row is counted to its dataset, and
 * what is refused is put down. Constant memory, but for the datasets themselves.
 */

import type { CopyValue } from '../../database/port.ts'
import { sourceTypeOf, sourceTypes } from '../../rules/source-types.ts'
import { type ColumnOf, placesOf } from '../contract.ts'
import { readChecked } from './read.ts'
import { keyOf, refuseCell, refuseRow, type Stage, type StagedDataset, stageColumns } from './staging.ts'

/** A folder that is read, and what is known of its datasets by now. */
export interface Reading {
  readonly folder: string
  readonly signal: AbortSignal | undefined
  readonly stage: Stage
  readonly byKey: Map<string, StagedDataset>
  /** OBIS's datasets have ids of their own, and their rows name no source. */
  readonly obisById: Map<string, StagedDataset>
  /** When each skipped dataset was met, by {@link keyOf}. */
  readonly attemptTimes: ReadonlyMap<string, string>
}

/** Rows of `datasets.csv`; each that has an identity becomes a dataset of the stage, refused or not. */
export async function* datasetRows(reading: Reading): AsyncGenerator<CopyValue[]> {
  const { folder, signal, stage, byKey, obisById } = reading
  const of = placesOf('datasets')
  const used = stageColumns.datasets.slice(1).map(({ name }) => of[name as ColumnOf<'datasets'>])
  for await (const { line: at, cells, faults } of readChecked(folder, 'datasets', signal)) {
    stage.counts.rows += 1
    const erddapUrl = cells[of.erddap_url] as string | null
    const datasetId = cells[of.dataset_id] as string | null
    if (erddapUrl === null || datasetId === null) {
      refuseRow(stage, faults, undefined)
      continue
    }
    const key = keyOf(erddapUrl, datasetId)
    const earlier = byKey.get(key)
    if (earlier) {
      refuseCell(
        stage,
        {
          file: 'datasets.csv',
          line: at,
          column: 'dataset_id',
          value: datasetId,
          reason: `is given in line ${earlier.line} already`,
        },
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
      refuseRow(stage, faults, dataset)
      continue
    }
    yield [dataset.number, ...used.map((place) => cells[place]!)]
  }
}

/** Rows of `profiles.csv`, as long as their dataset is known and they end after they begin. */
export async function* profileRows({ folder, signal, stage, byKey }: Reading): AsyncGenerator<CopyValue[]> {
  const of = placesOf('profiles')
  let last: StagedDataset | undefined
  for await (const { line: at, cells, faults } of readChecked(folder, 'profiles', signal)) {
    stage.counts.rows += 1
    const erddapUrl = cells[of.erddap_url] as string | null
    const datasetId = cells[of.dataset_id] as string | null
    if (!last || last.datasetId !== datasetId || last.erddapUrl !== erddapUrl)
      last = byKey.get(keyOf(erddapUrl ?? '', datasetId ?? ''))
    if (faults.length > 0) refuseRow(stage, faults, last)
    else if (!last)
      refuseCell(
        stage,
        {
          file: 'profiles.csv',
          line: at,
          column: 'dataset_id',
          value: datasetId ?? '',
          reason: 'is not in datasets.csv',
        },
        undefined,
        { erddapUrl: erddapUrl ?? '', datasetId: datasetId ?? '' },
      )
    else if (isLater(cells[of.time_min] as string, cells[of.time_max] as string))
      refuseCell(
        stage,
        {
          file: 'profiles.csv',
          line: at,
          column: 'time_min',
          value: String(cells[of.time_min]),
          reason: 'is later than time_max',
        },
        last,
      )
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

/** Rows of `obis_cells.csv`. */
export async function* cellRows({ folder, signal, stage, obisById }: Reading): AsyncGenerator<CopyValue[]> {
  const of = placesOf('obis_cells')
  for await (const { line: at, cells, faults } of readChecked(folder, 'obis_cells', signal)) {
    stage.counts.rows += 1
    const datasetId = String(cells[of.dataset_id])
    const dataset = obisById.get(datasetId)
    if (faults.length > 0) refuseRow(stage, faults, dataset)
    else if (!dataset)
      refuseCell(
        stage,
        {
          file: 'obis_cells.csv',
          line: at,
          column: 'dataset_id',
          value: datasetId,
          reason: 'is no OBIS dataset of datasets.csv',
        },
        undefined,
        { erddapUrl: '', datasetId },
      )
    else {
      dataset.cells += 1
      stage.counts.cells += 1
      yield [dataset.number, at, ...cells.slice(1)]
    }
  }
}

/** Rows of `tracks.csv`, one a trajectory. */
export async function* trackRows({ folder, signal, stage, byKey }: Reading): AsyncGenerator<CopyValue[]> {
  const of = placesOf('tracks')
  const seen = new Set<string>()
  for await (const { line: at, cells, faults } of readChecked(folder, 'tracks', signal)) {
    stage.counts.rows += 1
    const key = { erddapUrl: String(cells[of.erddap_url]), datasetId: String(cells[of.dataset_id]) }
    const dataset = byKey.get(keyOf(key.erddapUrl, key.datasetId))
    const trajectory = String(cells[of.trajectory_id] ?? '')
    const track = keyOf(keyOf(key.erddapUrl, key.datasetId), trajectory)
    if (faults.length > 0) refuseRow(stage, faults, dataset)
    else if (!dataset)
      refuseCell(
        stage,
        {
          file: 'tracks.csv',
          line: at,
          column: 'dataset_id',
          value: key.datasetId,
          reason: 'is not in datasets.csv',
        },
        undefined,
        key,
      )
    else if (seen.has(track))
      refuseCell(
        stage,
        {
          file: 'tracks.csv',
          line: at,
          column: 'trajectory_id',
          value: trajectory,
          reason: 'is given more than once',
        },
        dataset,
      )
    else {
      seen.add(track)
      yield [dataset.number, at, ...cells.slice(2)]
    }
  }
}

/**
 * Rows of a file that has one a dataset and needs none in `datasets.csv`.
 * @param seen takes the datasets that were met, by {@link keyOf}
 */
export async function* plainRows(
  { folder, signal, stage, byKey, attemptTimes }: Reading,
  file: 'ckan' | 'verified' | 'skipped',
  seen: Set<string>,
): AsyncGenerator<CopyValue[]> {
  const of = placesOf(file)
  for await (const { line: at, cells, faults } of readChecked(folder, file, signal)) {
    stage.counts.rows += 1
    const datasetId = String(cells[of.dataset_id])
    const key = keyOf(String(cells[of.erddap_url]), datasetId)
    if (faults.length > 0) refuseRow(stage, faults, file === 'ckan' ? byKey.get(key) : undefined)
    else if (seen.has(key))
      refuseCell(
        stage,
        {
          file: `${file}.csv`,
          line: at,
          column: 'dataset_id',
          value: datasetId,
          reason: 'is given more than once',
        },
        undefined,
        { erddapUrl: String(cells[of.erddap_url]), datasetId },
      )
    else {
      seen.add(key)
      yield file === 'skipped' ? [...cells, attemptTimes.get(key) ?? null] : cells
    }
  }
}

/** Times of the usual form compare as text; others are read. */
function isLater(start: string, end: string): boolean {
  if (start.length === 20 && end.length === 20 && start.endsWith('Z') && end.endsWith('Z')) return start > end
  return Date.parse(start) > Date.parse(end)
}
