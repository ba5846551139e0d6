import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ckanCacheFile } from '../../src/catalogue/cache.ts'
import { type CkanCatalogueSettings, createCkanCatalogue } from '../../src/catalogue/catalogue.ts'
import { answer, type CkanServer, rawRecords, startCkanServer } from './server.ts'

const hour = 3_600_000
let ckan: CkanServer
let cacheDir = ''
let clock = 0

beforeEach(async () => {
  ckan = await startCkanServer()
  ckan.records = rawRecords(3)
  cacheDir = mkdtempSync(join(tmpdir(), 'ckan-'))
  clock = Date.UTC(2026, 0, 1)
})
afterEach(async () => {
  await ckan.close()
  rmSync(cacheDir, { recursive: true, force: true })
})

/** The catalogue of a process that starts now. */
function newProcess(settings: Partial<CkanCatalogueSettings> = {}) {
  return createCkanCatalogue({ http: ckan.http, cacheDir, now: () => clock, ...settings })
}

const breakDown = () => {
  ckan.instead = (_, response) => answer(response, 'down', 403)
}
const recover = () => {
  ckan.instead = null
}
const requests = () => ckan.starts.length

describe('the catalogue', () => {
  test('gives all records, complete and just confirmed', async () => {
    const snapshot = await newProcess().snapshot(ckan.url)
    expect(snapshot).toMatchObject({
      complete: true,
      ageSeconds: 0,
      fetchedAt: new Date(clock),
      warnings: [],
    })
    expect(snapshot.records.map(({ id }) => id)).toEqual(['id-00000', 'id-00001', 'id-00002'])
  })

  test('names malformed records', async () => {
    ckan.records.push({ name: 'odd' })
    const { warnings, complete } = await newProcess().snapshot(ckan.url)
    expect(warnings).toEqual(['CKAN record skipped: record "odd" has no id'])
    expect(complete).toBe(true)
  })

  test('names a flood of malformed records once, with their number and a few of them', async () => {
    ckan.records.push(...Array.from({ length: 500 }, (_, at) => ({ name: `odd\u001b${at}` })))
    const { warnings } = await newProcess().snapshot(ckan.url)
    expect(warnings).toEqual([expect.stringMatching(/^500 CKAN records skipped, for example: record .*odd/)])
    expect(warnings[0]!.length).toBeLessThan(1000)
    expect(warnings[0]).not.toContain('\u001b')
  })

  test('gives each record once, though pages overlap', async () => {
    const shifted = [...rawRecords(2), ...rawRecords(2, 1)]
    ckan.records = shifted
    ckan.cap = 2
    expect((await newProcess().snapshot(ckan.url)).records).toHaveLength(3)
  })
})

describe('an answer', () => {
  test('is fresh for an hour, in this process and the next', async () => {
    const first = newProcess()
    await first.snapshot(ckan.url)
    clock += hour - 1000
    expect((await first.snapshot(`${ckan.url}/`)).ageSeconds).toBe(3599)
    expect((await newProcess().snapshot(ckan.url)).records).toHaveLength(3)
    expect(requests()).toBe(1)
  })

  test('is asked for again after that', async () => {
    const catalogue = newProcess()
    await catalogue.snapshot(ckan.url)
    clock += hour
    ckan.records = rawRecords(4)
    expect((await catalogue.snapshot(ckan.url)).records).toHaveLength(4)
    expect(requests()).toBe(2)
  })

  test('that was confirmed is fresh again, without its body having come twice', async () => {
    ckan.etag = '"v1"'
    await newProcess().snapshot(ckan.url)
    clock += hour
    expect(await newProcess().snapshot(ckan.url)).toMatchObject({ ageSeconds: 0, complete: true })
    expect(ckan.statuses).toEqual([200, 304])
    clock += hour - 1
    await newProcess().snapshot(ckan.url)
    expect(requests()).toBe(2)
  })

  test('is fresh for as long as is configured', async () => {
    const catalogue = newProcess({ freshSeconds: 0 })
    await catalogue.snapshot(ckan.url)
    await catalogue.snapshot(ckan.url)
    expect(requests()).toBe(2)
  })

  test('from the future, of a clock that was wrong, is not fresh', async () => {
    await newProcess().snapshot(ckan.url)
    clock -= hour
    await newProcess().snapshot(ckan.url)
    expect(requests()).toBe(2)
  })

  test('of one catalogue is not that of another', async () => {
    const other = await startCkanServer()
    other.records = rawRecords(1)
    try {
      const catalogue = newProcess()
      expect((await catalogue.snapshot(ckan.url)).records).toHaveLength(3)
      expect((await catalogue.snapshot(other.url)).records).toHaveLength(1)
    } finally {
      await other.close()
    }
  })
})

