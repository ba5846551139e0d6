import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { migrate } from '../../src/database/migrate.ts'
import { openDatabase } from '../../src/database/open.ts'
import type { Database } from '../../src/database/port.ts'
import { loadFolder } from '../../src/inventory/load/load.ts'
import { harvesterProgram } from '../support/program.ts'
import { dataset, erddap, profile, writeRunFolder } from '../support/run-folder.ts'

let folder = ''
let run = ''
let database: Database

// This process owns the embedded database; the commands come in by its socket.
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'prune-'))
  database = await openDatabase({ kind: 'embedded', dataFolder: join(folder, 'data') })
  await migrate(database)
  run = await writeRunFolder({ datasets: [dataset('a')], profiles: [profile('a', 's1'), profile('a', 's2')] })
  await loadFolder(database, run, { mode: 'incremental' })
})
afterAll(async () => {
  await database?.close()
  await rm(folder, { recursive: true, force: true })
  await rm(resolve(run, '..'), { recursive: true, force: true })
})

function harvester(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((done) => {
    execFile(
      process.execPath,
      [...harvesterProgram, ...args],
      {
        cwd: folder,
        env: { ...process.env, DATABASE: 'embedded', HARVESTER_DATA_DIR: join(folder, 'data') },
      },
      (error, out, err) => done({ code: error ? Number(error.code) : 0, out, err }),
    )
  })
}
const datasets = async () => (await database.query('SELECT 1 FROM cde.datasets')).count

test('prune lists what would go, and removes it when told', { timeout: 120_000 }, async () => {
  const asked = await harvester('prune', '--source', `${erddap}/`)
  expect(asked).toMatchObject({ code: 0 })
  expect(asked.out).toContain(`Would remove ${erddap}: 1 dataset with 2 profiles`)
  expect(asked.out).toContain('--yes')
  expect(await datasets()).toBe(1)

  await mkdir(join(folder, 'config'))
  await writeFile(join(folder, 'config/harvest.yaml'), `erddap_urls: [${erddap}]\n`)
  const configured = await harvester('prune', '--source', erddap, '--yes')
  expect(configured.code).toBe(2)
  expect(configured.err).toContain('a harvest would bring it back')
  expect(await datasets()).toBe(1)
  await rm(join(folder, 'config'), { recursive: true })

  const removed = await harvester('prune', '--source', erddap, '--yes')
  expect(removed).toMatchObject({ code: 0 })
  expect(removed.out).toContain(`Removed ${erddap}: 1 dataset with 2 profiles`)
  expect(removed.out).toContain('1 point, 2 hexagons and 1 organization that')
  expect(await datasets()).toBe(0)

  const unknown = await harvester('prune', '--source', erddap, '--yes')
  expect(unknown.code).toBe(2)
  expect(unknown.err).toContain(`holds nothing of ${erddap}`)
})

test('prune takes the name of a source as an older version stored it', { timeout: 120_000 }, async () => {
  const stored = erddap.replace('https://', 'HTTPS://').concat('/')
  await loadFolder(database, run, { mode: 'incremental' })
  await database.query('UPDATE cde.datasets SET erddap_url = $1', [stored])
  await database.query('UPDATE cde.profiles SET erddap_url = $1', [stored])
  await mkdir(join(folder, 'config'))
  await writeFile(join(folder, 'config/harvest.yaml'), `erddap_urls: [${erddap}]\n`)
  // Only the normal form is configured: no harvest brings this one back.
  const removed = await harvester('prune', '--source', stored, '--yes')
  expect(removed).toMatchObject({ code: 0 })
  expect(removed.out).toContain(`Removed ${stored}: 1 dataset with 2 profiles`)
  expect(await datasets()).toBe(0)
  await rm(join(folder, 'config'), { recursive: true })
})
