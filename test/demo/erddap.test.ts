import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { timeSeries } from '../../src/demo/build.ts'
import type { ErddapOptions, ErddapServer } from '../../src/demo/erddap.ts'
import { startErddap } from '../../src/demo/erddap.ts'
import { ask, askRaw, lines } from './ask.ts'

const place = { name: 'Somewhere', latitude: 48.5, longitude: -125.5 }

function station(id: string, options: { files?: boolean; count?: number } = {}) {
  return timeSeries({
    id,
    title: `Dataset ${id}`,
    stations: [{ id: 'Île A', ...place }],
    measures: ['temperature'],
    depths: [1, 5],
    from: '2022-01-01T00:00:00Z',
    stepSeconds: 3600,
    count: options.count ?? 10,
    more:
      options.files === false
        ? {}
        : {
            files: [
              { name: 'a.csv', lastModified: 1_600_000_000_000, size: 100 },
              { name: '2021/b.csv', lastModified: 1_600_000_000_500, size: 200 },
            ],
          },
  })
}

let server: ErddapServer

async function restart(options: Partial<ErddapOptions> = {}): Promise<void> {
  await server?.close()
  server = await startErddap({ datasets: [station('one'), station('two', { files: false })], ...options })
}

beforeEach(() => restart())
afterEach(() => server.close())

const data = (query: string, id = 'one') => ask(`${server.url}/tabledap/${id}.csv?${query}`)
const listing = async () => {
  const { body } = await ask(`${server.url}/tabledap/allDatasets.csv?datasetID&dataStructure="table"`)
  return lines(body)
    .slice(2)
    .filter((id) => id !== 'allDatasets')
}

describe('queries beyond the recorded ones', () => {
  it.each([
    ['time>=2022-01-01T03:00:00Z&time<2022-01-01T05:00:00Z', 4],
    ['time=2022-01-01T00:00:00.000Z', 2],
    ['time<=1640998800', 4],
    ['depth!=5', 10],
    ['depth>1&depth<=5', 10],
    ['station_id=~"Î.*"', 20],
    ['station_id!="x"', 20],
  ])('select by %s', async (constraints, count) => {
    const { body } = await data(`time,depth&${constraints.replaceAll('Î', encodeURIComponent('Î'))}`)
    expect(lines(body)).toHaveLength(count + 2)
  })

  it('group by any number of keys', async () => {
    const { body } = await data('station_id,depth,time&orderByMinMax("station_id,depth,time")')
    expect(lines(body).slice(2)).toEqual([
      '"\\u00cele A",1.0,2022-01-01T00:00:00Z',
      '"\\u00cele A",1.0,2022-01-01T09:00:00Z',
      '"\\u00cele A",5.0,2022-01-01T00:00:00Z',
      '"\\u00cele A",5.0,2022-01-01T09:00:00Z',
    ])
  })

  it('limit the rows of a group', async () => {
    const { body } = await data('depth,time&orderByLimit("depth,2")')
    expect(lines(body)).toHaveLength(2 + 4)
  })

  it('refuse raw quotes with a page of the container', async () => {
    const answer = await askRaw(`${server.url}/tabledap/one.csv?time&orderByMinMax("time")`)
    expect(answer.status).toBe(400)
    expect(answer.headers['content-type']).toContain('text/html')
  })

  it('give the same bytes with and without gzip', async () => {
    const zipped = await ask(`${server.url}/tabledap/one.csv`, { headers: { 'accept-encoding': 'gzip' } })
    expect(zipped.headers['content-encoding']).toBe('gzip')
    expect(zipped.body).toBe((await ask(`${server.url}/tabledap/one.csv`)).body)
  })

  it('send raw UTF-8 where the server does not escape', async () => {
    await restart({ escapes: false })
    const { body, headers } = await data('station_id&distinct()')
    expect(body).toContain('Île A')
    expect(headers['content-type']).toBe('text/csv;charset=UTF-8')
  })
})

describe('old servers', () => {
  beforeEach(() => restart({ version: '1.82' }))

  it('have no orderByCount, and say so in an escaped page with status 500', async () => {
    const answer = await data('station_id,time&orderByCount("station_id")')
    expect(answer.status).toBe(500)
    expect(answer.headers['content-type']).toContain('text/html')
    expect(answer.body).toContain('No operator found in constraint=&quot;orderByCount(')
  })

  it('say that there are no rows in the same way', async () => {
    const answer = await data('time&depth>1000')
    expect(answer.status).toBe(500)
    expect(answer.body).toContain('Your query produced no matching results.')
  })

  it('send one row for a group of one', async () => {
    const { body } = await data('depth,time&time<=2022-01-01T00:00:00Z&orderByMinMax("depth,time")')
    expect(lines(body)).toHaveLength(2 + 2)
  })

  it('know no manifest and no Croissant', async () => {
    expect((await ask(`${server.url}/files/one.manifest`)).status).toBe(500)
    expect((await ask(`${server.url}/tabledap/one.croissant`)).status).toBe(500)
  })
})

