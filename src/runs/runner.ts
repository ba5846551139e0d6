/** Takes runs that are due from a queue and executes them in this process: one loop for every orchestrator. */
import { describeError, type HarvesterError, isHarvesterError } from '../errors.ts'
import { aborted } from './abort.ts'
import type { Backend } from './backend.ts'
import { reactionTo } from './decide.ts'
import { type EngineOptions, executeRun } from './engine.ts'
import type { WorkerInstance } from './instance.ts'
import { type Loop, startLoop } from './loop.ts'
import type { Offer, RunQueue } from './orchestrator.ts'
import { type Outbox, openOutbox, viaOutbox } from './outbox.ts'
import type { AnyFlow } from './registry.ts'
import { type Runtime, systemRuntime } from './runtime.ts'
import { sweeper } from './sweep.ts'

/**
 * - `taking`: executes what may run, as long as there is room.
 * - `draining`: takes no more; what runs may go on for the grace time.
 * - `ending`: the grace time is over, or somebody is impatient: what runs is given back or crashed.
 * - `stopped`: nothing runs any more, and the queue was left.
 */
export type RunnerState = 'taking' | 'draining' | 'ending' | 'stopped'

/**
 * What a run is to this process.
 * - `claimed for`: asked for; another process may be faster.
 * - `working`: holds one of the places.
 * - `waiting`: does nothing but wait for its children; holds no place, so that they find one.
 */
export type RunState = 'claimed for' | 'working' | 'waiting'

export interface RunnerOptions extends EngineOptions {
  readonly queue: RunQueue
  readonly instance: WorkerInstance
  /** For child runs. */
  readonly runs: Pick<Backend, 'readRun' | 'cancelRun'>
  readonly flows: ReadonlyMap<string, AnyFlow>
  /** Runs at once; those that only wait for children do not count. @default 4 */
  readonly limit?: number
  /** How long runs may go on after {@link Runner.stop}. @default 30 */
  readonly graceSeconds?: number
  /** @default 'reschedule' */
  readonly onStop?: 'reschedule' | 'crash'
  /** Where ends are kept until they are told. @default nowhere */
  readonly outboxFolder?: string | null
  /** Time between two looks for due runs. @default 1000 */
  readonly pollMs?: number
  /** Time between two looks at the states of runs. @default 1000 */
  readonly watchMs?: number
  /** Time between two looks for runs of processes that are gone. @default 60 000 */
  readonly sweepMs?: number
  readonly onProblem?: (text: string, facts: Record<string, unknown>) => void
  /** Told when another living process took the name of this one, which then takes no more runs and stops. */
  readonly onNameLost?: (error: HarvesterError) => void
}

export interface Runner {
  readonly state: RunnerState
  /** Runs in this process now. */
  readonly running: number
  /** Takes no more runs, waits for those that run, gives back or crashes the rest; nothing is left Running. */
  stop(): Promise<void>
  /** Ends the grace time of {@link stop} at once. */
  force(): void
  /** Looks at once for what is due. */
  wake(): void
}

interface Held {
  state: RunState
  /** When it was taken. */
  readonly since: number
  readonly controller: AbortController
  done: Promise<void>
}

interface Core {
  readonly options: RunnerOptions
  readonly queue: RunQueue
  readonly runtime: Runtime
  readonly limit: number
  readonly flows: ReadonlySet<string>
  readonly outbox: Outbox
  readonly held: Map<string, Held>
  readonly onProblem: (text: string, facts: Record<string, unknown>) => void
  loops: { looking: Loop; watching: Loop; beating: Loop; sweeping: Loop } | null
  state: RunnerState
  filling: boolean
  fillAgain: boolean
  lookedAt: number
  /** Something may have been cancelled: the next look at states is at all runs. */
  watchAll: boolean
}

const heartbeatMs = 30_000
const defaultSweepMs = 60_000
const defaultWatchMs = 1000
/** Without room a look only shows that somebody looks. */
const fullLookMs = 10_000
/** A stop that cannot tell the ends of runs gives up after this, beyond the grace time. */
const tellingMs = 20_000

