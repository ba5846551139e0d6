/** The CF standard name table: from its XML to the project's list. */

import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { describeError, HarvesterError } from '../errors.ts'
import { amount } from '../text.ts'

export interface CfStandardNames {
  /** Number of the table. */
  version: string
  /** When the table was last changed, as it says itself; null if it does not. */
  modified: string | null
  /** Valid names, by code point. */
  names: string[]
  /** Former names with the names that replaced them. */
  aliases: Record<string, string[]>
}

/** The table has over 5,000 names; far fewer mean that it is cut off or something else. */
const fewestNames = 1000

/**
 * Reads the table (`version_number`, `entry[@id]`, `alias[@id]/entry_id`).
 * @throws VOCABULARY_INVALID for what is not XML, not this table, cut off, or holds what is no name
 */
export function parseCfTable(xml: string): CfStandardNames {
  const table = tableOf(xml)
  const version = String(table.version_number ?? '').trim()
  if (!/^\d+$/.test(version)) throw invalid(`its version_number is ${JSON.stringify(version)}`)
  const names = listOf(table.entry).map(idOf)
  if (names.length < fewestNames) throw invalid(`it has only ${amount(names.length, 'name')}`)
  const aliases = listOf(table.alias).map((alias) => {
    const targets = listOf(alias.entry_id).map((target) => String(target).trim())
    return [idOf(alias), targets.filter(isName)] as const
  })
  return {
    version,
    modified: table.last_modified === undefined ? null : String(table.last_modified).trim(),
    names: [...new Set(names)].sort(),
    aliases: Object.fromEntries([...aliases].sort(([one], [other]) => (one < other ? -1 : 1))),
  }
}

export interface CfTableChange {
  from: string
  to: string
  added: string[]
  /** Names that are neither valid nor former names any more. */
  removed: string[]
}

/**
 * What a new table changes.
 * @throws VOCABULARY_INVALID where it is older than the present one, or lacks over a twentieth of its names
 */
export function compareCfTables(present: CfStandardNames, next: CfStandardNames): CfTableChange {
  const known = knownNames(present)
  const kept = knownNames(next)
  const removed = [...known].filter((name) => !kept.has(name)).sort()
  if (Number(next.version) < Number(present.version))
    throw invalid(`it is version ${next.version}, older than the present ${present.version}`)
  if (removed.length > known.size / 20)
    throw invalid(`it lacks ${removed.length} of the ${amount(known.size, 'name')} of the present table`)
  const added = [...kept].filter((name) => !known.has(name)).sort()
  return { from: present.version, to: next.version, added, removed }
}

function knownNames({ names, aliases }: CfStandardNames): Set<string> {
  return new Set([...names, ...Object.keys(aliases)])
}

type Element = Record<string, unknown>

function tableOf(xml: string): Element {
  const open = unclosed(xml)
  if (open) throw invalid(`it is no whole XML: ${open.what} is not closed (line ${open.line})`)
  const validity = XMLValidator.validate(xml)
  if (validity !== true)
    throw invalid(`it is no whole XML: ${validity.err.msg.slice(0, 200)} (line ${validity.err.line})`)
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '@',
    // Everything stays text, and entities stay as they are: none of what is read holds any.
    parseTagValue: false,
    parseAttributeValue: false,
    processEntities: false,
  })
  let document: Element
  try {
    document = parser.parse(xml) as Element
  } catch (error) {
    throw invalid(`it is no whole XML: ${describeError(error)}`)
  }
  const table = document.standard_name_table
  if (typeof table !== 'object' || table === null) throw invalid('it has no standard_name_table')
  return table as Element
}

/** What XML has that is no element: the validator takes it for closed by the end, or names another line. */
const sections = [
  ['a CDATA section', '<![CDATA[', ']]>'],
  ['a comment', '<!--', '-->'],
  ['a processing instruction', '<?', '?>'],
] as const

function unclosed(xml: string): { what: string; line: number } | null {
  for (let at = xml.indexOf('<'); at !== -1; at = xml.indexOf('<', at)) {
    const section = sections.find(([, begin]) => xml.startsWith(begin, at))
    if (!section) {
      at += 1
      continue
    }
    const [what, begin, end] = section
    const closed = xml.indexOf(end, at + begin.length)
    if (closed === -1) return { what, line: xml.slice(0, at).split('\n').length }
    at = closed + end.length
  }
  return null
}

/** One element of a kind is not a list yet. */
function listOf(value: unknown): Element[] {
  if (value === undefined || value === '') return []
  return (Array.isArray(value) ? value : [value]) as Element[]
}

function idOf(element: Element): string {
  const id = String(element['@id'] ?? '').trim()
  if (!isName(id)) throw invalid(`it has the name ${JSON.stringify(id)}`)
  return id
}

function isName(text: string): boolean {
  return /^[A-Za-z]\w*$/.test(text)
}

function invalid(what: string): HarvesterError {
  return new HarvesterError(
    'VOCABULARY_INVALID',
    `this is no CF standard name table that can be used: ${what}`,
    {
      remedy: 'Check the address or the file; the present table stays.',
    },
  )
}
