import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readCkanCache, writeCkanCache } from '../../src/catalogue/cache.ts'
import { insideFolder } from '../../src/inside.ts'
import { RunFolder, removeOldFolders } from '../../src/inventory/folder.ts'
import { Spool } from '../../src/inventory/spool.ts'
import { RunLogFile } from '../../src/log/log-file.ts'
import { readKept, writeKept } from '../../src/sources/obis/kept-answers.ts'

let root: string
let ours: string
let outside: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'links é-'))
  ours = join(root, 'ours')
  outside = join(root, 'outside')
  mkdirSync(ours)
  mkdirSync(outside)
  writeFileSync(join(outside, 'precious'), 'kept')
})
afterEach(() => {
  expect(readdirSync(outside)).toEqual(['precious'])
  rmSync(root, { recursive: true })
})

const refused = expect.objectContaining({
  code: 'WRITE_FAILED',
  message: expect.stringContaining('a symbolic link that leads out'),
})

describe('a symbolic link that leads out of a folder', () => {
  it('is not followed, wherever on the way it stands', () => {
    mkdirSync(join(ours, 'a'))
    symlinkSync(outside, join(ours, 'a', 'link'))
    symlinkSync(join(root, 'nothing'), join(ours, 'dangling'))
    for (const names of [
      ['a', 'link'],
      ['a/link/new'],
      ['a', 'link', 'precious'],
      ['dangling'],
      ['dangling/x'],
    ])
      expect(() => insideFolder(ours, ...names), names.join()).toThrow(refused)
  })

  it('may lead elsewhere in the folder, and the folder may be one itself', () => {
    mkdirSync(join(ours, 'a'))
    symlinkSync(join(ours, 'a'), join(ours, 'b'))
    expect(insideFolder(ours, 'b', 'x')).toBe(join(ours, 'b', 'x'))
    symlinkSync(ours, join(root, 'linked'))
    expect(insideFolder(join(root, 'linked'), 'a', 'x')).toBe(join(root, 'linked', 'a', 'x'))
  })

  it('is not looked for behind a file: whoever writes there says what is wrong', async () => {
    writeFileSync(join(ours, 'file'), '')
    expect(insideFolder(join(ours, 'file'), 'slug')).toBe(join(ours, 'file', 'slug'))
    await expect(RunFolder.open(join(ours, 'file'), 'slug', 'run')).rejects.toMatchObject({
      code: 'WRITE_FAILED',
      message: expect.stringContaining('could not be written'),
    })
  })

  it('takes no folder, spool or log of a run', async () => {
    symlinkSync(outside, join(ours, 'slug'))
    await expect(RunFolder.open(ours, 'slug', 'run')).rejects.toEqual(refused)
    mkdirSync(join(ours, 'run'))
    symlinkSync(outside, join(ours, 'run', 'spool'))
    await expect(Spool.open(join(ours, 'run'))).rejects.toEqual(refused)
    mkdirSync(join(ours, 'other', 'spool'), { recursive: true })
    symlinkSync(join(outside, 'ledger'), join(ours, 'other', 'spool', 'ledger.jsonl'))
    await expect(Spool.open(join(ours, 'other'))).rejects.toEqual(refused)
    symlinkSync(join(outside, 'log'), join(ours, 'harvest_20260101_000000_slug.log'))
    expect(() => new RunLogFile(ours, 'slug', new Date('2026-01-01T00:00:00Z'))).toThrow(refused)
  })

  it('is removed by retention, and what it leads to stays', async () => {
    symlinkSync(outside, join(ours, '20200101_000000'))
    const retention = { keep: 0, youngestHours: 0, most: 0 }
    await removeOldFolders(ours, retention, new Date(Date.now() + 86_400_000))
    expect(readdirSync(ours)).toEqual([])
  })

  it('takes no answer of the catalogue: it is asked for again', async () => {
    const cached = { ckanUrl: 'https://catalogue.example.org', fetchedAt: 1, pages: [] }
    symlinkSync(outside, join(ours, 'ckan'))
    await expect(writeCkanCache(ours, cached)).rejects.toEqual(refused)
    expect(await readCkanCache(ours, cached.ckanUrl)).toBeNull()
  })

  it('takes no answer of OBIS, whatever the id', async () => {
    const answer = { url: 'https://api.example.org/x', etag: null, lastModified: null, body: '{}' }
    symlinkSync(join(outside, 'new.json'), join(ours, 'id.json'))
    await writeKept(ours, 'id', answer)
    expect(existsSync(join(outside, 'new.json'))).toBe(false)
    for (const id of ['..', '../x', '/etc/x', 'a\0b', '.']) {
      await writeKept(ours, id, answer)
      expect(await readKept(ours, id, answer.url), id).toEqual(answer)
    }
    expect(readdirSync(root).sort()).toEqual(['ours', 'outside'])
  })
})
