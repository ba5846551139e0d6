import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { normaliseSourceUrl } from '../../src/config/source.ts'
import { migrate, readMigrations } from '../../src/database/migrate.ts'
import type { Database } from '../../src/database/port.ts'
import {
  type AuditAttempt,
  addAttempts,
  executionId,
  finishRun,
  settleFlowRun,
  settleSilentRuns,
  startRun,
} from '../../src/inventory/audit.ts'
import { askClock } from '../../src/inventory/clock.ts'
import { loadFolder } from '../../src/inventory/load/load.ts'
import type { LoadOptions } from '../../src/inventory/load/types.ts'
import { sourceHoldings } from '../../src/inventory/prune-source.ts'
import { believeClock } from '../../src/rules/evidence/index.ts'
import { emptyDatabase } from '../support/database.ts'
import { dataset, erddap, profile, type RunContent, writeRunFolder } from '../support/run-folder.ts'

const simple = (ids: string[]): RunContent => ({
  datasets: ids.map((id) => dataset(id)),
  profiles: ids.map((id) => profile(id, 's1')),
})
const seen = (ids: string[]): RunContent => ({ verified: ids.map((id) => ({ dataset_id: id })) })
const whole = { listings: [{ erddapUrl: erddap, complete: true, restricted: false }] }

