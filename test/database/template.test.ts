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
import { afterAll, describe, expect, it } from 'vitest'
import { makeTemplate, startEngineIn, unpackTemplate } from '../../src/database/embedded/template.ts'
import { root } from '../support/program.ts'

const place = mkdtempSync(join(tmpdir(), 'harvester-template-test-'))
afterAll(() => rmSync(place, { recursive: true, force: true }))

const built = () => {
  const name = readdirSync(join(root, 'dist')).find((name) => name.startsWith('engine-template-'))
  return join(root, 'dist', name ?? 'no template')
}

describe('the template of the embedded engine', () => {
  it('is made by the build, and gives an engine with both extensions and no tables of ours', async () => {
    await makeTemplate()
    expect(existsSync(built())).toBe(true)
    const folder = join(place, 'first')
    expect(await unpackTemplate(folder)).toBe(true)
    expect(readdirSync(place)).toEqual(['first'])
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    const engine = await startEngineIn(folder)
    try {
      const { rows } = await engine.query(
        `SELECT (SELECT string_agg(extname, ' ' ORDER BY extname) FROM pg_extension) AS extensions,
          (SELECT count(*)::int FROM pg_namespace WHERE nspname IN ('cde', 'harvester')) AS ours,
          ST_AsText(ST_SetSRID(ST_MakePoint(1, 2), 4326)) AS point`,
      )
      expect(rows).toEqual([{ extensions: 'pg_trgm plpgsql postgis', ours: 0, point: 'POINT(1 2)' }])
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
    await copyFile(built(), file)
    truncateSync(file, 2_000_000)
    expect(await unpackTemplate(folder, file)).toBe(false)
    expect(existsSync(folder) || existsSync(`${folder}.unpacking`)).toBe(false)
  })
})
