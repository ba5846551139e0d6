import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDatabase } from '../../src/database/open.ts'
import type { DatabaseSettings } from '../../src/database/settings.ts'
import { HarvesterError } from '../../src/errors.ts'
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

  it('insists on TLS when it is told to', async () => {
    expect((await failureOf({ sslMode: 'require' })).code).toBe('DATABASE_UNREACHABLE')
    const database = await openDatabase({ ...settings, sslMode: 'prefer' })
    await database.close()
  })
})
