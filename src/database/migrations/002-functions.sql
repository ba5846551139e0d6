-- The functions portals call, those of the grid, and what the product remembers for itself.
-- min-reader: 1

-- The length of the overlap of two ranges: nothing where they do not meet. A site that has these functions keeps its
-- own. Portals call them by their bare name, with and without `cde` in their search path.
DO $do$
DECLARE
    home text;
BEGIN
    FOREACH home IN ARRAY ARRAY['cde', 'public'] LOOP
        CONTINUE WHEN to_regnamespace(home) IS NULL OR NOT has_schema_privilege(to_regnamespace(home)::oid, 'CREATE');
        IF to_regprocedure(home || '.range_intersection_length(numrange, numrange)') IS NULL THEN
            EXECUTE format($$
                CREATE FUNCTION %I.range_intersection_length(a numrange, b numrange) RETURNS numeric
                LANGUAGE sql IMMUTABLE PARALLEL SAFE
                AS 'SELECT CASE WHEN isempty(a * b) THEN 0 ELSE upper(a * b) - lower(a * b) END'$$, home);
        END IF;
        IF to_regprocedure(home || '.range_intersection_length(tstzrange, tstzrange)') IS NULL THEN
            EXECUTE format($$
                CREATE FUNCTION %I.range_intersection_length(a tstzrange, b tstzrange) RETURNS interval
                LANGUAGE sql IMMUTABLE PARALLEL SAFE
                AS 'SELECT CASE WHEN isempty(a * b) THEN interval ''0'' ELSE upper(a * b) - lower(a * b) END'$$, home);
        END IF;
    END LOOP;
END
$do$;

-- The cell of PostGIS's hexagon grid (flat-topped, edge `size`, origin 0 0, odd columns half a cell higher) that
-- holds a position: of the two columns around it, the cell whose centre is nearest. On an edge, the one further south-west.
CREATE OR REPLACE FUNCTION harvester.hexagon_cell(size float8, x float8, y float8) RETURNS TABLE (i int, j int)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 1 AS $$
    SELECT CASE WHEN near THEN a ELSE a + 1 END, CASE WHEN near THEN ja ELSE jb END
    FROM (
        SELECT a, ja, jb, (x - step * a) ^ 2 + (y - height * (ja + low)) ^ 2
            <= (x - step * (a + 1)) ^ 2 + (y - height * (jb + 0.5::float8 - low)) ^ 2 AS near
        FROM (
            SELECT a, low, step, height, ceil(y / height - low - 0.5::float8)::int AS ja,
                ceil(y / height + low - 1::float8)::int AS jb
            FROM (
                -- `low` is how much higher the left column of the two is; the right one is the other way round.
                SELECT a, step, height, (a & 1) * 0.5::float8 AS low
                FROM (SELECT floor(x / (1.5::float8 * size))::int AS a, 1.5::float8 * size AS step,
                    size * sqrt(3::float8) AS height OFFSET 0) AS edges
                OFFSET 0
            ) AS columns
            OFFSET 0
        ) AS rows
        OFFSET 0
    ) AS nearest
$$;

-- How often in a row a dataset was missing from complete listings. Keyed by names: another loader may re-create rows.
CREATE TABLE IF NOT EXISTS harvester.dataset_absence (
    erddap_url text NOT NULL,
    dataset_id text NOT NULL,
    missing_runs int NOT NULL,
    counted_at timestamptz NOT NULL,
    run_id uuid,
    PRIMARY KEY (erddap_url, dataset_id)
);

-- What left the index, when and why.
CREATE TABLE IF NOT EXISTS harvester.pruned_datasets (
    pk bigserial PRIMARY KEY,
    run_id uuid,
    erddap_url text NOT NULL,
    dataset_id text NOT NULL,
    pk_url int,
    reason_code text NOT NULL,
    pruned_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS pruned_datasets_dataset ON harvester.pruned_datasets (erddap_url, dataset_id);
