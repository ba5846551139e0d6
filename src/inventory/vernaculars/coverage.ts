import type { Database, QueryOptions } from '../../database/port.ts'

export interface NameCoverage {
  /** Distinct scientific names of the OBIS cells. */
  names: number
  /** Of these: asked for at all, found, unknown to WoRMS, failed. */
  asked: number
  found: number
  notFound: number
  failed: number
  /** Of these: with an English, a French name; with their place in the tree of life. */
  english: number
  french: number
  classified: number
  lastFetchedAt: Date | null
}

const sql = `
SELECT count(*) AS names,
  count(v.scientific_name) AS asked,
  count(*) FILTER (WHERE v.fetch_status = 'ok') AS found,
  count(*) FILTER (WHERE v.fetch_status = 'not_found') AS "notFound",
  count(*) FILTER (WHERE v.fetch_status = 'error') AS failed,
  count(*) FILTER (WHERE cardinality(v.vernaculars_en) > 0) AS english,
  count(*) FILTER (WHERE cardinality(v.vernaculars_fr) > 0) AS french,
  count(*) FILTER (WHERE cardinality(v.ancestor_aphia_ids) > 0) AS classified,
  max(v.fetched_at) AS "lastFetchedAt"
FROM cde.obis_scientific_names n
LEFT JOIN cde.scientific_name_vernaculars v USING (scientific_name)`

/** How much of the names of the OBIS cells is known. */
export async function nameCoverage(database: Database, options?: QueryOptions): Promise<NameCoverage> {
  const { rows } = await database.query<NameCoverage>(sql, [], options)
  return rows[0]!
}
