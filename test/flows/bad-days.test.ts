import { once } from 'node:events'
import { cpSync } from 'node:fs'
import { cp, readdir, utimes } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { type ErddapServer, startErddap } from '../../src/demo/erddap.ts'
import type { Misbehaviour } from '../../src/demo/hostile.ts'
import { scaleDatasets } from '../../src/demo/scale.ts'
import { createHarvester, type Harvester } from '../support/harvester.ts'

const closing: { close(): Promise<unknown> }[] = []
afterEach(async () => {
  for (const part of closing.splice(0).reverse()) await part.close()
})

async function serve(datasets: number): Promise<ErddapServer> {
  const server = await startErddap({ datasets: scaleDatasets({ kind: 'mixed', datasets }) })
  closing.push(server)
  return server
}

async function harvester(settings: Record<string, unknown>, wholeAnswerMs?: number): Promise<Harvester> {
  const made = await createHarvester({ settings, ...(wholeAnswerMs !== undefined && { wholeAnswerMs }) })
  closing.push(made)
  return made
}

/** The second dataset of the generated server. */
const victim = 'scale_00001'

describe('a server on a bad day', () => {
  interface Day {
    behave: Misbehaviour
    reason: string
    message: RegExp
    /** Requests that it happens to. @default those for data of the victim */
    match?: RegExp
    /** The limit that is meant; all others are as far away as they are by default. */
    settings?: Record<string, unknown>
    /** The time that each dataset has. */
    secondsEach?: number
  }
  const days: Record<string, Day> = {
    'accepts and sends nothing': {
      behave: { kind: 'silent' },
      reason: 'HTTP_ERROR',
      message: /gave no answer within 1 s/,
      settings: { timeouts: { headers_seconds: 1 } },
    },
    'sends one byte at a time': {
      behave: { kind: 'slow', everyMs: 1000 },
      reason: 'HTTP_ERROR',
      message: /took longer than it may.*within 10 s/,
      secondsEach: 10,
    },
    'never ends its metadata': {
      behave: { kind: 'endless' },
      reason: 'RESPONSE_TOO_LARGE',
      message: /larger than 1 MB and was cut off/,
      match: /\/info\/scale_00001\//,
      settings: { max_answer_megabytes: 1 },
    },
    'never ends its table': {
      behave: { kind: 'endless' },
      reason: 'RESPONSE_TOO_LARGE',
      message: /more than 10000 rows/,
      settings: { max_table_rows: 10_000 },
    },
    'sends a page for people': { behave: { kind: 'html' }, reason: 'HTTP_ERROR', message: /HTML|page/i },
    'ends in the middle of a line': {
      behave: { kind: 'truncated', bytes: 150 },
      reason: 'HTTP_ERROR',
      message: /truncated|cut|ends/i,
    },
    'forbids us': { behave: { kind: 'status', status: 403 }, reason: 'HTTP_ERROR', message: /403/ },
  }

  it.each(Object.entries(days))(
    '%s: the dataset fails with a reason, the others are harvested',
    async (_what, { behave, reason, message, match, settings, secondsEach }) => {
      const server = await serve(3)
      const harvest = await harvester({
        erddap_urls: [
          {
            url: server.url,
            // Two at once: the time of a dataset counts while it waits behind the slow one, too.
            ...(secondsEach && { timeout_seconds: secondsEach, concurrency: 2 }),
          },
        ],
        ...settings,
      })
      server.setHostile([{ match: match ?? /tabledap\/scale_00001\./, behave }])
      const run = await harvest.run()
      const failed = run.attempts.find(({ datasetId }) => datasetId === victim)!
      expect(failed).toMatchObject({ status: 'error', reason, message: expect.stringMatching(message) })
      expect(failed.facts).toMatchObject([{ code: reason }])
      expect(failed.queryUrls.at(-1)).toContain(victim)
      expect(run.outcomes).toMatchObject({ scale_00000: 'success', scale_00002: 'success' })
      expect(run.attempts).toHaveLength(3)
      expect((await run.table('skipped')).map((row) => row.reason_code)).toEqual([reason])
    },
  )

  it.each<[string, Misbehaviour]>([
    ['resets the connection once', { kind: 'reset', afterBytes: 20 }],
    ['asks for a pause once', { kind: 'status', status: 429, retryAfter: '0.2' }],
  ])('%s: it is asked again, and the harvest is whole', async (_what, behave) => {
    const server = await serve(2)
    const harvest = await harvester({ erddap_urls: [server.url] })
    server.setHostile([{ match: /tabledap\/scale_00001\./, behave, times: 1 }])
    const run = await harvest.run()
    expect(run.outcomes).toEqual({ scale_00000: 'success', scale_00001: 'success' })
    expect(run.attempts.every(({ status }) => status === 'success')).toBe(true)
  })

  it('that makes us wait is named with how long and why', async () => {
    const server = await serve(2)
    const harvest = await harvester({ erddap_urls: [{ url: server.url, requests_per_second: 50 }] })
    server.setHostile([
      { match: /info/, behave: { kind: 'status', status: 503, retryAfter: '0.3' }, times: 1 },
    ])
    const run = await harvest.run()
    const lines = run.log.map(({ text }) => text).filter((text) => /\d+ requests, waited/.test(text))
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/because the host asked for it/)
    expect(lines[0]).toMatch(/to keep the configured rate/)
  })

  it('whose list ends in the middle has no list', async () => {
    const server = await serve(5)
    const harvest = await harvester({ erddap_urls: [server.url] })
    server.setHostile([{ match: /allDatasets/, behave: { kind: 'truncated', bytes: 400 } }])
    const run = await harvest.run()
    expect(run.result.state).toBe('FAILED')
    expect(run.result.message).toMatch(/list of datasets could not be had/)
    expect(run.attempts).toEqual([])
  })

  it('whose list comes a byte a second is given up at the limit of the whole list', async () => {
    const server = await serve(5)
    const harvest = await harvester({ erddap_urls: [server.url] }, 3000)
    server.setHostile([{ match: /allDatasets/, behave: { kind: 'slow', everyMs: 1000 } }])
    const run = await harvest.run()
    expect(run.result.state).toBe('FAILED')
    // No single limit was met: each byte came in time.
    expect(run.result.message).toMatch(/list of datasets could not be had.*within (2\.\d+|3) s/)
    expect(run.attempts).toEqual([])
  })

  it('is harvested although the catalogue drips: that one is given up at its limit', async () => {
    const server = await serve(2)
    let asked = 0
    const catalogue = createServer((_request, response) => {
      asked += 1
      response.writeHead(200, { 'content-type': 'application/json' })
      const drip = setInterval(() => response.write(' '), 200)
      response.on('close', () => clearInterval(drip))
    }).listen(0, '127.0.0.1')
    await once(catalogue, 'listening')
    closing.push({
      close: async () => {
        catalogue.closeAllConnections()
        catalogue.close()
      },
    })
    const { port } = catalogue.address() as AddressInfo
    const harvest = await harvester(
      { erddap_urls: [server.url], ckan_url: `http://127.0.0.1:${port}` },
      20_000,
    )
    const run = await harvest.run()
    expect(asked).toBeGreaterThan(0)
    expect(run.outcomes).toEqual({ scale_00000: 'success', scale_00001: 'success' })
    const said = run.log.filter(({ text }) => /^CKAN .* cannot be used/.test(text)).map(({ text }) => text)
    expect(said).toEqual([expect.stringMatching(/within (19\.\d+|20) s/)])
  }, 120_000)

  it('delays no other server of the run, not even with its list', async () => {
    const good = await serve(3)
    const silent = await serve(3)
    const harvest = await harvester({
      erddap_urls: [good.url, silent.url],
      timeouts: { headers_seconds: 3 },
    })
    silent.setHostile([{ match: /./, behave: { kind: 'silent' } }])
    const run = await harvest.run()
    expect(run.result.state).toBe('FAILED')
    expect(run.result.message).toContain('1 of 2 sources failed')
    expect(Object.values(run.outcomes)).toEqual(['success', 'success', 'success'])
    const order = run.events.flatMap((event) =>
      event.type === 'source-listed' || event.type === 'source-finished'
        ? [`${event.source === good.url ? 'good' : 'silent'} ${event.type}`]
        : [],
    )
    // The good one had ended before the list of the other was given up.
    expect(order.slice(0, 2)).toEqual(['good source-listed', 'good source-finished'])
  })
})

