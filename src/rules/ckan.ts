/** Joining the catalogue's records to the datasets of a server. */

import type { CkanRecord } from '../catalogue/record.ts'
import { cut } from '../text.ts'
import { limits } from './limits.ts'
import { distinctNames } from './organizations.ts'
import { fact, type Warning } from './reasons/index.ts'
import { readable } from './text.ts'

export interface CkanMatches {
  /** The record of each dataset that has one. */
  records: ReadonlyMap<string, CkanRecord>
  /** By dataset id: where several records claim one dataset. */
  warnings: ReadonlyMap<string, Warning>
}

/**
 * Joins records to the datasets of a server by the addresses of their resources: same host (whatever its case, and
 * whatever the scheme), same path, same id. `listedIds` must be all ids that the server lists, since an id may hold
 * dots and the longest that fits is meant. Of several records for one dataset the first by id counts.
 */
export function matchCkan(
  records: Iterable<CkanRecord>,
  erddapUrl: string,
  listedIds: Iterable<string>,
): CkanMatches {
  const ids = new ListedIds(listedIds)
  const server = parseAddress(erddapUrl)
  const claims = new Map<string, Map<string, CkanRecord>>()
  for (const record of records) {
    for (const url of record.resourceUrls) {
      const datasetId = server && datasetAt(url, server, ids)
      if (datasetId === null) continue
      const claimants = claims.get(datasetId) ?? new Map<string, CkanRecord>()
      claims.set(datasetId, claimants.set(record.id, record))
    }
  }
  const chosen = new Map<string, CkanRecord>()
  const warnings = new Map<string, Warning>()
  for (const [datasetId, claimants] of claims) {
    const sorted = [...claimants.values()].sort((one, other) => (one.id < other.id ? -1 : 1))
    const [first] = sorted
    if (first === undefined) continue
    chosen.set(datasetId, first)
    if (sorted.length > 1) warnings.set(datasetId, severalRecords(sorted))
  }
  return { records: chosen, warnings }
}

/** The dataset that an address in a catalogue points at, if the server is this one and lists it; else null. */
export function datasetOfAddress(
  address: string,
  erddapUrl: string,
  listedIds: ReadonlySet<string>,
): string | null {
  const server = parseAddress(erddapUrl)
  return server && datasetAt(address, server, new ListedIds(listedIds))
}

/** The row of `ckan.csv` for a dataset, by column. */
export function ckanRow(erddapUrl: string, datasetId: string, record: CkanRecord) {
  return {
    erddap_url: erddapUrl,
    dataset_id: datasetId,
    ckan_id: record.id,
    ckan_organizations: ckanOrganizations(record),
    ckan_title: readable(record.titleEn ?? '') || null,
    title_fr: readable(record.titleFr ?? '') || null,
  }
}

/** The organizations that the catalogue names, decoded, each once, in the order of the record. */
export function ckanOrganizations(record: CkanRecord): string[] {
  return distinctNames(record.organizations)
}

interface ServerAddress {
  /** In lower case, with the port if it is not the scheme's own. */
  host: string
  hostname: string
  /** Decoded, without doubled and trailing slashes. */
  path: string
}

function datasetAt(address: string, server: ServerAddress, listedIds: ListedIds): string | null {
  // Most addresses of a catalogue are on other hosts: a look at the text is cheaper than taking it apart.
  if (!address.toLowerCase().includes(server.hostname)) return null
  const place = parseAddress(address)
  if (place?.host !== server.host || !place.path.startsWith(`${server.path}/`)) return null
  const rest = tabledap.exec(place.path.slice(server.path.length))?.[1]
  return rest === undefined ? null : listedIds.longestFit(rest)
}

/** A server's pages exist in its languages, too: `/fr/tabledap/…`. */
const tabledap = /^\/(?:[a-z]{2}(?:-[A-Za-z]{2})?\/)?tabledap\/(.+)$/s

function parseAddress(address: string): ServerAddress | null {
  const text = address.trim()
  const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text.replace(/^\/\//, '')}`
  if (!URL.canParse(whole)) return null
  const { host, hostname, pathname } = new URL(whole)
  return {
    host,
    hostname,
    path: decoded(pathname)
      .replace(/\/{2,}/g, '/')
      .replace(/\/$/, ''),
  }
}

function decoded(pathname: string): string {
  try {
    return decodeURIComponent(pathname)
  } catch {
    return pathname
  }
}

/** Ids of a server, to be found at the beginning of many texts of any length. */
class ListedIds {
  readonly #ids: ReadonlySet<string>
  /** The lengths that ids have, the greatest first: nothing else is looked at. */
  readonly #lengths: readonly number[]

  constructor(ids: Iterable<string>) {
    this.#ids = new Set(ids)
    const lengths = new Set<number>()
    for (const { length } of this.#ids) if (length <= limits.keyBytes) lengths.add(length)
    this.#lengths = [...lengths].sort((a, b) => b - a)
  }

  /** The longest id that the text starts with and that ends there: before a suffix, or at the end. */
  longestFit(text: string): string | null {
    for (const end of this.#lengths) {
      const next = text[end]
      if (end === 0 || end > text.length || (next !== undefined && /[\w-]/.test(next))) continue
      const candidate = text.slice(0, end)
      if (this.#ids.has(candidate)) return candidate
    }
    return null
  }
}

/** So many are named of the records that claim one dataset, by as much of their ids. */
const recordsNamed = 10
const idCharacters = 100

/** What is said of a dataset that several records claim, the first of which is taken. */
export function severalRecords(records: readonly CkanRecord[]): Warning {
  return fact('CKAN_RECORDS_SEVERAL', {
    records: records.slice(0, recordsNamed).map(({ id }) => cut(id, idCharacters)),
    ...(records.length > recordsNamed && { count: records.length }),
  })
}
