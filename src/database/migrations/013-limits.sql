-- Limits of the standalone engine: what an operator set, and the slots that tasks hold.
-- min-reader: 1

CREATE TABLE IF NOT EXISTS harvester.limits (
    name text PRIMARY KEY,
    max_slots int CHECK (max_slots >= 1),
    set_at timestamptz NOT NULL DEFAULT now(),
    set_by text
);
COMMENT ON TABLE harvester.limits IS 'Limits that differ from the declared ones, set by `harvester limits set`.';
COMMENT ON COLUMN harvester.limits.max_slots IS 'NULL: not limited.';

CREATE TABLE IF NOT EXISTS harvester.limit_slots (
    id uuid NOT NULL,
    name text NOT NULL,
    holder text NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (id, name)
);
CREATE INDEX IF NOT EXISTS limit_slots_name ON harvester.limit_slots (name, expires_at);
COMMENT ON TABLE harvester.limit_slots IS 'Slots held by running tasks; renewed while held, free once they expire.';
