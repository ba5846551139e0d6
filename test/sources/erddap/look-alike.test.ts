import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ErddapServer } from '../../../src/demo/erddap.ts'
import { startErddap } from '../../../src/demo/erddap.ts'
import type { Misbehaviour } from '../../../src/demo/hostile.ts'
import { scaleDatasets } from '../../../src/demo/scale.ts'
import { createHttpClient, type HttpClient } from '../../../src/http/client.ts'
import { createErddapClient, type ErddapClient } from '../../../src/sources/erddap/client.ts'
import type { DatasetMetadata, ErddapTable } from '../../../src/sources/erddap/types.ts'

let server: ErddapServer
let http: HttpClient
let client: ErddapClient

/** Waits for no answer that is late, as tests of what a server says must on a busy machine. */
const patient = { headersMs: 60_000, bodyIdleMs: 60_000 }
const hasty = { headersMs: 500, bodyIdleMs: 500 }

async function start(version?: string) {
  server = await startErddap({
    datasets: scaleDatasets({ datasets: 6, kind: 'mixed' }),
    ...(version !== undefined && { version }),
  })
  connect(patient)
}

function connect(timeouts: typeof patient) {
  http = createHttpClient({ timeouts, sleep: async () => {}, gate: { inFlight: 1 } })
  client = createErddapClient({ http, baseUrl: server.url, maxBytes: 3_000_000, maxRows: 100_000 })
}

async function stop() {
  await http.close()
  await server.close()
}

async function countRows(table: ErddapTable | null): Promise<number> {
  let rows = 0
  if (table) for await (const _row of table.rows) rows += 1
  return rows
}

function identityOf(metadata: DatasetMetadata): string {
  const variable = metadata.variables.find((one) =>
    /^(timeseries|profile)_id$/.test(one.attributes.get('cf_role') ?? ''),
  )
  return variable!.name
}

describe.each([
  ['now', undefined],
  ['before 2.x', '1.82'],
])('a server of %s', (_name, version) => {
  beforeEach(() => start(version))
  afterEach(stop)

  it('answers every question that a harvest asks of each of its datasets', async () => {
    const scope = client.scope()
    const datasets = await scope.listDatasets()
    expect(datasets).toHaveLength(6)
    expect(await scope.countGridded()).toBe(0)
    for (const { datasetId } of datasets) {
      const metadata = await scope.metadata(datasetId)
      const id = identityOf(metadata)
      expect(await countRows(await scope.distinct(datasetId, [id, 'latitude', 'longitude']))).toBeGreaterThan(
        0,
      )
      expect(await countRows(await scope.minMax(datasetId, [id], 'time'))).toBeGreaterThan(0)
      const window = { timeFrom: '1900-01-01T00:00:00Z', timeTo: '1900-01-31T00:00:00Z' }
      const counted = () => scope.count(datasetId, ['time', id], [id])
      if (version === undefined) {
        expect(await countRows(await counted())).toBeGreaterThan(0)
        expect(await scope.count(datasetId, ['time', id], [id], window)).toBeNull()
      } else await expect(counted()).rejects.toMatchObject({ code: 'ERDDAP_UNSUPPORTED' })
    }
    await expect(scope.metadata('no_such_dataset')).rejects.toMatchObject({ code: 'ERDDAP_UNKNOWN_DATASET' })
  })
})

describe('on a bad day', () => {
  beforeEach(() => start())
  afterEach(stop)

  const always: [string, Misbehaviour, string, number][] = [
    ['refuses', { kind: 'status', status: 401 }, 'HTTP_STATUS', 1],
    ['is overloaded', { kind: 'status', status: 503 }, 'HTTP_STATUS', 4],
    ['resets the connection', { kind: 'reset', afterBytes: 30 }, 'HTTP_CONNECT', 4],
    ['promises more than it sends', { kind: 'wrong-length' }, 'HTTP_CONNECT', 4],
    ['sends a page', { kind: 'html' }, 'HTTP_BAD_ANSWER', 1],
    ['ends in the middle of a line', { kind: 'truncated', bytes: 40 }, 'HTTP_BAD_ANSWER', 1],
    ['says nothing', { kind: 'silent' }, 'HTTP_TIMEOUT', 1],
    ['sends byte by byte', { kind: 'slow', everyMs: 100 }, 'HTTP_TIMEOUT', 1],
  ]
  const endless: [string, Misbehaviour, string, number][] = [
    ['goes on for ever', { kind: 'endless' }, '', 1],
    ['sends far too much', { kind: 'huge', bytes: 300 * 1024 * 1024 }, '', 1],
  ]

  it.each([...always, ...endless])(
    '%s: each call ends with one clear error',
    async (_name, behave, code, turns) => {
      const [first] = await client.scope().listDatasets()
      const id = identityOf(await client.scope().metadata(first!.datasetId))
      server.setHostile([{ match: /./, behave }])
      // Only who is meant to run out of time has little of it; he may do so before the server has heard him.
      const isLate = code === 'HTTP_TIMEOUT'
      if (isLate) {
        await http.close()
        connect(hasty)
      }
      const scope = () => client.scope({ timeoutMs: isLate ? 1500 : 60_000 })
      const calls: [() => Promise<unknown>, string][] = [
        [() => scope().metadata(first!.datasetId), 'HTTP_TOO_LARGE'],
        [() => scope().listDatasets(), 'HTTP_TOO_LARGE'],
        [
          async () => countRows(await scope().distinct(first!.datasetId, [id, 'latitude', 'longitude'])),
          'TABLE_TOO_LONG',
        ],
      ]
      if (behave.kind === 'slow') calls.pop()
      for (const [call, whenEndless] of calls) {
        server.clearRequests()
        await expect(call()).rejects.toMatchObject({
          code: code === '' ? whenEndless : code,
          message: expect.stringContaining(server.origin),
        })
        const asked = server.requests.length
        if (isLate) expect(asked).toBeLessThanOrEqual(turns)
        else expect(asked).toBe(turns)
      }
      // Nothing is left behind: the host's only slot is free.
      server.setHostile([])
      await expect.poll(() => client.scope().version()).toBe('2.31')
    },
  )

  it('passes if it was only a moment', async () => {
    for (const behave of always.filter(([, , , turns]) => turns > 1).map(([, one]) => one)) {
      server.setHostile([{ match: /./, behave, times: 2 }])
      expect(await client.scope().listDatasets()).toHaveLength(6)
    }
  })
})
