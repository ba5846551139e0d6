-- Brings the rows of a database that another harvester filled to the rules of this schema: one row a position, one
-- row a profile, one row a skipped dataset, a number for every name. Readers are not locked out: no table is altered.
-- min-reader: 1

-- The loaders of both harvesters wait meanwhile.
SELECT pg_advisory_xact_lock(738825001);

-- Numbers for URLs: those that are given out stay.
INSERT INTO cde.datasets_lookup (pk, dataset_id, erddap_url)
SELECT d.pk_url, d.dataset_id, d.erddap_url FROM cde.datasets d
WHERE d.pk_url IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM cde.datasets_lookup l WHERE l.erddap_url = d.erddap_url AND l.dataset_id = d.dataset_id)
  AND NOT EXISTS (SELECT 1 FROM cde.datasets_lookup l WHERE l.pk = d.pk_url);
INSERT INTO cde.organizations_lookup (pk, name)
SELECT o.pk_url, o.name FROM cde.organizations o
WHERE o.pk_url IS NOT NULL AND o.name IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM cde.organizations_lookup l WHERE l.name = o.name)
  AND NOT EXISTS (SELECT 1 FROM cde.organizations_lookup l WHERE l.pk = o.pk_url);
SELECT setval(pg_get_serial_sequence('cde.datasets_lookup', 'pk'), max(pk)) FROM cde.datasets_lookup HAVING max(pk) IS NOT NULL;
SELECT setval(pg_get_serial_sequence('cde.organizations_lookup', 'pk'), max(pk)) FROM cde.organizations_lookup HAVING max(pk) IS NOT NULL;
INSERT INTO cde.datasets_lookup (dataset_id, erddap_url)
SELECT d.dataset_id, d.erddap_url FROM cde.datasets d
WHERE NOT EXISTS (SELECT 1 FROM cde.datasets_lookup l WHERE l.erddap_url = d.erddap_url AND l.dataset_id = d.dataset_id)
ORDER BY d.pk;
UPDATE cde.datasets d SET pk_url = l.pk FROM cde.datasets_lookup l
WHERE d.pk_url IS NULL AND l.erddap_url = d.erddap_url AND l.dataset_id = d.dataset_id;

-- One row a position: profiles and cells move to the first of several.
CREATE TEMP TABLE double_points ON COMMIT DROP AS
SELECT pk, first_pk FROM (SELECT pk, min(pk) OVER (PARTITION BY geom) AS first_pk FROM cde.points) AS numbered
WHERE pk <> first_pk;
UPDATE cde.profiles p SET point_pk = d.first_pk FROM double_points d WHERE p.point_pk = d.pk;
UPDATE cde.obis_cells c SET point_pk = d.first_pk FROM double_points d WHERE c.point_pk = d.pk;
DELETE FROM cde.points p USING double_points d WHERE p.pk = d.pk;

-- One row a hexagon.
CREATE TEMP TABLE double_hexes ON COMMIT DROP AS
SELECT 0 AS zoom, pk, first_pk
FROM (SELECT pk, min(pk) OVER (PARTITION BY grid_i, grid_j) AS first_pk FROM cde.hexes_zoom_0) AS numbered WHERE pk <> first_pk
UNION ALL
SELECT 1, pk, first_pk
FROM (SELECT pk, min(pk) OVER (PARTITION BY grid_i, grid_j) AS first_pk FROM cde.hexes_zoom_1) AS numbered WHERE pk <> first_pk;
UPDATE cde.profiles p SET hex_0_pk = d.first_pk FROM double_hexes d WHERE d.zoom = 0 AND p.hex_0_pk = d.pk;
UPDATE cde.profiles p SET hex_1_pk = d.first_pk FROM double_hexes d WHERE d.zoom = 1 AND p.hex_1_pk = d.pk;
UPDATE cde.obis_cells p SET hex_0_pk = d.first_pk FROM double_hexes d WHERE d.zoom = 0 AND p.hex_0_pk = d.pk;
UPDATE cde.obis_cells p SET hex_1_pk = d.first_pk FROM double_hexes d WHERE d.zoom = 1 AND p.hex_1_pk = d.pk;
UPDATE cde.points p SET hex_0_pk = d.first_pk FROM double_hexes d WHERE d.zoom = 0 AND p.hex_0_pk = d.pk;
UPDATE cde.points p SET hex_1_pk = d.first_pk FROM double_hexes d WHERE d.zoom = 1 AND p.hex_1_pk = d.pk;
DELETE FROM cde.hexes_zoom_0 h USING double_hexes d WHERE d.zoom = 0 AND h.pk = d.pk;
DELETE FROM cde.hexes_zoom_1 h USING double_hexes d WHERE d.zoom = 1 AND h.pk = d.pk;

-- References that older versions of the tables did not have.
UPDATE cde.profiles p SET dataset_pk = d.pk FROM cde.datasets d
WHERE p.dataset_pk IS NULL AND d.erddap_url = p.erddap_url AND d.dataset_id = p.dataset_id;
UPDATE cde.profiles p SET point_pk = t.pk FROM cde.points t WHERE p.point_pk IS NULL AND p.geom = t.geom;
UPDATE cde.obis_cells c SET point_pk = t.pk FROM cde.points t WHERE c.point_pk IS NULL AND c.geom = t.geom;

-- One row a profile: where absent ids hid a double from the old unique constraint, the first stays.
DELETE FROM cde.profiles p USING (
    SELECT pk, min(pk) OVER (
        PARTITION BY erddap_url, dataset_id, coalesce(timeseries_id, ''), coalesce(profile_id, '')) AS first_pk
    FROM cde.profiles
) AS numbered
WHERE p.pk = numbered.pk AND numbered.pk <> numbered.first_pk;

-- One row a skipped dataset.
DELETE FROM cde.skipped_datasets s USING (
    SELECT ctid AS at, row_number() OVER (PARTITION BY erddap_url, dataset_id) AS nth FROM cde.skipped_datasets
) AS numbered
WHERE s.ctid = numbered.at AND numbered.nth > 1;
