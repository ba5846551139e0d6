/** Whether the catalogue changes what the database says of a dataset whose own source did not change. */

import type { CkanRecord } from '../catalogue/record.ts'
import type { DatasetMetadata, ListedDataset } from '../sources/erddap/types.ts'
import { ckanOrganizations, ckanRow } from './ckan.ts'
import { erddapOrganizations } from './organizations.ts'
import { findTitle } from './title.ts'

/** What the database holds of what the catalogue has a say in. */
export interface CataloguedFacts {
  ckanId: string | null
  title: string | null
  titleFr: string | null
  organizations: readonly string[]
}

/**
 * `none`: nothing. `record`: the row of `ckan.csv` brings the database up to date, no request is needed.
 * `harvest`: a record or a part of it vanished, so that the dataset's own words are needed again.
 */
export type CatalogueChange = 'none' | 'record' | 'harvest'

/** What a dataset says of itself. */
export interface OwnWords {
  datasetId: string
  title: string
  organizations: readonly string[]
}

/** What an ERDDAP says of a dataset. */
export function erddapWords(
  listed: Pick<ListedDataset, 'datasetId' | 'title'>,
  metadata: DatasetMetadata,
): OwnWords {
  return {
    datasetId: listed.datasetId,
    title: metadata.globals.get('title')?.trim() || listed.title,
    organizations: erddapOrganizations(metadata),
  }
}

/** @param record of a complete snapshot of the catalogue; null if it has none of the dataset */
export function catalogueChange(
  known: CataloguedFacts,
  own: OwnWords,
  record: CkanRecord | null,
): CatalogueChange {
  const { title, titleFr } = findTitle({ datasetId: own.datasetId, ownTitle: own.title, ckan: record })
  const catalogued = record ? ckanOrganizations(record) : []
  const wanted: CataloguedFacts = {
    ckanId: record?.id ?? null,
    title,
    titleFr,
    organizations: catalogued.length > 0 ? catalogued : own.organizations,
  }
  if (isSame(known, wanted)) return 'none'
  if (!record) return 'harvest'
  // What a row of ckan.csv does to a dataset that is not harvested: what it lacks stays as it is.
  const row = ckanRow('', own.datasetId, record)
  const loaded: CataloguedFacts = {
    ckanId: row.ckan_id,
    title: row.ckan_title ?? known.title,
    titleFr: row.title_fr,
    organizations: catalogued.length > 0 ? catalogued : known.organizations,
  }
  return isSame(loaded, wanted) ? 'record' : 'harvest'
}

function isSame(one: CataloguedFacts, other: CataloguedFacts): boolean {
  return (
    one.ckanId === other.ckanId &&
    one.title === other.title &&
    one.titleFr === other.titleFr &&
    one.organizations.length === other.organizations.length &&
    one.organizations.every((name, at) => name === other.organizations[at])
  )
}
