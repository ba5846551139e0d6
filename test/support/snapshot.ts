import type { Database } from '../../src/database/port.ts'

const tables: Record<string, string> = {
  datasets: 'pk',
  organizations: 'pk',
  organizations_lookup: 'pk',
  datasets_lookup: 'pk',
  points: 'pk',
  hexes_zoom_0: 'pk',
  hexes_zoom_1: 'pk',
  profiles: 'pk',
  obis_cells: 'pk',
  skipped_datasets: "erddap_url || ' ' || dataset_id",
  harvest_runs: 'run_id',
  harvest_attempts: "run_id || ' ' || erddap_url || ' ' || dataset_id",
}

/** Every row of the product's tables as its key and the transaction that wrote it: equal means that nothing was touched. */
export async function rowVersions(database: Database): Promise<string[]> {
  const parts = Object.entries(tables).map(
    ([table, key]) => `SELECT '${table} ' || ${key} || ' ' || xmin AS version FROM cde.${table}`,
  )
  const { rows } = await database.query<{ version: string }>(`
    ${parts.join(' UNION ALL ')}
    UNION ALL SELECT 'absence ' || dataset_id || ' ' || xmin FROM harvester.dataset_absence
    UNION ALL SELECT 'pruned ' || dataset_id || ' ' || xmin FROM harvester.pruned_datasets ORDER BY 1`)
  return rows.map((row) => row.version)
}

/** The content that portals see, without numbers that depend on the order of loading. */
export async function contentOf(database: Database): Promise<Record<string, unknown[]>> {
  const queries = {
    datasets: `SELECT erddap_url, dataset_id, title, title_fr, ckan_id, n_profiles, organizations, eovs, content_hash,
        ARRAY(SELECT name FROM unnest(d.organization_pks) WITH ORDINALITY u (n, nth) JOIN cde.organizations_lookup l ON l.pk = u.n ORDER BY nth) AS named,
        verified_at, last_updated_at FROM cde.datasets d ORDER BY 1, 2`,
    profiles: `SELECT p.erddap_url, p.dataset_id, timeseries_id, profile_id, time_min, time_max, latitude, longitude, depth_min,
        depth_max, n_records, records_per_day, p.n_profiles, days, st_astext(p.geom, 6) AS geom,
        d.dataset_id = p.dataset_id AND d.erddap_url = p.erddap_url AS of_dataset, t.geom = p.geom AS at_point,
        t.hex_0_pk = p.hex_0_pk AND t.hex_1_pk = p.hex_1_pk AS in_cells,
        st_intersects(a.geom, p.geom) AND st_intersects(b.geom, p.geom) AS inside
      FROM cde.profiles p LEFT JOIN cde.datasets d ON d.pk = p.dataset_pk LEFT JOIN cde.points t ON t.pk = p.point_pk
      LEFT JOIN cde.hexes_zoom_0 a ON a.pk = p.hex_0_pk LEFT JOIN cde.hexes_zoom_1 b ON b.pk = p.hex_1_pk
      ORDER BY 1, 2, 3, 4`,
    cells: `SELECT dataset_id, latitude, longitude, scientific_names, aphia_ids, n_records, time_min, time_max, depth_min, depth_max,
        t.geom = c.geom AS at_point FROM cde.obis_cells c LEFT JOIN cde.points t ON t.pk = c.point_pk ORDER BY 1, 2, 3`,
    points: `SELECT st_astext(t.geom, 6) AS geom, t.hex_zoom_0 = a.geom AND t.hex_zoom_1 = b.geom AS in_cells
      FROM cde.points t LEFT JOIN cde.hexes_zoom_0 a ON a.pk = t.hex_0_pk LEFT JOIN cde.hexes_zoom_1 b ON b.pk = t.hex_1_pk ORDER BY 1`,
    hexes_0: 'SELECT grid_i, grid_j FROM cde.hexes_zoom_0 ORDER BY 1, 2',
    hexes_1: 'SELECT grid_i, grid_j FROM cde.hexes_zoom_1 ORDER BY 1, 2',
    organizations: 'SELECT name FROM cde.organizations ORDER BY 1',
    skipped: 'SELECT * FROM cde.skipped_datasets ORDER BY 1, 2',
  }
  const content: Record<string, unknown[]> = {}
  for (const [name, sql] of Object.entries(queries)) content[name] = (await database.query(sql)).rows
  return content
}
