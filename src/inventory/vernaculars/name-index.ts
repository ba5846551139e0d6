import type { Database, QueryOptions } from '../../database/port.ts'

/** Brings the index that `harvester.search_names` reads up to date; what did not change is not touched. */
export async function refreshNameIndex(database: Database, options?: QueryOptions): Promise<void> {
  await database.query('SELECT harvester.refresh_name_index()', [], options)
}

export interface FoundName {
  scientificName: string
  aphiaId: number | null
  rank: string | null
  vernacularsEn: string[]
  vernacularsFr: string[]
  /** Occurrences of this name in the cells. */
  totalRecords: number
  /** What the text was found in. */
  matched: string
  matchedIn: 'scientific' | 'en' | 'fr'
  /** Of the taxon that the text named, where this one was only found because it lies below it. */
  below: string | null
}

/** Names by scientific or vernacular text, without regard to accents and case, with the taxa below what was found. */
export async function searchNames(
  database: Database,
  text: string,
  limit: number,
  options?: QueryOptions,
): Promise<FoundName[]> {
  const { rows } = await database.query<FoundName>(
    `SELECT scientific_name AS "scientificName", aphia_id AS "aphiaId", rank, vernaculars_en AS "vernacularsEn",
       vernaculars_fr AS "vernacularsFr", total_records AS "totalRecords", matched, matched_in AS "matchedIn", below
     FROM harvester.search_names($1, $2)`,
    [text, limit],
    options,
  )
  return rows
}
