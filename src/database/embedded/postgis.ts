/**
 * PostGIS for the embedded engine, without rasters, topologies and the geocoder, of which our tables use nothing: the
 * engine would compile and keep all of them at each start, for a second and 350 MB. The build packs what is left.
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import type { Extension } from '@electric-sql/pglite'
import { postgis as whole } from '@electric-sql/pglite-postgis'
import { libraryVersion, packageFile } from '../../package.ts'

export const packageName = '@electric-sql/pglite-postgis'
const library = /^lib\/postgresql\/postgis-\d+\.so$/
/** What `CREATE EXTENSION postgis` reads, and no script that upgrades one of another version. */
const scripts = /^share\/postgresql\/extension\/postgis(\.control|--[\d.]+\.sql)$/
const coordinateSystems = /^share\/proj\/./
/** Paths of what is packed. */
export const wanted = [library, scripts, coordinateSystems]

export const postgis: Extension = {
  ...whole,
  async setup(engine, options) {
    const made = await whole.setup(engine as Parameters<typeof whole.setup>[0], options)
    const file = postgisFile()
    return existsSync(file) ? { ...made, bundlePath: pathToFileURL(file) } : made
  },
}

/** Where the build puts it, in dist/, named after what it was made of; the whole one serves where it is missing. */
export function postgisFile(): string {
  const parts = createHash('sha256').update(wanted.join('\n')).digest('hex').slice(0, 6)
  return packageFile(`dist/engine-postgis-${libraryVersion(packageName)}-${parts}.tar.gz`)
}
