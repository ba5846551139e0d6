import type { Database } from '../database/port.ts'
import { takeLoaderLock } from './load/lock.ts'
import { mergeTables } from './load/merge/context.ts'
import { keepCoverage, promiseCoverage } from './load/merge/coverage.ts'
import { removeOrganizations } from './load/merge/datasets.ts'
import { removeLeftPlaces } from './load/merge/places.ts'
import { createRemovalTables, removeChosen } from './load/merge/remove.ts'
import { stageNames } from './load/staging.ts'
import { defaultLimits, type LoadLog } from './load/types.ts'
import { refreshNames } from './load/views.ts'

/** What the index and the audit hold of one source. */
export interface SourceHoldings {
  erddapUrl: string
  datasets: number
  profiles: number
  /** Cells of OBIS. */
  cells: number
  /** Rows of `skipped_datasets`. */
  skipped: number
  /** Rows of the audit. */
  attempts: number
}

export interface PrunedSource extends SourceHoldings {
  points: number
  hexagons: number
  organizations: number
  warnings: string[]
}

/** Every source that the database knows in any way, with what it holds of it, by URL. */
export async function sourceHoldings(database: Database): Promise<SourceHoldings[]> {
  const { rows } = await database.query<{
    erddap_url: string
    datasets: number
    profiles: number
    cells: number
    skipped: number
    attempts: number
  }>(`
    WITH held AS (
      SELECT d.erddap_url, count(*) AS datasets,
        sum((SELECT count(*) FROM cde.profiles p WHERE p.dataset_pk = d.pk))::bigint AS profiles,
        sum((SELECT count(*) FROM cde.obis_cells c WHERE c.dataset_pk = d.pk))::bigint AS cells
      FROM cde.datasets d GROUP BY d.erddap_url),
    skipped AS (SELECT erddap_url, count(*) AS n FROM cde.skipped_datasets GROUP BY erddap_url),
    tried AS (SELECT erddap_url, count(*) AS n FROM cde.harvest_attempts GROUP BY erddap_url)
    SELECT erddap_url, coalesce(h.datasets, 0) AS datasets, coalesce(h.profiles, 0) AS profiles,
      coalesce(h.cells, 0) AS cells, coalesce(k.n, 0) AS skipped, coalesce(t.n, 0) AS attempts
    FROM (
      SELECT erddap_url FROM held UNION SELECT erddap_url FROM skipped UNION SELECT erddap_url FROM tried
      UNION SELECT erddap_url FROM harvester.sources
      UNION SELECT triggered_source FROM cde.harvest_runs) s
    LEFT JOIN held h USING (erddap_url) LEFT JOIN skipped k USING (erddap_url) LEFT JOIN tried t USING (erddap_url)
    WHERE erddap_url IS NOT NULL ORDER BY erddap_url COLLATE "C"`)
  return rows.map(({ erddap_url, ...counts }) => ({ erddapUrl: erddap_url, ...counts }))
}

/**
 * Removes a source: its datasets with all that hangs on them, and its audit, so that nothing shows it any more. Its
 * numbers for URLs stay, and `harvester.pruned_datasets` says what left: a harvest brings the datasets back as they
 * were known. Readers see all of it or nothing.
 *
 * @throws HarvesterError DATABASE_LOCKED, DATABASE_FAILED, CANCELLED
 */
export async function pruneSource(
  database: Database,
  erddapUrl: string,
  options: { signal?: AbortSignal | undefined; log?: LoadLog | undefined } = {},
): Promise<PrunedSource> {
  const { signal, log } = options
  const tables = mergeTables(stageNames())
  const pruned = await database.transaction(
    async (session) => {
      await takeLoaderLock(database, session, defaultLimits, log, signal)
      await promiseCoverage(session)
      const removal = { session, tables }
      await createRemovalTables(removal)
      await session.query(
        `INSERT INTO ${tables.pruned} (pk, erddap_url, dataset_id, pk_url, organizations, reason_code)
         SELECT pk, erddap_url, dataset_id, pk_url, organizations, 'SOURCE_PRUNED' FROM cde.datasets WHERE erddap_url = $1`,
        [erddapUrl],
      )
      const removed = await removeChosen(removal, null)
      const { points, hexagons } = await removeLeftPlaces(removal)
      const organizations = await removeOrganizations(removal)
      await keepCoverage(session, `SELECT pk AS dataset_pk FROM ${tables.pruned}`, tables.coverage)
      const remove = async (sql: string) => (await session.query(sql, [erddapUrl])).count
      const skipped = await remove('DELETE FROM cde.skipped_datasets WHERE erddap_url = $1')
      await remove('DELETE FROM harvester.dataset_absence WHERE erddap_url = $1')
      await remove('DELETE FROM harvester.sources WHERE erddap_url = $1')
      const attempts = await remove('DELETE FROM cde.harvest_attempts WHERE erddap_url = $1')
      // Runs of this source alone; a run that is under way keeps its row to end in.
      await remove(`
        DELETE FROM cde.harvest_runs r WHERE r.triggered_source = $1 AND r.status <> 'running'
          AND NOT EXISTS (SELECT 1 FROM cde.harvest_attempts a WHERE a.run_id = r.run_id)`)
      return {
        erddapUrl,
        datasets: removed.pruned.length,
        profiles: removed.profiles,
        cells: removed.cells,
        skipped,
        attempts,
        points,
        hexagons,
        organizations,
        warnings: [] as string[],
      }
    },
    { signal },
  )
  if (pruned.cells > 0)
    await refreshNames(database).catch((error: unknown) => {
      pruned.warnings.push(`the source is gone, but the names of OBIS are old: ${String(error)}`)
    })
  return pruned
}
