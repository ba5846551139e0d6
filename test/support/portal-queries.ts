/** What a portal's API asks of the database: tiles, legends, size estimates, lists of choices. */
export const portalQueries = [
  `SELECT st_astext(t.geom) AS geom, count(*) AS n FROM cde.points t JOIN cde.profiles p ON p.point_pk = t.pk
   JOIN cde.datasets d ON d.pk = p.dataset_pk WHERE d.eovs && '{seaSurfaceTemperature}' AND p.time_min < '2021-01-01Z'
   GROUP BY t.pk HAVING count(*) > 0 ORDER BY 1`,
  `SELECT st_astext(h.geom) AS geom, count(DISTINCT p.dataset_pk) AS datasets, sum(p.days) AS days FROM cde.hexes_zoom_0 h
   JOIN cde.profiles p ON p.hex_0_pk = h.pk GROUP BY h.pk ORDER BY 1`,
  `SELECT d.pk_url, d.title, d.title_fr, d.organization_pks, sum(p.n_records) AS records,
     sum(cde.range_intersection_length(numrange(0, 100), numrange(p.depth_min::numeric, p.depth_max::numeric)))::float8 AS metres
   FROM cde.datasets d JOIN cde.profiles p ON p.dataset_pk = d.pk GROUP BY d.pk ORDER BY 1`,
  'SELECT pk_url, name, color FROM cde.organizations ORDER BY 1',
  'SELECT job_id, email, status FROM cde.download_jobs',
]
