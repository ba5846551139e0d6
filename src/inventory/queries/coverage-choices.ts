import type { Database, QueryOptions } from '../../database/port.ts'

export interface CoverageChoices {
  /** Ocean variables that some dataset of the index has. */
  variables: string[]
  /** URLs of the sources with datasets in the index. */
  sources: string[]
  /** How many tracks there are to draw over the hexagons. */
  tracks: number
}

const sql = `
SELECT
  (SELECT coalesce(array_agg(DISTINCT eov ORDER BY eov), '{}') FROM cde.datasets, unnest(eovs) AS eov) AS variables,
  (SELECT coalesce(array_agg(DISTINCT erddap_url ORDER BY erddap_url), '{}') FROM cde.datasets
   WHERE erddap_url IS NOT NULL) AS sources,
  (SELECT count(*) FROM harvester.tracks) AS tracks`

/** What the map can be filtered by. */
export async function coverageChoices(database: Database, options?: QueryOptions): Promise<CoverageChoices> {
  const { rows } = await database.query<CoverageChoices>(sql, [], options)
  return rows[0] ?? { variables: [], sources: [], tracks: 0 }
}
