import type { Database, QueryOptions } from '../../database/port.ts'

const sql = `
INSERT INTO harvester.watched_sources AS w (erddap_url, known_since, seen_at)
SELECT DISTINCT url, $2::timestamptz, $2::timestamptz FROM unnest($1::text[]) AS s (url)
ON CONFLICT (erddap_url) DO UPDATE SET
  known_since = CASE WHEN w.seen_at < excluded.seen_at - interval '1 day' THEN excluded.known_since ELSE w.known_since END,
  seen_at = greatest(w.seen_at, excluded.seen_at)
RETURNING erddap_url, known_since`

/**
 * Notes that these sources are configured, and says since when they are. One that nobody saw for a day was taken out
 * and is new again, or nothing ran: then it has its time anew.
 */
export async function watchSources(
  database: Database,
  erddapUrls: readonly string[],
  now: Date,
  options?: QueryOptions,
): Promise<Map<string, Date>> {
  const { rows } = await database.query<{ erddap_url: string; known_since: Date }>(
    sql,
    [erddapUrls, now],
    options,
  )
  return new Map(rows.map((row) => [row.erddap_url, row.known_since]))
}
