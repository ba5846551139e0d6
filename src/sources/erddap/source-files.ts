/** The source files of a dataset: the manifest and the listing of a folder, each with a manner of its own. */

import { httpStatusFacts } from '../../http/types.ts'
import { type Asking, kindOf, tableOf } from './scope.ts'
import type { SourceFile, SourceFiles } from './types.ts'
import { decodeUrl } from './urls.ts'

interface FileReader {
  columns: readonly string[]
  file(row: readonly string[]): SourceFile
}

/** The source files as one of the two tables has them. Not every server shows them, and old ones have none. */
export async function sourceFiles(
  asking: Asking,
  datasetId: string,
  url: string,
  read: FileReader,
): Promise<SourceFiles> {
  try {
    const found = await tableOf(asking, datasetId, url, read.columns, {
      unitsRow: false,
      held: { bytes: asking.maxBytes },
    })
    const files: SourceFile[] = []
    if (found) for await (const row of found.rows) files.push(read.file(row))
    return { kind: 'files', files, url: found?.url ?? url }
  } catch (error) {
    const kind = kindOf(error)
    const why = httpStatusFacts(error)?.sentence ?? ''
    if (kind === 'files-not-accessible' || kind === 'not-authorized') return { kind: 'not-accessible', why }
    // A server without this address says 404 in its own or its container's words.
    if (kind === 'unsupported' || (httpStatusFacts(error)?.status === 404 && kind !== 'unknown-dataset'))
      return { kind: 'unsupported', why }
    throw error
  }
}

/** What follows `/files/{dataset}/` in an address. */
function pathBelowFiles(address: string): string | undefined {
  const files = '/files/'
  const at = address.indexOf(files)
  const end = at < 0 ? -1 : address.indexOf('/', at + files.length)
  return end < 0 ? undefined : address.slice(end + 1) || undefined
}

/** The header says `directory,name`, the rows hold name and address: both together are the name. */
export const manifestReader: FileReader = {
  columns: ['directory', 'name', 'lastModified', 'size'],
  file: ([directory = '', name = '', lastModified = '', size = '']) => ({
    name: `${directory} ${name}`,
    lastModified,
    size,
    isFolder: false,
    path: decodeUrl(pathBelowFiles(name) ?? directory),
  }),
}

export function listingReader(folder: string): FileReader {
  const prefix = folder.replace(/^\/+|(?<!\/)\/+$/g, '')
  return {
    columns: ['Name', 'Last modified', 'Size'],
    file: ([name = '', lastModified = '', size = '']) => ({
      name: prefix === '' ? name : `${prefix}/${name}`,
      lastModified: lastModified === 'NaN' ? '' : lastModified,
      size: size === 'NaN' ? '' : size,
      isFolder: name.endsWith('/'),
    }),
  }
}
