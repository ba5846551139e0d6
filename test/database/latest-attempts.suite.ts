import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { migrate } from '../../src/database/migrate.ts'
import type { Database } from '../../src/database/port.ts'
import { type AuditAttempt, addAttempts, forgetAttempts, startRun } from '../../src/inventory/audit.ts'
import { markRejected } from '../../src/inventory/load/audit-files.ts'
import { pruneSource } from '../../src/inventory/prune-source.ts'

const urls = ['https://a.example.org/erddap', 'https://b.example.org/erddap']
const ids = ['a', 'B', 'é', 'z z']
const day = (n: number) => new Date(Date.UTC(2026, 0, 1) + n * 86_400_000)

/** The same numbers every time. */
function randomOf(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((state / 2_147_483_648) * below)
  }
}

export function describeLatestAttempts(engine: string, open: () => Promise<Database>): void {
  describe(`the latest attempt of each dataset, on ${engine}`, () => {
    let database: Database

    const kept = async () =>
      (
        await database.query(
          `SELECT erddap_url, dataset_id, run_id, attempted_at, status, reason_code
           FROM harvester.latest_attempts ORDER BY 1, 2`,
        )
      ).rows
    const fromRows = async () =>
      (
        await database.query(
          `SELECT DISTINCT ON (erddap_url, dataset_id) erddap_url, dataset_id, run_id, attempted_at, status, reason_code
           FROM cde.harvest_attempts WHERE attempted_at IS NOT NULL ORDER BY 1, 2, attempted_at DESC`,
        )
      ).rows

    const begin = async () => {
      const runId = randomUUID()
      await startRun(database, {
        runId,
        startedAt: day(0),
        gitSha: null,
        prefectFlowRunId: null,
        scope: 'full',
        triggeredSource: null,
        triggeredBy: null,
      })
      return runId
    }
    const anyRun = async (random: (below: number) => number) => {
      const { rows } = await database.query<{ run_id: string }>(
        'SELECT run_id FROM cde.harvest_runs ORDER BY run_id',
      )
      return rows[random(rows.length)]?.run_id ?? begin()
    }
    // No two at one time: which of them is the latest would be anybody's guess.
    let clock = 0
    const attemptOf = (random: (below: number) => number): AuditAttempt => {
      clock += 1
      return {
        erddapUrl: urls[random(urls.length)]!,
        datasetId: ids[random(ids.length)]!,
        source: 'erddap',
        status: (['success', 'skipped', 'error'] as const)[random(3)]!,
        reason: [null, 'UNCHANGED', 'HTTP_ERROR'][random(3)]!,
        message: null,
        durationMs: 1,
        attemptedAt: new Date(day(random(40)).getTime() + clock),
        queryUrls: [],
      }
    }

    beforeAll(async () => {
      database = await open()
      await migrate(database)
    })
    afterAll(() => database?.close())

    it('is that of the rows, whatever is written, refused, forgotten or removed', async () => {
      const random = randomOf(7)
      const steps: (() => Promise<unknown>)[] = [
        async () =>
          addAttempts(
            database,
            await begin(),
            Array.from({ length: 6 }, () => attemptOf(random)),
          ),
        async () =>
          addAttempts(
            database,
            await begin(),
            Array.from({ length: 2 }, () => attemptOf(random)),
          ),
        async () =>
          addAttempts(
            database,
            await anyRun(random),
            Array.from({ length: 4 }, () => attemptOf(random)),
          ),
        async () =>
          markRejected(database, await anyRun(random), [
            {
              erddapUrl: urls[0]!,
              datasetId: ids[random(ids.length)]!,
              message: 'a row was refused',
              refused: { rows: 1 } as never,
            },
          ]),
        async () => {
          await database.query('UPDATE cde.harvest_runs SET started_at = $1', [day(-1)])
          await forgetAttempts(database, day(random(20)))
        },
        async () => pruneSource(database, urls[random(urls.length)]!),
        // As a person would.
        async () =>
          database.query(
            'DELETE FROM cde.harvest_runs WHERE run_id = (SELECT run_id FROM cde.harvest_attempts ORDER BY attempted_at DESC LIMIT 1)',
          ),
        async () =>
          database.query(
            `UPDATE cde.harvest_attempts SET dataset_id = dataset_id || '2', attempted_at = attempted_at - interval '9 days'
             WHERE run_id = $1`,
            [await anyRun(random)],
          ),
      ]
      let seen = 0
      for (let step = 0; step < 80; step += 1) {
        const rare = random(10)
        const nth = rare < 7 ? random(4) : 4 + random(4)
        await steps[nth]!()
        const rows = await kept()
        expect([step, nth, rows]).toEqual([step, nth, await fromRows()])
        seen += rows.length
      }
      expect(seen).toBeGreaterThan(200)
    })

    it('goes with the audit', async () => {
      await addAttempts(database, await begin(), [attemptOf(randomOf(1))])
      await database.query('TRUNCATE cde.harvest_runs CASCADE')
      expect(await kept()).toEqual([])
    })

    it('is found by the migration where the audit is older than it', async () => {
      const random = randomOf(3)
      for (let n = 0; n < 5; n += 1)
        await addAttempts(
          database,
          await begin(),
          Array.from({ length: 9 }, () => attemptOf(random)),
        )
      await database.query(`
        DROP TABLE harvester.latest_attempts;
        DROP FUNCTION harvester.add_latest_attempts, harvester.renew_latest_attempts, harvester.empty_latest_attempts CASCADE;
        DELETE FROM harvester.migrations WHERE name = '026-latest-attempts'`)
      expect((await migrate(database)).applied).toEqual(['026-latest-attempts'])
      const rows = await kept()
      expect(rows).toEqual(await fromRows())
      expect(rows.length).toBeGreaterThan(4)
    })

    it('is kept where the writer has no right to anything of ours', async () => {
      if (database.kind === 'embedded') return
      const role = `other_harvester_${Math.floor(Math.random() * 1e9)}`
      const runId = await begin()
      await database.query(
        `CREATE ROLE ${role}; GRANT USAGE ON SCHEMA cde TO ${role};
         GRANT SELECT, INSERT, UPDATE, DELETE ON cde.harvest_attempts, cde.harvest_runs TO ${role}`,
      )
      await database.session(async (session) => {
        await session.query(`SET ROLE ${role}`)
        await session.query(
          `INSERT INTO cde.harvest_attempts (run_id, erddap_url, dataset_id, source, status, attempted_at)
           VALUES ($1, $2, 'theirs', 'erddap', 'success', now())`,
          [runId, urls[0]],
        )
        await session.query(`UPDATE cde.harvest_attempts SET status = 'error' WHERE dataset_id = 'theirs'`)
        await session.query(`DELETE FROM cde.harvest_attempts WHERE dataset_id <> 'theirs'`)
        await session.query('RESET ROLE')
      })
      expect(await kept()).toMatchObject([{ dataset_id: 'theirs', status: 'error' }])
      await database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
    })

    it('is right after two who removed at once', async () => {
      if (database.kind === 'embedded') return
      await database.query('TRUNCATE cde.harvest_runs CASCADE')
      const random = randomOf(5)
      const [first, second, third] = [await begin(), await begin(), await begin()]
      for (const [at, runId] of [first, second, third].entries())
        await addAttempts(database, runId!, [
          { ...attemptOf(random), erddapUrl: urls[0]!, datasetId: 'a', attemptedAt: day(at) },
        ])
      const remove = 'DELETE FROM cde.harvest_attempts WHERE run_id = $1'
      await database.transaction(async (one) => {
        await one.query(remove, [third])
        // It waits for the row that the first holds.
        const other = database.query(remove, [second])
        await new Promise((resolve) => setTimeout(resolve, 300))
        void other.catch(() => {})
      })
      await expect.poll(async () => (await kept())[0]).toMatchObject({ run_id: first })
      expect(await kept()).toEqual(await fromRows())
    })
  })
}
