import { defaultSourceType } from '../../../rules/source-types.ts'
import { columnsWith } from '../../contract.ts'
import { assignments, fromTheFuture, insertInto, type Merge } from './context.ts'
import type { Removal } from './remove.ts'

/** Columns that come from the harvest of the dataset itself. */
const harvested = columnsWith('datasets', 'data', 'counted')
/** Columns that CKAN has a say in: without its records they stay as they are in existing rows. */
const enriched = columnsWith('datasets', 'catalogue')

/**
 * Chooses the datasets that take part: those without a refused row that are not older than what the database holds.
 * Gives new ones their numbers and rows, so that profiles can refer to them.
 *
 * @returns how many were older, and how many rows are new
 */
export async function chooseDatasets(
  merge: Merge,
  now: Date,
): Promise<{ older: number; inserted: number; staged: number }> {
  const { session, stage, tables } = merge
  // Without a time of its own a dataset counts as seen at its run; the caller put that into the stage.
  await session.query(`
    CREATE TEMP TABLE ${tables.datasets} ON COMMIT DROP AS
    SELECT s.n, s.erddap_url, s.dataset_id, s.cdm_data_type, s.platform, s.eovs,
      array_remove(s.organizations, '') AS organizations, s.profile_variables,
      s.timeseries_id_variable, s.profile_id_variable, s.trajectory_id_variable, s.num_columns, s.first_eov_column,
      coalesce(s.source_type, '${defaultSourceType}') AS source_type, s.ckan_id, s.title, s.title_fr,
      coalesce(s.obis_nodes, '{}') AS obis_nodes, s.content_hash, s.content_hash_reason,
      least(coalesce(s.verified_at, d.verified_at, '${now.toISOString()}'), clock_timestamp()) AS verified_at,
      v.n_rows AS n_profiles, d.pk, d.pk_url, d.pk IS NULL AS is_new,
      ${isOlder(merge, 's')} AS older
    FROM ${stage.datasets} s JOIN ${stage.verdicts} v USING (n)
    LEFT JOIN cde.datasets d ON d.erddap_url = s.erddap_url AND d.dataset_id = s.dataset_id
    WHERE NOT v.rejected`)
  const older = await session.query(`DELETE FROM ${tables.datasets} WHERE older`)
  await session.query(`
    INSERT INTO cde.datasets_lookup (dataset_id, erddap_url)
    SELECT s.dataset_id, s.erddap_url FROM ${tables.datasets} s
    WHERE NOT EXISTS (SELECT 1 FROM cde.datasets_lookup l WHERE l.erddap_url = s.erddap_url AND l.dataset_id = s.dataset_id)
    ORDER BY s.n`)
  await session.query(`
    UPDATE ${tables.datasets} s SET pk_url = l.pk FROM cde.datasets_lookup l
    WHERE s.pk_url IS NULL AND l.erddap_url = s.erddap_url AND l.dataset_id = s.dataset_id`)
  await nameOrganizations(merge)
  const values = Object.fromEntries(
    ['erddap_url', 'dataset_id', 'pk_url', ...harvested, ...enriched, 'organization_pks', 'verified_at'].map(
      (column) => [column, `s.${column}`],
    ),
  )
  const inserted = await session.query(
    insertInto(
      merge,
      'datasets',
      { ...values, last_updated_at: 's.verified_at' },
      `FROM ${tables.datasets} s WHERE s.is_new ORDER BY s.n`,
    ),
  )
  if (inserted.count > 0)
    await session.query(`
      UPDATE ${tables.datasets} s SET pk = d.pk FROM cde.datasets d
      WHERE s.is_new AND d.erddap_url = s.erddap_url AND d.dataset_id = s.dataset_id`)
  await session.query(`ANALYZE ${tables.datasets}`)
  const staged = await session.query<{ n: number }>(`SELECT count(*) AS n FROM ${tables.datasets}`)
  return { older: older.count, inserted: inserted.count, staged: staged.rows[0]!.n }
}

/**
 * No dataset counts as seen later than now by the database's clock, which all loaders share: one harvest by a clock
 * that is ahead would make every later one look old.
 * @returns how many said so
 */
