/** Of the build: makes what the embedded engine starts from. */
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { create, extract } from 'tar'
import { libraryFolder } from '../package.ts'
import { prepareEngineFolder } from './embedded/folder.ts'
import { packageName, postgisFile, wanted } from './embedded/postgis.ts'
import { templateFile } from './embedded/template.ts'
import { migrate } from './migrate.ts'
import { openDatabase } from './open.ts'
import type { Database } from './port.ts'

/** Makes PostGIS and the template where they are looked for, unless they are there, and removes those of other versions. */
export async function makeEngineFiles(): Promise<void> {
  await packPostgis()
  await makeTemplate()
  const files = [postgisFile(), templateFile()]
  const dist = dirname(templateFile())
  for (const name of await readdir(dist))
    if (/^engine-.*\.gz$/.test(name) && !files.includes(join(dist, name)))
      await rm(join(dist, name), { force: true })
}

/** @throws Error when the package has not what we look for */
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
    await pack(file, place, packed)
  } finally {
    await rm(place, { recursive: true, force: true })
  }
}

async function makeTemplate(): Promise<void> {
  const file = templateFile()
  if (existsSync(file)) return
  const place = await mkdtemp(join(tmpdir(), 'harvester-template-'))
  try {
    const database = await openDatabase({ kind: 'embedded', dataFolder: place })
    let segment: string
    try {
      await migrate(database)
      await database.query('VACUUM FREEZE')
      segment = await slim(database)
    } finally {
      await database.close()
    }
    const { path: folder } = await prepareEngineFolder(join(place, 'database'))
    const log = join(folder, 'pg_wal')
    for (const name of await readdir(log))
      if (/^[0-9A-F]{24}$/.test(name) && name !== segment) await rm(join(log, name))
    await pack(file, folder, await readdir(folder))
  } finally {
    await rm(place, { recursive: true, force: true })
  }
}

/**
 * Half of an engine's files are two databases that new ones would be copied from, and another part are segments of the
 * log that nobody reads after a good end: nobody makes databases in an embedded engine.
 *
 * @returns the one segment that the next start reads
 */
async function slim(database: Database): Promise<string> {
  await database.query('UPDATE pg_database SET datistemplate = false')
  for (const name of ['template0', 'template1']) await database.query(`DROP DATABASE ${name}`)
  await database.query('SELECT pg_switch_wal()')
  await database.query('CHECKPOINT')
  const { rows } = await database.query<{ segment: string }>(
    'SELECT pg_walfile_name(pg_current_wal_lsn()) AS segment',
  )
  return rows[0]!.segment
}

/** All or nothing: a kill leaves no half of it under its name. */
async function pack(file: string, folder: string, names: string[]): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  const packing = `${file}.${process.pid}`
  await create({ file: packing, cwd: folder, gzip: true, portable: true }, names)
  await rename(packing, file)
}
