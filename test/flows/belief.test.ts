/** Neither a clock, a list nor a catalogue is believed by itself: what a data manager would have seen, run after run. */
import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { settleAudit } from '../../src/app/settle-audit.ts'
import type { Database } from '../../src/database/port.ts'
import { type ErddapServer, startErddap } from '../../src/demo/erddap.ts'
import { scaleDatasets } from '../../src/demo/scale.ts'
import { silentLog } from '../../src/log/log.ts'
import type { EngineEvent } from '../../src/runs/index.ts'
import { answer, type CkanServer, startCkanServer } from '../catalogue/server.ts'
import { emptyDatabase } from '../support/database.ts'
import { openMigrated } from '../support/engine.ts'
import { createHarvester, type Harvested, type Harvester } from '../support/harvester.ts'

let database: Database
const closing: { close(): Promise<unknown> }[] = []

beforeAll(async () => {
  database = await openMigrated()
}, 240_000)
afterAll(async () => {
  await database?.close()
})
beforeEach(() => emptyDatabase(database))
afterEach(async () => {
  vi.useRealTimers()
  for (const part of closing.splice(0).reverse()) await part.close()
})

async function serve(datasets: number): Promise<ErddapServer> {
  const server = await startErddap({ datasets: scaleDatasets({ kind: 'mixed', datasets }) })
  closing.push(server)
  return server
}

/** A process that starts now, with nothing in its caches. */
async function harvesterOf(
  server: ErddapServer,
  settings: Record<string, unknown> = {},
  of: Database = database,
): Promise<Harvester> {
  const made = await createHarvester({ settings: { erddap_urls: [server.url], ...settings }, database: of })
  closing.push(made)
  return made
}

const idOf = (at: number) => `scale_${String(at).padStart(5, '0')}`
const warningsOf = ({ log }: Harvested) => log.filter(({ level }) => level === 'warn').map(({ text }) => text)
const indexed = async () =>
  (
    await database.query<{ id: string }>('SELECT dataset_id AS id FROM cde.datasets ORDER BY dataset_id')
  ).rows.map(({ id }) => id)

describe('a machine whose clock', () => {
  /** Only what this process takes for the time; the database is a process of its own. */
  const setAhead = (ms: number) => vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ms })

  it('is ten years ahead asks no source and stores nothing: the run fails and says why', async () => {
    const server = await serve(2)
    const harvest = await harvesterOf(server)
    setAhead(10 * 365 * 86_400_000)
    const run = await harvest.run()
    expect(run.result.state).toBe('FAILED')
    expect(run.result.message).toMatch(
      /the clock of this machine is .* ahead of the database's: nothing was asked/,
    )
    expect(server.requests).toEqual([])
    expect(await indexed()).toEqual([])
    // The right clock again: nothing hides what it harvests.
    vi.useRealTimers()
    expect((await harvest.run()).result.state).toBe('COMPLETED')
    expect(await indexed()).toEqual([idOf(0), idOf(1)])
  })

  it('is half an hour ahead is told so, and stores no time that the database has not reached', async () => {
    const server = await serve(2)
    const harvest = await harvesterOf(server)
    setAhead(30 * 60_000)
    const run = await harvest.run()
    expect(run.result.state).toBe('COMPLETED')
    expect(warningsOf(run)).toContainEqual(expect.stringMatching(/clock of this machine is .* ahead/))
    const { rows } = await database.query(
      `SELECT count(*)::int AS n, count(*) FILTER (WHERE verified_at > clock_timestamp())::int AS late
       FROM cde.datasets`,
    )
    expect(rows).toEqual([{ n: 2, late: 0 }])
    vi.useRealTimers()
    // Files hold whole seconds: a harvest within the same second would count as no newer.
    await new Promise((resolve) => setTimeout(resolve, 1_100))
    server.removeDataset(idOf(1))
    const [fresh] = scaleDatasets({ kind: 'mixed', datasets: 1 })
    const renamed = fresh!.globals.map((attribute) =>
      attribute.name === 'title' ? { ...attribute, value: 'Another title' } : attribute,
    )
    server.addDataset({ ...fresh!, globals: renamed })
    const later = await harvest.run({ force: true })
    expect(later.result.message).not.toMatch(/older than the index/)
    const titles = await database.query('SELECT title FROM cde.datasets WHERE dataset_id = $1', [idOf(0)])
    expect(titles.rows).toEqual([{ title: 'Another title' }])
  })
})

