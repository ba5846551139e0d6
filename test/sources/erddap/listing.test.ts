import { afterEach, describe, expect, it } from 'vitest'
import { createBreaker } from '../../../src/http/breaker.ts'
import { createHttpClient, type HttpClient, type HttpRecord } from '../../../src/http/client.ts'
import { createErddapClient, type ScopeSettings } from '../../../src/sources/erddap/client.ts'
import { readCsv } from '../../../src/sources/erddap/csv.ts'
import { listingColumns, readListing } from '../../../src/sources/erddap/listing.ts'
import { decodeUrl } from '../../../src/sources/erddap/urls.ts'
import { deadHost, httpServer, stopServersAfterEach, type TestServer } from '../../http/servers.ts'
import { answerOf, recording } from './recordings.ts'

stopServersAfterEach()
const clients: HttpClient[] = []
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()))
})

function scopeOf(server: Pick<TestServer, 'url'>, settings: ScopeSettings = {}) {
  const http = createHttpClient({ sleep: async () => {} })
  clients.push(http)
  return createErddapClient({ http, baseUrl: `${server.url}/erddap` }).scope(settings)
}

const isFull = (path: string) => decodeUrl(path).includes('.csv?&accessible')
const csvHeaders = { 'content-type': 'text/csv;charset=ISO-8859-1' }

describe('the list of datasets', () => {
  it('is all that was recorded but the list itself, decoded', async () => {
    const datasets = await readListing(await readCsv(answerOf('all_enc'), { unitsRow: true }))
    const ids = datasets.map((dataset) => dataset.datasetId)
    expect(ids).not.toContain('allDatasets')
    expect(ids).toContain('ts_francais')
    expect(new Set(ids).size).toBe(ids.length)
    const french = datasets.find((dataset) => dataset.datasetId === 'ts_francais')!
    expect(french.cdmDataType).toBe('TimeSeries')
    expect(french.title + french.institution).not.toContain('\\u')
    expect(french.row.class).toMatch(/^EDDTableFrom/)
    const withFiles = await readListing(await readCsv(answerOf('all_files_column'), { unitsRow: true }))
    expect(withFiles.find((dataset) => dataset.datasetId === 'profile_300')!.files).toBe(
      'http://127.0.0.1:8180/erddap/files/profile_300/',
    )
  })

  it('asks for the columns it needs, by names that the real server has', async () => {
    const header = recording('all_enc').body.toString().split('\n')[0]!.split(',')
    for (const column of listingColumns) expect(header).toContain(column)
    const server = await httpServer((_request, response) => {
      response
        .writeHead(200, csvHeaders)
        .end(`${listingColumns.join(',')}\n${',,,,,,,,,,,,,'}\nx${','.repeat(13)}\n`)
    })
    expect(await scopeOf(server).listDatasets()).toMatchObject([{ datasetId: 'x', files: '' }])
    expect(decodeUrl(server.asked[0]!)).toBe(
      `/erddap/tabledap/allDatasets.csv?${listingColumns.join(',')}&accessible="public"&dataStructure="table"`,
    )
  })

  it.each([
    [
      400,
      'Error {\n    code=400;\n    message="Bad Request: Query error: Unrecognized variable=\\"files\\".";\n}',
    ],
    [
      500,
      '<html><body><p><b>message</b> <u>Query error: Unrecognized variable=&quot;files&quot;</u></p></body></html>',
    ],
  ])('is asked for whole where a server (%i) is too old for one of the columns', async (status, body) => {
    const server = await httpServer((request, response) => {
      if (!isFull(request.url!)) return response.writeHead(status).end(body)
      response.writeHead(200, csvHeaders).end('title,datasetID,cdm_data_type\n,,\nOld,old_one,TimeSeries\n')
    })
    expect(await scopeOf(server).listDatasets()).toEqual([
      {
        datasetId: 'old_one',
        cdmDataType: 'TimeSeries',
        title: 'Old',
        institution: '',
        files: '',
        minTime: '',
        maxTime: '',
        row: { title: 'Old', datasetID: 'old_one', cdm_data_type: 'TimeSeries' },
      },
    ])
    expect(server.asked).toHaveLength(2)
  })

  it('names an id once, and says when it came twice or not at all', async () => {
    const server = await httpServer((_request, response) => {
      response
        .writeHead(200, csvHeaders)
        .end(
          `datasetID,${listingColumns.slice(1).join(',')}\n${','.repeat(13)}\n${['a', 'b', 'a', '', 'allDatasets'].map((id) => `${id}${','.repeat(13)}\n`).join('')}`,
        )
    })
    const warnings: string[] = []
    const datasets = await scopeOf(server, {
      onWarning: (sentence) => warnings.push(sentence),
    }).listDatasets()
    expect(datasets.map((dataset) => dataset.datasetId)).toEqual(['a', 'b'])
    expect(warnings).toEqual([
      'the list of datasets has a row without an id',
      'the list of datasets has a twice; the first row counts',
    ])
  })

  it('warns once of a flood of repeated ids, with their number', async () => {
    const row = (id: string) => `${id}${','.repeat(13)}\n`
    const server = await httpServer((_request, response) => {
      response
        .writeHead(200, csvHeaders)
        .end(
          `datasetID,${listingColumns.slice(1).join(',')}\n${','.repeat(13)}\n${row('a').repeat(30_001)}${row('b').repeat(3)}`,
        )
    })
    const warnings: string[] = []
    await scopeOf(server, { onWarning: (sentence) => warnings.push(sentence) }).listDatasets()
    expect(warnings).toEqual([
      'the list of datasets has 30002 rows more than once, for example of a; b; the first row of each id counts',
    ])
  })

  it('of a server that is starting is a failure and no empty list', async () => {
    const { status, body } = recording('starting_alldatasets')
    const server = await httpServer((_request, response) => response.writeHead(status).end(body))
    await expect(scopeOf(server).listDatasets()).rejects.toMatchObject({
      code: 'LISTING_FAILED',
      message: expect.stringContaining('Currently unknown datasetID=allDatasets'),
    })
  })

  it('of a server that has none is empty', async () => {
    const { status, body } = recording('all_none')
    const server = await httpServer((_request, response) => response.writeHead(status).end(body))
    expect(await scopeOf(server).listDatasets()).toEqual([])
    expect(await scopeOf(server).countGridded()).toBe(0)
  })

  it('that is larger than the limit is cut off', async () => {
    const server = await httpServer((_request, response) => {
      response.writeHead(200, csvHeaders)
      response.write(`${listingColumns.join(',')}\n${','.repeat(13)}\n`)
      const fill = () => {
        while (!response.destroyed && response.write(`${'x'.repeat(9)}${','.repeat(13)}\n`.repeat(1000)));
      }
      response.on('drain', fill)
      fill()
    })
    const http = createHttpClient()
    clients.push(http)
    const erddap = createErddapClient({ http, baseUrl: `${server.url}/erddap`, maxBytes: 1_000_000 })
    await expect(erddap.scope().listDatasets()).rejects.toMatchObject({ code: 'HTTP_TOO_LARGE' })
  })
})

