/** The list of datasets: from the table to typed values. */

import { Tally } from '../../text.ts'
import type { ErddapTable, ListedDataset } from './types.ts'

/**
 * What is asked of `allDatasets`: what the harvest and change detection look at, without the summary, which is nine
 * tenths of the bytes. `class` tells federated datasets (EDDTableFromErddap).
 */
export const listingColumns = [
  'datasetID',
  'class',
  'cdm_data_type',
  'title',
  'institution',
  'minLongitude',
  'maxLongitude',
  'minLatitude',
  'maxLatitude',
  'minAltitude',
  'maxAltitude',
  'minTime',
  'maxTime',
  'files',
] as const

/** The first of several rows with one id counts. */
export async function readListing(
  table: ErddapTable | null,
  warn: (sentence: string) => void = () => {},
): Promise<ListedDataset[]> {
  const datasets = new Map<string, ListedDataset>()
  if (!table) return []
  const { columns } = table
  const nameless = new Tally()
  const repeats = new Tally()
  for await (const cells of table.rows) {
    const row: Record<string, string> = {}
    for (let at = 0; at < columns.length; at += 1) row[columns[at]!] = cells[at]!
    const datasetId = row.datasetID ?? ''
    if (datasetId === 'allDatasets') continue
    if (datasetId === '') {
      nameless.add('')
      continue
    }
    if (datasets.has(datasetId)) {
      repeats.add(datasetId)
      continue
    }
    datasets.set(datasetId, {
      datasetId,
      cdmDataType: row.cdm_data_type ?? '',
      title: row.title ?? '',
      institution: row.institution ?? '',
      files: row.files ?? '',
      minTime: row.minTime ?? '',
      maxTime: row.maxTime ?? '',
      row,
    })
  }
  const told = [
    nameless.sentence(
      () => 'the list of datasets has a row without an id',
      (count) => `the list of datasets has ${count} rows without an id`,
    ),
    repeats.sentence(
      (id) => `the list of datasets has ${id} twice; the first row counts`,
      (count, ids) =>
        `the list of datasets has ${count} rows more than once, for example of ${ids}; the first row of each id counts`,
    ),
  ]
  for (const sentence of told) if (sentence !== null) warn(sentence)
  return [...datasets.values()]
}
