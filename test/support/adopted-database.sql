-- A database as the Python harvester made and filled it: its own functions, constraints and index names, some columns
-- of later versions not there yet, one computed that ours writes, and a few doubles that its constraints let through.
CREATE SCHEMA cde;

CREATE TABLE cde.datasets (
    pk serial PRIMARY KEY, pk_url int, dataset_id text, erddap_url text, platform text, title text, title_fr text,
    summary text, summary_fr text, cdm_data_type text, organizations text[], eovs text[], ckan_id text,
    timeseries_id_variable text, profile_id_variable text, trajectory_id_variable text, organization_pks int[],
    n_profiles int, profile_variables text[], num_columns int, first_eov_column text,
    CONSTRAINT datasets_natural UNIQUE (dataset_id, erddap_url));
CREATE TABLE cde.organizations (pk serial PRIMARY KEY, pk_url int, name text UNIQUE, color text);
CREATE TABLE cde.organizations_lookup (pk serial PRIMARY KEY, name text UNIQUE);
CREATE TABLE cde.datasets_lookup (pk serial PRIMARY KEY, dataset_id text, erddap_url text, UNIQUE (dataset_id, erddap_url));
CREATE TABLE cde.points (
    pk serial PRIMARY KEY, geom geometry(Point, 3857), hex_zoom_0 geometry(Polygon, 3857), hex_zoom_1 geometry(Polygon, 3857),
    hex_0_pk int, hex_1_pk int);
CREATE INDEX points_geom_idx ON cde.points USING gist (geom);
CREATE TABLE cde.hexes_zoom_0 (pk serial PRIMARY KEY, geom geometry(Polygon, 3857));
CREATE TABLE cde.hexes_zoom_1 (pk serial PRIMARY KEY, geom geometry(Polygon, 3857));
CREATE TABLE cde.profiles (
    pk serial PRIMARY KEY, geom geometry(Point, 3857), dataset_pk int REFERENCES cde.datasets (pk), erddap_url text,
    dataset_id text, timeseries_id text, profile_id text, time_min timestamptz, time_max timestamptz, latitude float8,
    longitude float8, depth_min float8, depth_max float8, n_records bigint, records_per_day float8, n_profiles bigint,
    hex_0_pk int REFERENCES cde.hexes_zoom_0 (pk), hex_1_pk int REFERENCES cde.hexes_zoom_1 (pk), point_pk int,
    days bigint GENERATED ALWAYS AS (date_part('days', time_max - time_min)::bigint + 1) STORED,
    UNIQUE (erddap_url, dataset_id, timeseries_id, profile_id));
CREATE INDEX profiles_geom_idx ON cde.profiles USING gist (geom);
CREATE INDEX profiles_latitude_idx ON cde.profiles USING btree (latitude);
CREATE TABLE cde.skipped_datasets (erddap_url text, dataset_id text, reason_code text);
CREATE TABLE cde.download_jobs (
    pk serial PRIMARY KEY, time timestamptz DEFAULT now(), job_id text, email text, status text DEFAULT 'open',
    time_total interval GENERATED ALWAYS AS (time_complete - time) STORED, download_size numeric, estimate_size numeric,
    estimate_details text, erddap_report text, time_start timestamptz, time_complete timestamptz, downloader_input text,
    downloader_output text);
CREATE FUNCTION cde.range_intersection_length(a numrange, b numrange) RETURNS numeric LANGUAGE sql IMMUTABLE
    AS 'SELECT upper(a * b) - lower(a * b)';
CREATE FUNCTION cde.remove_all_data() RETURNS void LANGUAGE sql AS 'DELETE FROM cde.profiles';

INSERT INTO cde.organizations_lookup (name) VALUES ('Gone Institute'), ('Institute of Examples');
INSERT INTO cde.organizations (pk_url, name, color) VALUES (2, 'Institute of Examples', '#123456');
INSERT INTO cde.datasets_lookup (dataset_id, erddap_url) VALUES
    ('gone', 'https://erddap.example.org/erddap'), ('a', 'https://erddap.example.org/erddap'), ('b', 'https://erddap.example.org/erddap');
INSERT INTO cde.datasets (pk, pk_url, dataset_id, erddap_url, platform, title, title_fr, cdm_data_type, organizations, eovs,
    ckan_id, timeseries_id_variable, organization_pks, n_profiles, profile_variables, num_columns, first_eov_column)
VALUES (11, 2, 'a', 'https://erddap.example.org/erddap', 'buoy', 'Title of a', 'Titre de a', 'TimeSeries', '{Institute of Examples}',
        '{seaSurfaceTemperature}', 'ck-a', 'station', '{2}', 30, '{station}', 7, 'temp'),
    (12, 3, 'b', 'https://erddap.example.org/erddap', 'buoy', 'Title of b', NULL, 'TimeSeries', '{Institute of Examples}',
        '{seaSurfaceTemperature}', NULL, 'station', '{2}', 30, '{station}', 7, 'temp');
SELECT setval('cde.datasets_pk_seq', 12);

INSERT INTO cde.profiles (geom, dataset_pk, erddap_url, dataset_id, timeseries_id, time_min, time_max, latitude, longitude,
    depth_min, depth_max, n_records, records_per_day)
SELECT st_transform(st_setsrid(st_makepoint(-60 - n, 40 + n), 4326), 3857), d.pk, d.erddap_url, d.dataset_id, 's' || n,
    '2020-01-01T00:00:00Z', '2020-01-11T12:00:00Z', 40 + n, -60 - n, 0, 10.5, 240, 24
FROM cde.datasets d, generate_series(1, 30) n;
INSERT INTO cde.points (geom) SELECT DISTINCT geom FROM cde.profiles;
-- A double, as concurrent loads left them.
INSERT INTO cde.points (geom) SELECT geom FROM cde.points LIMIT 1;
UPDATE cde.points t SET hex_zoom_0 = g.geom FROM st_hexagongrid(100000, st_makeenvelope(-12000000, 4000000, -6000000, 14000000, 3857)) g WHERE st_intersects(g.geom, t.geom);
UPDATE cde.points t SET hex_zoom_1 = (SELECT g.geom FROM st_hexagongrid(10000, t.geom) g WHERE st_intersects(g.geom, t.geom) LIMIT 1);
INSERT INTO cde.hexes_zoom_0 (geom) SELECT DISTINCT hex_zoom_0 FROM cde.points;
INSERT INTO cde.hexes_zoom_1 (geom) SELECT DISTINCT hex_zoom_1 FROM cde.points;
UPDATE cde.points t SET hex_0_pk = h.pk FROM cde.hexes_zoom_0 h WHERE h.geom = t.hex_zoom_0;
UPDATE cde.points t SET hex_1_pk = h.pk FROM cde.hexes_zoom_1 h WHERE h.geom = t.hex_zoom_1;
UPDATE cde.profiles p SET point_pk = t.pk, hex_0_pk = t.hex_0_pk, hex_1_pk = t.hex_1_pk FROM cde.points t WHERE t.geom = p.geom;
INSERT INTO cde.skipped_datasets VALUES ('https://erddap.example.org/erddap', 'z', 'MISSING_CF_ROLE'),
    ('https://erddap.example.org/erddap', 'z', 'MISSING_CF_ROLE');
INSERT INTO cde.download_jobs (job_id, email) VALUES ('job-1', 'someone@example.org');
