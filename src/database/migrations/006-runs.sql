-- Runs of the standalone engine: what a Prefect server keeps where there is one.
-- min-reader: 1

CREATE TABLE IF NOT EXISTS harvester.flow_runs (
    id uuid PRIMARY KEY,
    seq bigserial,
    name text NOT NULL,
    flow text NOT NULL,
    deployment text,
    parameters jsonb NOT NULL,
    tags text[] NOT NULL,
    state_type text NOT NULL,
    state_name text NOT NULL,
    state_message text NOT NULL,
    state_at timestamptz NOT NULL,
    state_scheduled_at timestamptz,
    run_count int NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text,
    scheduled_at timestamptz NOT NULL,
    started_at timestamptz,
    ended_at timestamptz,
    parent_run_id uuid,
    idempotency_key text,
    worker text
);
CREATE UNIQUE INDEX IF NOT EXISTS flow_runs_idempotency ON harvester.flow_runs (flow, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX IF NOT EXISTS flow_runs_created ON harvester.flow_runs (created_at DESC, seq DESC);
CREATE INDEX IF NOT EXISTS flow_runs_open ON harvester.flow_runs (state_type, scheduled_at) WHERE ended_at IS NULL;
CREATE INDEX IF NOT EXISTS flow_runs_deployment ON harvester.flow_runs (deployment, created_at DESC);
CREATE INDEX IF NOT EXISTS flow_runs_parent ON harvester.flow_runs (parent_run_id) WHERE parent_run_id IS NOT NULL;

CREATE TABLE IF NOT EXISTS harvester.task_runs (
    id uuid PRIMARY KEY,
    seq bigserial,
    flow_run_id uuid NOT NULL,
    task_run jsonb NOT NULL
);
CREATE INDEX IF NOT EXISTS task_runs_flow_run ON harvester.task_runs (flow_run_id, seq);

CREATE TABLE IF NOT EXISTS harvester.run_logs (
    seq bigserial PRIMARY KEY,
    flow_run_id uuid NOT NULL,
    task_run_id uuid,
    task text,
    level text NOT NULL,
    message text NOT NULL,
    logged_at timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS run_logs_flow_run ON harvester.run_logs (flow_run_id, seq);

CREATE TABLE IF NOT EXISTS harvester.artifacts (
    id uuid PRIMARY KEY,
    seq bigserial,
    flow_run_id uuid NOT NULL,
    task_run_id uuid,
    artifact jsonb NOT NULL,
    made_at timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS artifacts_flow_run ON harvester.artifacts (flow_run_id, seq);

CREATE TABLE IF NOT EXISTS harvester.workers (
    name text PRIMARY KEY,
    seen_at timestamptz NOT NULL
);
