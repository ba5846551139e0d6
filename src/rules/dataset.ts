/** The record of a dataset, as `datasets.csv` holds it. */

import type { CkanRecord } from '../catalogue/record.ts'
import type { DatasetMetadata, ListedDataset } from '../sources/erddap/types.ts'
import { ckanOrganizations } from './ckan.ts'
import type { DatasetPlan } from './decisions.ts'
import { erddapOrganizations } from './organizations.ts'
import { findPlatform } from './platform.ts'
import type { Warning } from './reasons/index.ts'
import { findTitle } from './title.ts'
import type { Vocabularies } from './vocabularies.ts'

/** Keyed by column, in the order of the file. */
export interface DatasetRecord {
  erddap_url: string
  dataset_id: string
  cdm_data_type: string
  platform: string
  eovs: string[]
  organizations: string[]
  /** Number of profile rows written. */
  n_profiles: number
  profile_variables: string[]
  timeseries_id_variable: string | null
  profile_id_variable: string | null
  trajectory_id_variable: string | null
  num_columns: number
  first_eov_column: string | null
  source_type: 'erddap'
  ckan_id: string | null
  title: string
  title_fr: string | null
  obis_nodes: string[]
  content_hash: string | null
  content_hash_reason: string | null
  /** Left to the loader, which knows whether anything changed. */
  last_updated_at: null
  /** Time of the harvest. */
  verified_at: Date
}

export interface DatasetFacts {
  /** The configured URL of the source. */
  erddapUrl: string
  listed: Pick<ListedDataset, 'datasetId' | 'title'>
  metadata: DatasetMetadata
  plan: DatasetPlan
  vocabularies: Vocabularies
  /** The catalogue's record of the dataset, if there is one. */
  ckan: CkanRecord | null
  profileCount: number
  /** Fingerprint of what was harvested, or why there is none. */
  content: { hash: string | null; reason: string | null }
  harvestedAt: Date
}

/** Builds the record; its warnings add to those of the plan. */
export function datasetRecord(facts: DatasetFacts): { record: DatasetRecord; warnings: Warning[] } {
  const { listed, metadata, plan, ckan, content } = facts
  const { platform } = findPlatform(metadata, facts.vocabularies)
  const ownTitle = metadata.globals.get('title')?.trim() || listed.title
  const { title, titleFr, warning: titleWarning } = findTitle({ datasetId: listed.datasetId, ownTitle, ckan })
  const catalogued = ckan ? ckanOrganizations(ckan) : []
  return {
    record: {
      erddap_url: facts.erddapUrl.replace(/(?<!\/)\/+$/, ''),
      dataset_id: listed.datasetId,
      cdm_data_type: plan.cdmDataType,
      platform,
      eovs: plan.eovs,
      organizations: catalogued.length > 0 ? catalogued : erddapOrganizations(metadata),
      n_profiles: facts.profileCount,
      profile_variables: plan.profileVariables,
      timeseries_id_variable: plan.timeseriesIdVariable,
      profile_id_variable: plan.profileIdVariable,
      trajectory_id_variable: plan.trajectoryIdVariable,
      num_columns: plan.numColumns,
      first_eov_column: plan.firstEovColumn,
      source_type: 'erddap',
      ckan_id: ckan?.id ?? null,
      title,
      title_fr: titleFr,
      obis_nodes: [],
      content_hash: content.hash,
      content_hash_reason: content.reason,
      last_updated_at: null,
      verified_at: facts.harvestedAt,
    },
    warnings: titleWarning ? [titleWarning] : [],
  }
}
