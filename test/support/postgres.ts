import { execFile, execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { openDatabase } from '../../src/database/open.ts'
import type { Database } from '../../src/database/port.ts'
import type { DatabaseSettings } from '../../src/database/settings.ts'

const run = promisify(execFile)

/** A PostgreSQL server of one's own: private folder, private port, gone afterwards. */
export interface TestServer {
  port: number
  socketFolder: string
  /** Makes an empty database; with PostGIS and pg_trgm unless told otherwise. */
  createDatabase(
    name: string,
    options?: { extensions?: boolean },
  ): Promise<DatabaseSettings & { kind: 'postgres' }>
  open(name: string): Promise<Database>
  /** Runs a statement as superuser. */
  execute(database: string, sql: string): Promise<pg.QueryResult>
  restart(mode?: 'fast' | 'immediate'): Promise<void>
  stop(): Promise<void>
}

/** The folder of the server's programs (initdb, pg_ctl), the newest version that is installed. */
export function postgresBinaries(): string | undefined {
  if (process.env.POSTGRES_BIN) return process.env.POSTGRES_BIN
  const root = '/usr/lib/postgresql'
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : []
  return versions
    .map((version) => join(root, version, 'bin'))
    .find((path) => existsSync(join(path, 'initdb')))
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Starts a server. Extra lines of postgresql.conf as `['work_mem=64MB']`. */
export async function startPostgres(settings: string[] = []): Promise<TestServer> {
  const bin = postgresBinaries()
  if (!bin) throw new Error('No PostgreSQL server is installed: run scripts/install-service-tests.sh')
  const folder = await mkdtemp(join(tmpdir(), 'harvester-postgres-'))
  await chmod(folder, 0o777)
  const data = join(folder, 'data')
  const port = await freePort()
  // The server refuses to run as root.
  const asServer = (program: string, ...args: string[]) =>
    process.getuid?.() === 0
      ? (['runuser', ['-u', 'postgres', '--', join(bin, program), ...args]] as const)
      : ([join(bin, program), args] as const)
  const control = async (...args: string[]) => {
    const [command, rest] = asServer(
      'pg_ctl',
      '-D',
      data,
      '-w',
      '-t',
      '60',
      '-l',
      join(folder, 'log'),
      ...args,
    )
    await run(command, [...rest], { cwd: folder })
  }
  const options = [
    '-c listen_addresses=127.0.0.1',
    `-c port=${port}`,
    `-c unix_socket_directories=${folder}`,
    ...settings.map((line) => `-c ${line}`),
  ].join(' ')
  const [initdb, initArgs] = asServer(
    'initdb',
    '-D',
    data,
    '-U',
    'postgres',
    '-A',
    'trust',
    '-E',
    'UTF8',
    '--locale=C.UTF-8',
    '-N',
  )
  await run(initdb, [...initArgs], { cwd: folder })
  await control('-o', options, 'start')

  const settingsOf = (database: string) => ({
    kind: 'postgres' as const,
    host: '127.0.0.1',
    port,
    database,
    user: 'postgres',
    password: undefined,
    sslMode: 'disable' as const,
    caFile: undefined,
  })
  const execute = async (database: string, sql: string) => {
    const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', database })
    client.on('error', () => {})
    await client.connect()
    try {
      return await client.query(sql)
    } finally {
      await client.end()
    }
  }
  let stopped = false
  const stopNow = () => {
    if (stopped) return
    stopped = true
    const [command, rest] = asServer('pg_ctl', '-D', data, '-w', '-m', 'immediate', 'stop')
    try {
      execFileSync(command, [...rest], { cwd: folder, stdio: 'ignore' })
    } catch {
      // It was stopped already.
    }
  }
  process.once('exit', stopNow)
  return {
    port,
    socketFolder: folder,
    execute,
    async createDatabase(name, { extensions = true } = {}) {
      await execute('postgres', `CREATE DATABASE ${name}`)
      if (extensions) await execute(name, 'CREATE EXTENSION postgis; CREATE EXTENSION pg_trgm')
      return settingsOf(name)
    },
    open: (name) => openDatabase(settingsOf(name)),
    async restart(mode = 'fast') {
      await control('-o', options, '-m', mode, 'restart')
    },
    async stop() {
      stopNow()
      process.off('exit', stopNow)
      await rm(folder, { recursive: true, force: true })
    },
  }
}
