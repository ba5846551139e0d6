/** Paths that are made of names: nothing is written, read or removed outside the folder they belong to. */

import { relative, resolve, sep } from 'node:path'
import { HarvesterError } from './errors.ts'

/**
 * The path of a name within a folder. Whatever the name is made of (a slug, an id, a time), it cannot lead out.
 * @throws HarvesterError WRITE_FAILED where the path would be the folder itself, or outside of it
 */
export function insideFolder(folder: string, ...names: readonly string[]): string {
  const path = resolve(folder, ...names.map((name) => `.${sep}${name}`))
  const way = relative(resolve(folder), path)
  if (way === '' || way === '..' || way.startsWith(`..${sep}`) || path.includes('\0'))
    throw new HarvesterError(
      'WRITE_FAILED',
      `${JSON.stringify(names.join(sep))} is no name within ${folder}`,
      {
        remedy: 'Nothing is written outside the configured folders; look at the parameters of the run.',
      },
    )
  return path
}
