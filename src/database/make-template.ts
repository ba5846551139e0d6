/** Of the build: makes the template of the embedded engine. */
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { create } from 'tar'
import { prepareEngineFolder } from './embedded/folder.ts'
import { templateFile, templatePrefix } from './embedded/template.ts'
import { migrate } from './migrate.ts'
import { openDatabase } from './open.ts'

/** Makes the template where it is looked for, unless it is there, and removes those of other versions. */
export async function makeTemplate(file = templateFile()): Promise<void> {
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
    const dist = dirname(file)
    await mkdir(dist, { recursive: true })
    const packing = `${file}.${process.pid}`
    await create({ file: packing, cwd: folder, gzip: true, portable: true }, await readdir(folder))
    await rename(packing, file)
    for (const name of await readdir(dist))
      if (name.startsWith(templatePrefix) && name.endsWith('.gz') && name !== basename(file))
        await rm(join(dist, name), { force: true })
  } finally {
    await rm(place, { recursive: true, force: true })
  }
}