describe('a dataset', () => {
  it.each([
    [200, ''],
    [204, ''],
    [404, recording('err_nodata').body],
    [500, '<html><b>message</b> <u>Your query produced no matching results. (nRows = 0)</u></html>'],
  ])('without rows (%i) gives null, and is asked for once', async (status, body) => {
    const server = await httpServer((_request, response) => response.writeHead(status, csvHeaders).end(body))
    expect(await scopeOf(server).distinct('x', ['a'])).toBeNull()
    expect(server.asked).toHaveLength(1)
  })

  it('that the server knows no longer is unknown, whatever is asked of it', async () => {
    const { status, body } = recording('err_dataset')
    const server = await httpServer((_request, response) => response.writeHead(status).end(body))
    const scope = scopeOf(server)
    for (const call of [
      () => scope.metadata('nosuch'),
      () => scope.distinct('nosuch', ['a']),
      () => scope.minMax('nosuch', ['a'], 'time'),
      () => scope.count('nosuch', ['a'], ['a']),
      () => scope.manifest('nosuch'),
      () => scope.croissant('nosuch'),
    ])
      await expect(call()).rejects.toMatchObject({ code: 'ERDDAP_UNKNOWN_DATASET' })
  })

  it('on a server that lacks a function says so', async () => {
    const server = await httpServer((_request, response) =>
      response
        .writeHead(500)
        .end(
          '<html><b>message</b> <u>No operator found in constraint=&quot;orderByCount(&quot;a&quot;)&quot;</u></html>',
        ),
    )
    await expect(scopeOf(server).count('x', ['a'], ['a'])).rejects.toMatchObject({
      code: 'ERDDAP_UNSUPPORTED',
    })
    expect(await scopeOf(server).croissant('x')).toBeNull()
  })

  it('too large for the server fails with its sentence', async () => {
    const server = await httpServer((_request, response) =>
      response
        .writeHead(413)
        .end(
          'Error {\n    code=413;\n    message="Payload Too Large: Your query produced too much data.";\n}',
        ),
    )
    await expect(scopeOf(server).distinct('x', ['a'])).rejects.toMatchObject({
      code: 'HTTP_STATUS',
      message: expect.stringMatching(/answered 413: Payload Too Large: Your query produced too much data\.$/),
    })
    expect(server.asked).toHaveLength(1)
  })

  it('whose metadata is empty is said to have bad metadata', async () => {
    const server = await httpServer((_request, response) =>
      response.writeHead(200, csvHeaders).end('Row Type,Variable Name,Attribute Name,Data Type,Value\n'),
    )
    await expect(scopeOf(server).metadata('x')).rejects.toMatchObject({ code: 'ERDDAP_BAD_METADATA' })
  })

  it('answered by a page for people fails with what the page says', async () => {
    const server = await httpServer((_request, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html><title>Maintenance</title></html>'),
    )
    await expect(scopeOf(server).metadata('x')).rejects.toMatchObject({
      code: 'HTTP_BAD_ANSWER',
      message: expect.stringContaining('HTML instead of CSV ("Maintenance")'),
    })
  })

  it('whose long table breaks off fails while it is read', async () => {
    const server = await httpServer((_request, response) => {
      response.writeHead(200, csvHeaders)
      response.write(`a,b\n,\n${'1,2\n'.repeat(3_000_000)}`)
      response.once('drain', () => response.destroy())
    })
    const table = await scopeOf(server).distinct('x', ['a', 'b'])
    let rows = 0
    const reading = (async () => {
      for await (const batch of table!.batches!) rows += batch.length
    })()
    await expect(reading).rejects.toMatchObject({ code: 'HTTP_CONNECT' })
    expect(rows).toBeGreaterThan(10_000)
  })

  it('that takes too long as a whole is cut off, whichever request it is at', async () => {
    const server = await httpServer((request, response) => {
      if (request.url!.includes('/info/'))
        response
          .writeHead(200, csvHeaders)
          .end('Row Type,Variable Name,Attribute Name,Data Type,Value\nattribute,NC_GLOBAL,title,String,T\n')
    })
    const scope = scopeOf(server, { timeoutMs: 800 })
    await scope.metadata('slow')
    await expect(scope.distinct('slow', ['a'])).rejects.toMatchObject({
      code: 'HTTP_TIMEOUT',
      message: expect.stringMatching(/^slow took longer than 0\.8 s, at GET http/),
    })
  })

  it('tells of every exchange, in order', async () => {
    const server = await httpServer((_request, response, turn) => {
      if (turn === 1) return response.writeHead(503).end()
      response.writeHead(200, csvHeaders).end('a\n\n1\n')
    })
    const records: HttpRecord[] = []
    const scope = scopeOf(server, { onRequest: (record) => records.push(record) })
    const table = await scope.distinct('x', ['a'])
    for await (const _ of table!.rows);
    expect(records.map(({ status, attempt, bytes }) => [status, attempt, bytes])).toEqual([
      [503, 1, 0],
      [200, 2, 5],
    ])
  })
})

describe('a host that is down', () => {
  it('is left alone after five datasets, each counted once', async () => {
    const host = await deadHost()
    const breaker = createBreaker()
    const codes: string[] = []
    for (let dataset = 0; dataset < 7; dataset += 1) {
      const scope = scopeOf({ url: `http://${host}` }, { breaker })
      await scope.metadata('x').catch((error) => codes.push(error.code))
      await scope.distinct('x', ['a']).catch(() => {})
    }
    expect(codes).toEqual([...Array(5).fill('HTTP_CONNECT'), 'HOST_UNAVAILABLE', 'HOST_UNAVAILABLE'])
  })
})