describe('a catalogue', () => {
  async function catalogue(): Promise<CkanServer> {
    const ckan = await startCkanServer()
    closing.push(ckan)
    return ckan
  }
  const recordOf = (server: ErddapServer, at: number) => ({
    id: `ck-${at}`,
    title_translated: { en: `Title ${at}`, fr: `Titre ${at}` },
    resources: [{ url: `${server.url}/tabledap/${idOf(at)}.html` }],
  })
  const recordsOf = (server: ErddapServer, ...ats: number[]) => ats.map((at) => recordOf(server, at))
  const known = async () =>
    (
      await database.query<{ known: string }>(
        `SELECT coalesce(ckan_id, '-') || ' ' || coalesce(title_fr, '-') AS known FROM cde.datasets ORDER BY dataset_id`,
      )
    ).rows.map((row) => row.known)
  const all = ['ck-0 Titre 0', 'ck-1 Titre 1', 'ck-2 Titre 2', 'ck-3 Titre 3']

  /** Four datasets that are indexed with what the catalogue has of them. */
  async function catalogued(): Promise<{ server: ErddapServer; ckan: CkanServer }> {
    const server = await serve(4)
    const ckan = await catalogue()
    ckan.records = recordsOf(server, 0, 1, 2, 3)
    const first = await (await harvesterOf(server, { ckan_url: ckan.url })).run()
    expect(first.result.state).toBe('COMPLETED')
    expect(await known()).toEqual(all)
    return { server, ckan }
  }

  /** Two records a page; those of the second page of each walk. */
  function shifting(server: ErddapServer, ckan: CkanServer, seconds: number[][]): void {
    ckan.instead = (_, response, start) => {
      const ats = start === 0 ? [0, 1] : (seconds.shift() ?? [2, 3])
      return answer(response, { success: true, result: { count: 4, results: recordsOf(server, ...ats) } })
    }
  }

  it('whose pages shift while they are read leaves the French title and the id of the record that was missed', async () => {
    const { server, ckan } = await catalogued()
    shifting(server, ckan, [
      [1, 2],
      [1, 2],
    ])
    const run = await (await harvesterOf(server, { ckan_url: ckan.url })).run({ force: true })
    expect(run.result.state).toBe('COMPLETED')
    expect(await known()).toEqual(all)
    expect(warningsOf(run)).toContainEqual(expect.stringMatching(/did not give all the records/))
  })

  it('whose pages shifted once is read again, and is whole', async () => {
    const { server, ckan } = await catalogued()
    shifting(server, ckan, [[1, 2]])
    const run = await (await harvesterOf(server, { ckan_url: ckan.url })).run({ force: true })
    expect(warningsOf(run).filter((text) => /CKAN|catalogue/.test(text))).toEqual([])
    expect(await known()).toEqual(all)
  })

  it.each([
    ['one of four', [0], 3],
    ['none', [], 4],
  ])(
    'that is being indexed anew and says that %s is all wipes nothing, and the run says how many it lacks',
    async (_, left, lacking) => {
      const { server, ckan } = await catalogued()
      ckan.records = recordsOf(server, ...left)
      const run = await (await harvesterOf(server, { ckan_url: ckan.url })).run()
      expect(await known()).toEqual(all)
      const doubt = `the catalogue is not believed: it lacks the records of ${lacking} of the 4 catalogued datasets`
      expect(warningsOf(run)).toContainEqual(expect.stringContaining(doubt))
      expect(run.result.message).toContain(doubt)
    },
  )

  it.each([
    ['the run', {}, { accept_catalogue: true }],
    ['the configuration', { ckan_accept_shrink: true }, {}],
  ])('that really shrank is followed where %s accepts it', async (_, settings, parameters) => {
    const { server, ckan } = await catalogued()
    ckan.records = recordsOf(server, 0)
    const run = await (await harvesterOf(server, { ckan_url: ckan.url, ...settings })).run(parameters)
    expect(run.result.message).not.toContain('not believed')
    expect((await known()).map((text) => text.split(' ')[0])).toEqual(['ck-0', '-', '-', '-'])
  })
})

