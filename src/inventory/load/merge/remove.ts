import type { LoadSummary } from '../types.ts'
import type { Merge } from './context.ts'

/** What removing needs of a merge. */
export type Removal = Pick<Merge, 'session' | 'tables'>

/** The datasets that were chosen to leave, and why; `is_limited` counts against the share that a run may remove. */
export function chosenTable(tables: Merge['tables']): string {
  return `CREATE TEMP TABLE ${tables.pruned}
    (pk int, erddap_url text, dataset_id text, pk_url int, organizations text[], reason_code text, is_limited boolean)
    ON COMMIT DROP`
}

/** The temporary tables of a removal that is no part of a load. */
export async function createRemovalTables({ session, tables }: Removal): Promise<void> {
  await session.query(`
    ${chosenTable(tables)};
    CREATE TEMP TABLE ${tables.leftPoints} (pk int) ON COMMIT DROP;
    CREATE TEMP TABLE ${tables.changed} (pk int, organizations text[]) ON COMMIT DROP`)
}

/** Removes the chosen datasets with what hangs on them, and remembers that they left; their numbers for URLs stay. */
export async function removeChosen(
  { session, tables }: Removal,
  runId: string | null,
): Promise<Pick<LoadSummary, 'pruned'> & { profiles: number; cells: number }> {
  const { rows } = await session.query<{ erddap_url: string; dataset_id: string; reason_code: string }>(
    `SELECT erddap_url, dataset_id, reason_code FROM ${tables.pruned} ORDER BY erddap_url COLLATE "C", dataset_id COLLATE "C"`,
  )
  if (rows.length === 0) return { pruned: [], profiles: 0, cells: 0 }
  const gone = `(SELECT pk FROM ${tables.pruned})`
  await session.query(`
    INSERT INTO ${tables.leftPoints} SELECT point_pk FROM cde.profiles WHERE dataset_pk IN ${gone} AND point_pk IS NOT NULL
    UNION SELECT point_pk FROM cde.obis_cells WHERE dataset_pk IN ${gone} AND point_pk IS NOT NULL`)
  await session.query(
    `INSERT INTO ${tables.changed} (pk, organizations) SELECT pk, organizations FROM ${tables.pruned}`,
  )
  const profiles = await session.query(`DELETE FROM cde.profiles WHERE dataset_pk IN ${gone}`)
  const cells = await session.query(`DELETE FROM cde.obis_cells WHERE dataset_pk IN ${gone}`)
  await session.query(`DELETE FROM cde.datasets WHERE pk IN ${gone}`)
  await session.query(`
    DELETE FROM harvester.tracks t USING ${tables.pruned} s
    WHERE t.erddap_url = s.erddap_url AND t.dataset_id = s.dataset_id`)
  await session.query(`
    DELETE FROM harvester.dataset_absence a USING ${tables.pruned} s
    WHERE a.erddap_url = s.erddap_url AND a.dataset_id = s.dataset_id`)
  await session.query(
    `INSERT INTO harvester.pruned_datasets (run_id, erddap_url, dataset_id, pk_url, reason_code)
     SELECT $1::uuid, erddap_url, dataset_id, pk_url, reason_code FROM ${tables.pruned}`,
    [runId],
  )
  const pruned = rows.map((row) => ({
    erddapUrl: row.erddap_url,
    datasetId: row.dataset_id,
    reasonCode: row.reason_code,
  }))
  return { pruned, profiles: profiles.count, cells: cells.count }
}
