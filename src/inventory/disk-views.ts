import type { Database } from '../database/port.ts'

/** How a manifest showed the source files of a dataset, and since when every look found the same. */
export interface DiskView {
  /** Of names, times and sizes. */
  digest: string
  sameSince: Date
}

/** The remembered views of a source's datasets, by id. */
export async function readDiskViews(database: Database, erddapUrl: string): Promise<Map<string, DiskView>> {
  const { rows } = await database.query<{ dataset_id: string; digest: string; same_since: Date }>(
    'SELECT dataset_id, digest, same_since FROM harvester.disk_views WHERE erddap_url = $1',
    [erddapUrl],
  )
  return new Map(
    rows.map(({ dataset_id, digest, same_since }) => [dataset_id, { digest, sameSince: same_since }]),
  )
}

/** Remembers a look; one that finds the same as the last keeps its beginning. */
export async function noteDiskView(
  database: Database,
  erddapUrl: string,
  datasetId: string,
  view: DiskView,
): Promise<void> {
  await database.query(
    `INSERT INTO harvester.disk_views (erddap_url, dataset_id, digest, same_since)
     VALUES ($1, $2, $3, $4)
     ON CONFLICT (erddap_url, dataset_id) DO UPDATE SET digest = excluded.digest, same_since = excluded.same_since
     WHERE harvester.disk_views.digest <> excluded.digest`,
    [erddapUrl, datasetId, view.digest, view.sameSince],
  )
}
