-- One life of one process under a name: what a predecessor left is told from what a living namesake does.
-- min-reader: 1

ALTER TABLE harvester.workers ADD COLUMN IF NOT EXISTS instance jsonb;
ALTER TABLE harvester.flow_runs ADD COLUMN IF NOT EXISTS worker_instance text;
COMMENT ON COLUMN harvester.workers.instance IS 'Id, host and process of the instance that has the name now.';
COMMENT ON COLUMN harvester.flow_runs.worker_instance IS 'Id of the instance that claimed the run.';
