/**
 * What a dataset looked like when it was harvested, as text to be hashed: its metadata, its source files and our own
 * rules. Equal text means that a harvest would give what the last one gave.
 */

import type { DatasetMetadata, ListedDataset, SourceFile } from '../sources/erddap/types.ts'
import type { Vocabularies } from './vocabularies.ts'

/** To be raised with every change of a rule that gives other rows from the same answers: it ends every skip. */
export const rulesVersion = 4

/** Why a dataset has no fingerprint of its source files, so that it is harvested every time. */
const noHashReasons = [
  /** The list of the server gives no address of source files. */
  'HASH_NO_FILE_LIST',
  /** It gives one, but the server refuses to show what is there. */
  'HASH_FILES_NOT_ACCESSIBLE',
  /** A request that the proof needs failed, or an answer of the harvest itself was lacking. */
  'HASH_HTTP_ERROR',
  /** The answer on source files makes no sense, or says neither times nor sizes. */
  'HASH_UNREADABLE',
  /** A federated dataset whose origin could not be found, or that its mirror answers itself. */
  'HASH_FEDERATED_UNRESOLVED',
  /**
   * The answers may be a mix of moments: a source file changed shortly before the harvest or data go on arriving,
   * answers contradict each other, or the server may not have read yet what is on its disk.
   */
  'HASH_NOT_SETTLED',
  /** The site switched change detection off. */
  'HASH_NOT_COMPUTED',
] as const
export type NoHashReason = (typeof noHashReasons)[number]

/**
 * A fingerprint and why there is none. Both are set for a dataset whose metadata alone are trusted: then the hash
 * begins with {@link trustPrefix}, and the reason says why there is no proof.
 */
export interface ContentFingerprint {
  hash: string | null
  reason: NoHashReason | null
}

/** A hash of metadata and list row alone, which proves nothing. */
export const trustPrefix = 'metadata:'

/**
 * Attributes that servers and scripts write anew without anything having changed. None of them reaches our tables:
 * whatever does must never be left out here.
 */
const volatileAttributes: ReadonlySet<string> = new Set([
  'history',
  'date_created',
  'date_issued',
  'date_modified',
  'date_metadata_modified',
])

/** All that the rules read of a dataset's metadata; the list gives what the metadata may lack. */
export function metadataText(
  metadata: DatasetMetadata,
  listed: Pick<ListedDataset, 'cdmDataType' | 'title'>,
): string {
  return JSON.stringify([
    listed.cdmDataType,
    listed.title,
    sortedEntries(metadata.globals, volatileAttributes),
    // The order of variables matters to the rules, that of attributes does not.
    metadata.variables.map(({ name, dataType, attributes }) => [name, dataType, sortedEntries(attributes)]),
  ])
}

/** The vocabularies as far as they decide what is harvested and how it is described. */
export function vocabularyText(vocabularies: Vocabularies): string {
  return JSON.stringify([
    vocabularies.oceanVariables.map(({ name, standardNames }) => [name, [...standardNames].sort()]),
    sortedEntries(vocabularies.categoryOfL06Label),
    sortedEntries(vocabularies.categoryOfIoosLabel),
  ])
}

/** Name, time and size of every source file, whatever order the server gives them in. */
export function filesText(files: readonly SourceFile[]): string {
  const cells = files.map(({ name, lastModified, size }) => JSON.stringify([name, lastModified, size]))
  return `[${cells.sort().join(',')}]`
}

/** The whole row of the list, for those who trust it. */
export function listRowText(listed: Pick<ListedDataset, 'row'>): string {
  return JSON.stringify(Object.entries(listed.row).sort(byName))
}

/** Epoch milliseconds of the newest file, or null where one of them has no time that can be read. */
export function newestFileTime(files: readonly SourceFile[]): number | null {
  let newest = Number.NEGATIVE_INFINITY
  for (const { lastModified } of files) {
    const text = lastModified.trim()
    const time = /^\d+$/.test(text) ? Number(text) : Date.parse(text)
    if (Number.isNaN(time)) return null
    newest = Math.max(newest, time)
  }
  return Number.isFinite(newest) ? newest : null
}

/** Whether the list tells a file apart from another state of itself. */
export function hasFileFacts({ lastModified, size }: SourceFile): boolean {
  return lastModified !== '' || size !== ''
}

/**
 * Whether data go on arriving: the range of time has no end, in the metadata or in the list. Such a dataset is
 * harvested every time, since its rows end at the time of the run.
 */
export function isRealTime(
  metadata: DatasetMetadata,
  listed: Pick<ListedDataset, 'minTime' | 'maxTime'>,
): boolean {
  const range = metadata.variables.find(({ name }) => name === 'time')?.attributes.get('actual_range') ?? ''
  const last = range.split(',').at(-1)?.trim() ?? ''
  if (range !== '' && isOpen(last)) return true
  return !isOpen(listed.minTime) && isOpen(listed.maxTime)
}

function isOpen(text: string): boolean {
  return text.trim() === '' || /^nan$/i.test(text.trim())
}

function sortedEntries(
  entries: ReadonlyMap<string, string>,
  without: ReadonlySet<string> = new Set(),
): [string, string][] {
  return [...entries].filter(([name]) => !without.has(name)).sort(byName)
}

function byName([one]: readonly [string, string], [other]: readonly [string, string]): number {
  return one < other ? -1 : one > other ? 1 : 0
}
