/** Paths that are made of names: nothing is written, read or removed outside the folder they belong to. */

import { lstatSync, realpathSync } from 'node:fs'
import { join, relative, resolve, sep } from 'node:path'
import { HarvesterError } from './errors.ts'

/**
 * The path of a name within a folder. Whatever the name is made of (a slug, an id, a time), it cannot lead out; nor can
 * a symbolic link that stands on the way. The folder itself may be a link: it is the operator's.
 * @throws HarvesterError WRITE_FAILED where the path would be the folder itself, or outside of it
 */
export function insideFolder(folder: string, ...names: readonly string[]): string {
  const base = resolve(folder)
  const path = resolve(base, ...names.map((name) => `.${sep}${name}`))
  const shown = JSON.stringify(names.join(sep))
  const way = relative(base, path)
  if (way === '' || leadsOut(way) || path.includes('\0'))
    throw refusal(`${shown} is no name within ${folder}`)
  let at = base
  for (const step of way.split(sep)) {
    at = join(at, step)
    if (isLink(at) && linkLeadsOut(base, at))
      throw refusal(`${shown} stands behind ${at}, a symbolic link that leads out of ${folder}`)
  }
  return path
}

function leadsOut(way: string): boolean {
  return way === '..' || way.startsWith(`..${sep}`)
}

/** What cannot be looked at is told where it is written, with the file and a remedy. */
function isLink(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false
  } catch {
    return false
  }
}

/** A link to nothing leads to where somebody could put something: out, for all that is known. */
function linkLeadsOut(base: string, link: string): boolean {
  try {
    return leadsOut(relative(realpathSync(base), realpathSync(link)))
  } catch {
    return true
  }
}

function refusal(message: string): HarvesterError {
  return new HarvesterError('WRITE_FAILED', message, {
    remedy:
      'Nothing is written or removed outside the configured folders; look at the parameters of the run and at links in the folder.',
  })
}
