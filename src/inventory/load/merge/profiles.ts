import { columnsWith } from '../../contract.ts'
import { assignments, insertInto, type Merge } from './context.ts'

const compared = columnsWith('profiles', 'place', 'data')
const ids = columnsWith('profiles', 'identity')
/** An empty cell says that nobody could count: the row keeps what it had, and has 0 if it had nothing. */
const counted = ['n_records', 'records_per_day']

/** What the staged row makes of a column. */
function staged(column: string): string {
  return counted.includes(column) ? `coalesce(s.${column}, p.${column}, 0)` : `s.${column}`
}

/**
 * Compares the profiles of the datasets that take part with those of the database, row by row. What differs goes to a
 * table of its own: `pk` null is new, `line` null is gone, else it changed; `moved` says that the position did.
 */
export async function compareProfiles(merge: Merge): Promise<void> {
  const { session, stage, tables } = merge
  const wanted = `(${compared.map(staged).join(', ')})`
  const present = `(${compared.map((column) => `p.${column}`).join(', ')})`
  await session.query(`
    CREATE TEMP TABLE ${tables.profiles} ON COMMIT DROP AS
    SELECT p.pk, p.point_pk AS old_point_pk, coalesce(s.dataset_pk, p.dataset_pk) AS dataset_pk, s.line,
      (s.latitude, s.longitude) IS DISTINCT FROM (p.latitude, p.longitude) AS moved,
      ${[...ids, ...compared].map((column) => `${staged(column)} AS ${column}`).join(', ')}
    FROM (
      SELECT s.*, d.pk AS dataset_pk, coalesce(s.timeseries_id, '') AS t_key, coalesce(s.profile_id, '') AS p_key
      FROM ${stage.profiles} s JOIN ${tables.datasets} d USING (n)
    ) s
    FULL JOIN (
      SELECT p.*, coalesce(p.timeseries_id, '') AS t_key, coalesce(p.profile_id, '') AS p_key
      FROM cde.profiles p JOIN ${tables.datasets} d ON d.pk = p.dataset_pk
      WHERE NOT d.is_new
    ) p ON p.dataset_pk = s.dataset_pk AND p.t_key = s.t_key AND p.p_key = s.p_key
    WHERE p.pk IS NULL OR s.line IS NULL OR ${wanted} IS DISTINCT FROM ${present}`)
  await session.query(`ANALYZE ${tables.profiles} (pk, dataset_pk, line)`)
}

/** Whole days between start and end, plus one. */
const days = `floor(extract(epoch FROM s.time_max - s.time_min) / 86400)::bigint + 1`

/** Writes what {@link compareProfiles} found; positions have their points and cells by now. */
export async function writeProfiles(
  merge: Merge,
): Promise<{ inserted: number; updated: number; deleted: number }> {
  const { session, tables } = merge
  const differences = await session.query<{ inserts: number; updates: number; deletes: number }>(`
    SELECT count(*) FILTER (WHERE pk IS NULL) AS inserts, count(*) FILTER (WHERE line IS NULL) AS deletes,
      count(*) FILTER (WHERE pk IS NOT NULL AND line IS NOT NULL) AS updates FROM ${tables.profiles}`)
  const { inserts, updates, deletes } = differences.rows[0]!
  const values = Object.fromEntries([...compared].map((column) => [column, `s.${column}`]))
  const place = { geom: 'l.geom', hex_0_pk: 'l.hex_0_pk', hex_1_pk: 'l.hex_1_pk', point_pk: 'l.point_pk' }

  const deleted =
    deletes === 0
      ? 0
      : (
          await session.query(
            `DELETE FROM cde.profiles p USING ${tables.profiles} s WHERE p.pk = s.pk AND s.line IS NULL`,
          )
        ).count
  let updated = 0
  if (updates > 0) {
    const stayed = await session.query(`
      UPDATE cde.profiles p SET ${assignments(merge, 'profiles', { ...values, days })}
      FROM ${tables.profiles} s WHERE p.pk = s.pk AND s.line IS NOT NULL AND NOT s.moved`)
    const moved = await session.query(`
      UPDATE cde.profiles p SET ${assignments(merge, 'profiles', { ...values, ...place, days })}
      FROM ${tables.profiles} s JOIN ${tables.places} l USING (latitude, longitude)
      WHERE p.pk = s.pk AND s.line IS NOT NULL AND s.moved`)
    updated = stayed.count + moved.count
  }
  // The join on two coordinates is estimated at a handful of rows: a loop over the datasets would follow.
  await session.query('SET LOCAL enable_nestloop = off')
  const inserted =
    inserts === 0
      ? 0
      : (
          await session.query(
            insertInto(
              merge,
              'profiles',
              {
                dataset_pk: 's.dataset_pk',
                erddap_url: 'd.erddap_url',
                dataset_id: 'd.dataset_id',
                timeseries_id: 's.timeseries_id',
                profile_id: 's.profile_id',
                ...values,
                ...place,
                days,
              },
              `FROM ${tables.profiles} s JOIN ${tables.places} l USING (latitude, longitude)
               JOIN ${tables.datasets} d ON d.pk = s.dataset_pk
               WHERE s.pk IS NULL`,
            ),
          )
        ).count
  await session.query('SET LOCAL enable_nestloop = on')
  return { inserted, updated, deleted }
}
