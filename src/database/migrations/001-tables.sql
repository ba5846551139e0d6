-- The tables portals read. A site that ran the Python harvester has them already, filled: what is there stays as it
-- is, what is missing is added. Quick statements only: those that lock readers out must not last.
-- min-reader: 1

CREATE SCHEMA IF NOT EXISTS cde;
CREATE SCHEMA IF NOT EXISTS harvester;

CREATE TABLE IF NOT EXISTS cde.datasets (
    pk serial PRIMARY KEY,
    pk_url int,
    dataset_id text,
    erddap_url text,
    platform text,
    title text,
    title_fr text,
    summary text,
    summary_fr text,
    cdm_data_type text,
    organizations text[],
    eovs text[],
    ckan_id text,
    timeseries_id_variable text,
    profile_id_variable text,
    trajectory_id_variable text,
    organization_pks int[],
    n_profiles int,
    profile_variables text[],
    num_columns int,
    first_eov_column text,
    source_type text DEFAULT 'erddap',
    obis_nodes text[] DEFAULT '{}',
    content_hash text,
    content_hash_reason text,
    last_updated_at timestamptz,
    verified_at timestamptz,
    UNIQUE (erddap_url, dataset_id)
);

CREATE TABLE IF NOT EXISTS cde.organizations (
    pk serial PRIMARY KEY,
    pk_url int,
    name text UNIQUE,
    color text
);

CREATE TABLE IF NOT EXISTS cde.organizations_lookup (
    pk serial PRIMARY KEY,
    name text UNIQUE
);

CREATE TABLE IF NOT EXISTS cde.datasets_lookup (
    pk serial PRIMARY KEY,
    dataset_id text,
    erddap_url text,
    UNIQUE (erddap_url, dataset_id)
);

CREATE TABLE IF NOT EXISTS cde.hexes_zoom_0 (
    pk serial PRIMARY KEY,
    geom geometry(Polygon, 3857)
);

CREATE TABLE IF NOT EXISTS cde.hexes_zoom_1 (
    pk serial PRIMARY KEY,
    geom geometry(Polygon, 3857)
);

CREATE TABLE IF NOT EXISTS cde.points (
    pk serial PRIMARY KEY,
    geom geometry(Point, 3857),
    hex_zoom_0 geometry(Polygon, 3857),
    hex_zoom_1 geometry(Polygon, 3857),
    hex_0_pk int,
    hex_1_pk int
);

CREATE TABLE IF NOT EXISTS cde.profiles (
    pk serial PRIMARY KEY,
    geom geometry(Point, 3857),
    dataset_pk int REFERENCES cde.datasets (pk),
    erddap_url text,
    dataset_id text,
    timeseries_id text,
    profile_id text,
    time_min timestamptz,
    time_max timestamptz,
    latitude float8,
    longitude float8,
    depth_min float8,
    depth_max float8,
    n_records bigint,
    records_per_day float8,
    n_profiles bigint,
    hex_0_pk int REFERENCES cde.hexes_zoom_0 (pk),
    hex_1_pk int REFERENCES cde.hexes_zoom_1 (pk),
    point_pk int,
    days bigint
);

CREATE TABLE IF NOT EXISTS cde.obis_cells (
    pk serial PRIMARY KEY,
    dataset_pk int REFERENCES cde.datasets (pk),
    dataset_id text,
    latitude float8,
    longitude float8,
    geom geometry(Point, 3857)
        GENERATED ALWAYS AS (st_transform(st_setsrid(st_makepoint(longitude, latitude), 4326), 3857)) STORED,
    scientific_names text[],
    aphia_ids int[] DEFAULT '{}',
    n_records bigint,
    time_min timestamptz,
    time_max timestamptz,
    depth_min float8,
    depth_max float8,
    hex_0_pk int,
    hex_1_pk int,
    point_pk int,
    UNIQUE (dataset_id, latitude, longitude)
);

CREATE TABLE IF NOT EXISTS cde.scientific_name_vernaculars (
    scientific_name text PRIMARY KEY,
    aphia_id int,
    rank text,
    ancestor_aphia_ids int[],
    vernaculars_en text[],
    vernaculars_fr text[],
    fetched_at timestamptz,
    fetch_status text CHECK (fetch_status IN ('ok', 'not_found', 'error'))
);

CREATE TABLE IF NOT EXISTS cde.skipped_datasets (
    erddap_url text,
    dataset_id text,
    reason_code text
);

CREATE TABLE IF NOT EXISTS cde.harvest_runs (
    run_id uuid PRIMARY KEY,
    started_at timestamptz,
    finished_at timestamptz,
    git_sha text,
    status text CHECK (status IN ('running', 'ok', 'failed')),
    error_message text,
    prefect_flow_run_id text,
    scope text CHECK (scope IN ('full', 'single')),
    triggered_source text,
    triggered_by text
);

CREATE TABLE IF NOT EXISTS cde.harvest_attempts (
    run_id uuid REFERENCES cde.harvest_runs (run_id) ON DELETE CASCADE,
    erddap_url text,
    dataset_id text,
    source text CHECK (source IN ('erddap', 'obis')),
    status text CHECK (status IN ('success', 'skipped', 'error')),
    reason_code text,
    error_message text,
    duration_ms int,
    attempted_at timestamptz,
    query_urls text,
    PRIMARY KEY (run_id, erddap_url, dataset_id)
);

CREATE TABLE IF NOT EXISTS cde.download_jobs (
    pk serial PRIMARY KEY,
    time timestamptz DEFAULT now(),
    job_id text,
    email text,
    status text DEFAULT 'open',
    time_start timestamptz,
    time_complete timestamptz,
    time_total interval GENERATED ALWAYS AS (time_complete - time) STORED,
    download_size numeric,
    estimate_size numeric,
    estimate_details text,
    erddap_report text,
    downloader_input text,
    downloader_output text
);

