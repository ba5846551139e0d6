import type { Database } from '../database/port.ts'

/** What the last good harvest of a dataset left behind. */
export interface KnownDataset {
  datasetId: string
  contentHash: string | null
  contentHashReason: string | null
  lastUpdatedAt: Date | null
  verifiedAt: Date | null
  /** What the catalogue has a say in. */
  ckanId: string | null
  title: string | null
  titleFr: string | null
  organizations: readonly string[]
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
    ckan_id: string | null
    title: string | null
    title_fr: string | null
    organizations: string[] | null
  }>(
    `SELECT dataset_id, content_hash, content_hash_reason, last_updated_at, verified_at,
       ckan_id, title, title_fr, organizations
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
        ckanId: row.ckan_id,
        title: row.title,
        titleFr: row.title_fr,
        organizations: row.organizations ?? [],
      },
    ]),
  )
}

/** The ids of the catalogue's records that datasets of the index have, with how many have each. */
export async function cataloguedDatasets(database: Database): Promise<Map<string, number>> {
  const { rows } = await database.query<{ ckan_id: string; n: number }>(
    `SELECT ckan_id, count(*)::int AS n FROM cde.datasets WHERE ckan_id <> '' GROUP BY ckan_id`,
  )
  return new Map(rows.map(({ ckan_id, n }) => [ckan_id, n]))
}

/**
 * When the data of each dataset were last asked for with success, if that was after `since`, by id: an attempt that
 * only found them unchanged, or that only the catalogue made a success, asked for none, whatever it asked for to find
 * out. A time that the database has not reached was written by a clock that was wrong.
 * @param dataMark what the address of a question about data holds; null where every attempt asks for data
 */
export async function lastDataHarvests(
  database: Database,
  erddapUrl: string,
  dataMark: string | null,
  since: Date,
): Promise<Map<string, Date>> {
  const { rows } = await database.query<{ dataset_id: string; at: Date }>(
    `SELECT a.dataset_id, max(a.attempted_at) AS at FROM cde.harvest_attempts a
     WHERE a.erddap_url = $1 AND a.status = 'success' AND a.attempted_at >= $2
       AND a.attempted_at <= clock_timestamp() + interval '1 hour'
       AND ($3::text IS NULL OR position($3 IN a.query_urls) > 0)
       AND NOT EXISTS (
         SELECT 1 FROM harvester.attempt_facts f
         WHERE f.run_id = a.run_id AND f.erddap_url = a.erddap_url AND f.dataset_id = a.dataset_id
           AND f.told @> '{"facts": [{"code": "RECORD_CHANGED"}]}')
     GROUP BY a.dataset_id`,
    [erddapUrl, since, dataMark],
  )
  return new Map(rows.map(({ dataset_id, at }) => [dataset_id, at]))
}
