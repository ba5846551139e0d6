import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDatabase } from '../../src/database/open.ts'
import { databaseSettings } from '../../src/database/settings.ts'
import { startPostgres, type TestServer, throwaway } from '../support/postgres.ts'

describe('a PostgreSQL that speaks TLS', () => {
  let folder: string
  let server: TestServer
  let variables: Record<string, string>

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'harvester-tls-'))
    chmodSync(folder, 0o755)
    const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' })
    for (const name of ['server', 'other']) {
      openssl(
        ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1'],
        ...['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', `${name}.key`, '-out', `${name}.pem`],
      )
    }
    // The server refuses a key that others can read.
    if (process.getuid?.() === 0) execFileSync('chown', ['postgres', join(folder, 'server.key')])
    chmodSync(join(folder, 'server.key'), 0o600)
    server = await startPostgres([
      ...throwaway,
      'ssl=on',
      `ssl_cert_file=${join(folder, 'server.pem')}`,
      `ssl_key_file=${join(folder, 'server.key')}`,
    ])
    const { host, port, database, user } = await server.createDatabase('tls')
    variables = {
      DB_HOST: host,
      DB_PORT: String(port),
      DB_NAME: database,
      DB_USER: user,
      DB_PASSWORD: 'ignored',
    }
  })
  afterAll(async () => {
    await server?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const encrypted = async (more: Record<string, string>): Promise<boolean | undefined> => {
    const database = await openDatabase(databaseSettings({ ...variables, ...more }))
    try {
      const { rows } = await database.query<{ ssl: boolean }>(
        'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()',
      )
      return rows[0]?.ssl
    } finally {
      await database.close()
    }
  }

  it('is spoken to encrypted when that is required, and plainly when it is switched off', async () => {
    expect(await encrypted({ DB_SSLMODE: 'require' })).toBe(true)
    expect(await encrypted({ DB_SSLMODE: 'disable' })).toBe(false)
  })

  it('is believed when its certificate is of the authority that was named', async () => {
    expect(await encrypted({ DB_SSLMODE: 'verify-full', DB_CA_FILE: join(folder, 'server.pem') })).toBe(true)
  })

  it('is refused when the certificate is of another', async () => {
    await expect(
      encrypted({ DB_SSLMODE: 'verify-full', DB_CA_FILE: join(folder, 'other.pem') }),
    ).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE' })
  })
})
