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

export interface ReadRecord {
  record: CkanRecord
  /** A sentence for each field that is not what it should be: the record is read without it. */
  unreadable: string[]
}

/**
 * Takes a record apart. One odd field costs that field and no more: without its id, a dataset would lose all that the
 * catalogue knows of it. Only what cannot be identified is malformed as a whole, and one sentence says why.
 */
export function parseCkanRecord(raw: unknown): ReadRecord | { malformed: string } {
  if (!isObject(raw)) return { malformed: 'a record is no object' }
  const id = textOf(raw.id)
  if (id === null) return { malformed: `record ${quoted(raw.name ?? raw.title)} has no id` }
  const unreadable: string[] = []
  const texts = (field: string, value: unknown, key: string) => {
    const list = listOf(nested(value), key)
    if (list === null) unreadable.push(wrong(id, field, 'list'))
    return distinct(textsOf(list, key))
  }
  const titles = nested(raw.title_translated) ?? {}
  const isTitles = isObject(titles)
  if (!isTitles) unreadable.push(wrong(id, 'title_translated', 'object'))
  return {
    record: {
      id,
      titleEn: isTitles ? textOf(titles.en) : null,
      titleFr: isTitles ? textOf(titles.fr) : null,
      organizations: texts('cited-responsible-party', raw['cited-responsible-party'], 'organisation-name'),
      resourceUrls: texts('resources', raw.resources, 'url').filter((url) => url.includes('tabledap')),
      xmlLocationUrl: textOf(raw.xml_location_url),
    },
    unreadable,
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

/** A list, one of its entries where a list is meant, as makers of JSON out of XML write it; null for anything else. */
function listOf(value: unknown, key: string): readonly unknown[] | null {
  if (value === null) return []
  if (Array.isArray(value)) return value
  return isObject(value) && textOf(value[key]) !== null ? [value] : null
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
