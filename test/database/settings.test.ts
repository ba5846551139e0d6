import { describe, expect, it } from 'vitest'
import { databaseSettings, describeSettings, readingSettings } from '../../src/database/settings.ts'
import { HarvesterError } from '../../src/errors.ts'
import { checkRefuses } from '../support/check-refuses.ts'

const refusedToo = checkRefuses()

const failureOf = (variables: Record<string, string>) => {
  try {
    databaseSettings(variables)
  } catch (error) {
    expect(error).toBeInstanceOf(HarvesterError)
    refusedToo({ env: { DATABASE_URL: undefined, ...variables } }, (error as HarvesterError).message)
    return error as HarvesterError
  }
  throw new Error('the settings were accepted')
}
const parts = { DB_HOST: 'db', DB_NAME: 'cde', DB_USER: 'harvester', DB_PASSWORD: ' s3cret ' }

describe('the choice of a database', () => {
  it('is the embedded one when nothing is configured', () => {
    expect(databaseSettings({})).toEqual({ kind: 'embedded', dataFolder: '.data' })
    expect(databaseSettings({ DATABASE_URL: ' ', DB_HOST: '', HARVESTER_DATA_DIR: '/data' })).toEqual({
      kind: 'embedded',
      dataFolder: '/data',
    })
  })

  it.each([{ PREFECT_API_URL: 'http://prefect/api' }, { NODE_ENV: 'production' }])(
    'is wrong usage with %o and no database, unless it says embedded',
    (variables) => {
      expect(failureOf(variables).exitCode).toBe(2)
      expect(databaseSettings({ ...variables, DATABASE: 'embedded' }).kind).toBe('embedded')
    },
  )

  it('takes a URL, which wins over the parts', () => {
    expect(
      databaseSettings({
        ...parts,
        DATABASE_URL: 'postgresql://u%40x:p%2Fw@h:6543/my%20db?sslmode=verify-full&sslrootcert=/ca.pem',
      }),
    ).toEqual({
      kind: 'postgres',
      host: 'h',
      port: 6543,
      database: 'my db',
      user: 'u@x',
      password: 'p/w',
      sslMode: 'verify-full',
      caFile: '/ca.pem',
    })
  })

  it('takes the parts, the external host first', () => {
    expect(databaseSettings(parts)).toMatchObject({
      host: 'db',
      port: 5432,
      password: ' s3cret ',
      sslMode: 'prefer',
    })
    expect(databaseSettings({ ...parts, DB_HOST_EXTERNAL: 'localhost', DB_PORT: '5433' })).toMatchObject({
      host: 'localhost',
      port: 5433,
    })
  })

  it('refuses some of the parts, naming what is missing', () => {
    const error = failureOf({ DB_HOST: 'db', DB_PASSWORD: 'x' })
    expect(error.exitCode).toBe(2)
    expect(error.message).toContain('DB_HOST, DB_PASSWORD are set, but not DB_NAME, DB_USER')
    expect(failureOf({ DB_PORT: '5432' }).message).toContain('DB_HOST, DB_NAME, DB_USER')
  })

  it.each([
    [{ DATABASE_URL: 'not a url' }, 'not a URL'],
    [{ DATABASE_URL: 'mysql://u@h/d' }, 'mysql'],
    [{ DATABASE_URL: 'postgresql://u@h' }, 'lacks database'],
    [{ DATABASE_URL: 'postgresql://u@h/d?sslmode=maybe' }, 'maybe'],
    [{ ...parts, DB_PORT: '99999' }, '99999'],
    [{ DATABASE: 'sqlite' }, 'sqlite'],
  ])('refuses %o', (variables, words) => {
    expect(failureOf(variables).message).toContain(words)
  })

  it.each([
    ['mysql://u@h/d', 'DATABASE_READ_URL begins with mysql://'],
    ['not a url', 'DATABASE_READ_URL is not a URL'],
    ['postgresql://h', 'DATABASE_READ_URL lacks database, user'],
    ['postgresql://u@h/d?port=0', 'DATABASE_READ_URL has the port "0"'],
  ])('names the variable of the role that reads: %s', (url, words) => {
    expect(() => readingSettings({ DATABASE_READ_URL: url })).toThrow(words)
    refusedToo({ env: { DATABASE_READ_URL: url } }, words)
    expect(readingSettings({ DATABASE_READ_URL: ' ' })).toBeNull()
  })

  it('never shows a password', () => {
    const secret = 'topsecret'
    const settings = databaseSettings({ DATABASE_URL: `postgresql://u:${secret}@h/d` })
    expect(describeSettings(settings)).toBe('PostgreSQL database "d" at h:5432 (user u)')
    for (const url of [
      `postgresql://u:${secret}@h`,
      `mysql://u:${secret}@h/d`,
      `postgresql://u:${secret}@h:x/d`,
    ])
      expect(
        JSON.stringify({ ...failureOf({ DATABASE_URL: url }), m: failureOf({ DATABASE_URL: url }).message }),
      ).not.toContain(secret)
  })
})
