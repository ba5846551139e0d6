import type { Database } from './port.ts'

/** What the last good harvest of a dataset left behind. */
export interface KnownDataset {
  datasetId: string
  contentHash: string | null
  contentHashReason: string | null
  lastUpdatedAt: Date | null
  verifiedAt: Date | null
}

/** The datasets of a source that the database holds, by id: their fingerprints, and how many there are. */
export async function knownDatasets(
  database: Database,
  erddapUrl: string,
): Promise<Map<string, KnownDataset>> {
  const { rows } = await database.query<{
    dataset_id: string
    content_hash: string | null
    content_hash_reason: string | null
    last_updated_at: Date | null
    verified_at: Date | null
  }>(
    `SELECT dataset_id, content_hash, content_hash_reason, last_updated_at, verified_at
     FROM cde.datasets WHERE erddap_url = $1`,
    [erddapUrl],
  )
  return new Map(
    rows.map((row) => [
      row.dataset_id,
      {
        datasetId: row.dataset_id,
        contentHash: row.content_hash,
        contentHashReason: row.content_hash_reason,
        lastUpdatedAt: row.last_updated_at,
        verifiedAt: row.verified_at,
      },
    ]),
  )
}

/** How many datasets of a source the database holds: a listing that is much shorter is not believed. */
export async function countDatasets(database: Database, erddapUrl: string): Promise<number> {
  const { rows } = await database.query<{ n: number }>(
    'SELECT count(*) AS n FROM cde.datasets WHERE erddap_url = $1',
    [erddapUrl],
  )
  return rows[0]!.n
}
