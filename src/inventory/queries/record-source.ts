import type { Database, QueryOptions } from '../../database/port.ts'

const sql = `
INSERT INTO harvester.sources (erddap_url, configured, gridded_datasets, seen_at)
VALUES ($1, $2, $3, $4)
ON CONFLICT (erddap_url) DO UPDATE SET
  configured = excluded.configured,
  gridded_datasets = coalesce(excluded.gridded_datasets, harvester.sources.gridded_datasets),
  seen_at = excluded.seen_at`

/** Remembers what a harvest learnt of a source; a null number of gridded datasets keeps the one before. */
export async function recordSource(
  database: Database,
  source: { erddapUrl: string; configured: boolean; griddedDatasets: number | null; seenAt: Date },
  options?: QueryOptions,
): Promise<void> {
  await database.query(
    sql,
    [source.erddapUrl, source.configured, source.griddedDatasets, source.seenAt],
    options,
  )
}
