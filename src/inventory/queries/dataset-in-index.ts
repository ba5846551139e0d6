import type { Database, QueryOptions } from '../../database/port.ts'

export interface IndexedDatasetRow {
  title: string | null
  title_fr: string | null
  n_profiles: number | null
  organizations: string[] | null
  last_updated_at: Date | null
  verified_at: Date | null
}

/** What the index holds of a dataset; null where it is not in it. */
export async function datasetInIndex(
  database: Database,
  erddapUrl: string,
  datasetId: string,
  options?: QueryOptions,
): Promise<IndexedDatasetRow | null> {
  const { rows } = await database.query<IndexedDatasetRow>(
    `SELECT title, title_fr, n_profiles, organizations, last_updated_at, verified_at FROM cde.datasets
     WHERE erddap_url = $1 AND dataset_id = $2 LIMIT 1`,
    [erddapUrl, datasetId],
    options,
  )
  return rows[0] ?? null
}
