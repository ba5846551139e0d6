import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDatabase } from '../../src/database/open.ts'
import type { DatabaseSettings } from '../../src/database/settings.ts'
import { HarvesterError } from '../../src/errors.ts'
import { harvester } from '../acceptance/run.ts'
import { startPostgres, type TestServer } from '../support/postgres.ts'

describe('opening PostgreSQL', () => {
  let server: TestServer
  let settings: DatabaseSettings & { kind: 'postgres' }
  beforeAll(async () => {
    server = await startPostgres()
    settings = await server.createDatabase('ready')
    await server.createDatabase('bare', { extensions: false })
  })
  afterAll(() => server?.stop())
  const failureOf = async (changes: Partial<typeof settings>) => {
    const error = await openDatabase({ ...settings, ...changes }).then(
      (database) => database.close(),
      (caught: unknown) => caught,
    )
    expect(error).toBeInstanceOf(HarvesterError)
    return error as HarvesterError
  }

  it('works, and says where it is without a password', async () => {
    const database = await openDatabase({ ...settings, password: 'topsecret' })
    expect(database.description).toContain('"ready" at 127.0.0.1')
    expect(database.description).not.toContain('topsecret')
    await database.close()
  })

  it('tells that the database does not exist', async () => {
    const error = await failureOf({ database: 'nowhere' })
    expect(error.code).toBe('DATABASE_UNREACHABLE')
    expect(error.message).toContain('"nowhere"')
    expect(error.message).toContain('does not exist')
  })

  it('tells that the server cannot be reached', async () => {
    const error = await failureOf({ port: 1 })
    expect(error.code).toBe('DATABASE_UNREACHABLE')
    expect(error.message).toContain('127.0.0.1:1')
  })

  it('tells that the login was refused, without the password', async () => {
    const error = await failureOf({ user: 'nobody', password: 'topsecret' })
    expect(error.code).toBe('DATABASE_UNREACHABLE')
    expect(error.message).toContain('refuses the login')
    expect(`${error.message} ${error.remedy} ${JSON.stringify(error.facts)}`).not.toContain('topsecret')
  })

  it('gives the SQL for a superuser when extensions are missing', async () => {
    const error = await failureOf({ database: 'bare' })
    expect(error.code).toBe('DATABASE_NOT_READY')
    expect(error.remedy).toContain(
      'CREATE EXTENSION IF NOT EXISTS postgis; CREATE EXTENSION IF NOT EXISTS pg_trgm;',
    )
  })

  describe('harvester migrate', () => {
    const folder = mkdtempSync(join(tmpdir(), 'harvester-migrate-'))
    afterAll(() => rmSync(folder, { recursive: true, force: true }))
    const migrate = (database: string, user: string) =>
      harvester(['migrate'], folder, {
        DATABASE_URL: `postgresql://${user}@127.0.0.1:${server.port}/${database}?sslmode=disable`,
      })
    const extensionsOf = async (database: string) =>
      (
        await server.execute(
          database,
          `SELECT extname AS name FROM pg_extension WHERE extname IN ('postgis', 'pg_trgm') ORDER BY 1`,
        )
      ).rows.map(({ name }) => name as string)

    it('creates the extensions where its role may, also where two do so at once', async () => {
      await server.createDatabase('fresh', { extensions: false })
      const ends = await Promise.all([migrate('fresh', 'postgres'), migrate('fresh', 'postgres')])
      for (const end of ends) expect(end, end.stderr).toMatchObject({ code: 0 })
      expect(ends.map(({ stdout }) => stdout).join('')).toContain('Created the extension postgis.')
      expect(await extensionsOf('fresh')).toEqual(['pg_trgm', 'postgis'])
      expect((await migrate('fresh', 'postgres')).stdout).toMatch(/^.* is up to date\.\n$/)
    })

    it('gives the SQL for a superuser where its role may not, and goes on once that was done', async () => {
      await server.createDatabase('owned', { extensions: false })
      await server.execute('owned', 'CREATE ROLE owner LOGIN; ALTER DATABASE owned OWNER TO owner')
      const refused = await migrate('owned', 'owner')
      expect(refused).toMatchObject({ code: 1, stdout: 'Created the extension pg_trgm.\n' })
      expect(refused.stderr).toContain('lacks the extension postgis, which the role owner cannot create')
      const [sql = ''] = /CREATE EXTENSION IF NOT EXISTS postgis;/.exec(refused.stderr) ?? []
      await server.execute('owned', sql)
      expect(await migrate('owned', 'owner')).toMatchObject({ code: 0 })
    })
  })

  it('insists on TLS when it is told to', async () => {
    expect((await failureOf({ sslMode: 'require' })).code).toBe('DATABASE_UNREACHABLE')
    const database = await openDatabase({ ...settings, sslMode: 'prefer' })
    await database.close()
  })
})
