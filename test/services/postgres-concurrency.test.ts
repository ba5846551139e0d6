import { rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { migrate } from '../../src/database/migrate.ts'
import type { Database } from '../../src/database/port.ts'
import { isHarvesterError } from '../../src/errors.ts'
import { loadFolder } from '../../src/inventory/load/load.ts'
import { loaderLockKey } from '../../src/inventory/load/lock.ts'
import { emptyDatabase } from '../support/database.ts'
import { type LoaderProcess, seededNumbers, startLoader } from '../support/loader-process.ts'
import { startPostgres, type TestServer } from '../support/postgres.ts'
import { dataset, profile, type RunContent, writeRunFolder } from '../support/run-folder.ts'
import { contentOf, rowVersions } from '../support/snapshot.ts'

const day = (n: number) => `2026-01-${String(n).padStart(2, '0')}T00:00:00Z`
const url = (n: number) => `https://erddap-${n}.example.org/erddap`

/** A source with its datasets: `version` changes what they say. */
function source(n: number, version: number, datasets = 6, stations = 40): RunContent {
  const ids = Array.from({ length: datasets }, (_, i) => `d${i}`)
  return {
    at: day(version),
    ckan: [],
    datasets: ids.map((id) =>
      dataset(id, { erddap_url: url(n), title: `v${version}`, organizations: [`o${n % 3}`, `o${version}`] }),
    ),
    profiles: ids.flatMap((id, i) =>
      Array.from({ length: stations }, (_, s) =>
        profile(id, `s${s}`, {
          erddap_url: url(n),
          latitude: ((s * 7 + i) % 60) + (version % 2) * 0.25,
          longitude: -((s * 11 + n) % 90),
          n_records: version,
        }),
      ),
    ),
  }
}

function together(contents: RunContent[]): RunContent {
  return {
    at: contents[0]!.at!,
    ckan: [],
    datasets: contents.flatMap((content) => content.datasets!),
    profiles: contents.flatMap((content) => content.profiles!),
  }
}

describe('many at one PostgreSQL', () => {
  let server: TestServer
  let database: Database
  const folders: string[] = []
  const others: Database[] = []
  const loaders: LoaderProcess[] = []

  beforeAll(async () => {
    server = await startPostgres()
    await server.createDatabase('shared')
    database = await server.open('shared')
    await migrate(database)
  })
  afterAll(async () => {
    await database?.close()
    await server?.stop()
  })
  beforeEach(() => emptyDatabase(database))
  afterEach(async () => {
    for (const loader of loaders.splice(0)) await loader.kill()
    for (const other of others.splice(0)) await other.close()
    for (const folder of folders.splice(0)) await rm(dirname(folder), { recursive: true, force: true })
  })

  const write = async (content: RunContent) => {
    const folder = await writeRunFolder(content)
    folders.push(folder)
    return folder
  }
  const another = async () => {
    const other = await server.open('shared')
    others.push(other)
    return other
  }
  const failure = (work: Promise<unknown>) =>
    work.then(
      () => undefined,
      (error: unknown) => error,
    )
  const until = async (what: string, done: () => Promise<boolean>) => {
    for (let wait = 0; wait < 3000; wait++) {
      if (await done()) return
      await sleep(10)
    }
    throw new Error(`${what}: not within 30 s`)
  }
  const withoutAudit = (versions: string[]) => versions.filter((version) => !version.startsWith('harvest_'))

  it('eight loaders and a full reload leave what they would leave one after the other', async () => {
    const sources = Array.from({ length: 8 }, (_, n) => n)
    const full = await write(together(sources.map((n) => source(n, 1))))
    const singles = await Promise.all(sources.map((n) => write(source(n, 2))))
    await loadFolder(database, full, { mode: 'full' })
    for (const folder of singles) await loadFolder(database, folder, { mode: 'incremental' })
    const expected = await contentOf(database)

    await emptyDatabase(database)
    const hosts = await Promise.all(sources.map(another))
    await Promise.all([
      loadFolder(database, full, { mode: 'full' }),
      ...singles.map((folder, n) => loadFolder(hosts[n]!, folder, { mode: 'incremental' })),
    ])
    expect(await contentOf(database)).toEqual(expected)
  })

  it('readers see the old state or the new one, never less', async () => {
    const folders = [await write(source(1, 1)), await write(source(1, 2, 4, 60))]
    await loadFolder(database, folders[0]!, { mode: 'full' })
    const reader = await another()
    const seen = new Set<string>()
    const stop = new AbortController()
    const reading = (async () => {
      while (!stop.signal.aborted) {
        const { rows } = await reader.query<{ seen: string }>(`
          SELECT (SELECT count(*) FROM cde.datasets) || ' datasets, ' || count(*) || ' profiles, ' ||
            count(*) FILTER (WHERE t.geom = p.geom AND a.pk IS NOT NULL) || ' in place, title ' || min(d.title) || max(d.title) AS seen
          FROM cde.profiles p JOIN cde.datasets d ON d.pk = p.dataset_pk
          LEFT JOIN cde.points t ON t.pk = p.point_pk LEFT JOIN cde.hexes_zoom_1 a ON a.pk = p.hex_1_pk`)
        seen.add(rows[0]!.seen)
      }
    })()
    for (let round = 0; round < 3; round++) {
      await loadFolder(database, folders[1]!, { mode: 'full', forceOld: true, allowPrune: true })
      await loadFolder(database, folders[0]!, { mode: 'full', forceOld: true, allowPrune: true })
    }
    stop.abort()
    await reading
    const allowed = [
      '6 datasets, 240 profiles, 240 in place, title v1v1',
      '4 datasets, 240 profiles, 240 in place, title v2v2',
    ]
    expect([...seen].filter((state) => !allowed.includes(state))).toEqual([])
    expect(seen.size).toBeGreaterThan(0)
  })

  it('a load that waits for another says so, and ends when it is cancelled', async () => {
    const folder = await write(source(1, 1))
    const python = await another()
    const messages: string[] = []
    const cancel = new AbortController()
    await python.session(async (session) => {
      await session.query('BEGIN')
      await session.query('SELECT pg_advisory_xact_lock($1)', [loaderLockKey])
      const waiting = failure(
        loadFolder(database, folder, {
          mode: 'incremental',
          signal: cancel.signal,
          log: (_, message) => {
            messages.push(message)
            if (message.startsWith('waiting')) cancel.abort()
          },
        }),
      )
      expect(isHarvesterError(await waiting, 'CANCELLED')).toBe(true)
      await session.query('ROLLBACK')
    })
    expect(messages.join()).toMatch(/waiting for another load: erddap-harvester \(process \d+/)
    expect((await database.query('SELECT 1 FROM cde.datasets')).count).toBe(0)
    await loadFolder(database, folder, { mode: 'incremental' })
  })

  it('gives up waiting after the longest time', async () => {
    const folder = await write(source(1, 1))
    const python = await another()
    await python.session(async (session) => {
      await session.query('BEGIN')
      await session.query('SELECT pg_advisory_xact_lock($1)', [loaderLockKey])
      const error = await failure(
        loadFolder(database, folder, { mode: 'incremental', limits: { lockWaitSeconds: 0 } }),
      )
      expect(isHarvesterError(error, 'DATABASE_LOCKED')).toBe(true)
      await session.query('ROLLBACK')
    })
  })

  const rounds = 36

  it('a load that is cancelled at any moment leaves the state before it', { timeout: 300_000 }, async () => {
    const first = await write(source(1, 1))
    const next = await write(source(1, 2, 8, 60))
    const titles = async () =>
      (await database.query<{ title: string }>('SELECT DISTINCT title FROM cde.datasets')).rows.map(
        ({ title }) => title,
      )
    await loadFolder(database, first, { mode: 'incremental' })
    let before = withoutAudit(await rowVersions(database))
    const random = seededNumbers(5)
    // How long a load takes; less once one was over before it could be cancelled.
    let longest = 400
    for (let cancelled = 0; cancelled < rounds; ) {
      const cancel = new AbortController()
      const work = failure(loadFolder(database, next, { mode: 'incremental', signal: cancel.signal }))
      await sleep(random() * longest)
      cancel.abort()
      const error = await work
      if (error === undefined) {
        expect(await titles()).toEqual(['v2'])
        longest *= 0.9
        await emptyDatabase(database)
        await loadFolder(database, first, { mode: 'incremental' })
        before = withoutAudit(await rowVersions(database))
        continue
      }
      cancelled += 1
      expect(isHarvesterError(error, 'CANCELLED')).toBe(true)
      expect(withoutAudit(await rowVersions(database))).toEqual(before)
    }
    await loadFolder(database, next, { mode: 'incremental' })
    expect(await titles()).toEqual(['v2'])
  })

  it('a loader that is killed at any moment leaves the state before it, and its lock', {
    timeout: 600_000,
  }, async () => {
    const first = await write(source(1, 1))
    const next = await write(source(1, 2, 8, 60))
    const titles = async () =>
      (await database.query<{ title: string }>('SELECT DISTINCT title FROM cde.datasets')).rows.map(
        ({ title }) => title,
      )
    const environment = {
      DATABASE_URL: `postgresql://postgres@127.0.0.1:${server.port}/shared?sslmode=disable`,
    }
    const start = () => {
      const loader = startLoader(next, environment)
      loaders.push(loader)
      return loader
    }
    await loadFolder(database, first, { mode: 'incremental' })
    let before = withoutAudit(await rowVersions(database))
    const random = seededNumbers(6)
    let longest = 600
    // Two of them get ready while another is killed.
    const waiting = [start(), start()]
    for (let killed = 0; killed < rounds; ) {
      const loader = waiting.shift()!
      waiting.push(start())
      await loader.found
      loader.begin()
      await sleep(random() * longest)
      await loader.kill()
      await until('the back end of the killed loader is gone', async () => {
        const { rows } = await database.query<{ n: number }>(
          `SELECT count(*) AS n FROM pg_stat_activity WHERE datname = 'shared' AND pid <> pg_backend_pid() AND state <> 'idle'`,
        )
        return rows[0]!.n === 0
      })
      const found = await titles()
      if (found.includes('v2')) {
        // It was committed before the signal came: whole, then.
        expect(found).toEqual(['v2'])
        expect((await database.query('SELECT 1 FROM cde.profiles')).count).toBe(8 * 60)
        longest *= 0.9
        await emptyDatabase(database)
        await loadFolder(database, first, { mode: 'incremental' })
        before = withoutAudit(await rowVersions(database))
        continue
      }
      killed += 1
      expect(withoutAudit(await rowVersions(database))).toEqual(before)
    }
    await loadFolder(database, next, { mode: 'incremental' })
    expect(await titles()).toEqual(['v2'])
  })

  it('a server that restarts in the middle is an error with a remedy, and the next load works', async () => {
    const folder = await write(source(1, 1))
    const lost = server.open('shared').then(async (other) => {
      const error = await failure(
        other.transaction(async (session) => {
          await session.query('SELECT 1')
          await server.restart('immediate')
          await session.query('SELECT 1')
        }),
      )
      await other.close()
      return error
    })
    const error = await lost
    expect(isHarvesterError(error, 'DATABASE_FAILED', 'DATABASE_UNREACHABLE')).toBe(true)
    expect((error as { remedy?: string }).remedy).toMatch(/again/)
    await loadFolder(database, folder, { mode: 'incremental' })
    expect((await database.query('SELECT 1 FROM cde.datasets')).count).toBe(6)
  })

  it('counts no row as touched by a second load, in the words of PostgreSQL', async () => {
    const folder = await write(source(1, 1))
    await loadFolder(database, folder, { mode: 'incremental' })
    const counters = async () =>
      (
        await database.query<{ touched: number }>(`
          SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) AS touched FROM pg_stat_user_tables WHERE schemaname IN ('cde', 'harvester')`)
      ).rows[0]!.touched
    // A session reports its counts when it ends or after a second of idleness.
    const settled = async () => {
      let last = Number.NaN
      for (let same = 0; same < 3; ) {
        await sleep(600)
        const now = Number(await counters())
        same = now === last ? same + 1 : 0
        last = now
      }
      return last
    }
    const before = await settled()
    const other = await another()
    await loadFolder(other, folder, { mode: 'incremental' })
    await other.close()
    expect(await settled()).toBe(before)
  })
})
