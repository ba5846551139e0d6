-- What an attempt came to, as codes and values: sentences in any language are made of it where they are read.
-- min-reader: 1

CREATE TABLE IF NOT EXISTS harvester.attempt_facts (
    run_id uuid NOT NULL,
    erddap_url text NOT NULL,
    dataset_id text NOT NULL,
    -- {"facts": [{"code", "values"}], "warnings": [{"code", "values"}],
    -- "remedies": [{"code", "of", "values"}], "title", "organizations": []}
    told jsonb NOT NULL,
    attempted_at timestamptz NOT NULL,
    PRIMARY KEY (run_id, erddap_url, dataset_id)
);
CREATE INDEX IF NOT EXISTS attempt_facts_attempted_at ON harvester.attempt_facts (attempted_at);
COMMENT ON TABLE harvester.attempt_facts IS
  'Reasons and warnings of cde.harvest_attempts as codes and values. Attempts of older versions have no row here.';
