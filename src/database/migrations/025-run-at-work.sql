-- What a run works on at the moment.
-- min-reader: 1

ALTER TABLE harvester.run_progress ADD COLUMN IF NOT EXISTS at_work text;
COMMENT ON COLUMN harvester.run_progress.at_work IS 'The dataset that has been at work the longest; NULL where none is.';
