import type { Database, QueryOptions } from '../../database/port.ts'
import type { NameRow } from '../../rules/vernaculars.ts'
import { json } from '../stored-text.ts'

// What a failure says is less than what was known before: it changes the status alone.
const sql = `
INSERT INTO cde.scientific_name_vernaculars AS known
  (scientific_name, aphia_id, rank, ancestor_aphia_ids, vernaculars_en, vernaculars_fr, fetched_at, fetch_status)
SELECT r.name, r.id, r.rank,
  CASE WHEN jsonb_typeof(r.ancestors) = 'array' THEN ARRAY(SELECT jsonb_array_elements_text(r.ancestors)::int) END,
  ARRAY(SELECT jsonb_array_elements_text(r.en)), ARRAY(SELECT jsonb_array_elements_text(r.fr)), $2, r.status
FROM jsonb_to_recordset($1::jsonb)
  AS r (name text, id int, rank text, ancestors jsonb, en jsonb, fr jsonb, status text)
ORDER BY r.name
ON CONFLICT (scientific_name) DO UPDATE SET
  aphia_id = CASE WHEN excluded.fetch_status = 'error' THEN coalesce(excluded.aphia_id, known.aphia_id) ELSE excluded.aphia_id END,
  rank = CASE WHEN excluded.fetch_status = 'error' THEN coalesce(excluded.rank, known.rank) ELSE excluded.rank END,
  ancestor_aphia_ids = CASE WHEN excluded.fetch_status <> 'not_found' AND (excluded.aphia_id IS NULL OR excluded.aphia_id = known.aphia_id)
    THEN coalesce(excluded.ancestor_aphia_ids, known.ancestor_aphia_ids) ELSE excluded.ancestor_aphia_ids END,
  vernaculars_en = CASE WHEN excluded.fetch_status = 'error' THEN known.vernaculars_en ELSE excluded.vernaculars_en END,
  vernaculars_fr = CASE WHEN excluded.fetch_status = 'error' THEN known.vernaculars_fr ELSE excluded.vernaculars_fr END,
  fetched_at = excluded.fetched_at,
  fetch_status = excluded.fetch_status`

/** Stores a batch of names, all or none. A failed name keeps what is known of it. */
export async function writeNames(
  database: Database,
  rows: readonly NameRow[],
  fetchedAt: Date,
  options?: QueryOptions,
): Promise<void> {
  if (rows.length === 0) return
  const records = rows.map((row) => ({
    name: row.scientificName,
    id: row.aphiaId,
    rank: row.rank,
    ancestors: row.ancestorAphiaIds,
    en: row.vernacularsEn,
    fr: row.vernacularsFr,
    status: row.status,
  }))
  await database.transaction((session) => session.query(sql, [json(records), fetchedAt]), options)
}
