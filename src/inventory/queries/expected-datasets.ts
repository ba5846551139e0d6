import type { Database, QueryOptions } from '../../database/port.ts'

const sql = `
SELECT count(*) AS n FROM cde.harvest_attempts a
WHERE a.run_id = (
  SELECT r.run_id FROM cde.harvest_runs r
  WHERE r.triggered_source IS NOT DISTINCT FROM $1 AND r.status = 'ok' AND r.started_at < $2
  ORDER BY r.started_at DESC LIMIT 1)`

/** How many datasets the good run before this one met, as a guess of how many there are; null without one. */
export async function expectedDatasets(
  database: Database,
  source: string | null,
  before: Date,
  options?: QueryOptions,
): Promise<number | null> {
  const { rows } = await database.query<{ n: number }>(sql, [source, before], options)
  return rows[0]?.n || null
}