/** What a load believes of what it is given: absence, times, counts; and the audit beside it. */
export function describeBelief(name: string, open: () => Promise<Database>): void {
  describe(`on ${name}`, () => {
    let database: Database
    const folders: string[] = []
    beforeAll(async () => {
      database = await open()
      await migrate(database)
    }, 240_000)
    afterAll(() => database?.close())
    beforeEach(() => emptyDatabase(database))
    afterEach(async () => {
      for (const folder of folders.splice(0)) await rm(dirname(folder), { recursive: true, force: true })
    })

    const load = async (content: RunContent, options: Partial<LoadOptions> = {}) => {
      const folder = await writeRunFolder(content)
      folders.push(folder)
      return loadFolder(database, folder, { mode: 'incremental', ...options })
    }
    const ids = async () =>
      (await database.query<{ id: string }>('SELECT dataset_id AS id FROM cde.datasets ORDER BY 1')).rows.map(
        (row) => row.id,
      )

    it('a server that is still starting takes nothing out of the index, however often it is asked that day', async () => {
      await load({ at: '2026-01-01T00:00:00Z', ...simple(['a', 'b', 'c', 'd']) })
      for (const hour of ['01', '02', '03', '04', '05', '23'])
        expect(
          (await load({ at: `2026-01-02T${hour}:00:00Z`, ...seen(['a', 'b', 'c']) }, whole)).pruned,
        ).toEqual([])
      const later = await load({ at: '2026-01-03T01:00:00Z', ...seen(['a', 'b', 'c']) }, whole)
      expect(later.pruned).toEqual([{ erddapUrl: erddap, datasetId: 'd', reasonCode: 'NOT_LISTED' }])
    })

    it('a run that was stopped and resumed is one listing', async () => {
      await load({ at: '2026-01-01T00:00:00Z', ...simple(['a', 'b', 'c']) })
      const flow = randomUUID()
      const other = randomUUID()
      const missing = (day: number, flowRunId: string) =>
        load({ at: `2026-01-0${day}T00:00:00Z`, ...seen(['a', 'b']) }, { ...whole, flowRunId })
      await missing(2, flow)
      await missing(3, flow)
      await missing(4, other)
      // Again the first, which another run came between.
      await missing(5, flow)
      await missing(6, other)
      expect(await ids()).toEqual(['a', 'b', 'c'])
      await missing(7, randomUUID())
      expect(await ids()).toEqual(['a', 'b'])
    })

    it.each([
      [2, 2],
      [3, 2],
      [6, 5],
      [12, 7],
    ])('of %i datasets a run never takes %i, unless told', async (total, lost) => {
      const all = Array.from({ length: total }, (_, n) => `d${String(n).padStart(2, '0')}`)
      const kept = all.slice(lost)
      const content = (day: number): RunContent => ({
        at: `2026-01-0${day}T00:00:00Z`,
        ...seen(kept),
        // A list of which nothing is left would be no list.
        attempts: [{ dataset_id: 'other', status: 'error', reason_code: 'HTTP_ERROR' }],
      })
      await load({ at: '2026-01-01T00:00:00Z', ...simple(all) })
      for (const day of [2, 3]) await load(content(day), whole)
      const third = await load(content(4), whole)
      expect(third.pruned).toEqual([])
      expect(third.pruneRefused).toMatchObject([{ wouldLose: lost, of: total }])
      await load(content(5), { ...whole, allowPrune: true })
      expect(await ids()).toEqual(kept)
    })

    it('one of two datasets may go, and the only one of a source', async () => {
      await load({ at: '2026-01-01T00:00:00Z', ...simple(['a', 'b']) })
      for (const day of [2, 3, 4]) await load({ at: `2026-01-0${day}T00:00:00Z`, ...seen(['a']) }, whole)
      expect(await ids()).toEqual(['a'])
      for (const day of [5, 6, 7])
        await load(
          {
            at: `2026-01-0${day}T00:00:00Z`,
            skipped: [{ dataset_id: 'a', reason_code: 'NO_PROFILES_FOUND' }],
          },
          whole,
        )
      expect(await ids()).toEqual([])
    })

    it.each(['CONTRADICTORY_ANSWERS', 'NOT_FOUND', 'HTTP_ERROR'])(
      'a dataset that ends as %s is not absent',
      async (reason_code) => {
        await load({ at: '2026-01-01T00:00:00Z', ...simple(['a', 'b']) })
        for (const day of [2, 3, 4, 5])
          await load(
            {
              at: `2026-01-0${day}T00:00:00Z`,
              ...seen(['a']),
              attempts: [{ dataset_id: 'b', status: 'error', reason_code }],
            },
            whole,
          )
        expect(await ids()).toEqual(['a', 'b'])
      },
    )

    it('a harvest by a clock that is years ahead hides no later one', async () => {
      const future = new Date(Date.now() + 10 * 365 * 86_400_000).toISOString().replace(/\.\d+/, '')
      const ahead = await load({ at: future, ...simple(['a', 'b']) })
      expect(ahead.warnings).toContainEqual(expect.stringMatching(/^2 datasets were harvested by a clock/))
      const { rows } = await database.query<{ late: number }>(
        'SELECT count(*) AS late FROM cde.datasets WHERE verified_at > clock_timestamp() OR last_updated_at > clock_timestamp()',
      )
      expect(rows).toEqual([{ late: 0 }])
      const now = new Date(Date.now() + 1000).toISOString()
      const later = await load({
        at: now,
        datasets: [dataset('a', { platform: 'glider' })],
        profiles: [profile('a', 's1')],
      })
      expect(later.datasets).toMatchObject({ older: 0, updated: 1 })
    })

    it('an index that an older version dated in the future takes new harvests again', async () => {
      await load({ at: '2026-01-01T00:00:00Z', ...simple(['a', 'b', 'c']) })
      await database.query(`UPDATE cde.datasets SET verified_at = clock_timestamp() + interval '10 years'`)
      const next = await load({ at: '2026-01-02T00:00:00Z', ...simple(['a']), ...seen(['b']) })
      expect(next.datasets).toMatchObject({ older: 0, verified: 1 })
      for (const day of [3, 4, 5]) await load({ at: `2026-01-0${day}T00:00:00Z`, ...seen(['a', 'b']) }, whole)
      expect(await ids()).toEqual(['a', 'b'])
    })

    it('the clocks of one machine agree', async () => {
      expect(believeClock(await askClock(database)).kind).toBe('agrees')
      const ahead = () => Date.now() + 2 * 3_600_000
      expect(believeClock(await askClock(database, ahead)).kind).toBe('wrong')
    })

    it('a count that nobody could make leaves the number that the row had, and is 0 for a new row', async () => {
      const counted = (at: string, count: object, more: string[] = []) =>
        load({
          at,
          datasets: [dataset('a')],
          profiles: ['s1', ...more].map((station) => profile('a', station, { ...count })),
        })
      await counted('2026-01-01T00:00:00Z', { n_records: 2400, records_per_day: 24 })
      const unknown = { n_records: null, records_per_day: null }
      const again = await counted('2026-01-02T00:00:00Z', unknown)
      expect(again.profiles).toMatchObject({ updated: 0, inserted: 0, deleted: 0 })
      await counted('2026-01-03T00:00:00Z', unknown, ['s2'])
      const { rows } = await database.query(
        'SELECT timeseries_id AS id, n_records AS n, records_per_day AS day FROM cde.profiles ORDER BY 1',
      )
      expect(rows).toEqual([
        { id: 's1', n: 2400, day: 24 },
        { id: 's2', n: 0, day: 0 },
      ])
      await counted('2026-01-04T00:00:00Z', { n_records: 0, records_per_day: 0 }, ['s2'])
      const counts = await database.query('SELECT n_records AS n FROM cde.profiles ORDER BY timeseries_id')
      expect(counts.rows).toEqual([{ n: 0 }, { n: 0 }])
    })

    it('an address that an older version stored in another form is brought into the one that is asked for', async () => {
      const rename = readMigrations().find(({ number }) => number === 16)!
      await load({ at: '2026-01-01T00:00:00Z', ...simple(['a']) })
      const [{ pk }] = (await database.query<{ pk: number }>('SELECT pk FROM cde.datasets')).rows as [
        { pk: number },
      ]
      const storedAs = async (address: string) => {
        for (const table of ['datasets', 'datasets_lookup', 'profiles', 'harvest_attempts'])
          await database.query(`UPDATE cde.${table} SET erddap_url = $1`, [address])
        await database.query('UPDATE harvester.sources SET erddap_url = $1', [address])
      }
      const { protocol, host, pathname } = new URL(erddap)
      const port = protocol === 'https:' ? 443 : 80
      for (const old of [
        `${protocol.toUpperCase()}//${host.toUpperCase()}${pathname}`,
        `${protocol}//${host}:${port}${pathname}//`,
        `${erddap}/`,
      ]) {
        await storedAs(old)
        await database.transaction((session) => session.query(rename.sql))
        expect(normaliseSourceUrl(old)).toBe(erddap)
        expect((await sourceHoldings(database)).map(({ erddapUrl }) => erddapUrl)).toEqual([erddap])
      }
      // A harvest meets them again: the same row, and no orphan.
      await load({ at: '2026-01-02T00:00:00Z', ...seen(['a']) }, whole)
      const { rows } = await database.query('SELECT pk, erddap_url AS url FROM cde.datasets')
      expect(rows).toEqual([{ pk, url: erddap }])
    })

    it('an address stays as it is where the index has its normal form too, or has a port or a path of its own', async () => {
      const rename = readMigrations().find(({ number }) => number === 16)!
      const kept = [
        'https://a.example/erddap',
        'https://A.example/erddap/',
        'https://b.example:443/erddap',
        'https://b.example/erddap/',
        'http://c.example:8080/Erddap',
        'http://d.example:443/erddap',
        'deployment 1',
      ]
      for (const address of [...kept, 'HTTP://E.example:80/ERDDAP/'])
        await database.query('INSERT INTO harvester.sources (erddap_url) VALUES ($1)', [address])
      await database.transaction((session) => session.query(rename.sql))
      const { rows } = await database.query<{ url: string }>(
        'SELECT erddap_url AS url FROM harvester.sources',
      )
      expect(rows.map(({ url }) => url).sort()).toEqual([...kept, 'http://e.example/ERDDAP'].sort())
    })

    const attempt = (datasetId: string, more: Partial<AuditAttempt> = {}): AuditAttempt => ({
      erddapUrl: erddap,
      datasetId,
      source: 'erddap',
      status: 'success',
      reason: null,
      message: null,
      durationMs: 1,
      attemptedAt: new Date(),
      queryUrls: [],
      ...more,
    })
    const begin = (runId: string, more: Partial<Parameters<typeof startRun>[1]> = {}) =>
      startRun(database, {
        runId,
        startedAt: new Date(),
        gitSha: null,
        prefectFlowRunId: null,
        scope: 'single',
        triggeredSource: erddap,
        triggeredBy: 'cli',
        ...more,
      })
    const runs = async () =>
      (
        await database.query<{ status: string; error_message: string | null }>(
          'SELECT status, error_message FROM cde.harvest_runs ORDER BY started_at',
        )
      ).rows

    it('attempts that are written beside the load of their own folder fail nothing', async () => {
      const all = Array.from({ length: 30 }, (_, n) => `d${String(n).padStart(2, '0')}`)
      for (let round = 0; round < 10; round += 1) {
        const runId = randomUUID()
        await begin(runId)
        const backwards = [...all].reverse().map((id) => attempt(id))
        const [summary] = await Promise.all([
          load({ at: `2026-01-01T00:00:${String(round).padStart(2, '0')}Z`, runId, ...simple(all) }),
          ...[0, 10, 20].map((from) => addAttempts(database, runId, backwards.slice(from, from + 10))),
        ])
        expect(summary.warnings).toEqual([])
      }
      const { rows } = await database.query<{ n: number }>('SELECT count(*) AS n FROM cde.harvest_attempts')
      expect(rows).toEqual([{ n: 300 }])
    })

    it('a run whose process was killed does not run for ever', async () => {
      const flow = randomUUID()
      await begin(executionId(flow, 1), { startedAt: new Date(Date.now() - 3000) })
      await begin(executionId(flow, 2), { startedAt: new Date(Date.now() - 2000), prefectFlowRunId: flow })
      await begin(randomUUID(), { startedAt: new Date(Date.now() - 1000) })
      const message = 'Crashed: Worker w ended before the run did'
      expect(await settleFlowRun(database, flow, { at: new Date(), message })).toBe(2)
      expect(await settleFlowRun(database, flow, { at: new Date(), message: 'again' })).toBe(0)
      expect(await settleFlowRun(database, 'no id', { at: new Date(), message })).toBe(0)
      expect(await runs()).toEqual([
        { status: 'failed', error_message: message },
        { status: 'failed', error_message: message },
        { status: 'running', error_message: null },
      ])
    })

    it('nor does one whose host never came back', async () => {
      const old = new Date(Date.now() - 3 * 86_400_000)
      const [silent, busy, ended] = [randomUUID(), randomUUID(), randomUUID()]
      for (const [n, id] of [silent, busy, ended].entries())
        await begin(id, { startedAt: new Date(old.getTime() + n) })
      await addAttempts(database, silent, [attempt('a', { attemptedAt: old })])
      await addAttempts(database, busy, [attempt('a')])
      await finishRun(database, ended, { finishedAt: old, status: 'ok', errorMessage: null })
      expect(await settleSilentRuns(database, new Date())).toBe(1)
      expect((await runs()).map(({ status }) => status)).toEqual(['failed', 'running', 'ok'])
    })
  })
}
