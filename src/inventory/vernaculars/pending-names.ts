import type { Database, QueryOptions } from '../../database/port.ts'
import type { RefreshMode } from '../../rules/vernaculars.ts'

const sql = `
SELECT n.scientific_name
FROM cde.obis_scientific_names n
LEFT JOIN cde.obis_scientific_name_popularity p USING (scientific_name)
LEFT JOIN cde.scientific_name_vernaculars v USING (scientific_name)
WHERE n.scientific_name <> '' AND (
  v.scientific_name IS NULL
  OR v.fetch_status = ANY ($1)
  OR v.fetch_status IS NULL
  OR ($2 AND v.fetch_status = 'ok' AND v.aphia_id IS NOT NULL AND coalesce(cardinality(v.ancestor_aphia_ids), 0) = 0)
) AND ($3::int IS NULL OR n.scientific_name IN (
  SELECT scientific_name FROM cde.obis_scientific_name_popularity
  ORDER BY total_records DESC, scientific_name LIMIT $3::int))
ORDER BY p.total_records DESC NULLS LAST, n.scientific_name
LIMIT $4::int`

/**
 * Names of the OBIS cells that are to be asked for, most frequent first.
 *
 * @param options.top only names among the so many most frequent of all; null for all
 * @param options.limit at most so many; null for all
 */
export async function pendingNames(
  database: Database,
  options: { refresh: readonly RefreshMode[]; top: number | null; limit: number | null },
  query?: QueryOptions,
): Promise<string[]> {
  const statuses = options.refresh.filter((mode) => mode !== 'missing_classification')
  const { rows } = await database.query<{ scientific_name: string }>(
    sql,
    [statuses, options.refresh.includes('missing_classification'), options.top, options.limit],
    query,
  )
  return rows.map((row) => row.scientific_name)
}
