/** Of the build: makes what the embedded engine starts from. */
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { create } from 'tar'
import { prepareEngineFolder } from './embedded/folder.ts'
import { packPostgis, postgisFile } from './embedded/postgis.ts'
import { templateFile } from './embedded/template.ts'
import { migrate } from './migrate.ts'
import { openDatabase } from './open.ts'

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

async function makeTemplate(file = templateFile()): Promise<void> {
  if (existsSync(file)) return
  const place = await mkdtemp(join(tmpdir(), 'harvester-template-'))
  try {
    const database = await openDatabase({ kind: 'embedded', dataFolder: place })
    try {
      await migrate(database)
      await database.query('VACUUM FREEZE')
      await database.query('CHECKPOINT')
    } finally {
      await database.close()
    }
    const { path: folder } = await prepareEngineFolder(join(place, 'database'))
    await mkdir(dirname(file), { recursive: true })
    const packing = `${file}.${process.pid}`
    await create({ file: packing, cwd: folder, gzip: true, portable: true }, await readdir(folder))
    await rename(packing, file)
  } finally {
    await rm(place, { recursive: true, force: true })
  }
}
