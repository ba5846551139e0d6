-- Indexes that may take long on a filled database: built without locking anybody out, one by one. A statement whose
-- index exists under another name is left out; the file can be run again when it was interrupted.
-- min-reader: 1
-- concurrently

CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS profiles_identity ON cde.profiles USING btree (erddap_url, dataset_id, COALESCE(timeseries_id, ''::text), COALESCE(profile_id, ''::text));
CREATE INDEX CONCURRENTLY IF NOT EXISTS profiles_dataset_pk ON cde.profiles USING btree (dataset_pk);
CREATE INDEX CONCURRENTLY IF NOT EXISTS profiles_hex_0_pk ON cde.profiles USING btree (hex_0_pk);
CREATE INDEX CONCURRENTLY IF NOT EXISTS profiles_hex_1_pk ON cde.profiles USING btree (hex_1_pk);
CREATE INDEX CONCURRENTLY IF NOT EXISTS profiles_point_pk ON cde.profiles USING btree (point_pk);
CREATE INDEX CONCURRENTLY IF NOT EXISTS profiles_latitude ON cde.profiles USING btree (latitude);
CREATE INDEX CONCURRENTLY IF NOT EXISTS profiles_longitude ON cde.profiles USING btree (longitude);
CREATE INDEX CONCURRENTLY IF NOT EXISTS profiles_geom ON cde.profiles USING gist (geom);
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS points_position ON cde.points USING btree (geom);
CREATE INDEX CONCURRENTLY IF NOT EXISTS points_geom ON cde.points USING gist (geom);
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS hexes_zoom_0_cell ON cde.hexes_zoom_0 USING btree (grid_i, grid_j);
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS hexes_zoom_1_cell ON cde.hexes_zoom_1 USING btree (grid_i, grid_j);
CREATE INDEX CONCURRENTLY IF NOT EXISTS hexes_zoom_0_geom ON cde.hexes_zoom_0 USING gist (geom);
CREATE INDEX CONCURRENTLY IF NOT EXISTS hexes_zoom_1_geom ON cde.hexes_zoom_1 USING gist (geom);
CREATE INDEX CONCURRENTLY IF NOT EXISTS obis_cells_dataset_pk ON cde.obis_cells USING btree (dataset_pk);
CREATE INDEX CONCURRENTLY IF NOT EXISTS obis_cells_hex_0_pk ON cde.obis_cells USING btree (hex_0_pk);
CREATE INDEX CONCURRENTLY IF NOT EXISTS obis_cells_hex_1_pk ON cde.obis_cells USING btree (hex_1_pk);
CREATE INDEX CONCURRENTLY IF NOT EXISTS obis_cells_point_pk ON cde.obis_cells USING btree (point_pk);
CREATE INDEX CONCURRENTLY IF NOT EXISTS obis_cells_geom ON cde.obis_cells USING gist (geom);
CREATE INDEX CONCURRENTLY IF NOT EXISTS obis_cells_aphia_ids ON cde.obis_cells USING gin (aphia_ids);
CREATE INDEX CONCURRENTLY IF NOT EXISTS obis_cells_names_without_ids ON cde.obis_cells USING gin (scientific_names) WHERE (COALESCE(cardinality(aphia_ids), 0) = 0);
CREATE INDEX CONCURRENTLY IF NOT EXISTS scientific_name_vernaculars_ancestors ON cde.scientific_name_vernaculars USING gin (ancestor_aphia_ids);
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS skipped_datasets_dataset ON cde.skipped_datasets USING btree (erddap_url, dataset_id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS harvest_attempts_dataset ON cde.harvest_attempts USING btree (erddap_url, dataset_id, attempted_at DESC);
CREATE INDEX CONCURRENTLY IF NOT EXISTS harvest_attempts_run ON cde.harvest_attempts USING btree (run_id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS harvest_attempts_status ON cde.harvest_attempts USING btree (status);
CREATE INDEX CONCURRENTLY IF NOT EXISTS harvest_runs_started ON cde.harvest_runs USING btree (started_at DESC);
