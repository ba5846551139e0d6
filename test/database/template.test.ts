import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { list } from 'tar'
import { afterAll, describe, expect, it } from 'vitest'
import { postgisFile } from '../../src/database/embedded/postgis.ts'
import { startEngineIn, templateFile, unpackTemplate } from '../../src/database/embedded/template.ts'
import { makeEngineFiles, packPostgis } from '../../src/database/make-template.ts'
import { readMigrations } from '../../src/database/migrate.ts'

const place = mkdtempSync(join(tmpdir(), 'harvester-template-test-'))
afterAll(() => rmSync(place, { recursive: true, force: true }))

describe('PostGIS of the embedded engine', () => {
  it('is packed by the build without rasters, topologies, geocoder and upgrades', async () => {
    const file = join(place, 'postgis.tar.gz')
    await packPostgis(file)
    const paths: string[] = []
    await list({ file, onReadEntry: ({ path }) => paths.push(path) })
    rmSync(file)
    expect(paths.filter((path) => !path.startsWith('share/proj/')).sort()).toEqual([
      expect.stringMatching(/^lib\/postgresql\/postgis-\d+\.so$/),
      expect.stringMatching(/^share\/postgresql\/extension\/postgis--[\d.]+\.sql$/),
      'share/postgresql/extension/postgis.control',
    ])
    expect(paths).toContain('share/proj/proj.db')
    expect(statSync(postgisFile()).size).toBeLessThan(10e6)
  })
})

describe('the template of the embedded engine', () => {
  it('is made by the build, and gives an engine with both extensions and our tables as this version has them', async () => {
    await makeEngineFiles()
    expect(existsSync(templateFile())).toBe(true)
    const folder = join(place, 'first')
    expect(await unpackTemplate(folder)).toBe(true)
    expect(readdirSync(place)).toEqual(['first'])
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    expect(readdirSync(join(folder, 'pg_wal')).filter((name) => /^[0-9A-F]{24}$/.test(name))).toHaveLength(1)
    const engine = await startEngineIn(folder)
    try {
      const { rows } = await engine.query(
        `SELECT (SELECT string_agg(extname, ' ' ORDER BY extname) FROM pg_extension) AS extensions,
          (SELECT array_agg(checksum ORDER BY number) FROM harvester.migrations) AS migrations,
          (SELECT count(*)::int FROM cde.datasets) AS datasets,
          ST_AsText(ST_SetSRID(ST_MakePoint(1, 2), 4326)) AS point,
          ST_AsText(ST_Transform(ST_SetSRID(ST_MakePoint(180, 0), 4326), 3857), 2) AS metres,
          (SELECT count(*)::int FROM pg_available_extensions WHERE name = 'postgis_raster') AS rasters,
          (SELECT array_agg(datname::text) FROM pg_database) AS databases`,
      )
      const migrations = readMigrations().map(({ checksum }) => checksum)
      expect(rows).toEqual([
        {
          extensions: 'pg_trgm plpgsql postgis',
          migrations,
          datasets: 0,
          point: 'POINT(1 2)',
          metres: 'POINT(20037508.34 0)',
          rasters: 0,
          databases: ['postgres'],
        },
      ])
      // An engine that is there stays.
      expect(await unpackTemplate(folder)).toBe(false)
    } finally {
      await engine.close()
    }
  })

  it('takes the place of what a killed start left half unpacked', async () => {
    const folder = join(place, 'second')
    mkdirSync(`${folder}.unpacking/base`, { recursive: true })
    writeFileSync(`${folder}.unpacking/base/half`, 'half')
    expect(await unpackTemplate(folder)).toBe(true)
    expect(existsSync(`${folder}.unpacking`)).toBe(false)
    expect(existsSync(join(folder, 'PG_VERSION'))).toBe(true)
    expect(existsSync(join(folder, 'base/half'))).toBe(false)
  })

  it('is done without where it is missing, cut off or no archive: nothing is left of it', async () => {
    const folder = join(place, 'third')
    const file = join(place, 'template.tar.gz')
    expect(await unpackTemplate(folder, file)).toBe(false)
    writeFileSync(file, 'no archive at all'.repeat(1000))
    expect(await unpackTemplate(folder, file)).toBe(false)
    await copyFile(templateFile(), file)
    truncateSync(file, 2_000_000)
    expect(await unpackTemplate(folder, file)).toBe(false)
    expect(existsSync(folder) || existsSync(`${folder}.unpacking`)).toBe(false)
  })
})