describe('many flows at the same moment', () => {
  test('ask once', async () => {
    const catalogue = newProcess()
    const snapshots = await Promise.all(Array.from({ length: 20 }, () => catalogue.snapshot(ckan.url)))
    expect(requests()).toBe(1)
    for (const { records } of snapshots) expect(records).toHaveLength(3)
  })

  test('are not disturbed by one that is cancelled', async () => {
    const catalogue = newProcess()
    const held: (() => void)[] = []
    ckan.instead = (_, response) => {
      held.push(() => answer(response, { success: true, result: { count: 2, results: rawRecords(2) } }))
      return true
    }
    const cancelled = new AbortController()
    const one = catalogue.snapshot(ckan.url, { signal: cancelled.signal })
    const other = catalogue.snapshot(ckan.url)
    await until(() => held.length === 1)
    cancelled.abort(new Error('cancelled by the user'))
    await expect(one).rejects.toThrow('cancelled by the user')
    held[0]?.()
    expect((await other).records).toHaveLength(2)
    expect(requests()).toBe(1)
  })

  test('end the request when the last of them is cancelled, and leave the next one a fresh start', async () => {
    const catalogue = newProcess()
    let closed = false
    ckan.instead = (request) => {
      request.socket.on('close', () => {
        closed = true
      })
      return true
    }
    const cancelled = new AbortController()
    const one = catalogue.snapshot(ckan.url, { signal: cancelled.signal })
    await until(() => requests() === 1)
    cancelled.abort(new Error('stop'))
    await expect(one).rejects.toThrow('stop')
    await until(() => closed)
    recover()
    expect(await catalogue.snapshot(ckan.url)).toMatchObject({ complete: true, warnings: [] })
  })

  test('that are cancelled already ask nothing', async () => {
    const signal = AbortSignal.abort(new Error('too late'))
    await expect(newProcess().snapshot(ckan.url, { signal })).rejects.toThrow('too late')
    expect(requests()).toBe(0)
  })
})

describe('a CKAN that is down', () => {
  test('leaves the older answer in use, with its age', async () => {
    await newProcess().snapshot(ckan.url)
    clock += 26 * hour
    breakDown()
    const snapshot = await newProcess().snapshot(ckan.url)
    expect(snapshot).toMatchObject({ complete: true, ageSeconds: 26 * 3600 })
    expect(snapshot.records).toHaveLength(3)
    expect(snapshot.warnings).toEqual([expect.stringMatching(/403.*its answer of 26 hours ago is used/s)])
  })

  test('gives nothing, and says so, where nothing is cached', async () => {
    breakDown()
    const snapshot = await newProcess().snapshot(ckan.url)
    expect(snapshot).toMatchObject({ records: [], complete: false, fetchedAt: null, ageSeconds: null })
    expect(snapshot.warnings).toEqual([expect.stringContaining('nothing is cached')])
    expect(readdirSync(cacheDir)).toEqual([])
  })

  test('is left alone for a minute, so that not every flow waits for it, and asked again then', async () => {
    const catalogue = newProcess()
    breakDown()
    await catalogue.snapshot(ckan.url)
    const asked = requests()
    expect((await catalogue.snapshot(ckan.url)).complete).toBe(false)
    expect(requests()).toBe(asked)
    recover()
    clock += 60_000
    expect((await catalogue.snapshot(ckan.url)).complete).toBe(true)
  })

  test('does not spoil what is cached when it fails in the middle', async () => {
    await newProcess().snapshot(ckan.url)
    const before = readFileSync(ckanCacheFile(cacheDir, ckan.url), 'utf8')
    clock += 2 * hour
    ckan.records = rawRecords(30)
    ckan.cap = 10
    ckan.instead = (_, response, start) => start > 0 && answer(response, 'down', 403)
    const { records, complete } = await newProcess().snapshot(ckan.url)
    expect(records).toHaveLength(3)
    expect(complete).toBe(true)
    expect(readFileSync(ckanCacheFile(cacheDir, ckan.url), 'utf8')).toBe(before)
  })

  test('that gives only a part of its records is not complete, and its answer is not kept', async () => {
    const results = rawRecords(10)
    ckan.instead = (_, response) => answer(response, { success: true, result: { count: 50, results } })
    const snapshot = await newProcess().snapshot(ckan.url)
    expect(snapshot.records).toHaveLength(10)
    expect(snapshot.complete).toBe(false)
    expect(readdirSync(cacheDir)).toEqual([])
  })

  test('that suddenly has no records is not believed', async () => {
    await newProcess().snapshot(ckan.url)
    clock += 2 * hour
    ckan.records = []
    const snapshot = await newProcess().snapshot(ckan.url)
    expect(snapshot.records).toHaveLength(3)
    expect(snapshot.warnings).toEqual([expect.stringContaining('no records')])
  })

  test('is an empty catalogue where it never had any', async () => {
    ckan.records = []
    expect(await newProcess().snapshot(ckan.url)).toMatchObject({ records: [], complete: true, warnings: [] })
  })
})

describe('the cache on disk', () => {
  test('holds one whole file and no temporary one', async () => {
    await newProcess().snapshot(ckan.url)
    const file = ckanCacheFile(cacheDir, ckan.url)
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ ckanUrl: ckan.url, fetchedAt: clock })
    expect(readdirSync(join(cacheDir, 'ckan'))).toHaveLength(1)
  })

  test.each(['', '{"formatVersion":1', '{"formatVersion":0}', '[]', 'null'])(
    'that holds %j is as good as none',
    async (content) => {
      await newProcess().snapshot(ckan.url)
      writeFileSync(ckanCacheFile(cacheDir, ckan.url), content)
      expect((await newProcess().snapshot(ckan.url)).complete).toBe(true)
      expect(requests()).toBe(2)
    },
  )

  test('that cannot be written is a warning; the harvest has its records', async () => {
    writeFileSync(join(cacheDir, 'ckan'), 'a file where the folder should be')
    const snapshot = await newProcess().snapshot(ckan.url)
    expect(snapshot.records).toHaveLength(3)
    expect(snapshot.complete).toBe(true)
    expect(snapshot.warnings).toEqual([expect.stringContaining('could not be cached')])
  })
})

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5))
}
