-- What a run had harvested when its worker gave it back, so that another host goes on where it stopped.
-- min-reader: 1

CREATE TABLE IF NOT EXISTS harvester.handed_spools (
    flow_run_id uuid NOT NULL,
    -- `ledger` or `rows`, as the files of the spool.
    file text NOT NULL,
    part int NOT NULL,
    -- Of the whole file, as it was.
    file_bytes bigint NOT NULL,
    -- A piece of the file, compressed.
    bytes bytea NOT NULL,
    handed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (flow_run_id, file, part)
);
CREATE INDEX IF NOT EXISTS handed_spools_age ON harvester.handed_spools (handed_at);
