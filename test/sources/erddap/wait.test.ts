import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { type ErddapServer, startErddap } from '../../../src/demo/erddap.ts'
import { scaleDatasets } from '../../../src/demo/scale.ts'
import { createHttpClient } from '../../../src/http/client.ts'
import { describeSeen, type Wanted } from '../../../src/rules/readiness.ts'
import { createErddapClient } from '../../../src/sources/erddap/client.ts'
import { waitForErddap } from '../../../src/sources/erddap/wait.ts'
import { replayServer } from './recordings.ts'

const closing: (() => Promise<unknown> | unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

const dataset = 'scale_00000'
/** Of the generated dataset; a row is station, time, latitude, longitude, depth, value. */
const newestMs = Date.UTC(2020, 1, 29)
const answers: Wanted = { datasetId: null, newerThanMs: null }
const listed: Wanted = { datasetId: dataset, newerThanMs: null }
const newer: Wanted = { datasetId: dataset, newerThanMs: newestMs }

async function serve(more: { port?: number; version?: string } = {}): Promise<ErddapServer> {
  const server = await startErddap({ datasets: scaleDatasets({ kind: 'mixed', datasets: 3 }), ...more })
  closing.push(() => server.close())
  return server
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

interface Options {
  timeoutMs?: number
  intervalMs?: number
  signal?: AbortSignal
  /** Between two looks: what happens meanwhile. */
  meanwhile?: (look: number) => unknown
}

/** Waits on a clock of its own: time passes only between two looks. */
async function wait(url: string, wanted: Wanted, options: Options = {}) {
  const http = createHttpClient({ timeouts: { headersMs: 2000 } })
  closing.push(() => http.close())
  let now = 0
  const pauses: number[] = []
  const seen: string[] = []
  const waiting = waitForErddap({
    client: createErddapClient({ http, baseUrl: url }),
    wanted,
    timeoutMs: options.timeoutMs ?? 600_000,
    intervalMs: options.intervalMs ?? 30_000,
    signal: options.signal ?? new AbortController().signal,
    now: () => now,
    random: () => 0.5,
    sleep: async (ms, signal) => {
      signal.throwIfAborted()
      now += ms
      pauses.push(ms)
      await options.meanwhile?.(pauses.length)
    },
    onChange: (look) => seen.push(describeSeen(look)),
  })
  const result = await waiting.then(
    (waited) => ({ waited, error: null }),
    (error: unknown) => ({ waited: null, error }),
  )
  return { ...result, pauses, seen }
}

describe('a server that starts', () => {
  it('is waited for from the refused port to the list, and each change is told once', async () => {
    const port = await freePort()
    let server: ErddapServer
    const { waited, seen, pauses } = await wait(`http://127.0.0.1:${port}/erddap`, listed, {
      async meanwhile(look) {
        if (look === 3) {
          server = await serve({ port })
          server.setHostile([{ match: /./, behave: { kind: 'status', status: 503 } }])
        }
        if (look === 5) {
          server.setHostile([])
          server.setPhase('unknown')
        }
        if (look === 6) server.setPhase(0)
        if (look === 7) server.setPhase('ready')
      },
    })
    expect(waited).toMatchObject({ looks: 8, seen: { kind: 'listed' } })
    expect(seen).toEqual([
      expect.stringContaining('refuses connections'),
      expect.stringContaining('answered 503'),
      'the server is starting: it has no list of datasets yet',
      'the dataset is not listed',
      'the dataset is listed',
    ])
    // Who cannot be reached at all is looked for sooner; who answers is left alone for the interval.
    expect(pauses).toEqual([1000, 2000, 4000, 30_000, 30_000, 30_000, 30_000])
  })

  it('answers only once it has a list, though it says its version before', async () => {
    const server = await serve()
    server.setPhase('unknown')
    const { waited, seen } = await wait(server.url, answers, { meanwhile: () => server.setPhase('ready') })
    expect(waited).toMatchObject({ looks: 2, seen: { kind: 'answers', version: '2.31' } })
    expect(seen[0]).toContain('starting')
  })

  it('asks nothing again within one look, and a look at a server is two questions of one row', async () => {
    const server = await serve()
    server.setHostile([{ match: /./, behave: { kind: 'status', status: 503 }, times: 2 }])
    await wait(server.url, answers)
    expect(server.requests.map(({ path }) => path)).toEqual([
      '/erddap/version',
      '/erddap/version',
      '/erddap/version',
      '/erddap/tabledap/allDatasets.csv?datasetID,maxTime&datasetID="allDatasets"&accessible="public"&dataStructure="table"',
    ])
  })

  it('that is too old to say its version is known by its list', async () => {
    const server = await serve({ version: '1.82' })
    server.setHostile([{ match: /version/, behave: { kind: 'status', status: 404 } }])
    const { waited } = await wait(server.url, answers)
    expect(waited?.seen).toEqual({ kind: 'answers', version: null })
  })

  it('that asks for a pause gets it', async () => {
    const server = await serve()
    server.setHostile([{ match: /./, behave: { kind: 'status', status: 503, retryAfter: '120' }, times: 1 }])
    expect((await wait(server.url, answers)).pauses).toEqual([120_000])
  })
})

describe('newer data', () => {
  const insert = (server: ErddapServer, ms: number) =>
    server.insertRow(dataset, ['S0', ms / 1000, 49, -124, 0, 8.1])
  /** Until when the server says that the dataset goes, `NaN` where it goes on. */
  const record = (server: ErddapServer, until: number | 'NaN') =>
    server.setAttribute(dataset, 'time', 'actual_range', `1.5778368E9, ${until}`)

  it('is what the data holds, whatever the list says: its newest time may be stale', async () => {
    const server = await serve()
    const { waited, seen } = await wait(server.url, newer, {
      meanwhile: (look) => insert(server, newestMs + (look - 1) * 1000),
    })
    // The first row that came is as old as what was there.
    expect(waited).toMatchObject({ looks: 3, seen: { kind: 'newest', time: '2020-02-29T00:00:01Z' } })
    expect(seen).toEqual([
      'the dataset has data up to 2020-02-29T00:00:00Z',
      'the dataset has data up to 2020-02-29T00:00:01Z',
    ])
    expect(server.requests.map(({ path }) => path).slice(-2)).toEqual([
      `/erddap/tabledap/allDatasets.csv?datasetID,maxTime&datasetID="${dataset}"&accessible="public"&dataStructure="table"`,
      `/erddap/tabledap/${dataset}.csv?time&time>=max(time)&orderByMax("time")`,
    ])
  })

  it.each<[string, number | 'NaN']>([
    ['goes on and has no newest time on record', 'NaN'],
    ['has less data than its owner promises', Date.UTC(2038, 0, 1) / 1000],
  ])('of a dataset that %s is asked for by the wanted time', async (_what, until) => {
    const server = await serve()
    record(server, until)
    const { waited, seen } = await wait(server.url, newer, {
      meanwhile: () => insert(server, newestMs + 1000),
    })
    expect(waited).toMatchObject({ looks: 2, seen: { kind: 'newest', time: '2020-02-29T00:00:01Z' } })
    expect(seen[0]).toContain('no later data')
  })

  it('is found on servers that lack orderByMax, by the first row of the plain answer', async () => {
    const server = await serve()
    server.setHostile([
      {
        match: /orderByMax/,
        behave: {
          kind: 'status',
          status: 500,
          body: '<html><body>Query error: No operator found in constraint=&quot;orderByMax</body></html>',
        },
      },
    ])
    expect((await wait(server.url, { ...newer, newerThanMs: newestMs - 1 })).waited?.seen.kind).toBe('newest')
    const { waited, seen } = await wait(server.url, newer, {
      meanwhile: () => {
        insert(server, newestMs + 5000)
        record(server, newestMs / 1000 + 5)
      },
    })
    expect(waited).toMatchObject({ looks: 2, seen: { time: '2020-02-29T00:00:05Z' } })
    expect(seen[0]).toContain('no later data')
  })

  it('of a dataset without time cannot come: that is said at once', async () => {
    const server = await serve()
    server.setHostile([
      {
        match: /orderByMax/,
        behave: {
          kind: 'status',
          status: 400,
          body: 'Error {\n    code=400;\n    message="Bad Request: Query error: Unrecognized variable=\\"time\\".";\n}\n',
        },
      },
    ])
    const { error, pauses } = await wait(server.url, newer)
    expect(error).toMatchObject({
      code: 'SOURCE_NOT_READY',
      message: expect.stringMatching(/will not become ready.*Unrecognized variable/),
    })
    expect(pauses).toEqual([])
  })
})

describe('waiting ends', () => {
  it('at the time limit, saying what was waited for and what was seen last, after a last look', async () => {
    const server = await serve()
    server.setPhase(0)
    const { error, pauses } = await wait(server.url, listed, { timeoutMs: 100_000 })
    expect(error).toMatchObject({
      code: 'SOURCE_NOT_READY',
      message: `${server.url} was not ready within 100 s: waited until dataset ${dataset} is listed; seen last: the dataset is not listed`,
    })
    expect(pauses).toEqual([30_000, 30_000, 30_000, 8_000])
  })

  it('with what was seen last, not with the end of its own patience, where the last look hangs', async () => {
    const server = await serve()
    server.setPhase(0)
    const { error } = await wait(server.url, listed, {
      timeoutMs: 1000.4,
      intervalMs: 1000,
      meanwhile: () => server.setHostile([{ match: /./, behave: { kind: 'silent' } }]),
    })
    const { message } = error as Error
    expect(message).toMatch(/seen last: the dataset is not listed; then it gave no answer$/)
    expect(message).not.toMatch(/\d\.\d{3,}/)
  })

  it('at once where the server has blocked us', async () => {
    const server = await serve()
    server.setHostile([{ match: /./, behave: { kind: 'status', status: 403 } }])
    const { error, pauses } = await wait(server.url, answers)
    expect(error).toMatchObject({ code: 'SOURCE_NOT_READY', message: expect.stringContaining('403') })
    expect(pauses).toEqual([])
    expect(server.requests).toHaveLength(1)
  })

  it('at once when it is cancelled, in a look that hangs as well', async () => {
    const server = await serve()
    server.setHostile([{ match: /./, behave: { kind: 'silent' } }])
    const controller = new AbortController()
    const reason = new Error('enough')
    server.onRequest(() => setImmediate(() => controller.abort(reason)))
    expect((await wait(server.url, answers, { signal: controller.signal })).error).toBe(reason)
  })
})

describe('a server as it was recorded', () => {
  const row = (id: string) =>
    `/erddap/tabledap/allDatasets.csv?datasetID,maxTime&datasetID="${id}"&accessible="public"&dataStructure="table"`
  const newest = (id: string) => `/erddap/tabledap/${id}.csv?time&time>=max(time)&orderByMax("time")`
  const noRows = (why: string) => ({
    status: 404,
    headers: { 'content-type': 'text/plain;charset=UTF-8' },
    body: `Error {\n    code=404;\n    message="Not Found: Your query produced no matching results. (${why})";\n}\n`,
  })

  it('lists a dataset in one row, or says that there is none', async () => {
    const { server, baseUrl } = await replayServer({
      [row('allDatasets')]: { body: 'datasetID,maxTime\n,UTC\nallDatasets,\n' },
      [row('ts_multi')]: { body: 'datasetID,maxTime\n,UTC\nts_multi,2023-01-30T18:00:00Z\n' },
      [row('gone')]: noRows('nRows = 0'),
      [newest('ts_multi')]: { body: 'time\nUTC\n2023-01-30T18:00:00Z\n' },
      [row('ts_promised')]: { body: 'datasetID,maxTime\n,UTC\nts_promised,2049-01-01T00:00:00Z\n' },
      [newest('ts_promised')]: noRows('nRows = 0'),
      '/erddap/tabledap/ts_promised.csv?time&time>2050-01-01T00:00:00Z&orderByMax("time")': noRows(
        "time>2050-01-01T00:00:00Z is outside of the variable's actual_range: 2023-01-01T00:00:00Z to 2049-01-01T00:00:00Z",
      ),
    })
    closing.push(() => {
      server.closeAllConnections()
      server.close()
    })
    const newerThan = (datasetId: string, iso: string) => ({ datasetId, newerThanMs: Date.parse(iso) })
    expect((await wait(baseUrl, answers)).waited?.seen).toEqual({ kind: 'answers', version: '2.31' })
    expect((await wait(baseUrl, { datasetId: 'ts_multi', newerThanMs: null })).waited?.seen.kind).toBe(
      'listed',
    )
    expect((await wait(baseUrl, newerThan('ts_multi', '2023-01-30T00:00:00Z'))).waited?.seen).toEqual({
      kind: 'newest',
      time: '2023-01-30T18:00:00Z',
    })
    const unseen = async (wanted: Wanted) => (await wait(baseUrl, wanted, { timeoutMs: 1000 })).seen
    expect(await unseen({ datasetId: 'gone', newerThanMs: null })).toEqual(['the dataset is not listed'])
    expect(await unseen(newerThan('ts_multi', '2023-01-30T18:00:00Z'))).toEqual([
      'the dataset has data up to 2023-01-30T18:00:00Z',
    ])
    expect(await unseen(newerThan('ts_promised', '2050-01-01T00:00:00Z'))).toEqual([
      'the dataset has no later data; its newest time is 2049-01-01T00:00:00Z by the list',
    ])
  })
})
