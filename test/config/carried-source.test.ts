import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { carriedSource, type ErddapSource, sourceOptionsSchema } from '../../src/config/source.ts'
import { namedOrUrl } from '../../src/flows/wait-for-source.ts'
import { insideFolder } from '../../src/inside.ts'
import { claimParent, RunFolder } from '../../src/inventory/folder.ts'
import { RunLogFile } from '../../src/log/log-file.ts'

const source = namedOrUrl([], 'https://erddap.example.org/erddap') as ErddapSource

describe('a source in the parameters of a run', () => {
  it.each(['../../../x', '/etc', 'a/b', '..', '', 'other', 'a\0b'])(
    'gets no folder by the slug "%s"',
    (slug) => {
      expect(carriedSource({ ...source, slug }, []).slug).toBe('erddap-example-org')
    },
  )

  it('keeps the longer slug where several sources share its host', () => {
    const slug = 'erddap-example-org-erddap'
    expect(carriedSource({ ...source, slug }, []).slug).toBe(slug)
  })

  it('gets the slug that the configuration gives it, whatever it says', () => {
    const known = { ...source, slug: 'erddap-example-org-erddap' }
    expect(carriedSource(source, [known]).slug).toBe(known.slug)
  })

  it.each([
    ['another path of its host', 'https://erddap.example.org/other'],
    ['a host that is written alike', 'https://erddap-example.org/erddap'],
    ['the other scheme', 'http://erddap.example.org/erddap'],
    ['another port that looks like a name', 'https://erddap.example.org./erddap'],
  ])('never gets the slug of a source of the configuration: %s', (_what, url) => {
    const carried = carriedSource({ ...source, url }, [source])
    expect(carried.slug).not.toBe(source.slug)
    expect(carried.slug).toMatch(/^[a-z0-9-]+$/)
    expect(carriedSource({ ...source, url }, [source]).slug).toBe(carried.slug)
  })

  it.each([
    ['a user', { url: 'http://user:secret@erddap.example.org/erddap' }],
    ['another scheme', { url: 'file:///etc/passwd' }],
    ['no address', { url: 'x' }],
    ['more requests than a configuration may ask for', { concurrency: 1000 }],
    ['a time limit that no timer can keep', { timeoutSeconds: 3_000_000 }],
    ['next to no requests', { requestsPerSecond: 1e-7 }],
    ['an empty id', { datasetIds: [''] }],
  ])('is refused with %s', (_what, change) => {
    const result = sourceOptionsSchema.safeParse({ ...source, ...change })
    expect(result.success).toBe(false)
    expect(JSON.stringify(result.error)).not.toContain('secret')
  })
})

describe('a path within a folder', () => {
  it.each(['..', '.', '', '../x', 'a/../../x', '../folderly', 'a\0'])('is refused for "%s"', (name) => {
    expect(() => insideFolder('/srv/folder', name)).toThrow(expect.objectContaining({ code: 'WRITE_FAILED' }))
  })

  it('stays within for names that only look absolute', () => {
    expect(insideFolder('/srv/folder', '/etc', 'x')).toBe('/srv/folder/etc/x')
  })

  it('is that of the source that had it first, where no configuration says whose it is', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'inside-'))
    try {
      const first = 'https://erddap.example.org/erddap'
      expect(await claimParent(folder, source.slug, first)).toBe(true)
      expect(await claimParent(folder, source.slug, 'https://erddap.example.org/other')).toBe(false)
      expect(await claimParent(folder, source.slug, first)).toBe(true)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('holds for folders and logs of runs', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'inside-'))
    try {
      await expect(RunFolder.open(join(folder, 'a'), '../b', 'run')).rejects.toMatchObject({
        code: 'WRITE_FAILED',
      })
      expect(() => new RunLogFile(join(folder, 'logs'), '/../../x', new Date())).toThrow('no name within')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