export async function boundTimes({ session, stage }: Merge): Promise<number> {
  let bounded = 0
  for (const table of [stage.datasets, stage.verified])
    bounded += (
      await session.query(
        `UPDATE ${table} SET verified_at = clock_timestamp() WHERE verified_at > clock_timestamp()`,
      )
    ).count
  return bounded
}

/** Whether a staged dataset was seen before the row of the index was; a row of the future says nothing. */
function isOlder(merge: Merge, alias: string): string {
  return `coalesce(NOT ${merge.forceOld} AND ${alias}.verified_at < d.verified_at
    AND NOT ${fromTheFuture('d.verified_at')}, false)`
}

/** Names that are new get their number, which they keep for ever; then each dataset gets the numbers of its names. */
async function nameOrganizations(merge: Merge): Promise<void> {
  const { session, tables } = merge
  if (!merge.hasCkan)
    await session.query(`
      UPDATE ${tables.datasets} s SET ckan_id = d.ckan_id, title = d.title, title_fr = d.title_fr, organizations = d.organizations
      FROM cde.datasets d WHERE d.pk = s.pk`)
  await insertOrganizations(merge, tables.datasets)
  await session.query(`ALTER TABLE ${tables.datasets} ADD COLUMN organization_pks int[]`)
  await session.query(`
    UPDATE ${tables.datasets} s SET organization_pks = ${organizationNumbers('s.organizations')}
    WHERE s.organizations IS NOT NULL`)
  if (!merge.hasCkan)
    await session.query(`
      UPDATE ${tables.datasets} s SET organization_pks = d.organization_pks FROM cde.datasets d WHERE d.pk = s.pk`)
}

function organizationNumbers(names: string): string {
  return `ARRAY(SELECT o.pk_url FROM unnest(${names}) WITH ORDINALITY AS u (name, nth)
    JOIN cde.organizations o ON o.name = u.name ORDER BY u.nth)`
}

async function insertOrganizations(merge: Merge, table: string): Promise<void> {
  const names = `(SELECT DISTINCT unnest(organizations) AS name FROM ${table}) u`
  await merge.session.query(`
    INSERT INTO cde.organizations_lookup (name)
    SELECT u.name FROM ${names} WHERE u.name <> '' AND NOT EXISTS (SELECT 1 FROM cde.organizations_lookup l WHERE l.name = u.name)
    ORDER BY u.name`)
  await merge.session.query(`
    INSERT INTO cde.organizations (name, pk_url)
    SELECT l.name, l.pk FROM ${names} JOIN cde.organizations_lookup l ON l.name = u.name
    WHERE NOT EXISTS (SELECT 1 FROM cde.organizations o WHERE o.name = u.name)
    ORDER BY l.pk`)
}

/**
 * Writes what differs. Last, since a dataset also counts as changed when only its profiles did.
 *
 * @returns rows whose content changed, and rows that were only seen again
 */
export async function updateDatasets(merge: Merge): Promise<{ updated: number; seen: number }> {
  const { session, tables } = merge
  const columns = ['pk_url', ...harvested, ...enriched, 'organization_pks']
  const values = Object.fromEntries(columns.map((column) => [column, `s.${column}`]))
  const rowOf = (alias: string) => `(${columns.map((column) => `${alias}.${column}`).join(', ')})`
  await session.query(`
    INSERT INTO ${tables.changed} (pk, organizations)
    SELECT d.pk, d.organizations FROM ${tables.datasets} s JOIN cde.datasets d ON d.pk = s.pk
    WHERE NOT s.is_new AND ${rowOf('d')} IS DISTINCT FROM ${rowOf('s')}`)
  await session.query(`
    UPDATE cde.datasets d
    SET ${assignments(merge, 'datasets', { ...values, verified_at: 's.verified_at', last_updated_at: 's.verified_at' })}
    FROM ${tables.datasets} s
    WHERE d.pk = s.pk AND NOT s.is_new AND s.pk IN (SELECT pk FROM ${tables.changed})`)
  const seen = await session.query(`
    UPDATE cde.datasets d SET verified_at = s.verified_at FROM ${tables.datasets} s
    WHERE d.pk = s.pk AND NOT s.is_new AND d.verified_at IS DISTINCT FROM s.verified_at
      AND s.pk NOT IN (SELECT pk FROM ${tables.changed})`)
  const updated = await session.query<{ n: number }>(`
    SELECT count(DISTINCT pk) AS n FROM ${tables.changed} WHERE pk IN (SELECT pk FROM ${tables.datasets} WHERE NOT is_new)`)
  return { updated: updated.rows[0]!.n, seen: seen.count }
}

