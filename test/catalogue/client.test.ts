import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type CkanAnswer, ckanPageUrl, fetchCkan } from '../../src/catalogue/client.ts'
import { answer, type CkanServer, rawRecords, startCkanServer } from './server.ts'

let ckan: CkanServer
beforeEach(async () => {
  ckan = await startCkanServer()
})
afterEach(() => ckan.close())

const idsOf = ({ pages }: CkanAnswer) => pages.flatMap((page) => page.records.map(({ id }) => id))
const fetchAll = () => fetchCkan(ckan.http, ckan.url)

test('the address of a page is that of CKAN’s search, with or without slashes at the end of the catalogue’s', () => {
  const page = 'https://c.org/api/3/action/package_search?q=erddap&sort=id%20asc&rows=1000&start=2000'
  expect(ckanPageUrl('https://c.org', 2000)).toBe(page)
  expect(ckanPageUrl('https://c.org//', 2000)).toBe(page)
})

describe('paging', () => {
  test('asks once where all records fit on a page', async () => {
    ckan.records = rawRecords(3)
    const all = await fetchAll()
    expect(idsOf(all)).toEqual(['id-00000', 'id-00001', 'id-00002'])
    expect(all.complete).toBe(true)
    expect(ckan.starts).toEqual([0])
  })

  test('goes by what the server really returns: some cap the rows', async () => {
    ckan.records = rawRecords(25)
    ckan.cap = 10
    const all = await fetchAll()
    expect(idsOf(all)).toHaveLength(25)
    expect(all.complete).toBe(true)
    expect(ckan.starts).toEqual([0, 10, 20])
  })

  test('has nothing to ask after an empty catalogue', async () => {
    expect(await fetchAll()).toEqual({ pages: [], complete: true })
    expect(ckan.starts).toEqual([0])
  })

  test('ends at an empty page, and says that records are missing', async () => {
    ckan.records = rawRecords(25)
    ckan.cap = 10
    ckan.instead = (_, response, start) =>
      start >= 20 && answer(response, { success: true, result: { count: 25, results: [] } })
    const all = await fetchAll()
    expect(idsOf(all)).toHaveLength(20)
    expect(all.complete).toBe(false)
  })

  test('does not loop on a server that gives the same page whatever it is asked', async () => {
    const results = [...rawRecords(10), 'malformed']
    ckan.instead = (_, response) => answer(response, { success: true, result: { count: 1_000_000, results } })
    const all = await fetchAll()
    expect(idsOf(all)).toHaveLength(10)
    expect(all.complete).toBe(false)
    // Each of the two walks asks for a second page, which brings nothing new.
    expect(ckan.starts).toEqual([0, 11, 0, 11])
  })

  test('ends at an empty page where the server gives no count, and has everything then', async () => {
    const records = rawRecords(15)
    ckan.instead = (_, response, start) =>
      answer(response, { success: true, result: { results: records.slice(start, start + 10) } })
    const all = await fetchAll()
    expect(idsOf(all)).toHaveLength(15)
    expect(all.complete).toBe(true)
  })

  test('believes no count that the pages do not agree on: records came or went meanwhile', async () => {
    const records = rawRecords(19)
    ckan.instead = (_, response, start) => {
      const count = start === 0 ? 25 : 19
      return answer(response, { success: true, result: { count, results: records.slice(start, start + 10) } })
    }
    expect(await fetchAll()).toMatchObject({ complete: false })
  })

  test('misses the record that moved to a page which was read already, and says that it is not all', async () => {
    // The second of four was edited between the requests: the third came twice, the fourth never.
    const pages: Record<string, string[]> = { '0': ['d1', 'd2'], '2': ['d2', 'd3'] }
    ckan.instead = (_, response, start) => {
      const results = (pages[start] ?? []).map((id) => ({ id: `ck-${id}`, resources: [] }))
      return answer(response, { success: true, result: { count: 4, results } })
    }
    expect((await fetchAll()).complete).toBe(false)
    expect(ckan.starts).toEqual([0, 2, 0, 2])
    pages['2'] = ['d3', 'd4']
    expect((await fetchAll()).complete).toBe(true)
  })

  test('is repeated once where records moved meanwhile: the second walk has them all', async () => {
    const walks = [
      { '0': ['d1', 'd2'], '2': ['d2', 'd3'] },
      { '0': ['d1', 'd2'], '2': ['d3', 'd4'] },
    ] as Record<string, string[]>[]
    let asked = 0
    ckan.instead = (_, response, start) => {
      const walk = walks[Math.floor(asked++ / 2)]!
      const results = walk[start]!.map((id) => ({ id: `ck-${id}`, resources: [] }))
      return answer(response, { success: true, result: { count: 4, results } })
    }
    const all = await fetchAll()
    expect(all.complete).toBe(true)
    expect(idsOf(all)).toEqual(['ck-d1', 'ck-d2', 'ck-d3', 'ck-d4'])
    expect(ckan.starts).toEqual([0, 2, 0, 2])
  })
})

test('a malformed record is skipped with a warning, and loses no other', async () => {
  ckan.records = [...rawRecords(2), { name: 'no-id' }, null, ...rawRecords(1, 2)]
  const all = await fetchAll()
  expect(idsOf(all)).toHaveLength(3)
  expect(all.complete).toBe(true)
  expect(all.pages.flatMap(({ warnings }) => warnings)).toEqual([
    'record "no-id" has no id',
    'a record is no object',
  ])
})

describe('an answer that is none', () => {
  test.each([
    ['a page in HTML', '<html>maintenance</html>', 'no JSON'],
    ['a cut-off body', '{"success": true, "result": {"count": 5', 'no JSON'],
    ['a refusal', { success: false, error: { message: 'Search error' } }, 'Search error'],
    ['JSON of another kind', { hello: 1 }, 'no list result.results'],
    ['null', 'null', 'no list result.results'],
  ])('is an error that says so: %s', async (_, body, words) => {
    ckan.instead = (__, response) => answer(response, body)
    await expect(fetchAll()).rejects.toMatchObject({
      code: 'HTTP_BAD_ANSWER',
      message: expect.stringContaining(words),
    })
  })

  test('is the status, where that says so', async () => {
    ckan.instead = (_, response) => answer(response, 'no', 403)
    await expect(fetchAll()).rejects.toMatchObject({ code: 'HTTP_STATUS' })
  })
})

describe('asking again', () => {
  test('keeps the pages that did not change', async () => {
    ckan.records = rawRecords(15)
    ckan.cap = 10
    ckan.etag = '"v1"'
    const first = await fetchAll()
    const second = await fetchCkan(ckan.http, ckan.url, { previous: first.pages })
    expect(second).toEqual(first)
    expect(ckan.statuses).toEqual([200, 200, 304, 304])
  })

  test('takes the pages that did', async () => {
    ckan.records = rawRecords(5)
    ckan.etag = '"v1"'
    const first = await fetchAll()
    ckan.records = rawRecords(6)
    ckan.etag = '"v2"'
    expect(idsOf(await fetchCkan(ckan.http, ckan.url, { previous: first.pages }))).toHaveLength(6)
  })
})
