import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from 'redis'
import { freePort, waitUntil } from './prefect.ts'

/** A Redis of one's own: private folder, private port, gone afterwards. */
export interface RedisServer {
  readonly port: number
  /** With the password, as REDIS_URL; `database` is its number. */
  url(database?: number): string
  /** Sets a key in a database. */
  set(database: number, key: string): Promise<void>
  /** How many keys a database has. */
  size(database: number): Promise<number>
  stop(): Promise<void>
}

/** Starts `redis-server` of PATH with a password and whatever else is given, as `['--tls-port', '6380']`. */
export async function startRedis(password: string, more: string[] = []): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'harvester-redis-'))
  const port = await freePort()
  const server: ChildProcess = spawn(
    'redis-server',
    [
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--dir',
      folder,
      '--save',
      '',
      '--requirepass',
      password,
    ].concat(more),
    { stdio: 'ignore' },
  )
  let failure: Error | null = null
  server.once('error', (cause) => {
    failure = new Error('No redis-server in PATH: run scripts/install-service-tests.sh', { cause })
  })
  const kill = () => server.kill('SIGKILL')
  process.once('exit', kill)
  const url = (database = 0) => `redis://:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`
  const using = async <T>(database: number, work: (client: ReturnType<typeof connection>) => Promise<T>) => {
    const client = connection(url(database))
    client.on('error', () => {})
    await client.connect()
    try {
      return await work(client)
    } finally {
      client.destroy()
    }
  }
  await waitUntil('Redis', async () => {
    if (failure) return true
    return (await using(0, (client) => client.ping())) === 'PONG'
  })
  if (failure) throw failure
  return {
    port,
    url,
    set: async (database, key) => void (await using(database, (client) => client.set(key, 'x'))),
    size: (database) => using(database, (client) => client.dbSize()),
    async stop() {
      process.off('exit', kill)
      if (server.exitCode === null && server.signalCode === null) {
        const gone = new Promise((done) => server.once('exit', done))
        kill()
        await gone
      }
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function connection(url: string) {
  return createClient({ url, socket: { reconnectStrategy: false } })
}
