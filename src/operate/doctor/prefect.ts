import type { Environment } from '../../config/environment.ts'
import { createPrefectBackend, type PrefectSettings } from '../../runs/index.ts'
import { must, serverVersion } from '../../runs/prefect/client.ts'
import { poolType } from '../../runs/prefect/pools.ts'
import { type Finding, failure, fine, warned } from './types.ts'

const what = 'Prefect'
/** The Date header has whole seconds, and the answer takes its time. */
const mostSkewSeconds = 10

/** Address, version, login, clock, and the work pools with their workers. */
export async function* checkPrefect(
  settings: PrefectSettings | null,
  environment: Pick<Environment, 'HARVEST_POOL' | 'MAINTENANCE_POOL'>,
): AsyncGenerator<Finding> {
  if (settings === null) {
    yield fine(what, 'PREFECT_API_URL is not set: flows run standalone')
    return
  }
  const backend = createPrefectBackend({ settings })
  const { client } = backend
  try {
    const version = await serverVersion(client)
    const proxied = settings.httpProxy !== null || settings.httpsProxy !== null
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
    for (const name of new Set([environment.HARVEST_POOL, environment.MAINTENANCE_POOL])) {
      const pool = `work pool ${name}`
      const { data } = await client.once.GET('/work_pools/{name}', { params: { path: { name } } })
      if (!data) yield warned(pool, 'does not exist', 'Start a worker, or run `harvester deploy --all`.')
      else if (data.type !== poolType)
        yield failure(
          pool,
          `has the type ${data.type}`,
          'Name another with HARVEST_POOL or MAINTENANCE_POOL.',
        )
      else if (data.is_paused) yield warned(pool, 'is paused', 'Resume it in Prefect.')
      else if (data.status !== 'READY') yield warned(pool, 'no worker polls it', 'Start `harvester worker`.')
      else yield fine(pool, 'a worker polls it')
    }
  } catch (error) {
    yield failure(
      what,
      error,
      'Check PREFECT_API_URL, PREFECT_API_AUTH_STRING, the proxy, and that the server runs.',
    )
  } finally {
    await backend.close()
  }
}

/** What the server's clock says about ours, asked between two moments (milliseconds). */
export function clockFinding(server: number, asked: number, answered: number): Finding {
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
