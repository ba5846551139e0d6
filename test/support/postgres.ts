import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { openDatabase } from '../../src/database/open.ts'
import type { Database } from '../../src/database/port.ts'
import type { DatabaseSettings } from '../../src/database/settings.ts'
import { bound } from './bound.ts'

const run = promisify(execFile)

/** A PostgreSQL server of one's own: private folder, private port, gone afterwards. */
export interface TestServer extends Databases {
  /** What it wrote. */
  log(): string
  restart(mode?: 'fast' | 'immediate'): Promise<void>
  stop(): Promise<void>
}

/** Databases of a server that a test makes and uses, by the names that it gives them. */
export interface Databases {
  port: number
  socketFolder: string
  /** Makes an empty database; with PostGIS and pg_trgm unless told otherwise. */
  createDatabase(
    name: string,
    options?: { extensions?: boolean },
  ): Promise<DatabaseSettings & { kind: 'postgres' }>
  open(name: string): Promise<Database>
  /** As DATABASE_URL. */
  url(name: string): string
  /** Runs a statement as superuser. */
  execute(database: string, sql: string): Promise<pg.QueryResult>
}

/** Nothing of it outlives its test: it need not wait for the disk. */
export const throwaway = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off']

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

/** Starts a server. Lines of postgresql.conf as `['work_mem=64MB']`. */
export async function startPostgres(settings: readonly string[] = throwaway): Promise<TestServer> {
  const bin = postgresBinaries()
  if (!bin) throw new Error('No PostgreSQL server is installed: run scripts/install-service-tests.sh')
  const folder = await mkdtemp(join(tmpdir(), 'harvester-postgres-'))
  await chmod(folder, 0o777)
  const data = join(folder, 'data')
  const port = await freePort()
  // The server refuses to run as root.
  const asServer = (program: string, ...args: string[]) =>
    bound([join(bin, program), ...args], { signal: 'QUIT', user: 'postgres' })
  const [initdb, initArgs] = asServer(
    'initdb',
    ...['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '-N'],
  )
  await run(initdb, initArgs, { cwd: folder })

  let output = ''
  let server: ChildProcess | null = null
  const gone = async (child: ChildProcess) => {
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }
  const databases = databasesOf({ port, socketFolder: folder })
  const start = async () => {
    const options = [
      'listen_addresses=127.0.0.1',
      `port=${port}`,
      `unix_socket_directories=${folder}`,
      ...settings,
    ].flatMap((line) => ['-c', line])
    const child = spawn(...asServer('postgres', '-D', data, ...options), {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
      // Not that of the terminal, whose Ctrl-C is for the tests.
      detached: true,
    })
    child.stderr.on('data', (text: Buffer) => {
      output = (output + text).slice(-100_000)
    })
    server = child
    const until = Date.now() + 60_000
    for (;;) {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`PostgreSQL ended: ${output}`)
      const fault = await databases.execute('postgres', 'SELECT 1').then(
        () => null,
        (error: unknown) => error,
      )
      if (fault === null) return
      if (Date.now() > until) throw new Error(`PostgreSQL does not answer: ${output}`, { cause: fault })
      await sleep(50)
    }
  }
  const signals = { fast: 'SIGINT', immediate: 'SIGQUIT' } as const
  const stop = async (mode: keyof typeof signals) => {
    if (!server) return
    server.kill(signals[mode])
    await gone(server)
    server = null
  }
  const atExit = () => {
    server?.kill('SIGQUIT')
    // It still ends while its files go.
    try {
      rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
    } catch {}
  }
  process.once('exit', atExit)
  try {
    await start()
  } catch (error) {
    await stop('immediate')
    throw error
  }
  return {
    ...databases,
    log: () => output,
    async restart(mode = 'fast') {
      await stop(mode)
      await start()
    },
    async stop() {
      await stop('immediate')
      process.off('exit', atExit)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/**
 * Databases of a server that runs.
 *
 * @param options.template a database that has the extensions already
 * @param options.named the name of a database at the server, by that which tests give it
 */
export function databasesOf(
  { port, socketFolder }: { port: number; socketFolder: string },
  { template, named = (name) => name }: { template?: string; named?: (name: string) => string } = {},
): Databases {
  const settingsOf = (database: string) => ({
    kind: 'postgres' as const,
    host: '127.0.0.1',
    port,
    database: named(database),
    user: 'postgres',
    password: undefined,
    sslMode: 'disable' as const,
    caFile: undefined,
  })
  const execute = async (database: string, sql: string) => {
    const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', database: named(database) })
    client.on('error', () => {})
    await client.connect()
    try {
      return await client.query(sql)
    } finally {
      await client.end()
    }
  }
  return {
    port,
    socketFolder,
    execute,
    async createDatabase(name, { extensions = true } = {}) {
      const copied = extensions && template ? ` TEMPLATE ${template}` : ''
      await execute('postgres', `CREATE DATABASE ${named(name)}${copied}`)
      if (extensions && !template) await execute(name, 'CREATE EXTENSION postgis; CREATE EXTENSION pg_trgm')
      return settingsOf(name)
    },
    url: (name) => `postgresql://postgres@127.0.0.1:${port}/${named(name)}?sslmode=disable`,
    open: (name) => openDatabase(settingsOf(name)),
  }
}
