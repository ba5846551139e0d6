-- What is known of a source beside its datasets.
-- min-reader: 1

CREATE TABLE IF NOT EXISTS harvester.sources (
    erddap_url text PRIMARY KEY,
    -- Whether the configuration of the last harvest named it.
    configured boolean NOT NULL DEFAULT true,
    -- Gridded datasets that the server lists: they are not indexed. NULL where it was not asked.
    gridded_datasets int,
    seen_at timestamptz NOT NULL DEFAULT now()
);
