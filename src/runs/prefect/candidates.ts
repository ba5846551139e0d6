/** Which runs of our pools are due: asked for by the page, kept until they are claimed or asked for anew. */
import { type Candidate, choose } from '../decide.ts'
import type { Runtime } from '../runtime.ts'
import type { PrefectBackend } from './backend.ts'
import { must, type Schemas } from './client.ts'
import { readQueues } from './pools.ts'
import type { WireRun } from './read.ts'
import type { OnProblem } from './telemetry.ts'

/** A due run as the server tells of it. */
export interface DueRun extends Candidate {
  readonly wire: WireRun & Pick<Schemas['FlowRunResponse'], 'work_queue_id' | 'empirical_policy'>
  readonly pool: string
}

export interface Candidates {
  /** Asks for what is due; also when there is no room: otherwise deployments are shown as not ready. */
  look(): Promise<void>
  /** The next one to be claimed; asks again when none is left. */
  next(wanted: { flows: ReadonlySet<string>; isHeld: (id: string) => boolean }): Promise<DueRun | null>
  /** One that cannot be had now stands in nobody's way. */
  refused(id: string): void
  /** Called when one becomes due; the returned function ends it. */
  onDue(listener: () => void): () => void
  close(): void
}

/** Rows of one question: more than there is room for, so that a place that comes free is filled at once. */
const pageSize = 20
const searchSize = 200
const mostPages = 50
const prefetchMs = 10_000
/** An answer is good for so long: after it the pool may be full or paused. */
const freshMs = 1500
/** Nobody asks more often than this. */
const pauseMs = 100
const refusedForMs = 15_000

export function candidates(options: {
  readonly backend: PrefectBackend
  readonly pools: readonly string[]
  readonly runtime: Runtime
  readonly onProblem: OnProblem
}): Candidates {
  const { backend, runtime, onProblem } = options
  let known: DueRun[] = []
  let askedAt = Number.NEGATIVE_INFINITY
  let asking: Promise<void> | null = null
  let wanted: { flows: ReadonlySet<string>; isHeld: (id: string) => boolean } | null = null
  const refusals = new Map<string, number>()
  const told = new Set<string>()
  const timers = new Map<string, NodeJS.Timeout>()
  const listeners = new Set<() => void>()

  const since = () => runtime.now().getTime() - askedAt
  const isOut = (id: string) =>
    (refusals.get(id) ?? 0) > runtime.now().getTime() || wanted?.isHeld(id) === true
  const chosen = (rows: readonly DueRun[]) =>
    choose(rows, { flows: wanted?.flows ?? new Set(), isHeld: isOut, now: backend.client.serverNow() })

  const page = async (pool: string): Promise<DueRun[]> => {
    const rows = await must(
      'look for runs',
      backend.client.once.POST('/work_pools/{name}/get_scheduled_flow_runs', {
        params: { path: { name: pool } },
        body: { work_queue_names: [], scheduled_before: before(prefetchMs), limit: pageSize },
      }),
    )
    return Promise.all(rows.map(({ flow_run: run }) => dueOf({ ...run, id: run.id as string }, pool)))
  }
  const before = (ms: number) => new Date(backend.client.serverNow().getTime() + ms).toISOString()
  const dueOf = async (
    wire: DueRun['wire'] & { next_scheduled_start_time?: string | null },
    pool: string,
  ): Promise<DueRun> => ({
    id: wire.id,
    flow: await backend.flowName(wire.flow_id),
    dueAt: new Date(wire.next_scheduled_start_time ?? 0),
    wire,
    pool,
  })

  /** Past a page of runs that cannot be taken: only those of known flows are asked for, page by page. */
  const search = async (pool: string): Promise<DueRun[]> => {
    const open = (await readQueues(backend, pool)).filter(({ is_paused }) => !is_paused)
    const priorities = new Map(open.map(({ name, priority }) => [name, priority ?? 1]))
    const found: DueRun[] = []
    for (let offset = 0; offset < mostPages * searchSize; offset += searchSize) {
      const rows = await must(
        'look for runs',
        backend.client.once.POST('/flow_runs/filter', {
          body: {
            flows: { operator: 'and_', name: { any_: [...(wanted?.flows ?? [])] } },
            work_pools: { operator: 'and_', name: { any_: [pool] } },
            work_pool_queues: { operator: 'and_', name: { any_: [...priorities.keys()] } },
            flow_runs: {
              operator: 'and_',
              state: { operator: 'and_', type: { any_: ['SCHEDULED'] } },
              next_scheduled_start_time: { before_: before(0) },
            },
            sort: 'NEXT_SCHEDULED_START_TIME_ASC',
            limit: searchSize,
            offset,
          },
        }),
      )
      found.push(...(await Promise.all(rows.map((run) => dueOf(run, pool)))))
      if (rows.length < searchSize || chosen(found).now.length > 0) break
    }
    const priority = ({ wire }: DueRun) =>
      priorities.get((wire as { work_queue_name?: string | null }).work_queue_name ?? '') ?? 1
    return found.sort((a, b) => priority(a) - priority(b) || a.dueAt.getTime() - b.dueAt.getTime())
  }

  const ask = async () => {
    const pages = await Promise.all(
      options.pools.map(async (pool) => {
        const rows = await page(pool)
        const { now, unknownFlows } = chosen(rows)
        tellUnknown(unknownFlows, rows)
        return rows.length < pageSize || now.length > 0 || wanted === null ? rows : search(pool)
      }),
    )
    askedAt = runtime.now().getTime()
    known = pages.flat()
    for (const { id, dueAt } of chosen(known).soon) wakeAt(id, dueAt)
  }
  const look = (): Promise<void> => {
    asking ??= ask().finally(() => {
      asking = null
    })
    return asking
  }

  const tellUnknown = (flows: readonly string[], rows: readonly DueRun[]) => {
    if (wanted === null) return
    for (const flow of flows.filter((name) => !told.has(name))) {
      told.add(flow)
      const run = rows.find((row) => row.flow === flow)
      onProblem('A run of a flow that this worker does not know is left alone', {
        flow,
        pool: run?.pool,
        run: run?.wire.name,
      })
    }
  }
  /** When it is due the server is asked again: only its answer knows whether the pool is full or paused by then. */
  const wakeAt = (id: string, dueAt: Date) => {
    if (timers.has(id)) return
    const timer = setTimeout(() => {
      timers.delete(id)
      for (const listener of listeners) listener()
    }, dueAt.getTime() - backend.client.serverNow().getTime())
    timers.set(id, timer)
  }

  return {
    look,
    async next(given) {
      wanted = given
      for (let round = 0; ; round++) {
        const [first] = since() < freshMs ? chosen(known).now : []
        if (first) {
          known = known.filter(({ id }) => id !== first.id)
          return first
        }
        if (round > 0 || since() < pauseMs) return null
        await look()
      }
    },
    refused(id) {
      const now = runtime.now().getTime()
      for (const [other, until] of refusals) if (until <= now) refusals.delete(other)
      refusals.set(id, now + refusedForMs)
    },
    onDue(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close() {
      for (const timer of timers.values()) clearTimeout(timer)
      timers.clear()
      listeners.clear()
    },
  }
}
