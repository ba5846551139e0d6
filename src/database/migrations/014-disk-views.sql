-- How long the source files of datasets in many folders have looked the same, so that a manifest can be believed.
-- min-reader: 1

CREATE TABLE IF NOT EXISTS harvester.disk_views (
    erddap_url text NOT NULL,
    dataset_id text NOT NULL,
    digest text NOT NULL,
    same_since timestamptz NOT NULL,
    PRIMARY KEY (erddap_url, dataset_id)
);
COMMENT ON TABLE harvester.disk_views IS 'Source files of datasets in more folders than are listed, as a manifest shows the disk.';
COMMENT ON COLUMN harvester.disk_views.digest IS 'Of names, times and sizes.';
COMMENT ON COLUMN harvester.disk_views.same_since IS 'Since when every look has found the same: data of the server may be a week behind its disk.';
