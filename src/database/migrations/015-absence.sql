-- Absence is measured in time and in runs: since when, and by which flow runs, a dataset was missing. What was counted
-- before counts from its last listing on.
-- min-reader: 1

ALTER TABLE harvester.dataset_absence ADD COLUMN IF NOT EXISTS first_missing_at timestamptz;
ALTER TABLE harvester.dataset_absence ADD COLUMN IF NOT EXISTS flow_run_ids text[] NOT NULL DEFAULT '{}';
UPDATE harvester.dataset_absence SET first_missing_at = counted_at WHERE first_missing_at IS NULL;
