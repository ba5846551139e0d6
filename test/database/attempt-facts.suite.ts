import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { migrate } from '../../src/database/migrate.ts'
import type { Database } from '../../src/database/port.ts'
import { type AuditAttempt, addAttempts, forgetAttempts, startRun } from '../../src/inventory/audit.ts'
import { markRejected } from '../../src/inventory/load/audit-files.ts'

const erddapUrl = 'https://a.example.org/erddap'
const at = new Date(Date.UTC(2026, 0, 2))

function attempt(datasetId: string, more: Partial<AuditAttempt> = {}): AuditAttempt {
  return {
    erddapUrl,
    datasetId,
    source: 'erddap',
    status: 'success',
    reason: null,
    message: null,
    durationMs: 1,
    attemptedAt: at,
    queryUrls: [],
    ...more,
  }
}

export function describeAttemptFacts(engine: string, open: () => Promise<Database>): void {
  describe(`what an attempt came to, on ${engine}`, () => {
    let database: Database
    const runId = randomUUID()
    const told = async () =>
      Object.fromEntries(
        (
          await database.query<{ dataset_id: string; told: unknown }>(
            'SELECT dataset_id, told FROM harvester.attempt_facts ORDER BY dataset_id',
          )
        ).rows.map((row) => [row.dataset_id, row.told]),
      )

    beforeAll(async () => {
      database = await open()
      await migrate(database)
      await startRun(database, {
        runId,
        startedAt: at,
        gitSha: null,
        prefectFlowRunId: null,
        scope: 'full',
        triggeredSource: null,
        triggeredBy: null,
      })
    })

    it('is kept as codes and values, and nothing is kept where there is nothing to say', async () => {
      await addAttempts(database, runId, [
        attempt('a', {
          told: {
            facts: [{ code: 'INGEST_FLAG_FALSE', values: { value: 'fal\0se « né »' } }],
            warnings: [{ code: 'TITLE_MISSING', values: {} }],
          },
        }),
        attempt('b', { told: { facts: [], warnings: [] } }),
        attempt('c'),
      ])
      expect(await told()).toEqual({
        a: {
          facts: [{ code: 'INGEST_FLAG_FALSE', values: { value: 'false « né »' } }],
          warnings: [{ code: 'TITLE_MISSING', values: {} }],
        },
      })
    })

    it('is kept of all, where a text of one holds half of a pair', async () => {
      const halved = {
        facts: [{ code: 'INGEST_FLAG_FALSE', values: { 'o\ud83d': 'Bou\udc1fée' } }],
        warnings: [],
      }
      await addAttempts(database, runId, [
        attempt('h', { message: 'Bou\ud83dée', told: { ...halved, title: 'Bouée \ud83d 🐟' } }),
        attempt('i', { told: { facts: [{ code: 'ON_SKIP_LIST', values: {} }], warnings: [] } }),
      ])
      const kept = await told()
      expect(kept.h).toEqual({
        facts: [{ code: 'INGEST_FLAG_FALSE', values: { 'o\ufffd': 'Bou\ufffdée' } }],
        warnings: [],
        title: 'Bouée \ufffd 🐟',
      })
      expect(kept.i).toMatchObject({ facts: [{ code: 'ON_SKIP_LIST' }] })
      await addAttempts(database, runId, [attempt('h'), attempt('i')])
    })

    it('is replaced by that of a later attempt of the same run', async () => {
      await addAttempts(database, runId, [
        attempt('a'),
        attempt('b', { told: { facts: [{ code: 'ON_SKIP_LIST', values: {} }], warnings: [] } }),
      ])
      expect(Object.keys(await told())).toEqual(['b'])
    })

    it('says what was refused of a dataset whose rows the load refused', async () => {
      const refused = { file: 'profiles.csv', line: 3, column: 'latitude', value: '91', rule: 'is too much' }
      await markRejected(database, runId, [{ erddapUrl, datasetId: 'c', message: 'no', refused }])
      expect((await told()).c).toEqual({
        facts: [{ code: 'ROWS_REJECTED', values: refused }],
        warnings: [],
      })
    })

    it('is forgotten with the attempt', async () => {
      await forgetAttempts(database, new Date(at.getTime() + 1))
      expect(await told()).toEqual({})
    })
  })
}