/** Says who this process is, settles what its predecessor left, then takes runs until it is stopped. */
export async function startRunner(options: RunnerOptions, signal?: AbortSignal): Promise<Runner> {
  const { queue, instance } = options
  const runtime = options.runtime ?? systemRuntime
  const onProblem = options.onProblem ?? (() => {})
  const core: Core = {
    options,
    queue,
    runtime,
    limit: options.limit ?? 4,
    flows: new Set(options.flows.keys()),
    outbox: openOutbox({
      folder: options.outboxFolder ?? null,
      instance,
      runtime,
      mayPass: (error) => queue.mayPass(error),
      onProblem,
    }),
    held: new Map(),
    onProblem,
    loops: null,
    state: 'taking',
    filling: false,
    fillAgain: false,
    lookedAt: Number.NEGATIVE_INFINITY,
    watchAll: false,
  }
  const predecessor = await queue.enter(instance, signal ?? new AbortController().signal)
  await core.outbox.takeUp((end) => queue.end(end))
  const sweep = sweeper({
    queue,
    runtime,
    instance,
    predecessor,
    outbox: core.outbox,
    isHeld: isHeld(core),
    onProblem,
    ...(options.onEvent && { onEvent: options.onEvent }),
  })
  await sweep().catch((error: unknown) =>
    onProblem('Runs of processes that are gone could not be settled', { error: describeError(error) }),
  )
  core.loops = startLoops(core, sweep, (error) => {
    if (core.state !== 'taking') return
    onProblem('The worker stops: another one has its name', { error: describeError(error) })
    void runner.stop()
    options.onNameLost?.(error)
  })
  const unhook = queue.onWork(() => {
    core.watchAll = true
    core.loops?.looking.wake()
    core.loops?.watching.wake()
  })
  let stopped: Promise<void> | null = null
  let endGrace: () => void = () => {}
  const forced = new Promise<void>((resolve) => {
    endGrace = resolve
  })
  const runner: Runner = {
    get state() {
      return core.state
    },
    get running() {
      return [...core.held.values()].filter(({ state }) => state !== 'claimed for').length
    },
    stop() {
      unhook()
      stopped ??= stop(core, forced)
      return stopped
    },
    force() {
      endGrace()
      hurry(core, 5000)
      void runner.stop()
    },
    wake: () => core.loops?.looking.wake(),
  }
  return runner
}

function startLoops(core: Core, sweep: () => Promise<void>, onNameLost: (error: HarvesterError) => void) {
  const { options, queue, runtime, onProblem } = core
  const loop = (what: string, everyMs: number, body: () => Promise<number | undefined>): Loop =>
    startLoop({
      everyMs,
      body,
      random: runtime.random,
      onError: (error, failures) => {
        // Every failure of an outage would drown the log; every tenth keeps it known.
        if (failures <= 3 || failures % 10 === 0)
          onProblem(`The worker cannot ${what}`, { failures, error: describeError(error) })
      },
    })
  return {
    looking: loop('look for runs', options.pollMs ?? 1000, async () => {
      if (core.state !== 'taking') return undefined
      await look(core)
      await fill(core)
      return undefined
    }),
    watching: loop('look at the states of its runs', options.watchMs ?? defaultWatchMs, () => watch(core)),
    beating: loop('send its heartbeat', heartbeatMs, async () => {
      await queue.beat().catch((error: unknown) => {
        if (!isHarvesterError(error, 'USAGE')) throw error
        onNameLost(error)
      })
      return undefined
    }),
    // The first sweep was made at the start.
    sweeping: loop('look for runs of dead workers', options.sweepMs ?? defaultSweepMs, skipFirst(sweep)),
  }
}

function skipFirst(body: () => Promise<unknown>): () => Promise<undefined> {
  let first = true
  return async () => {
    if (!first) await body()
    first = false
    return undefined
  }
}

function room(core: Core): number {
  let busy = 0
  for (const { state } of core.held.values()) if (state !== 'waiting') busy++
  return core.limit - busy
}

async function look(core: Core): Promise<void> {
  const now = core.runtime.now().getTime()
  if (room(core) <= 0 && now - core.lookedAt < fullLookMs) return
  core.lookedAt = now
  await core.queue.look()
}

const isHeld = (core: Core) => (id: string) => core.held.has(id) || core.outbox.holds(id)

