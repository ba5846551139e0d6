/** What the harvest needs of a CKAN record. Text is as the catalogue has it; the rules decode it. */

import { parseJson } from '../http/json.ts'
import { owned } from '../text.ts'

export interface CkanRecord {
  id: string
  titleEn: string | null
  titleFr: string | null
  /** `organisation-name` of the cited parties, in the order of the record. */
  organizations: string[]
  /** Addresses of the resources that point into a tabledap. */
  resourceUrls: string[]
  /** Where the metadata record itself came from; holds the UUID of an OBIS dataset. */
  xmlLocationUrl: string | null
}

/** Takes a record apart, or says in one sentence why it cannot be understood. */
export function parseCkanRecord(raw: unknown): CkanRecord | { malformed: string } {
  if (!isObject(raw)) return { malformed: 'a record is no object' }
  const id = textOf(raw.id)
  if (id === null) return { malformed: `record ${quoted(raw.name ?? raw.title)} has no id` }
  const titles = nested(raw.title_translated)
  if (titles !== null && !isObject(titles)) return { malformed: wrong(id, 'title_translated', 'object') }
  const parties = nested(raw['cited-responsible-party'])
  if (parties !== null && !Array.isArray(parties))
    return { malformed: wrong(id, 'cited-responsible-party', 'list') }
  const resources = raw.resources ?? null
  if (resources !== null && !Array.isArray(resources)) return { malformed: wrong(id, 'resources', 'list') }
  return {
    id,
    titleEn: textOf(titles?.en),
    titleFr: textOf(titles?.fr),
    organizations: distinct(textsOf(parties, 'organisation-name')),
    resourceUrls: distinct(textsOf(resources, 'url').filter((url) => url.includes('tabledap'))),
    xmlLocationUrl: textOf(raw.xml_location_url),
  }
}

/** Catalogues hand composite fields over as values or, with some extensions missing, as JSON text. */
function nested(value: unknown): unknown {
  if (typeof value !== 'string') return value ?? null
  if (value.trim() === '') return null
  try {
    return parseJson(value)
  } catch {
    return value
  }
}

function textsOf(list: readonly unknown[] | null, key: string): string[] {
  return (list ?? []).flatMap((entry) => (isObject(entry) ? (textOf(entry[key]) ?? []) : []))
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value.trim() !== '' ? value : null
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)]
}

function wrong(id: string, field: string, kind: string): string {
  return `record ${quoted(id)}: ${field} is no ${kind}`
}

function quoted(value: unknown): string {
  return typeof value === 'string' ? owned(`"${value.slice(0, 100)}"`) : '(unnamed)'
}
