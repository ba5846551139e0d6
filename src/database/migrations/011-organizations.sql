-- Whether any dataset names an organization: asked at every load for those that were named before.
-- min-reader: 1
-- concurrently

CREATE INDEX CONCURRENTLY IF NOT EXISTS datasets_organizations ON cde.datasets USING gin (organizations);