/** Takes runs while there is room. One at a time asks; claims go on side by side. */
async function fill(core: Core): Promise<void> {
  if (core.filling) {
    core.fillAgain = true
    return
  }
  core.filling = true
  try {
    do {
      core.fillAgain = false
      while (core.state === 'taking' && room(core) > 0) {
        const offer = await core.queue.next({ flows: core.flows, isHeld: isHeld(core) })
        if (!offer) break
        take(core, offer)
      }
    } while (core.fillAgain)
  } finally {
    core.filling = false
  }
}

const refill = (core: Core) =>
  fill(core).catch((error: unknown) =>
    core.onProblem('The worker cannot look for runs', { error: describeError(error) }),
  )

function take(core: Core, offer: Offer): void {
  const entry: Held = {
    state: 'claimed for',
    since: core.runtime.now().getTime(),
    controller: new AbortController(),
    done: Promise.resolve(),
  }
  core.held.set(offer.id, entry)
  entry.done = execute(core, offer, entry)
    .catch((error: unknown) =>
      core.onProblem('A run could not be claimed, or its end not be told', {
        flowRunId: offer.id,
        error: describeError(error),
      }),
    )
    .then(() => {
      core.held.delete(offer.id)
      if (core.state === 'taking') void refill(core)
    })
}

async function execute(core: Core, offer: Offer, entry: Held): Promise<void> {
  const { options } = core
  const claimed = await offer.claim()
  if (!claimed) return
  const recorder = viaOutbox(claimed, core.outbox, core.runtime)
  const flow = options.flows.get(recorder.run.flow)
  if (!flow) return recorder.reschedule('The worker that claimed it does not know its flow')
  entry.state = 'working'
  // A claim that was under way when the stop came is given back at once.
  if (core.state !== 'taking') abortFor(core, entry)
  await executeRun(flow, recorder, options.runs, {
    ...options,
    signal: entry.controller.signal,
    onStop: options.onStop ?? 'reschedule',
    onWaiting(waiting) {
      entry.state = waiting ? 'waiting' : 'working'
      if (waiting) core.loops?.looking.wake()
    },
  })
}

/**
 * Ends the execution of runs that others cancelled, paused, deleted or ended. What was taken a moment ago is left for
 * the next time: most of what is brief has ended by then.
 */
async function watch(core: Core): Promise<undefined> {
  const atLeastMs = core.watchAll ? 0 : (core.options.watchMs ?? defaultWatchMs) / 2
  core.watchAll = false
  const now = core.runtime.now().getTime()
  const ids = [...core.held].flatMap(([id, { state, since }]) =>
    state === 'claimed for' || now - since < atLeastMs ? [] : [id],
  )
  if (ids.length === 0) return
  for (const [id, state] of await core.queue.states(ids)) {
    const entry = core.held.get(id)
    const reaction = reactionTo(state)
    if (!entry || !reaction || entry.controller.signal.aborted || core.outbox.holds(id)) continue
    if (reaction.reason === 'suspended') await core.queue.suspend(id)
    entry.controller.abort(aborted(reaction.reason, reaction.message))
  }
}

function abortFor(core: Core, entry: Held): void {
  entry.controller.abort(aborted(core.options.onStop === 'crash' ? 'crashed' : 'stopped'))
}

function hurry(core: Core, milliseconds: number): void {
  core.queue.hurry(milliseconds)
  core.outbox.hurry(milliseconds)
}

async function stop(core: Core, forced: Promise<void>): Promise<void> {
  const { options, queue, runtime } = core
  const graceMs = (options.graceSeconds ?? 30) * 1000
  core.state = 'draining'
  // A server that is away must not hold up the stop for longer than the grace time again.
  queue.hurry(graceMs + tellingMs)
  await core.loops?.looking.stop()
  const idle = async () => {
    while (core.held.size > 0) await Promise.all([...core.held.values()].map(({ done }) => done))
  }
  const over = new AbortController()
  if (core.held.size > 0)
    await Promise.race([idle(), forced, runtime.sleep(graceMs, over.signal).catch(() => {})])
  over.abort()
  core.state = 'ending'
  core.outbox.hurry(tellingMs)
  for (const entry of core.held.values()) abortFor(core, entry)
  await idle()
  await core.outbox.close()
  await Promise.all([core.loops?.watching.stop(), core.loops?.beating.stop(), core.loops?.sweeping.stop()])
  await queue.leave()
  core.state = 'stopped'
}