describe('the state of the server', () => {
  it('knows nothing right after a start, then a part, then all', async () => {
    server.setPhase('unknown')
    expect((await ask(`${server.url}/tabledap/allDatasets.csv`)).body).toContain(
      'Currently unknown datasetID=allDatasets',
    )
    server.setPhase(1)
    expect(await listing()).toEqual(['one'])
    expect((await ask(`${server.url}/info/two/index.csv`)).status).toBe(404)
    server.setPhase('ready')
    expect(await listing()).toEqual(['one', 'two'])
  })

  it('gains and loses datasets', async () => {
    server.addDataset(station('three'))
    server.removeDataset('one')
    expect((await listing()).sort()).toEqual(['three', 'two'])
    expect((await data('time')).body).toContain('Currently unknown datasetID=one')
  })

  it('answers with a row that was inserted in the middle, while the metadata stays', async () => {
    const info = () => ask(`${server.url}/info/one/index.csv`).then(({ body }) => body)
    const manifest = () => ask(`${server.url}/files/one.manifest`).then(({ body }) => body)
    const [infoBefore, manifestBefore, rowsBefore] = [
      await info(),
      await manifest(),
      (await data('time')).body,
    ]
    server.insertRow('one', ['Île A', 1_641_000_000, 48.5, -125.5, 3, 7], 5)
    expect(lines((await data('time')).body)).toHaveLength(lines(rowsBefore).length + 1)
    expect(await info()).toBe(infoBefore)
    expect(await manifest()).not.toBe(manifestBefore)
  })

  it('shows touched files in the manifest at once and in the listing after it read the dataset again', async () => {
    const list = () => ask(`${server.url}/files/one/.csv`).then(({ body }) => body)
    const before = await list()
    server.touchFile('one', 'a.csv', 1_700_000_000_000)
    server.addFile('one', { name: 'c.csv', lastModified: 1_700_000_000_000, size: 5 })
    expect((await ask(`${server.url}/files/one.manifest`)).body).toContain('1700000000000,100')
    expect(await list()).toBe(before)
    server.reread('one')
    expect(await list()).toContain('c.csv,1700000000000,5,')
  })

  it('lists folders of source files, and what is in them', async () => {
    expect((await ask(`${server.url}/files/one/.csv`)).body).toContain('2021/,NaN,NaN,')
    expect((await ask(`${server.url}/files/one/2021/.csv`)).body).toContain('b.csv,1600000000500,200,')
    expect((await ask(`${server.url}/files/one/1999/.csv`)).status).toBe(404)
  })

  it('names the files in the Croissant of some versions', async () => {
    server.dataset('one').croissant = 'files'
    const document = JSON.parse((await ask(`${server.url}/tabledap/one.croissant`)).body)
    expect(document.distribution.map((file: { name: string }) => file.name)).toEqual(['a.csv', '2021/b.csv'])
    expect(document.distribution[0]).toMatchObject({
      contentSize: '100',
      dateModified: '2020-09-13T12:26:40.000Z',
    })
  })

  it('changes titles and attributes', async () => {
    const info = () => ask(`${server.url}/info/one/index.csv`).then(({ body }) => body)
    await info()
    server.setTitle('one', 'Another title')
    server.setAttribute('one', 'TEMP', 'units', 'K')
    server.setAttribute('one', 'NC_GLOBAL', 'cde_ingest', 'false')
    server.setAttribute('one', 'depth', 'actual_range', undefined)
    const after = await info()
    expect(after).toContain('attribute,NC_GLOBAL,title,String,Another title')
    expect(after).toContain('attribute,TEMP,units,String,K')
    expect(after).toContain('attribute,NC_GLOBAL,cde_ingest,String,false')
    expect(after).not.toContain('attribute,depth,actual_range')
  })

  it('changes in the middle of a harvest', async () => {
    server.onRequest(({ path }) => {
      if (path.includes('/tabledap/one')) server.touchFile('one', 'a.csv', 1_700_000_000_000)
    })
    const manifest = () => ask(`${server.url}/files/one.manifest`).then(({ body }) => body)
    const before = await manifest()
    await data('time')
    expect(await manifest()).not.toBe(before)
  })

  it('logs what was asked, decoded', async () => {
    await data('station_id,time&orderByMinMax("station_id,time")')
    expect(server.requests).toMatchObject([
      {
        method: 'GET',
        path: '/erddap/tabledap/one.csv?station_id,time&orderByMinMax("station_id,time")',
        status: 200,
      },
    ])
    server.clearRequests()
    expect(server.requests).toEqual([])
  })

  it('publishes its answers under another address', async () => {
    await restart({ publicUrl: 'https://erddap.test.example/erddap/' })
    const { body } = await ask(`${server.url}/tabledap/allDatasets.csv?files&datasetID="one"`)
    expect(lines(body)[2]).toBe('https://erddap.test.example/erddap/files/one/')
  })
})