describe('a harvest asks', () => {
  const perDataset = (server: ErddapServer, id: string) =>
    server.requests.flatMap(({ path }) => (path.includes(id) ? [path.replace('/erddap/', '')] : []))

  it('no more questions than it needs, and none for what the list decides', async () => {
    const server = await startErddap({
      datasets: [...scaleDatasets({ kind: 'mixed', datasets: 20 })],
    })
    closing.push(server)
    const harvest = await harvester({ erddap_urls: [server.url], change_detection: 'off' })
    const run = await harvest.run()
    expect(Object.values(run.outcomes).every((outcome) => outcome === 'success')).toBe(true)
    const counted = Object.fromEntries(
      run.attempts.map(({ datasetId }) => [datasetId, perDataset(server, datasetId).length]),
    )
    // One station that states its resolution: metadata, position; one that does not: 30 days of counts too.
    expect([counted.scale_00000, counted.scale_00003]).toEqual([2, 3])
    // Casts and stations with casts: metadata, positions with casts and counts, depths with the times of their ends.
    expect([counted.scale_00001, counted.scale_00002]).toEqual([3, 3])
    // The same types without depth: times by themselves.
    expect([counted.scale_00011, counted.scale_00012]).toEqual([3, 3])
    // The one list, and the datasets; the Python harvester asks 3.9 of each.
    const total = Object.values(counted).reduce((sum, n) => sum + n, 0)
    expect(server.requests).toHaveLength(total + 1)
    expect(total / 20).toBeLessThan(2.9)
  })

  it('nothing of datasets of another type', async () => {
    const server = await startErddap({
      datasets: scaleDatasets({ kind: 'unsupported', datasets: 10 }),
    })
    closing.push(server)
    const harvest = await harvester({ erddap_urls: [server.url] })
    const run = await harvest.run()
    expect(run.attempts.filter(({ reason }) => reason === 'CDM_DATA_TYPE_UNSUPPORTED')).toHaveLength(9)
    expect(server.requests.filter(({ path }) => !/allDatasets|scale_00000/.test(path))).toEqual([])
  })
})

