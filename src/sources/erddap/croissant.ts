/** A Croissant description, as far as it tells what the dataset's source files are. */

import { badAnswer, parseJson } from '../../http/json.ts'
import type { SourceFile } from './types.ts'

export interface Croissant {
  /** Where it came from, after redirects. */
  url: string
  /** The parsed JSON-LD. */
  document: Readonly<Record<string, unknown>>
  /**
   * The source files that it lists with a time, a size or a checksum. Empty for a server that names only a manifest
   * and a set of files: such an answer proves nothing.
   */
  files: readonly SourceFile[]
}

/** @throws HTTP_BAD_ANSWER if it is no JSON object */
export function readCroissant(url: string, body: string): Croissant {
  let document: unknown
  try {
    document = parseJson(body)
  } catch (cause) {
    throw badAnswer(url, 'the Croissant description is no JSON', { cause })
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    throw badAnswer(url, 'the Croissant description is no JSON object')
  const record = document as Record<string, unknown>
  const listed = [record.distribution].flat().map(sourceFile)
  return { url, document: record, files: listed.filter((file) => file !== null) }
}

function sourceFile(entry: unknown): SourceFile | null {
  if (typeof entry !== 'object' || entry === null) return null
  const item = entry as Record<string, unknown>
  if (!/(^|[:/])FileObject$/.test(text(item['@type']))) return null
  const name = text(item.contentUrl)
  // Addresses of the service itself (the manifest, a data request) are no source files.
  const path = name.split('/files/').slice(1).join('/files/')
  if (path.length < 2 || path.endsWith('/') || path.endsWith('.manifest')) return null
  const lastModified = text(item.dateModified)
  const size = [text(item.contentSize), text(item.sha256), text(item.md5)]
    .filter((part) => part !== '')
    .join(' ')
  return lastModified === '' && size === '' ? null : { name, lastModified, size, isFolder: false }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''
}