/**
 * Datasets that were proven unchanged: the time they were seen moves, and what CKAN says of them.
 *
 * @returns how many were seen, were older than known, or are not in the database; and how many changed by CKAN
 */
export async function verifyDatasets(
  merge: Merge,
): Promise<{ verified: number; older: number; unknown: number; updated: number }> {
  const { session, stage, tables } = merge
  await session.query(`
    CREATE TEMP TABLE ${tables.verified} ON COMMIT DROP AS
    SELECT v.erddap_url, v.dataset_id, v.verified_at, d.pk,
      ${isOlder(merge, 'v')} AS older,
      c.ckan_id IS NOT NULL AS has_record, c.ckan_id, coalesce(c.ckan_title, d.title) AS title, c.title_fr,
      CASE WHEN cardinality(array_remove(c.ckan_organizations, '')) > 0
        THEN array_remove(c.ckan_organizations, '') ELSE d.organizations END AS organizations
    FROM ${stage.verified} v
    LEFT JOIN cde.datasets d ON d.erddap_url = v.erddap_url AND d.dataset_id = v.dataset_id
    LEFT JOIN ${stage.ckan} c ON c.erddap_url = v.erddap_url AND c.dataset_id = v.dataset_id
    WHERE NOT EXISTS (SELECT 1 FROM ${tables.datasets} s WHERE s.erddap_url = v.erddap_url AND s.dataset_id = v.dataset_id)`)
  const counts = await session.query<{ older: number; unknown: number; verified: number }>(`
    SELECT count(*) FILTER (WHERE older) AS older, count(*) FILTER (WHERE pk IS NULL) AS unknown,
      count(*) FILTER (WHERE NOT older AND pk IS NOT NULL) AS verified
    FROM ${tables.verified}`)
  await session.query(`DELETE FROM ${tables.verified} WHERE older OR pk IS NULL`)
  let updated = 0
  if (merge.hasCkan) {
    // A record that vanished is noticed when the dataset is harvested: only that knows the title without it.
    await insertOrganizations(merge, tables.verified)
    const numbers = `CASE WHEN v.organizations IS NOT DISTINCT FROM d.organizations THEN d.organization_pks
      ELSE ${organizationNumbers('v.organizations')} END`
    const differs = `v.has_record AND (d.ckan_id, d.title, d.title_fr, d.organizations)
      IS DISTINCT FROM (v.ckan_id, v.title, v.title_fr, v.organizations)`
    await session.query(`
      INSERT INTO ${tables.changed} (pk, organizations)
      SELECT d.pk, d.organizations FROM ${tables.verified} v JOIN cde.datasets d ON d.pk = v.pk WHERE ${differs}`)
    const answer = await session.query(`
      UPDATE cde.datasets d SET ckan_id = v.ckan_id, title = v.title, title_fr = v.title_fr,
        organizations = v.organizations, organization_pks = ${numbers},
        verified_at = v.verified_at, last_updated_at = v.verified_at
      FROM ${tables.verified} v WHERE d.pk = v.pk AND ${differs}`)
    updated = answer.count
  }
  await session.query(`
    UPDATE cde.datasets d SET verified_at = v.verified_at FROM ${tables.verified} v
    WHERE d.pk = v.pk AND d.verified_at IS DISTINCT FROM v.verified_at`)
  return { ...counts.rows[0]!, updated }
}

/** Organizations that lost their last dataset go; their number is kept in the lookup. */
export async function removeOrganizations(merge: Removal): Promise<number> {
  const { session, tables } = merge
  const answer = await session.query(`
    DELETE FROM cde.organizations o
    WHERE o.name IN (SELECT unnest(organizations) FROM ${tables.changed})
      AND NOT EXISTS (SELECT 1 FROM cde.datasets d WHERE d.organizations @> ARRAY[o.name])`)
  return answer.count
}