describe('an interrupted run', () => {
  const runId = '0b9d3c51-6f5e-4b0f-8e2e-1c2d3e4f5a6b'

  /** Kills a run after some datasets: what is on the disk at that moment is all that there is. */
  async function interrupted(harvest: Harvester, slug: string, after: number): Promise<string> {
    const parent = join(harvest.folder, 'harvest', slug)
    const partial = join(parent, `.partial-${runId}`)
    const kill = new AbortController()
    let attempts = 0
    await harvest.run(
      {},
      {
        runId,
        signal: kill.signal,
        onEvent(event) {
          if (event.type !== 'dataset-attempted') return
          attempts += 1
          if (attempts !== after) return
          cpSync(partial, join(harvest.folder, 'saved'), { recursive: true })
          kill.abort()
        },
      },
    )
    await cp(join(harvest.folder, 'saved'), partial, { recursive: true })
    return partial
  }

  const slugOf = (server: ErddapServer) => `127-0-0-1-${server.port}`

  it('goes on with what its folder holds, says so, and gives the same tables', async () => {
    const server = await serve(12)
    const harvest = await harvester({ erddap_urls: [server.url] })
    const whole = await harvest.run()
    const profiles = await whole.table('profiles')
    await interrupted(harvest, slugOf(server), 5)

    server.clearRequests()
    const again = await harvest.run({}, { runId })
    expect(again.result.state).toBe('COMPLETED')
    expect(again.attempts).toHaveLength(12)
    const kept = again.attempts.filter(({ message }) =>
      message?.startsWith('kept from the interrupted run of'),
    )
    expect(kept.length).toBeGreaterThanOrEqual(4)
    for (const { datasetId } of kept)
      expect(server.requests.filter(({ path }) => path.includes(`/${datasetId}`))).toEqual([])
    expect(await again.table('profiles')).toEqual(profiles)
    const rows = await again.table('harvest_attempts')
    expect(
      rows.filter((row) => row.error_message!.startsWith('kept from')).map((row) => row.dataset_id),
    ).toEqual(kept.map(({ datasetId }) => datasetId).sort())
    // Its datasets are as of when they were asked.
    const verified = new Map((await again.table('datasets')).map((row) => [row.dataset_id, row.verified_at]))
    const starts = again.events.flatMap((event) => (event.type === 'run-started' ? [event.at.getTime()] : []))
    for (const { datasetId } of kept)
      expect(Date.parse(verified.get(datasetId)!)).toBeLessThanOrEqual(starts[0]!)
    expect(await readdir(join(harvest.folder, 'harvest', slugOf(server)))).not.toContain(`.partial-${runId}`)
  })

  it('asks again what failed, and leaves out what is not listed any more', async () => {
    const server = await serve(8)
    const harvest = await harvester({ erddap_urls: [server.url] })
    server.setHostile([{ match: /tabledap\/scale_00000\./, behave: { kind: 'status', status: 403 } }])
    await interrupted(harvest, slugOf(server), 5)
    server.setHostile([])
    server.removeDataset('scale_00001')
    const again = await harvest.run({}, { runId })
    expect(again.outcomes.scale_00000).toBe('success')
    expect(again.attempts).toHaveLength(7)
    expect(await again.table('harvest_attempts')).toHaveLength(7)
    expect((await again.table('datasets')).map((row) => row.dataset_id)).not.toContain('scale_00001')
  })

  it('is forgotten after a day, by whichever run comes next', async () => {
    const server = await serve(6)
    const harvest = await harvester({ erddap_urls: [server.url] })
    const partial = await interrupted(harvest, slugOf(server), 3)
    const other = join(partial, '..', '.partial-of-another-run')
    await cp(partial, other, { recursive: true })
    // By the clock of the test, which need not be that of the disk.
    const now = new Date()
    await utimes(join(partial, 'spool', 'ledger.jsonl'), now, now)
    await utimes(partial, now, now)
    const old = new Date(Date.now() - 25 * 3_600_000)
    await utimes(join(other, 'spool', 'ledger.jsonl'), old, old)
    await utimes(other, old, old)
    await harvest.run()
    const left = await readdir(join(partial, '..'))
    expect(left).toContain(`.partial-${runId}`)
    expect(left).not.toContain('.partial-of-another-run')
  })
})
