-- What a run says of itself, as codes and values: sentences in any language are made of it where they are read.
-- min-reader: 1

CREATE TABLE IF NOT EXISTS harvester.run_facts (
    run_id uuid PRIMARY KEY,
    -- [{"code", "values"}]
    facts jsonb NOT NULL,
    finished_at timestamptz NOT NULL
);
COMMENT ON TABLE harvester.run_facts IS
  'The messages of cde.harvest_runs as codes and values. Runs of older versions, and those that others settled, have no row here.';