describe('bad days', () => {
  const url = () => `${server.url}/tabledap/one.csv?time,depth`

  it('answers 429 above the limit of requests, and remembers the most it had', async () => {
    // Long enough that all three are there together on any machine.
    await restart({ maxActive: 1, latencyMs: 2_000 })
    const statuses = await Promise.all([ask(url()), ask(url()), ask(url())])
    expect(statuses.map(({ status }) => status).sort()).toEqual([200, 429, 429])
    expect(server.maxConcurrent()).toBe(3)
  })

  it.each([
    [429, undefined],
    [429, '1.5'],
    [503, '2'],
    [403, undefined],
  ])('answers %i with Retry-After %s so many times', async (status, retryAfter) => {
    server.setHostile([
      {
        match: /tabledap\/one/,
        times: 2,
        behave: { kind: 'status', status, ...(retryAfter === undefined ? {} : { retryAfter }) },
      },
    ])
    const answers = [await ask(url()), await ask(url()), await ask(url())]
    expect(answers.map((answer) => answer.status)).toEqual([status, status, 200])
    expect(answers[0]?.headers['retry-after']).toBe(retryAfter)
  })

  it('leaves other paths alone', async () => {
    server.setHostile([{ match: /tabledap\/two/, behave: { kind: 'status', status: 500 } }])
    expect((await ask(url())).status).toBe(200)
  })

  it('waits before an answer', async () => {
    server.setHostile([{ match: /one/, behave: { kind: 'latency', ms: 40 } }])
    const before = performance.now()
    expect((await ask(url())).status).toBe(200)
    expect(performance.now() - before).toBeGreaterThanOrEqual(39)
  })

  it('resets the connection in the middle of a body', async () => {
    server.setHostile([{ match: /one/, behave: { kind: 'reset', afterBytes: 20 } }])
    const answer = await ask(url())
    expect(answer.ended).toBe('ECONNRESET')
    expect(answer.body.length).toBeLessThanOrEqual(20)
  })

  it('promises more bytes than it sends', async () => {
    server.setHostile([{ match: /one/, behave: { kind: 'wrong-length' } }])
    const answer = await ask(url())
    expect(answer.ended).toBe('ECONNRESET')
    expect(Number(answer.headers['content-length'])).toBeGreaterThan(answer.body.length)
  })

  it('sends a page for people with status 200', async () => {
    server.setHostile([{ match: /one/, behave: { kind: 'html' } }])
    const answer = await ask(url())
    expect(answer.status).toBe(200)
    expect(answer.body).toMatch(/^<!DOCTYPE html>/)
  })

  it('ends a table in the middle of a line', async () => {
    server.setHostile([{ match: /one/, behave: { kind: 'truncated', bytes: 40 } }])
    const answer = await ask(url())
    expect(answer).toMatchObject({ status: 200, ended: 'whole' })
    expect(answer.body).toHaveLength(40)
    expect(answer.body.endsWith('\n')).toBe(false)
  })

  it('never answers', async () => {
    server.setHostile([{ match: /one/, behave: { kind: 'silent' } }])
    const answer = ask(url()).then(
      () => 'answered',
      () => 'closed',
    )
    expect(await Promise.race([answer, ask(`${server.url}/version`).then(() => 'nothing yet')])).toBe(
      'nothing yet',
    )
    await server.close()
    expect(await answer).toBe('closed')
  })

  it('sends one byte at a time', async () => {
    server.setHostile([{ match: /one/, behave: { kind: 'slow', everyMs: 1 } }])
    const answer = await ask(`${url()}&time=2022-01-01`)
    expect(answer.ended).toBe('whole')
    expect(lines(answer.body)).toHaveLength(4)
  })

  it('goes on for ever', async () => {
    server.setHostile([{ match: /one/, behave: { kind: 'endless' } }])
    const answer = await ask(url(), { atMost: 3_000_000 })
    expect(answer.ended).toBe('enough')
    expect(lines(answer.body)[0]).toBe('time,depth')
  })

  it('sends as many bytes as it is told to', async () => {
    server.setHostile([{ match: /one/, behave: { kind: 'huge', bytes: 2_000_000 } }])
    const answer = await ask(url())
    expect(answer.ended).toBe('whole')
    expect(answer.body.length).toBeGreaterThanOrEqual(2_000_000)
  })
})

describe('a server in a process of its own', () => {
  it('is watched and changed by its parent', async () => {
    const statistics = () => ask(`${server.origin}/demo-statistics`).then(({ body }) => JSON.parse(body))
    await data('time')
    expect(await statistics()).toMatchObject({ requests: 1, maxConcurrent: 1 })
    await ask(`${server.origin}/demo-reset`)
    expect(await statistics()).toMatchObject({ requests: 0, bytes: 0 })
    await ask(`${server.origin}/demo-touch?every=2`)
    expect(server.dataset('one').files?.at(-1)?.lastModified).toBeGreaterThan(1_600_000_000_500)
  })
})
