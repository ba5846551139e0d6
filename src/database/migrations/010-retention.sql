-- The audit is forgotten by age, after every run: that must not read all of it.
-- min-reader: 1
-- concurrently

CREATE INDEX CONCURRENTLY IF NOT EXISTS harvest_attempts_attempted_at ON cde.harvest_attempts USING btree (attempted_at);
CREATE INDEX CONCURRENTLY IF NOT EXISTS flow_runs_ended_at ON harvester.flow_runs USING btree (ended_at);
