/** Which runs of our pools are due: asked for by the page, kept until they are claimed or asked for anew. */
import { type Candidate, type Choice, choose } from '../decide.ts'
import type { Runtime } from '../runtime.ts'
import { type Page, pages } from './all-pages.ts'
import type { PrefectBackend } from './backend.ts'
import { must, type Schemas } from './client.ts'
import type { MissingPools } from './missing-pools.ts'
import { readQueues } from './pools.ts'
import type { WireRun } from './read.ts'
import type { OnProblem } from './telemetry.ts'

/** A due run as the server tells of it. */
export interface DueRun extends Candidate {
  readonly wire: WireRun & Pick<Schemas['FlowRunResponse'], 'work_queue_id' | 'empirical_policy'>
  readonly pool: string
}

interface Wanted {
  readonly flows: ReadonlySet<string>
  readonly isHeld: (id: string) => boolean
}

export interface Candidates {
  /** Asks for what is due; also when there is no room: otherwise deployments are shown as not ready. */
  look(): Promise<void>
  /** The next one to be claimed; asks again when none is left. */
  next(wanted: Wanted): Promise<DueRun | null>
  /** One that cannot be had now stands in nobody's way. */
  refused(id: string): void
  /** Called when one becomes due; the returned function ends it. */
  onDue(listener: () => void): () => void
  close(): void
}

/** Rows of one question: more than there is room for, so that a place that comes free is filled at once; every server gives so many. */
const pageSize = 20
const mostSearched = 10_000
const prefetchMs = 10_000
/** An answer is good for so long: after it the pool may be full or paused. */
const freshMs = 1500
/** Nobody asks more often than this. */
const pauseMs = 100
const refusedForMs = 15_000

interface CandidatesOptions {
  readonly backend: PrefectBackend
  readonly pools: readonly string[]
  readonly missing: MissingPools
  readonly runtime: Runtime
  readonly onProblem: OnProblem
}

/** What is known of the pools. */
interface Known extends CandidatesOptions {
  due: DueRun[]
  askedAt: number
  asking: Promise<void> | null
  /** Null until something is wanted. */
  wanted: Wanted | null
  /** When a run was handed out, by its id. */
  readonly given: Map<string, number>
  /** Until when a run stands back, by its id. */
  readonly refusals: Map<string, number>
  /** Unknown flows that were told of. */
  readonly told: Set<string>
  readonly timers: Map<string, NodeJS.Timeout>
  readonly listeners: Set<() => void>
}

