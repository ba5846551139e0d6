/**
 * The column contract of a run folder: which files, which columns, in which order. Portals and the loader read
 * these files by name of column; the order is part of the contract too.
 */
export const tableColumns = {
  datasets: [
    'erddap_url',
    'dataset_id',
    'cdm_data_type',
    'platform',
    'eovs',
    'organizations',
    'n_profiles',
    'profile_variables',
    'timeseries_id_variable',
    'profile_id_variable',
    'trajectory_id_variable',
    'num_columns',
    'first_eov_column',
    'source_type',
    'ckan_id',
    'title',
    'title_fr',
    'obis_nodes',
    'content_hash',
    'content_hash_reason',
    'last_updated_at',
    'verified_at',
  ],
  profiles: [
    'erddap_url',
    'dataset_id',
    'timeseries_id',
    'profile_id',
    'latitude',
    'longitude',
    'depth_min',
    'depth_max',
    'time_min',
    'time_max',
    'n_records',
    'records_per_day',
    'n_profiles',
  ],
  obis_cells: [
    'dataset_id',
    'latitude',
    'longitude',
    'scientific_names',
    'n_records',
    'time_min',
    'time_max',
    'depth_min',
    'depth_max',
  ],
  ckan: ['erddap_url', 'dataset_id', 'ckan_id', 'ckan_organizations', 'ckan_title', 'title_fr'],
  skipped: ['erddap_url', 'dataset_id', 'reason_code'],
  verified: ['erddap_url', 'dataset_id', 'verified_at'],
  harvest_runs: [
    'run_id',
    'started_at',
    'finished_at',
    'git_sha',
    'status',
    'error_message',
    'prefect_flow_run_id',
    'scope',
    'triggered_source',
    'triggered_by',
  ],
  harvest_attempts: [
    'run_id',
    'erddap_url',
    'dataset_id',
    'source',
    'status',
    'reason_code',
    'error_message',
    'duration_ms',
    'attempted_at',
    'query_urls',
  ],
} as const

export type TableName = keyof typeof tableColumns
export type ColumnOf<T extends TableName> = (typeof tableColumns)[T][number]

/** A cell before it is written: text as it is, numbers without padding, times as `…Z`, lists as JSON, null as empty. */
export type Cell = string | number | boolean | Date | readonly string[] | null
export type TableRow<T extends TableName> = Record<ColumnOf<T>, Cell>
