-- Tracks of platforms that move, one row a trajectory. They come and go with their dataset, by the loader.
-- min-reader: 1

CREATE TABLE IF NOT EXISTS harvester.tracks (
    erddap_url text NOT NULL,
    dataset_id text NOT NULL,
    trajectory_id text NOT NULL,
    time_min timestamptz NOT NULL,
    time_max timestamptz NOT NULL,
    n_records bigint,
    n_days int NOT NULL,
    n_rows int NOT NULL,
    west double precision NOT NULL,
    east double precision NOT NULL,
    south double precision NOT NULL,
    north double precision NOT NULL,
    geom geometry(MultiLineString, 4326),
    PRIMARY KEY (erddap_url, dataset_id, trajectory_id)
);
COMMENT ON TABLE harvester.tracks IS 'Tracks of the platforms that move, as maps draw them.';
COMMENT ON COLUMN harvester.tracks.trajectory_id IS 'Empty where there is none.';
COMMENT ON COLUMN harvester.tracks.n_records IS 'NULL where nobody could count.';
COMMENT ON COLUMN harvester.tracks.n_days IS 'Days (UTC) with a position.';
COMMENT ON COLUMN harvester.tracks.n_rows IS 'Rows of cde.profiles; 0 where they had to be made without trajectories.';
COMMENT ON COLUMN harvester.tracks.west IS 'Greater than east across the antimeridian.';
COMMENT ON COLUMN harvester.tracks.geom IS 'Cut at the antimeridian, at gaps and at impossible speeds, and simplified; NULL where no two positions follow one another.';
