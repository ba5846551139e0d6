-- What operators were told of, so that a restart does not tell it again and several workers tell it once.
-- min-reader: 1

CREATE TABLE IF NOT EXISTS harvester.alert_states (
    -- URL of the source, or name of the deployment.
    subject text NOT NULL,
    -- failed, crashed, errors, stale
    kind text NOT NULL,
    opened_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    -- Names the newest occurrence: run and attempt.
    occurrence text NOT NULL,
    -- Occurrences that no message spoke of yet, and when the first of them was.
    untold int NOT NULL,
    untold_since timestamptz,
    told_at timestamptz,
    recovered_at timestamptz,
    details jsonb NOT NULL,
    PRIMARY KEY (subject, kind)
);

-- Since when a source is configured: one that never succeeded is stale too, after a while.
CREATE TABLE IF NOT EXISTS harvester.watched_sources (
    erddap_url text PRIMARY KEY,
    known_since timestamptz NOT NULL,
    seen_at timestamptz NOT NULL
);
