import type { Server } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createHttpClient } from '../../../src/http/client.ts'
import type { HttpClient } from '../../../src/http/types.ts'
import { createErddapClient, type ErddapScope } from '../../../src/sources/erddap/client.ts'
import type { ErddapTable } from '../../../src/sources/erddap/types.ts'
import { replayServer } from './recordings.ts'

let server: Server
let baseUrl: string
let asked: string[]
let http: HttpClient
let erddap: ErddapScope

const gridPath = '/erddap/tabledap/allDatasets.csv?datasetID&accessible="public"&dataStructure="grid"'

beforeAll(async () => {
  const replay = await replayServer({
    [gridPath]: { body: 'datasetID\n\ngrid_a\ngrid_b\n' },
  })
  ;({ server, baseUrl, asked } = replay)
  http = createHttpClient({ sleep: async () => {} })
  erddap = createErddapClient({ http, baseUrl: `${baseUrl}//` }).scope()
})

afterAll(async () => {
  await http.close()
  server.closeAllConnections()
  server.close()
})

async function rowsOf(table: ErddapTable | null): Promise<string[][]> {
  const rows: string[][] = []
  for await (const row of table!.rows) rows.push([...row])
  return rows
}

describe('a server as it was recorded', () => {
  it('gives the metadata of a dataset with every escape decoded once', async () => {
    const metadata = await erddap.metadata('ts_francais')
    expect(metadata.globals.get('creator_name')).toBe('Société "Les Amis", Québec')
    expect(metadata.globals.get('comment')).toBe('back\\slash, C:\\temp\\new & <b>html</b>')
    expect(metadata.variables.map((variable) => variable.name).slice(0, 2)).toEqual(['station_id', 'time'])
    expect(metadata.variables[0]!.attributes.get('cf_role')).toBe('timeseries_id')
    expect(metadata.variables[0]!.dataType).toBe('String')
  })

  it('gives distinct ids and positions', async () => {
    const table = await erddap.distinct('ts_missing_ll', ['station_id', 'latitude', 'longitude'])
    expect(await rowsOf(table)).toEqual([
      ['M0', '47.0', '-52.0'],
      ['M1', '48.0', '-53.0'],
      ['M1', 'NaN', 'NaN'],
      ['M2', 'NaN', 'NaN'],
      ['M3', '50.0', '-55.0'],
    ])
  })

  it('gives minimum and maximum, and counts', async () => {
    const range = await rowsOf(await erddap.minMax('ts_multi', ['station_id'], 'time'))
    expect(range).toHaveLength(40)
    expect(range[1]).toEqual(['STN00', '2023-01-30T18:00:00Z'])
    const counts = await rowsOf(
      await erddap.count('ts_multi', ['depth', 'station_id', 'time'], ['station_id']),
    )
    expect(counts[0]).toEqual(['360', 'STN00', '360'])
  })

  it('says that an unknown dataset is unknown', async () => {
    await expect(erddap.metadata('ts_broken')).rejects.toMatchObject({
      code: 'ERDDAP_UNKNOWN_DATASET',
      message: `GET ${baseUrl}/info/ts_broken/index.csv answered 404: Not Found: Currently unknown datasetID=ts_broken`,
    })
  })

  it('says why a private dataset is refused, and asks once', async () => {
    asked.length = 0
    const failure = erddap.distinct('ts_private', ['station_id', 'latitude', 'longitude'])
    await expect(failure).rejects.toMatchObject({
      code: 'HTTP_STATUS',
      message: expect.stringContaining("answered 401: Unauthorized: loggedInAs=null isn't authorized"),
    })
    expect(asked).toHaveLength(1)
  })

  it('lists the source files where they are published, and says where they are not', async () => {
    expect(await erddap.manifest('ts_multi')).toEqual({
      kind: 'files',
      url: `${baseUrl}/files/ts_multi.manifest`,
      files: [
        {
          name: 'ts_multi.csv http://127.0.0.1:8180/erddap/files/ts_multi/ts_multi.csv',
          lastModified: '1795248736645',
          size: '467326',
          isFolder: false,
          path: 'ts_multi.csv',
        },
      ],
    })
    expect(await erddap.filesListing('ts_multi')).toMatchObject({
      files: [{ name: 'ts_multi.csv', lastModified: '1795247163825', size: '467326' }],
    })
    const why = 'Not Found: This dataset is not accessible via /files/ .'
    expect(await erddap.manifest('ts_single_res')).toEqual({ kind: 'not-accessible', why })
    expect(await erddap.filesListing('ts_single_res')).toEqual({ kind: 'not-accessible', why })
  })

  it('reads a Croissant that names no source file as one that proves nothing', async () => {
    const croissant = await erddap.croissant('ts_multi')
    expect(croissant!.files).toEqual([])
    expect(croissant!.document['@type']).toBeDefined()
  })

  it('follows a federated dataset to its origin, raw quotes in Location included', async () => {
    const table = await erddap.minMax('remote_multi', ['station_id'], 'time')
    expect(table!.url).toContain(
      '/tabledap/ts_multi.csv?station_id%2Ctime&orderByMinMax(%22station_id%2Ctime%22)',
    )
    table!.cancel!()
    const positions = await erddap.distinct('remote_multi', ['station_id', 'latitude', 'longitude'])
    expect(await rowsOf(positions)).toHaveLength(20)
  })

  it('tells its version, and how many grids it has', async () => {
    expect(await erddap.version()).toBe('2.31')
    expect(await erddap.countGridded()).toBe(2)
  })
})
