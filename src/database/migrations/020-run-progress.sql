-- How far a run is, written by whoever runs it, so that any process can show it.
-- min-reader: 1

CREATE TABLE IF NOT EXISTS harvester.run_progress (
    run_id uuid PRIMARY KEY,
    -- A retry or a resumed run is a harvest of its own under the same flow run.
    flow_run_id uuid,
    phase text NOT NULL,
    done int NOT NULL DEFAULT 0,
    -- NULL until the lists of all sources are there.
    total int,
    started_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS run_progress_flow_run ON harvester.run_progress (flow_run_id, started_at DESC);
