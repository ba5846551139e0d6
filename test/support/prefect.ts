import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { bound } from './bound.ts'
import { startPostgres, throwaway } from './postgres.ts'

/** A real Prefect server on a real PostgreSQL, both on private ports and thrown away afterwards. */
export interface PrefectServer {
  /** With `/api`. */
  readonly apiUrl: string
  readonly port: number
  /** Of its first process; null while it does not run. */
  pid(): number | null
  /** What the server wrote lately. */
  output(): string
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
      server.close(() =>
        address && typeof address === 'object' ? done(address.port) : fail(new Error('no port')),
      )
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

/** @param everyMs @default ever longer, up to 0.3 s: whoever is asked has other tests to serve */
export async function waitUntil(
  what: string,
  check: () => Promise<boolean> | boolean,
  timeoutMs = 240_000,
  everyMs?: number,
): Promise<void> {
  const until = Date.now() + timeoutMs
  for (let pauseMs = everyMs ?? 100; ; pauseMs = everyMs ?? Math.min(300, pauseMs * 1.25)) {
    try {
      if (await check()) return
    } catch (error) {
      if (Date.now() > until) throw error
    }
    if (Date.now() > until) throw new Error(`Waited ${timeoutMs} ms in vain for ${what}`)
    await sleep(pauseMs)
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  await new Promise((done) => child.once('exit', done))
}

/** Where a Prefect server keeps what it knows. */
export interface PrefectDatabase {
  /** As the server wants it. */
  readonly url: string
  /** Once the server is gone. */
  drop(): Promise<void>
}

/** An empty database on a PostgreSQL of its own. */
async function ownDatabase(): Promise<PrefectDatabase> {
  const postgres = await startPostgres([...throwaway, 'max_connections=200'])
  await postgres.createDatabase('prefect', { extensions: false })
  return { url: asyncUrl(postgres.url('prefect')), drop: () => postgres.stop() }
}

/** A DATABASE_URL in the words of the server's driver. */
export function asyncUrl(url: string): string {
  return url.replace(/^postgresql:/, 'postgresql+asyncpg:').replace(/\?.*$/, '')
}

/** @param database @default an empty one on a PostgreSQL of its own */
export async function startPrefect(
  settings: Record<string, string> = {},
  database?: PrefectDatabase,
): Promise<PrefectServer> {
  const bin = prefectBin()
  const home = mkdtempSync(join(tmpdir(), 'orchestration-home-'))
  const { url, drop } = database ?? (await ownDatabase())
  const port = await freePort()
  let server: ChildProcess | null = null
  let output = ''

  const start = async (more: Record<string, string>) => {
    output = ''
    const command = [bin, 'server', 'start', '--host', '127.0.0.1', '--port', String(port)]
    const child = spawn(...bound(command), {
      env: prefectEnvironment(home, {
        PREFECT_API_DATABASE_CONNECTION_URL: url,
        ...settings,
        ...more,
      }),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (data: Buffer) => {
        output = (output + data).slice(-20_000)
      })
    server = child
    await waitUntil('the Prefect server', async () => {
      if (child.exitCode !== null) throw new Error(`Prefect ended: ${output}`)
      return (await fetch(`http://127.0.0.1:${port}/api/health`)).ok
    })
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
    pid: () => (server as ChildProcess | null)?.pid ?? null,
    output: () => output,
    async restart(more = {}) {
      await kill('SIGTERM')
      await start(more)
    },
    kill: () => kill('SIGKILL'),
    async stop() {
      await kill('SIGKILL')
      await drop()
      rmSync(home, { recursive: true, force: true })
    },
  }
}