describe('the audit', () => {
  /** The same database, with something before each statement. */
  function watched(before: (sql: string) => Promise<void> | void): Database {
    return new Proxy(database, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key, target)
        if (typeof value !== 'function') return value
        if (key === 'query')
          return async (...given: Parameters<Database['query']>) => {
            await before(given[0])
            return target.query(...given)
          }
        // Its owner closes it.
        return key === 'close' ? async () => {} : value.bind(target)
      },
    })
  }
  const runs = async () =>
    (
      await database.query<{ status: string; error_message: string | null }>(
        'SELECT status, error_message FROM cde.harvest_runs ORDER BY started_at',
      )
    ).rows

  it('is written before the load of a run that is healthy, however slow it is', async () => {
    const server = await serve(5)
    let writing = 0
    let written = 0
    let early = 0
    const slow = watched(async (sql) => {
      if (!sql.includes('INTO cde.harvest_attempts')) return
      writing += 1
      for (let turn = 0; turn < 50; turn += 1) await new Promise((next) => setTimeout(next, 10))
      writing -= 1
      written += 1
    })
    const slowTransaction = slow.transaction.bind(slow)
    const guarded = new Proxy(slow, {
      get(target, key) {
        if (key !== 'transaction') return Reflect.get(target, key, target)
        return (...given: Parameters<Database['transaction']>) => {
          if (writing > 0) early += 1
          return slowTransaction(...given)
        }
      },
    })
    const harvest = await harvesterOf(server, {}, guarded)
    const run = await harvest.run()
    expect(run.result.state).toBe('COMPLETED')
    expect(written).toBeGreaterThan(0)
    expect(early).toBe(0)
    expect(run.log.filter(({ text }) => /audit rows could not/.test(text))).toEqual([])
    const { rows } = await database.query(
      'SELECT status, count(*)::int AS n FROM cde.harvest_attempts GROUP BY 1',
    )
    expect(rows).toEqual([{ status: 'success', n: 5 }])
    expect(await runs()).toEqual([{ status: 'ok', error_message: null }])
    const told = await database.query('SELECT facts FROM harvester.run_facts')
    expect(told.rows).toEqual([
      { facts: [{ code: 'COUNTS', values: { success: 5, unchanged: 0, skipped: 0, error: 0 } }] },
    ])
  })

  /** A run whose process is gone before it can say anything more. */
  async function killed(server: ErddapServer, runId: string): Promise<void> {
    const kill = new AbortController()
    const lost = watched((sql) => {
      if (kill.signal.aborted && sql.includes('UPDATE cde.harvest_runs'))
        throw new Error('the process is gone')
    })
    const harvest = await harvesterOf(server, {}, lost)
    await harvest.run(
      {},
      {
        runId,
        signal: kill.signal,
        onEvent: (event) => {
          if (event.type === 'dataset-attempted') kill.abort()
        },
      },
    )
    expect((await runs()).map(({ status }) => status)).toEqual(['running'])
  }

  it('of a run that was killed is settled where the run is settled', async () => {
    const server = await serve(5)
    const runId = randomUUID()
    await killed(server, runId)
    const settle = settleAudit(async () => database, silentLog)
    settle({
      type: 'run-finished',
      run: { id: runId, name: 'harvest' },
      state: 'CRASHED',
      message: 'the worker is gone',
    } as unknown as EngineEvent)
    await vi.waitFor(
      async () =>
        expect(await runs()).toEqual([{ status: 'failed', error_message: 'Crashed: the worker is gone' }]),
      { timeout: 60_000 },
    )
  })

  it('of a run that was killed and taken up again says how it ended', async () => {
    const server = await serve(5)
    const runId = randomUUID()
    await killed(server, runId)
    const run = await (await harvesterOf(server)).run({}, { runId })
    expect(run.result.state).toBe('COMPLETED')
    expect((await runs()).map(({ status }) => status)).toEqual(['ok'])
  })
})

describe('a server that is still starting', () => {
  const allOf = (n: number) => Array.from({ length: n }, (_, at) => idOf(at))
  const absences = async () =>
    (
      await database.query<{ id: string; runs: number }>(
        'SELECT dataset_id AS id, missing_runs AS runs FROM harvester.dataset_absence ORDER BY 1',
      )
    ).rows

  it('and lists one of six loses none, three runs back to back; a day later it is asked for leave', async () => {
    const server = await serve(6)
    const harvest = await harvesterOf(server)
    await harvest.run()
    for (const id of allOf(6).slice(1)) server.removeDataset(id)
    for (let round = 0; round < 3; round += 1) {
      await harvest.run()
      expect(await indexed()).toEqual(allOf(6))
    }
    await database.query(
      "UPDATE harvester.dataset_absence SET first_missing_at = first_missing_at - interval '25 h'",
    )
    const refused = await harvest.run()
    expect(await indexed()).toEqual(allOf(6))
    expect(refused.result.message).toMatch(/5 of (its |the )?6/)
    await harvest.run({ allow_prune: true })
    expect(await indexed()).toEqual([idOf(0)])
  })

  it('counts once in a run that was stopped and resumed', async () => {
    const server = await serve(6)
    const harvest = await harvesterOf(server, { prune_after_hours: 0 })
    await harvest.run()
    server.removeDataset(idOf(5))
    const runId = randomUUID()
    for (let round = 0; round < 3; round += 1) {
      await harvest.run({}, { runId })
      expect(await absences()).toEqual([{ id: idOf(5), runs: 1 }])
    }
    await harvest.run()
    expect(await indexed()).toEqual(allOf(6))
    await harvest.run()
    expect(await indexed()).toEqual(allOf(5))
  })
})
