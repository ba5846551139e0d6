-- What the API needs to answer in milliseconds however long the audit grows: the latest attempt of a source, the last
-- success of a dataset, and the counts of a run, each from an index alone.
-- min-reader: 1
-- concurrently

CREATE INDEX CONCURRENTLY IF NOT EXISTS harvest_attempts_source ON cde.harvest_attempts USING btree (erddap_url, attempted_at DESC);
CREATE INDEX CONCURRENTLY IF NOT EXISTS harvest_attempts_well ON cde.harvest_attempts USING btree (erddap_url, dataset_id, attempted_at DESC) WHERE ((status = 'success'::text) OR (reason_code = 'UNCHANGED'::text));
CREATE INDEX CONCURRENTLY IF NOT EXISTS harvest_attempts_run_counts ON cde.harvest_attempts USING btree (run_id, status, reason_code);
CREATE INDEX CONCURRENTLY IF NOT EXISTS harvest_runs_flow_run ON cde.harvest_runs USING btree (prefect_flow_run_id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS harvest_runs_source ON cde.harvest_runs USING btree (triggered_source, started_at DESC);
