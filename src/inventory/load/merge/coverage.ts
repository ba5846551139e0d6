/** The counts of the map, by hexagon and dataset: `harvester.coverage_…`. */

import type { Session } from '../../../database/port.ts'

/**
 * Says for the rest of the transaction that whoever writes profiles and cells brings the counts up to date himself;
 * without it a trigger marks them as stale.
 */
export async function promiseCoverage(session: Session): Promise<void> {
  await session.query(`SET LOCAL harvester.coverage_kept = 'on'`)
}

/**
 * Counts the given datasets anew, and moves the sums by the difference; all datasets where the counts are stale. Under
 * the loader's lock, after everything was written.
 *
 * @param changed the statement that gives the `dataset_pk` of those that changed or went
 * @param name for temporary tables
 */
export async function keepCoverage(session: Session, changed: string, name: string): Promise<void> {
  const state = await session.query<{ stale: boolean }>('SELECT stale FROM harvester.coverage_state')
  if (state.rows[0]?.stale !== false) {
    // Whoever writes without the loader's lock has the row: what he wrote is seen once he has ended.
    await session.query(`
      SELECT 1 FROM harvester.coverage_state FOR UPDATE;
      DELETE FROM harvester.coverage_datasets;
      DELETE FROM harvester.coverage_hexagons`)
    await count(session, 'dataset_pk IS NOT NULL', name)
    await session.query(`
      INSERT INTO harvester.coverage_state (stale) VALUES (false)
      ON CONFLICT (one_row) DO UPDATE SET stale = false`)
    return
  }
  const chosen = `${name}_datasets`
  const found = await session.query(`
    CREATE TEMP TABLE ${chosen} ON COMMIT DROP AS
    SELECT DISTINCT dataset_pk FROM (${changed}) s WHERE dataset_pk IS NOT NULL`)
  if (found.count === 0) return
  await session.query(`ANALYZE ${chosen}`)
  await count(session, `dataset_pk IN (SELECT dataset_pk FROM ${chosen})`, name)
}

async function count(session: Session, chosen: string, name: string): Promise<void> {
  const [fresh, moved] = [`${name}_fresh`, `${name}_moved`]
  // By both hexagons first: of the rows nothing but their number is left after it.
  const counted = (table: string, profiles: string, cells: string) => `
    SELECT dataset_pk, hex_0_pk, hex_1_pk, ${profiles} AS profiles, ${cells} AS cells FROM cde.${table}
    WHERE ${chosen} GROUP BY 1, 2, 3`
  await session.query(`
    CREATE TEMP TABLE ${fresh} ON COMMIT DROP AS
    SELECT dataset_pk, zoom::smallint AS zoom, hex_pk, sum(profiles)::int AS profiles, sum(cells)::int AS cells
    FROM (
      ${counted('profiles', 'count(*)', '0')} UNION ALL ${counted('obis_cells', '0', 'count(*)')}
    ) s CROSS JOIN LATERAL (VALUES (0, hex_0_pk), (1, hex_1_pk)) AS z (zoom, hex_pk)
    WHERE hex_pk IS NOT NULL GROUP BY 1, 2, 3`)
  await session.query(`
    CREATE TEMP TABLE ${moved} ON COMMIT DROP AS
    SELECT zoom, hex_pk, sum(profiles) AS profiles, sum(cells) AS cells, sum(datasets) AS datasets
    FROM (
      SELECT zoom, hex_pk, profiles, cells, 1 AS datasets FROM ${fresh}
      UNION ALL
      SELECT c.zoom, u.hex_pk, -u.profiles, -u.cells, -1 FROM harvester.coverage_datasets c
      CROSS JOIN LATERAL unnest(c.hex_pks, c.profiles, c.cells) AS u (hex_pk, profiles, cells)
      WHERE ${chosen}
    ) s GROUP BY 1, 2 HAVING sum(profiles) <> 0 OR sum(cells) <> 0 OR sum(datasets) <> 0;
    ANALYZE ${moved}`)
  const same = 'h.zoom = m.zoom AND h.hex_pk = m.hex_pk'
  await session.query(`
    UPDATE harvester.coverage_hexagons h SET n_profiles = h.n_profiles + m.profiles,
      n_cells = h.n_cells + m.cells, n_datasets = h.n_datasets + m.datasets FROM ${moved} m WHERE ${same};
    DELETE FROM harvester.coverage_hexagons h USING ${moved} m WHERE ${same} AND h.n_datasets = 0;
    INSERT INTO harvester.coverage_hexagons (zoom, hex_pk, n_profiles, n_cells, n_datasets)
    SELECT zoom, hex_pk, profiles, cells, datasets FROM ${moved} m WHERE datasets > 0
      AND NOT EXISTS (SELECT 1 FROM harvester.coverage_hexagons h WHERE ${same});
    DELETE FROM harvester.coverage_datasets WHERE ${chosen};
    INSERT INTO harvester.coverage_datasets (dataset_pk, zoom, hex_pks, profiles, cells)
    SELECT dataset_pk, zoom, array_agg(hex_pk), array_agg(profiles), array_agg(cells) FROM ${fresh} GROUP BY 1, 2`)
}
