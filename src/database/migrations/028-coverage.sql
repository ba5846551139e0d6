-- Counts for the map, by hexagon and dataset, so that a million profiles are not counted again after each load. The
-- loader keeps them. Whatever else writes profiles or cells, be it another harvester, an older version or a person,
-- makes them stale: then the rows are counted as before, until the next load counts them all anew.
-- min-reader: 1

CREATE TABLE IF NOT EXISTS harvester.coverage_datasets (
    dataset_pk int NOT NULL,
    zoom smallint NOT NULL,
    -- The hexagons, and what of the dataset lies in each: three lists of one length.
    hex_pks int[] NOT NULL,
    profiles int[] NOT NULL,
    cells int[] NOT NULL,
    PRIMARY KEY (dataset_pk, zoom)
);
CREATE TABLE IF NOT EXISTS harvester.coverage_hexagons (
    zoom smallint NOT NULL,
    hex_pk int NOT NULL,
    n_profiles bigint NOT NULL,
    n_cells bigint NOT NULL,
    n_datasets int NOT NULL,
    PRIMARY KEY (zoom, hex_pk)
);
CREATE TABLE IF NOT EXISTS harvester.coverage_state (
    stale boolean NOT NULL,
    one_row boolean PRIMARY KEY DEFAULT true CHECK (one_row)
);
COMMENT ON TABLE harvester.coverage_datasets IS 'Profiles and cells of each dataset by hexagon.';
COMMENT ON TABLE harvester.coverage_hexagons IS 'The sums of harvester.coverage_datasets by hexagon.';
COMMENT ON TABLE harvester.coverage_state IS 'One row: whether somebody else has written profiles or cells since they were counted.';

INSERT INTO harvester.coverage_state (stale)
SELECT EXISTS (SELECT 1 FROM cde.profiles) OR EXISTS (SELECT 1 FROM cde.obis_cells)
ON CONFLICT DO NOTHING;

-- The row is locked even where it says so already: a load that counts waits for those whose rows it cannot see yet.
CREATE OR REPLACE FUNCTION harvester.mark_coverage_stale() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fn$
BEGIN
    IF current_setting('harvester.coverage_kept', true) = 'on' THEN
        RETURN NULL;
    END IF;
    PERFORM 1 FROM harvester.coverage_state WHERE stale FOR KEY SHARE;
    IF NOT FOUND THEN
        UPDATE harvester.coverage_state SET stale = true;
    END IF;
    RETURN NULL;
END
$fn$;

CREATE TRIGGER coverage_written AFTER INSERT OR DELETE OR UPDATE OF dataset_pk, hex_0_pk, hex_1_pk ON cde.profiles
    FOR EACH STATEMENT EXECUTE FUNCTION harvester.mark_coverage_stale();
CREATE TRIGGER coverage_emptied AFTER TRUNCATE ON cde.profiles
    FOR EACH STATEMENT EXECUTE FUNCTION harvester.mark_coverage_stale();
CREATE TRIGGER coverage_written AFTER INSERT OR DELETE OR UPDATE OF dataset_pk, hex_0_pk, hex_1_pk ON cde.obis_cells
    FOR EACH STATEMENT EXECUTE FUNCTION harvester.mark_coverage_stale();
CREATE TRIGGER coverage_emptied AFTER TRUNCATE ON cde.obis_cells
    FOR EACH STATEMENT EXECUTE FUNCTION harvester.mark_coverage_stale();
