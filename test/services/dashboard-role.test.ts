/** The read-only role of docs/database-role.md is enough for the whole read API, and for nothing more. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { migrate } from '../../src/database/migrate.ts'
import { openDatabase } from '../../src/database/open.ts'
import type { Database } from '../../src/database/port.ts'
import { type ApiServer, createServer } from '../../src/serve/server.ts'
import { alpha, runId, seedAudit, seedProfiles } from '../serve/audit.ts'
import { startPostgres, type TestServer } from '../support/postgres.ts'

let postgres: TestServer
let reader: Database
let api: ApiServer

beforeAll(async () => {
  postgres = await startPostgres()
  const settings = await postgres.createDatabase('cde')
  const owner = await postgres.open('cde')
  await migrate(owner)
  await seedAudit(owner)
  await seedProfiles(owner)
  await owner.close()
  const guide = readFileSync(new URL('../../docs/database-role.md', import.meta.url), 'utf8')
  await postgres.execute('cde', /```sql\n([\s\S]*?)```/.exec(guide)?.[1] ?? '')
  reader = await openDatabase({ ...settings, user: 'harvester_api' }, { readOnly: true })
  api = createServer({ database: reader, port: 0, cacheSeconds: 0 })
  await api.listen()
})

afterAll(async () => {
  await api?.close()
  await reader?.close()
  await postgres?.stop()
})

const slug = 'erddap-alpha-ca-erddap'

test.each([
  '/api/harvest/servers',
  `/api/harvest/servers/${slug}?q=a`,
  `/api/harvest/servers/${slug}.csv`,
  `/api/harvest/servers/${slug}.atom`,
  `/api/harvest/servers/${slug}/trend`,
  `/api/harvest/dataset/${slug}/buoy_A`,
  '/api/harvest/runs/recent',
  `/api/harvest/runs/${runId(12)}`,
  `/api/harvest/runs/${runId(12)}/events`,
  '/api/harvest/reasons',
  `/api/harvest/reasons/${slug}`,
  '/api/harvest/coverage',
  '/api/harvest/coverage?zoom=1&variable=x',
  '/ready',
])('the role can answer %s', async (path) => {
  const answer = await fetch(`${api.url}${path}`)
  expect([path, answer.status]).toEqual([path, 200])
  await answer.text()
})

test('metrics come from the audit', async () => {
  const text = await (await fetch(`${api.url}/metrics`)).text()
  expect(text).toContain('erddap_harvester_audit_up 1')
  expect(text).toContain(
    `erddap_harvester_audit_datasets{source="${alpha}",status="error",reason="HTTP_ERROR"} 1`,
  )
  expect(text).toContain('erddap_harvester_audit_runs{status="ok"} 14')
  expect(text).toMatch(
    /last_success_timestamp_seconds\{source="https:\/\/erddap\.alpha\.ca\/erddap"\} 17\d{8}/,
  )
})

test.each([
  `INSERT INTO cde.skipped_datasets VALUES ('a', 'b', 'c')`,
  'DELETE FROM cde.harvest_attempts',
  'CREATE TABLE cde.mine (n int)',
  'SELECT * FROM cde.download_jobs',
])('the role cannot %s', async (sql) => {
  await expect(reader.query(sql)).rejects.toMatchObject({ code: 'DATABASE_FAILED' })
})

test('not even where it says that it wants to write', async () => {
  await expect(
    reader.session(async (session) => {
      await session.query('SET default_transaction_read_only = off')
      await session.query(`INSERT INTO cde.skipped_datasets VALUES ('a', 'b', 'c')`)
    }),
  ).rejects.toMatchObject({ code: 'DATABASE_FAILED' })
})