-- What an older table lacks. A table that lacks nothing is not touched, so that its readers never wait. The cell of a
-- hexagon is known by its numbers in PostGIS's grid, whose origin is that of EPSG:3857; they are generated from the
-- polygon, so that cells which another loader writes have them too.
DO $do$
DECLARE
    wanted record;
BEGIN
    FOR wanted IN
        SELECT * FROM (VALUES
            ('cde.datasets', 'pk_url', 'int'),
            ('cde.datasets', 'platform', 'text'),
            ('cde.datasets', 'title', 'text'),
            ('cde.datasets', 'title_fr', 'text'),
            ('cde.datasets', 'summary', 'text'),
            ('cde.datasets', 'summary_fr', 'text'),
            ('cde.datasets', 'cdm_data_type', 'text'),
            ('cde.datasets', 'organizations', 'text[]'),
            ('cde.datasets', 'eovs', 'text[]'),
            ('cde.datasets', 'ckan_id', 'text'),
            ('cde.datasets', 'timeseries_id_variable', 'text'),
            ('cde.datasets', 'profile_id_variable', 'text'),
            ('cde.datasets', 'trajectory_id_variable', 'text'),
            ('cde.datasets', 'organization_pks', 'int[]'),
            ('cde.datasets', 'n_profiles', 'int'),
            ('cde.datasets', 'profile_variables', 'text[]'),
            ('cde.datasets', 'num_columns', 'int'),
            ('cde.datasets', 'first_eov_column', 'text'),
            ('cde.datasets', 'source_type', 'text DEFAULT ''erddap'''),
            ('cde.datasets', 'obis_nodes', 'text[] DEFAULT ''{}'''),
            ('cde.datasets', 'content_hash', 'text'),
            ('cde.datasets', 'content_hash_reason', 'text'),
            ('cde.datasets', 'last_updated_at', 'timestamptz'),
            ('cde.datasets', 'verified_at', 'timestamptz'),
            ('cde.organizations', 'pk_url', 'int'),
            ('cde.organizations', 'color', 'text'),
            ('cde.hexes_zoom_0', 'grid_i', 'int GENERATED ALWAYS AS (round((st_xmin(geom) + st_xmax(geom)) / 2 / 150000.0)::int) STORED'),
            ('cde.hexes_zoom_0', 'grid_j', 'int GENERATED ALWAYS AS (floor((st_ymin(geom) + st_ymax(geom)) / 2 / (100000.0 * sqrt(3)) + 0.25)::int) STORED'),
            ('cde.hexes_zoom_1', 'grid_i', 'int GENERATED ALWAYS AS (round((st_xmin(geom) + st_xmax(geom)) / 2 / 15000.0)::int) STORED'),
            ('cde.hexes_zoom_1', 'grid_j', 'int GENERATED ALWAYS AS (floor((st_ymin(geom) + st_ymax(geom)) / 2 / (10000.0 * sqrt(3)) + 0.25)::int) STORED'),
            ('cde.points', 'hex_zoom_0', 'geometry(Polygon, 3857)'),
            ('cde.points', 'hex_zoom_1', 'geometry(Polygon, 3857)'),
            ('cde.points', 'hex_0_pk', 'int'),
            ('cde.points', 'hex_1_pk', 'int'),
            ('cde.profiles', 'geom', 'geometry(Point, 3857)'),
            ('cde.profiles', 'dataset_pk', 'int'),
            ('cde.profiles', 'n_records', 'bigint'),
            ('cde.profiles', 'records_per_day', 'float8'),
            ('cde.profiles', 'n_profiles', 'bigint'),
            ('cde.profiles', 'hex_0_pk', 'int'),
            ('cde.profiles', 'hex_1_pk', 'int'),
            ('cde.profiles', 'point_pk', 'int'),
            ('cde.profiles', 'days', 'bigint'),
            ('cde.obis_cells', 'dataset_pk', 'int'),
            ('cde.obis_cells', 'scientific_names', 'text[]'),
            ('cde.obis_cells', 'aphia_ids', 'int[] DEFAULT ''{}'''),
            ('cde.obis_cells', 'hex_0_pk', 'int'),
            ('cde.obis_cells', 'hex_1_pk', 'int'),
            ('cde.obis_cells', 'point_pk', 'int'),
            ('cde.scientific_name_vernaculars', 'rank', 'text'),
            ('cde.scientific_name_vernaculars', 'ancestor_aphia_ids', 'int[]'),
            ('cde.harvest_runs', 'git_sha', 'text'),
            ('cde.harvest_runs', 'error_message', 'text'),
            ('cde.harvest_runs', 'prefect_flow_run_id', 'text'),
            ('cde.harvest_runs', 'scope', 'text'),
            ('cde.harvest_runs', 'triggered_source', 'text'),
            ('cde.harvest_runs', 'triggered_by', 'text'),
            ('cde.harvest_attempts', 'source', 'text'),
            ('cde.harvest_attempts', 'error_message', 'text'),
            ('cde.harvest_attempts', 'duration_ms', 'int'),
            ('cde.harvest_attempts', 'query_urls', 'text')
        ) AS columns (table_name, column_name, definition)
        WHERE NOT EXISTS (
            SELECT 1 FROM pg_attribute
            WHERE attrelid = to_regclass(table_name) AND attname = column_name AND NOT attisdropped)
        ORDER BY table_name, column_name
    LOOP
        EXECUTE format('ALTER TABLE %s ADD COLUMN %I %s', wanted.table_name, wanted.column_name, wanted.definition);
    END LOOP;
END
$do$;
