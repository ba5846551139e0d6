/**
 * PostGIS for the embedded engine, without rasters, topologies and the geocoder, of which our tables use nothing: the
 * engine would compile and keep all of them at each start, for a second and 350 MB. The build packs what is left.
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Extension } from '@electric-sql/pglite'
import { postgis as whole } from '@electric-sql/pglite-postgis'
import { create, extract } from 'tar'
import { libraryFolder, libraryVersion, packageFile } from '../../package.ts'

const packageName = '@electric-sql/pglite-postgis'
const library = /^lib\/postgresql\/postgis-\d+\.so$/
/** What `CREATE EXTENSION postgis` reads, and no script that upgrades one of another version. */
const scripts = /^share\/postgresql\/extension\/postgis(\.control|--[\d.]+\.sql)$/
const coordinateSystems = /^share\/proj\/./
const wanted = [library, scripts, coordinateSystems]

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

/** Of the build: packs it, unless it is there. @throws Error when the package has not what we look for */
export async function packPostgis(file = postgisFile()): Promise<void> {
  if (existsSync(file)) return
  const place = await mkdtemp(join(tmpdir(), 'harvester-postgis-'))
  try {
    const packed: string[] = []
    await extract({
      file: join(libraryFolder(packageName), 'dist/postgis.tar.gz'),
      cwd: place,
      filter: (path) => wanted.some((pattern) => pattern.test(path)),
      onReadEntry: ({ path }) => packed.push(path),
    })
    const missing = wanted.filter((pattern) => !packed.some((path) => pattern.test(path)))
    if (missing.length > 0) throw new Error(`PostGIS of the embedded engine has no ${missing.join(', no ')}`)
    await mkdir(dirname(file), { recursive: true })
    const packing = `${file}.${process.pid}`
    await create({ file: packing, cwd: place, gzip: true, portable: true }, packed)
    await rename(packing, file)
  } finally {
    await rm(place, { recursive: true, force: true })
  }
}
