import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { chown } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** A real Prefect server on a real PostgreSQL, both on private ports and thrown away afterwards. */
export interface PrefectServer {
  /** With `/api`. */
  readonly apiUrl: string
  readonly port: number
  /** Starts another server on the same database: with other settings, or after {@link kill}. */
  restart(settings?: Record<string, string>): Promise<void>
  /** Ends the server at once; the database lives on. */
  kill(): Promise<void>
  stop(): Promise<void>
}

export function prefectBin(): string {
  const named = process.env.PREFECT_BIN
  const bin = named ?? resolve('.cache/prefect-venv/bin/prefect')
  if (!existsSync(bin))
    throw new Error(`No Prefect at ${bin}: run scripts/install-service-tests.sh or set PREFECT_BIN`)
  return bin
}

export function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer()
    server.once('error', fail)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => (address && typeof address === 'object' ? done(address.port) : fail(new Error('no port'))))
    })
  })
}

/** Environment for a Prefect process that touches nothing of the developer's own. */
export function prefectEnvironment(home: string, settings: Record<string, string> = {}): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    HOME: home,
    PREFECT_HOME: home,
    PREFECT_SERVER_ANALYTICS_ENABLED: 'false',
    PREFECT_UI_API_URL: '/api',
    DO_NOT_TRACK: '1',
    ...settings,
  }
}

export async function waitUntil(
  what: string,
  check: () => Promise<boolean> | boolean,
  timeoutMs = 60_000,
  everyMs = 200,
): Promise<void> {
  const until = Date.now() + timeoutMs
  for (;;) {
    try {
      if (await check()) return
    } catch (error) {
      if (Date.now() > until) throw error
    }
    if (Date.now() > until) throw new Error(`Waited ${timeoutMs} ms in vain for ${what}`)
    await sleep(everyMs)
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  await new Promise((done) => child.once('exit', done))
}

async function startPostgres(folder: string): Promise<{ url: string; stop(): Promise<void> }> {
  const bin = ['/usr/lib/postgresql/17/bin', '/usr/lib/postgresql/16/bin', '/usr/lib/postgresql/15/bin'].find(
    (path) => existsSync(join(path, 'initdb')),
  )
  if (!bin) throw new Error('No PostgreSQL: run scripts/install-service-tests.sh')
  const root = process.getuid?.() === 0
  // PostgreSQL refuses to run as root.
  const as = (command: string, args: string[]): [string, string[]] =>
    root ? ['runuser', ['-u', 'postgres', '--', command, ...args]] : [command, args]
  if (root) {
    const id = (flag: string) => Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout)
    await chown(folder, id('-u'), id('-g'))
  }
  const data = join(folder, 'pg')
  const init = spawnSync(...as(join(bin, 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync']), {
    encoding: 'utf8',
    cwd: '/',
  })
  if (init.status !== 0) throw new Error(`initdb: ${init.stderr}`)
  const port = await freePort()
  const server = spawn(
    ...as(join(bin, 'postgres'), [
      '-D',
      data,
      '-p',
      String(port),
      '-k',
      folder,
      '-c',
      'listen_addresses=127.0.0.1',
      '-c',
      'fsync=off',
      '-c',
      'max_connections=200',
    ]),
    { cwd: '/', stdio: 'ignore' },
  )
  await waitUntil('PostgreSQL', () => {
    return (
      spawnSync(join(bin, 'psql'), ['-h', '127.0.0.1', '-p', String(port), '-U', 'postgres', '-c', 'CREATE DATABASE prefect'])
        .status === 0
    )
  })
  return {
    url: `postgresql+asyncpg://postgres@127.0.0.1:${port}/prefect`,
    async stop() {
      spawnSync(...as(join(bin, 'pg_ctl'), ['-D', data, '-m', 'immediate', 'stop']), { cwd: '/' })
      await ended(server)
    },
  }
}

export async function startPrefect(settings: Record<string, string> = {}): Promise<PrefectServer> {
  const bin = prefectBin()
  const folder = mkdtempSync(join(tmpdir(), 'orchestration-prefect-'))
  const home = mkdtempSync(join(tmpdir(), 'orchestration-home-'))
  const postgres = await startPostgres(folder)
  const port = await freePort()
  let server: ChildProcess | null = null
  let output = ''

  const start = async (more: Record<string, string>) => {
    output = ''
    const child = spawn(bin, ['server', 'start', '--host', '127.0.0.1', '--port', String(port)], {
      env: prefectEnvironment(home, { PREFECT_API_DATABASE_CONNECTION_URL: postgres.url, ...settings, ...more }),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (data: Buffer) => {
        output = (output + data).slice(-20_000)
      })
    server = child
    await waitUntil(
      'the Prefect server',
      async () => {
        if (child.exitCode !== null) throw new Error(`Prefect ended: ${output}`)
        return (await fetch(`http://127.0.0.1:${port}/api/health`)).ok
      },
      90_000,
    )
  }
  const kill = async (signal: NodeJS.Signals) => {
    const child = server as ChildProcess | null
    if (!child) return
    child.kill(signal)
    await ended(child)
    server = null
  }

  await start({})
  return {
    apiUrl: `http://127.0.0.1:${port}/api`,
    port,
    async restart(more = {}) {
      await kill('SIGTERM')
      await start(more)
    },
    kill: () => kill('SIGKILL'),
    async stop() {
      await kill('SIGKILL')
      await postgres.stop()
      for (const path of [folder, home]) rmSync(path, { recursive: true, force: true })
    },
  }
}
