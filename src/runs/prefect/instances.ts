/**
 * Which instance has the name of a worker, as the server keeps it: a variable for each name, renewed with every
 * heartbeat. Prefect itself knows workers by name only, and two of one name look like one to it.
 */
import { fateOf, readInstance, type WorkerInstance } from '../instance.ts'
import type { SeenWorker } from '../orchestrator.ts'
import { allPages } from './all-pages.ts'
import { must, orNull, type PrefectClient, refused, type Schemas } from './client.ts'
import type { OnProblem } from './telemetry.ts'

const tag = 'erddap-harvester-worker'
/** A name is forgotten when nobody had it for so long. */
const forgottenMs = 7 * 24 * 3_600_000

export interface SeenInstance {
  readonly instance: WorkerInstance
  /** Since its last sign of life, by the clock of the server. */
  readonly silentMs: number
}

export interface Instances {
  find(worker: string): Promise<SeenInstance | null>
  list(): Promise<SeenInstance[]>
  beat(me: WorkerInstance): Promise<void>
  /** False where another has the name by now. Never rejects. */
  leave(me: WorkerInstance): Promise<boolean>
}

/** @param onProblem told once where the server keeps no variables for us: then workers are known by name only */
export function prefectInstances(client: PrefectClient, onProblem: OnProblem): Instances {
  let created = false
  let denied = false
  const create = async (me: WorkerInstance): Promise<boolean> => {
    const { error, response } = await client.normal.POST('/variables/', {
      body: { name: variableName(me.name), value: { ...me }, tags: [tag] },
    })
    if (response.status === 409) return false
    // A role without the right to variables, or a proxy that lets only some routes through.
    if ([401, 403, 404, 405].includes(response.status)) {
      denied = true
      onProblem('Prefect keeps no variables for this worker: two workers of one name are not told apart', {
        status: response.status,
      })
    } else if (!response.ok) throw refused('keep the instance of a worker', response.status, error)
    return true
  }
  /** Changed each time, since the time of the change is the sign of life. */
  const renew = async (me: WorkerInstance): Promise<boolean> => {
    const { error, response } = await client.normal.PATCH('/variables/name/{name}', {
      params: { path: { name: variableName(me.name) } },
      body: { value: { ...me, at: new Date().toISOString() }, tags: [tag] },
    })
    if (response.status === 404) return false
    if (!response.ok) throw refused('keep the instance of a worker', response.status, error)
    return true
  }
  return {
    async find(worker) {
      if (denied) return null
      const asked = client.normal.GET('/variables/name/{name}', {
        params: { path: { name: variableName(worker) } },
      })
      const found = await orNull('read the instance of a worker', asked)
      return found && seenOf(found, serverNow((await asked).response))
    },
    async list() {
      if (denied) return []
      const seen = await allPages(async (page) => {
        const asked = client.normal.POST('/variables/filter', {
          body: {
            variables: { operator: 'and_', tags: { operator: 'and_', all_: [tag] } },
            sort: 'NAME_ASC',
            ...page,
          },
        })
        const found = await must('list the instances of workers', asked)
        const now = serverNow((await asked).response)
        return found.map((one) => seenOf(one, now))
      })
      const known = seen.filter((one) => one !== null)
      for (const { instance, silentMs } of known)
        if (silentMs > forgottenMs) await remove(client, instance.name)
      return known
    },
    async beat(me) {
      if (denied || (created && (await renew(me)))) return
      created = (await renew(me)) || (await create(me)) || (await renew(me))
    },
    async leave(me) {
      const known = await this.find(me.name).catch(() => null)
      if (known && known.instance.id !== me.id) return false
      if (known) await remove(client, me.name)
      return true
    },
  }
}

async function remove(client: PrefectClient, worker: string): Promise<void> {
  await client.once
    .DELETE('/variables/name/{name}', { params: { path: { name: variableName(worker) } } })
    .catch(() => {}) // it is old news anyway
}

/** Names of variables take fewer letters than those of workers, 3.2 no hyphen; the end keeps two names apart. */
function variableName(worker: string): string {
  const plain = worker.toLowerCase().replace(/[^a-z0-9]+/g, '_')
  let hash = 0
  for (const character of worker) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0
  return `erddap_harvester_worker_${plain.slice(0, 180)}_${hash.toString(36)}`
}

function seenOf(variable: Schemas['Variable'], now: number): SeenInstance | null {
  const instance = readInstance(variable.value)
  if (!instance) return null
  return { instance, silentMs: Math.max(0, now - Date.parse(variable.updated ?? '')) }
}

/** By the header of an answer, which has whole seconds; ours where a proxy took it away. */
function serverNow(response: Response): number {
  const date = Date.parse(response.headers.get('date') ?? '')
  return Number.isNaN(date) ? Date.now() : date
}

/** Signs of life are late when three of them are missing. */
export async function fateOfSeen(
  { instance, silentMs }: SeenInstance,
  intervalMs: number,
): Promise<SeenWorker['fate']> {
  const fate = fateOf(instance)
  if (fate === 'ended') return 'ended'
  return silentMs > 3 * intervalMs ? 'silent' : 'lives'
}