export function candidates(options: CandidatesOptions): Candidates {
  const { runtime } = options
  const known: Known = {
    ...options,
    due: [],
    askedAt: Number.NEGATIVE_INFINITY,
    asking: null,
    wanted: null,
    given: new Map(),
    refusals: new Map(),
    told: new Set(),
    timers: new Map(),
    listeners: new Set(),
  }
  const { refusals, timers, listeners } = known
  const since = () => runtime.now().getTime() - known.askedAt
  return {
    look: () => look(known),
    async next(wanted) {
      known.wanted = wanted
      for (let round = 0; ; round++) {
        const [first] = since() < freshMs ? chosen(known, known.due).now : []
        if (first) {
          known.due = known.due.filter(({ id }) => id !== first.id)
          known.given.set(first.id, runtime.now().getTime())
          return first
        }
        if (round > 0 || since() < pauseMs) return null
        await look(known)
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

function chosen({ wanted, refusals, runtime, backend }: Known, rows: readonly DueRun[]): Choice<DueRun> {
  const now = runtime.now().getTime()
  return choose(rows, {
    flows: wanted?.flows ?? new Set(),
    isHeld: (id) => (refusals.get(id) ?? 0) > now || wanted?.isHeld(id) === true,
    now: backend.client.serverNow(),
  })
}

/** Whoever looks while somebody does waits for the same answer. */
function look(known: Known): Promise<void> {
  known.asking ??= ask(known).finally(() => {
    known.asking = null
  })
  return known.asking
}

async function ask(known: Known): Promise<void> {
  const begun = known.runtime.now().getTime()
  const pages = await Promise.all(
    known.pools.map(async (pool) => {
      const rows = await page(known, pool)
      const { now, unknownFlows } = chosen(known, rows)
      tellUnknown(known, unknownFlows, rows)
      return rows.length < pageSize || now.length > 0 || known.wanted === null ? rows : search(known, pool)
    }),
  )
  known.askedAt = known.runtime.now().getTime()
  known.due = stillDue(known, pages.flat(), begun)
  for (const { id, dueAt } of chosen(known, known.due).soon) wakeAt(known, id, dueAt)
}

/** Without what was handed out while the question was under way: the answer may be from before its claim. */
function stillDue({ given, wanted }: Known, rows: readonly DueRun[], begun: number): DueRun[] {
  const open = rows.filter(({ id }) => !wanted?.isHeld(id) && (given.get(id) ?? 0) < begun)
  for (const [id, at] of given) if (at < begun) given.delete(id)
  return open
}

async function page({ backend, missing }: Known, pool: string): Promise<DueRun[]> {
  const asked = must(
    'look for runs',
    backend.client.once.POST('/work_pools/{name}/get_scheduled_flow_runs', {
      params: { path: { name: pool } },
      body: { work_queue_names: [], scheduled_before: before(backend, prefetchMs), limit: pageSize },
    }),
  )
  const rows = (await missing.unlessGone(pool, asked)) ?? []
  return Promise.all(rows.map(({ flow_run: run }) => dueOf(backend, { ...run, id: run.id as string }, pool)))
}

const before = (backend: PrefectBackend, ms: number) =>
  new Date(backend.client.serverNow().getTime() + ms).toISOString()

async function dueOf(
  backend: PrefectBackend,
  wire: DueRun['wire'] & { next_scheduled_start_time?: string | null },
  pool: string,
): Promise<DueRun> {
  return {
    id: wire.id,
    flow: await backend.flowName(wire.flow_id),
    dueAt: new Date(wire.next_scheduled_start_time ?? 0),
    wire,
    pool,
  }
}

/** Past a page of runs that cannot be taken: only those of known flows are asked for, page by page. */
async function search(known: Known, pool: string): Promise<DueRun[]> {
  const { backend, wanted } = known
  const open = (await readQueues(backend, pool)).filter(({ is_paused }) => !is_paused)
  const priorities = new Map(open.map(({ name, priority }) => [name, priority ?? 1]))
  const found: DueRun[] = []
  const searched = (page: Page) =>
    must(
      'look for runs',
      backend.client.once.POST('/flow_runs/filter', {
        body: {
          flows: { operator: 'and_', name: { any_: [...(wanted?.flows ?? [])] } },
          work_pools: { operator: 'and_', name: { any_: [pool] } },
          work_pool_queues: { operator: 'and_', name: { any_: [...priorities.keys()] } },
          flow_runs: {
            operator: 'and_',
            state: { operator: 'and_', type: { any_: ['SCHEDULED'] } },
            next_scheduled_start_time: { before_: before(backend, 0) },
          },
          sort: 'NEXT_SCHEDULED_START_TIME_ASC',
          ...page,
        },
      }),
    )
  for await (const rows of pages(searched, mostSearched)) {
    found.push(...(await Promise.all(rows.map((run) => dueOf(backend, run, pool)))))
    if (chosen(known, found).now.length > 0) break
  }
  const priority = ({ wire }: DueRun) =>
    priorities.get((wire as { work_queue_name?: string | null }).work_queue_name ?? '') ?? 1
  return found.sort((a, b) => priority(a) - priority(b) || a.dueAt.getTime() - b.dueAt.getTime())
}

function tellUnknown(known: Known, flows: readonly string[], rows: readonly DueRun[]): void {
  if (known.wanted === null) return
  for (const flow of flows.filter((name) => !known.told.has(name))) {
    known.told.add(flow)
    const run = rows.find((row) => row.flow === flow)
    known.onProblem('A run of a flow that this worker does not know is left alone', {
      flow,
      pool: run?.pool,
      run: run?.wire.name,
    })
  }
}

/** When it is due the server is asked again: only its answer knows whether the pool is full or paused by then. */
function wakeAt({ timers, listeners, backend }: Known, id: string, dueAt: Date): void {
  if (timers.has(id)) return
  const timer = setTimeout(() => {
    timers.delete(id)
    for (const listener of listeners) listener()
  }, dueAt.getTime() - backend.client.serverNow().getTime())
  timers.set(id, timer)
}
