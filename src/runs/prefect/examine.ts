/** Looks at all that runs on a Prefect server need: address, version, login, clock, and the pools with their workers. */
import { isProxied } from '../../http/connections.ts'
import type { Examined } from '../orchestrator.ts'
import type { PrefectBackend } from './backend.ts'
import { must, type PrefectClient, serverVersion } from './client.ts'
import { listWorkers } from './kept-pools.ts'
import { poolType, readPool } from './pools.ts'

const what = 'Prefect'
/** The Date header has whole seconds, and the answer takes its time. */
const mostSkewSeconds = 10

const fine = (of: string, text: string): Examined => ({ level: 'ok', what: of, text, remedy: null })
const warned = (of: string, text: string, remedy: string): Examined => ({
  level: 'warn',
  what: of,
  text,
  remedy,
})

export async function* examinePrefect(
  backend: PrefectBackend,
  pools: readonly string[],
): AsyncGenerator<Examined> {
  const { client } = backend
  const { settings } = client
  try {
    const version = await serverVersion(client)
    const proxied = isProxied(settings.proxies)
    const found = `${version} at ${settings.apiUrl}${proxied ? ', a proxy is set' : ''}`
    yield version.startsWith('3.')
      ? fine(what, found)
      : warned(what, found, 'Prefect 3.8 is what was tested.')
    // What needs a login tells whether ours is right.
    const asked = Date.now()
    const answer = await client.once.POST('/flow_runs/filter', {
      body: { sort: 'ID_DESC', limit: 1, offset: 0 },
    })
    await must('list runs', Promise.resolve(answer))
    yield fine('Prefect login', 'accepted')
    const date = Date.parse(answer.response.headers.get('date') ?? '')
    if (Number.isFinite(date)) yield clockFinding(date, asked, Date.now())
    for (const name of new Set(pools)) yield await examinePool(backend, name)
    yield* examineDatabase(backend, pools)
  } catch (error) {
    yield {
      level: 'fail',
      what,
      text: error,
      remedy: 'Check PREFECT_API_URL, PREFECT_API_AUTH_STRING, the proxy, and that the server runs.',
    }
  }
}

/** On SQLite several workers wait for each other's transactions, up to a minute. */
async function* examineDatabase(backend: PrefectBackend, pools: readonly string[]): AsyncGenerator<Examined> {
  const kind = await databaseOf(backend.client)
  if (kind === null) return
  if (kind === 'PostgreSQL') {
    yield fine('Prefect database', 'PostgreSQL')
    return
  }
  const declaration = {
    deployments: [],
    pools: pools.map((name) => ({ name, concurrencyLimit: null })),
    tagLimits: {},
  }
  const online = (await listWorkers(backend, declaration)).filter(({ alive }) => alive)
  const workers = new Set(online.map(({ name }) => name)).size
  yield workers > 1
    ? warned(
        'Prefect database',
        `SQLite, and ${workers} workers poll: they wait for each other, up to a minute ("database is locked")`,
        'Give the server PostgreSQL: PREFECT_API_DATABASE_CONNECTION_URL=postgresql+asyncpg://user:password@host/prefect.',
      )
    : fine('Prefect database', 'SQLite, which does for one worker')
}

/**
 * A server does not tell where it keeps its data, and its order of runs does: PostgreSQL puts those without an end
 * before all others, SQLite behind them. Null where there are not both kinds of runs.
 */
async function databaseOf(client: PrefectClient): Promise<'PostgreSQL' | 'SQLite' | null> {
  const first = async (end_time?: { is_null_: boolean }) => {
    const [run] = await must(
      'list runs',
      client.once.POST('/flow_runs/filter', {
        body: {
          ...(end_time && { flow_runs: { operator: 'and_', end_time } }),
          sort: 'END_TIME_DESC',
          limit: 1,
          offset: 0,
        },
      }),
    )
    return run ?? null
  }
  const [open, ended, foremost] = await Promise.all([
    first({ is_null_: true }),
    first({ is_null_: false }),
    first(),
  ])
  if (!open || !ended || !foremost) return null
  return foremost.end_time == null ? 'PostgreSQL' : 'SQLite'
}

async function examinePool(backend: PrefectBackend, name: string): Promise<Examined> {
  const pool = `work pool ${name}`
  const found = await readPool(backend, name)
  if (!found) return warned(pool, 'does not exist', 'Start a worker, or run `harvester deploy --all`.')
  if (found.type !== poolType)
    return {
      level: 'fail',
      what: pool,
      text: `has the type ${found.type}`,
      remedy: 'Name another with HARVEST_POOL or MAINTENANCE_POOL.',
    }
  if (found.is_paused) return warned(pool, 'is paused', 'Resume it in Prefect.')
  if (found.status !== 'READY') return warned(pool, 'no worker polls it', 'Start `harvester worker`.')
  return fine(pool, 'a worker polls it')
}

/** What the server's clock says about ours, asked between two moments (milliseconds). */
export function clockFinding(server: number, asked: number, answered: number): Examined {
  const skew = server < asked ? server - asked : server > answered ? server - answered : 0
  const seconds = Math.round(skew / 1000)
  return Math.abs(seconds) > mostSkewSeconds
    ? warned(
        'clock',
        `Prefect's is ${Math.abs(seconds)} s ${seconds > 0 ? 'ahead of' : 'behind'} ours`,
        'Synchronise both hosts (NTP): runs would start early or late, and workers look dead.',
      )
    : fine('clock', 'agrees with that of Prefect')
}
