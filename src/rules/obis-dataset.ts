/** The record of an OBIS dataset, and what the catalogue says of it. */

import type { CkanRecord } from '../catalogue/record.ts'
import type { ObisDataset } from '../sources/obis/client.ts'
import { ckanOrganizations, severalRecords } from './ckan.ts'
import { distinctNames } from './organizations.ts'
import type { Warning } from './reasons/index.ts'
import { readable } from './text.ts'
import { findTitle } from './title.ts'

/** Raised when what we make of the same occurrences changes: everything is then harvested anew. */
export const obisRulesVersion = 2

/** What of a dataset's description is kept until the tables are written; plain JSON. */
export type ObisDescription = Pick<ObisDataset, 'title' | 'institutes'> & {
  /** Names, or the id of a node without one. */
  nodes: string[]
}

export function describeObisDataset(dataset: ObisDataset): ObisDescription {
  return {
    title: dataset.title,
    institutes: dataset.institutes,
    nodes: distinctNames(dataset.nodes.map(({ id, name }) => name ?? id)),
  }
}

/** Keyed by column, in the order of `datasets.csv`. */
export interface ObisRecord {
  erddap_url: string
  dataset_id: string
  cdm_data_type: 'Point'
  /** Nothing is known of the platforms of occurrences. */
  platform: null
  eovs: string[]
  organizations: string[]
  /** Number of cells. */
  n_profiles: number
  profile_variables: string[]
  timeseries_id_variable: null
  profile_id_variable: null
  trajectory_id_variable: null
  num_columns: null
  first_eov_column: null
  source_type: 'obis'
  ckan_id: string | null
  title: string
  title_fr: string | null
  obis_nodes: string[]
  content_hash: string | null
  content_hash_reason: string | null
  last_updated_at: null
  verified_at: Date
}

export function obisRecord(facts: {
  erddapUrl: string
  datasetId: string
  description: ObisDescription
  ckan: CkanRecord | null
  cells: number
  content: { hash: string | null; reason: string | null }
  harvestedAt: Date
}): { record: ObisRecord; warnings: Warning[] } {
  const { datasetId, description, ckan, content } = facts
  const { title, titleFr, warning } = findTitle({
    datasetId,
    ownTitle: readable(description.title ?? ''),
    ckan,
  })
  const catalogued = ckan ? ckanOrganizations(ckan) : []
  return {
    record: {
      erddap_url: facts.erddapUrl,
      dataset_id: datasetId,
      cdm_data_type: 'Point',
      platform: null,
      eovs: [],
      organizations: catalogued.length > 0 ? catalogued : distinctNames(description.institutes),
      n_profiles: facts.cells,
      profile_variables: [],
      timeseries_id_variable: null,
      profile_id_variable: null,
      trajectory_id_variable: null,
      num_columns: null,
      first_eov_column: null,
      source_type: 'obis',
      ckan_id: ckan?.id ?? null,
      title,
      title_fr: titleFr,
      obis_nodes: description.nodes,
      content_hash: content.hash,
      content_hash_reason: content.reason,
      last_updated_at: null,
      verified_at: facts.harvestedAt,
    },
    warnings: warning ? [warning] : [],
  }
}

/** The catalogue's record of each OBIS dataset: that whose metadata came from an address with the dataset's id in it. */
export function matchObisCkan(
  records: Iterable<CkanRecord>,
  datasetIds: Iterable<string>,
): { records: Map<string, CkanRecord>; warnings: Map<string, Warning> } {
  const wanted = new Map([...datasetIds].map((id) => [id.toLowerCase(), id]))
  const claims = new Map<string, Map<string, CkanRecord>>()
  for (const record of records) {
    for (const [found] of (record.xmlLocationUrl ?? '').toLowerCase().matchAll(uuid)) {
      const id = wanted.get(found)
      if (id === undefined) continue
      const claimants = claims.get(id) ?? new Map<string, CkanRecord>()
      claims.set(id, claimants.set(record.id, record))
    }
  }
  const chosen = new Map<string, CkanRecord>()
  const warnings = new Map<string, Warning>()
  for (const [id, claimants] of claims) {
    const sorted = [...claimants.values()].sort((one, other) => (one.id < other.id ? -1 : 1))
    chosen.set(id, sorted[0]!)
    if (sorted.length > 1) warnings.set(id, severalRecords(sorted))
  }
  return { records: chosen, warnings }
}

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g
