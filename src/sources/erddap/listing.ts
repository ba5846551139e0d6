/** The list of datasets: from the table to typed values. */

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
  let nameless = 0
  let repeats = 0
  const repeated = new Set<string>()
  for await (const cells of table.rows) {
    const row: Record<string, string> = {}
    for (let at = 0; at < columns.length; at += 1) row[columns[at]!] = cells[at]!
    const datasetId = row.datasetID ?? ''
    if (datasetId === 'allDatasets') continue
    if (datasetId === '') {
      nameless += 1
      continue
    }
    if (datasets.has(datasetId)) {
      repeated.add(datasetId)
      repeats += 1
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
  // A warning for each row would let a list of a million rows fill the disk with logs.
  if (nameless > 0)
    warn(
      nameless === 1
        ? 'the list of datasets has a row without an id'
        : `the list of datasets has ${nameless} rows without an id`,
    )
  const [first] = repeated
  if (first !== undefined)
    warn(
      repeats === 1
        ? `the list of datasets has ${first} twice; the first row counts`
        : `the list of datasets has ${repeats} rows more than once (${repeated.size} ids, the first is ${first}); the first row of each counts`,
    )
  return [...datasets.values()]
}
