import { describeError } from '../errors.ts'
import { aborted } from './abort.ts'
import type { RunRecorder } from './backend.ts'
import { type EngineOptions, executeRun } from './engine.ts'
import type { PrefectBackend } from './prefect/backend.ts'
import { must, type Schemas } from './prefect/client.ts'
import type { Registration, RegistrationReport } from './prefect/deployments.ts'
import { poolType } from './prefect/pools.ts'
import { setState } from './prefect/set-state.ts'
import type { OnProblem } from './prefect/telemetry.ts'
import type { AnyFlow } from './registry.ts'
import { systemRuntime } from './runtime.ts'
import { type Loop, startLoop } from './worker/loop.ts'
import { poolRoom } from './worker/pool-room.ts'
import { takeSlot } from './worker/slot.ts'
import { type RunOnDeploy, register, type Startup, waitForPools, waitForServer } from './worker/startup.ts'
import { sweeper, workerLabel } from './worker/sweep.ts'

export type { RunOnDeploy } from './worker/startup.ts'

export interface WorkerOptions extends EngineOptions {
  readonly backend: PrefectBackend
  readonly flows: ReadonlyMap<string, AnyFlow>
  readonly pools: readonly string[]
  /** Runs at once; those that only wait for children do not count. @default 4 */
  readonly limit?: number
  /** Null: `{hostname}-{slot}`. */
  readonly name: string | null
  /** Where the locks of slots are kept. */
  readonly slotFolder: string
  /** Null: this worker registers nothing and waits for its pools. */
  readonly registration: Registration | null
  /** Honoured only with a registration. */
  readonly runOnDeploy?: RunOnDeploy | null
  /** How long runs may go on after {@link Worker.stop}. @default 30 */
  readonly graceSeconds?: number
  /** @default 'reschedule' */
  readonly onStop?: 'reschedule' | 'crash'
  /** @default 1000 */
  readonly pollMs?: number
  /** Aborted: gives up waiting for the server. */
  readonly signal?: AbortSignal
  readonly onProblem?: OnProblem
  readonly onInfo?: OnProblem
}

export interface Worker {
  readonly name: string
  readonly running: number
  readonly registered: RegistrationReport | null
  /** Takes no more runs, waits for those that run, gives back or crashes the rest; nothing is left Running. */
  stop(): Promise<void>
  /** Ends the grace time of {@link stop} at once. */
  force(): void
}

const heartbeatSeconds = 30
const prefetchMs = 10_000

/**
 * Starts a worker: waits for the server, registers, settles its predecessor's runs, then polls its pools and runs
 * what is due in this process. Rejects with PREFECT_REFUSED for a server or pool that will never do.
 */
export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const { backend, flows, pools } = options
  const { client } = backend
  const runtime = options.runtime ?? systemRuntime
  const limit = options.limit ?? 4
  const onProblem = options.onProblem ?? (() => {})
  const onInfo = options.onInfo ?? (() => {})
  const signal = options.signal ?? new AbortController().signal
  const startup: Startup = { backend, runtime, signal, onProblem, onInfo }

  const version = await waitForServer(startup)
  onInfo('Prefect server found', { url: client.settings.apiUrl, version })
  const registered =
    options.registration === null
      ? null
      : await register(startup, options.registration, options.runOnDeploy ?? null)
  await waitForPools(startup, pools)
  const slot = options.name === null ? await takeSlot(options.slotFolder) : null
  const name = options.name ?? slot?.name ?? 'worker'

  interface Active {
    readonly controller: AbortController
    readonly done: Promise<void>
    waiting: boolean
  }
  const active = new Map<string, Active>()
  /** Claims under way, and runs that are due in a moment. */
  const claiming = new Set<string>()
  const upcoming = new Map<string, NodeJS.Timeout>()
  const unknownFlows = new Set<string>()
  let stopping = false

  const busy = () => {
    let count = claiming.size
    for (const run of active.values()) if (!run.waiting) count++
    return count
  }

  const room = poolRoom(backend, runtime.now)
  const sweep = sweeper({
    backend,
    pools,
    worker: name,
    isActive: (id) => active.has(id) || claiming.has(id),
    onProblem,
    onEvent: options.onEvent,
  })
  await beat()
  await sweep
    .own()
    .catch((error: unknown) =>
      onProblem('Runs of a predecessor could not be settled', { error: describeError(error) }),
    )

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
  const polling = loop('look for runs', options.pollMs ?? 1000, poll)
  const watching = loop('look for cancelled runs', 1000, watch)
  const beating = loop('send its heartbeat', heartbeatSeconds * 1000, async () => {
    await beat()
    return undefined
  })
  const sweeping = loop('look for runs of dead workers', 60_000, async () => {
    await sweep.others()
    return undefined
  })

  async function beat(): Promise<void> {
    for (const pool of pools)
      await must(
        'take a heartbeat',
        client.once.POST('/work_pools/{work_pool_name}/workers/heartbeat', {
          params: { path: { work_pool_name: pool } },
          body: { name, heartbeat_interval_seconds: heartbeatSeconds },
        }),
      )
  }

  async function poll(): Promise<number | undefined> {
    if (stopping) return undefined
    for (const pool of pools) {
      const free = limit - busy() - upcoming.size
      // Even a full worker polls: otherwise its deployments are shown as not ready.
      const rows = await must(
        'look for runs',
        client.once.POST('/work_pools/{name}/get_scheduled_flow_runs', {
          params: { path: { name: pool } },
          body: {
            work_queue_names: [],
            scheduled_before: new Date(runtime.now().getTime() + prefetchMs).toISOString(),
            limit: Math.max(1, free),
          },
        }),
      )
      for (const { flow_run: run } of rows) await consider(run, pool)
    }
    return undefined
  }

  async function consider(run: Schemas['FlowRun'], pool: string): Promise<void> {
    const id = run.id as string
    if (stopping || active.has(id) || claiming.has(id) || upcoming.has(id)) return
    const flowName = await backend.flowName(run.flow_id)
    const flow = flows.get(flowName)
    if (!flow) {
      // Claimed, it would be stuck in Pending for ever: nothing on the server times it out.
      if (!unknownFlows.has(flowName))
        onProblem('A run of a flow that this worker does not know is left alone', {
          flow: flowName,
          pool,
          run: run.name,
        })
      unknownFlows.add(flowName)
      return
    }
    const due = run.next_scheduled_start_time ? Date.parse(run.next_scheduled_start_time) : 0
    const wait = due - runtime.now().getTime()
    if (wait > 0) {
      // A claim before the time would take the run out of "Scheduled" and block a slot. When it is due the server is
      // asked again: the pool may be full or paused by then, and only the answer to a poll knows that.
      const timer = setTimeout(() => {
        upcoming.delete(id)
        if (!stopping) polling.wake()
      }, wait)
      upcoming.set(id, timer)
      return
    }
    if (busy() >= limit) return
    void claim(run, flow, pool)
  }

  async function claim(run: Schemas['FlowRun'], flow: AnyFlow, pool: string): Promise<void> {
    const id = run.id as string
    claiming.add(id)
    let claimed = false
    try {
      const answer = await setState(client, id, { type: 'PENDING', name: 'Pending' }, { patience: 'normal' })
      // Another worker was faster, or the deployment is at its limit: both are everyday.
      if (answer.kind !== 'accepted') return
      claimed = true
      if (await room.isOver(run, pool)) {
        await setState(client, id, {
          type: 'SCHEDULED',
          name: 'AwaitingConcurrencySlot',
          message: `The pool ${pool} or its queue is at its limit`,
          // At a time of its own, so that two workers that gave way to each other do not meet again.
          scheduledAt: new Date(runtime.now().getTime() + 500 + runtime.random() * 3000),
        })
        return
      }
      await client.normal.PATCH('/flow_runs/{id}/labels', {
        params: { path: { id } },
        body: { [workerLabel]: name, 'prefect.worker.type': poolType, 'prefect.work-pool.name': pool },
      })
      const recorder = await backend.recorder(
        { ...run, id, flow_id: run.flow_id, state: answer.state },
        {
          leaseId: answer.state?.state_details?.deployment_concurrency_lease_id ?? null,
          policy: run.empirical_policy ?? null,
        },
      )
      claimed = false
      execute(flow, recorder)
    } catch (error) {
      onProblem('A run could not be claimed', { run: run.name, flowRunId: id, error: describeError(error) })
      // Left Pending it would wait for the sweep of another worker.
      if (claimed)
        await setState(client, id, { type: 'SCHEDULED', message: 'The claim failed half-way' }).catch(
          () => {},
        )
    } finally {
      claiming.delete(id)
    }
  }

  function execute(flow: AnyFlow, recorder: RunRecorder): void {
    const { id, name: runName } = recorder.run
    const controller = new AbortController()
    // A claim that was under way when the stop came is given back at once.
    if (stopping) controller.abort(aborted(options.onStop === 'crash' ? 'crashed' : 'stopped'))
    const done = executeRun(flow, recorder, backend, {
      ...options,
      signal: controller.signal,
      onStop: options.onStop ?? 'reschedule',
      onWaiting(waiting) {
        entry.waiting = waiting
        if (waiting) polling.wake()
      },
    }).then(
      () => {},
      (error: unknown) =>
        onProblem('The end of a run could not be told to Prefect', {
          run: runName,
          flowRunId: id,
          error: describeError(error),
        }),
    )
    const entry: Active = { controller, waiting: false, done }
    active.set(id, entry)
    watching.wake()
    void done.then(() => {
      active.delete(id)
      if (!stopping) polling.wake()
    })
  }

  async function watch(): Promise<number | undefined> {
    if (active.size === 0) return 5000
    const ids = [...active.keys()]
    for (let at = 0; at < ids.length; at += 100) {
      const runs = await must(
        'look for cancelled runs',
        client.once.POST('/flow_runs/filter', {
          body: {
            flow_runs: {
              operator: 'and_',
              id: { any_: ids.slice(at, at + 100) },
              state: {
                operator: 'and_',
                type: { any_: ['CANCELLING', 'CANCELLED', 'CRASHED', 'PAUSED'] },
              },
            },
            sort: 'ID_DESC',
            limit: 200,
            offset: 0,
          },
        }),
      )
      for (const run of runs) {
        const type = run.state?.type
        const cancel = type === 'CANCELLING' || type === 'CANCELLED'
        active.get(run.id)?.controller.abort(aborted(cancel ? 'cancelled' : 'lost'))
      }
    }
    return undefined
  }

  function abortAll(): void {
    for (const run of active.values())
      run.controller.abort(aborted(options.onStop === 'crash' ? 'crashed' : 'stopped'))
  }

  let forced: () => void = () => {}
  const force = new Promise<void>((resolve) => {
    forced = resolve
  })
  let stopped: Promise<void> | null = null

  async function stop(): Promise<void> {
    stopping = true
    for (const timer of upcoming.values()) clearTimeout(timer)
    upcoming.clear()
    // A server that is away must not hold up the stop for longer than the grace time again.
    client.hurry((options.graceSeconds ?? 30) * 1000 + 20_000)
    await polling.stop()
    const idle = async () => {
      while (active.size > 0 || claiming.size > 0) {
        await Promise.all([...active.values()].map((run) => run.done))
        if (claiming.size > 0) await runtime.sleep(50)
      }
    }
    const over = new AbortController()
    if (active.size > 0 || claiming.size > 0)
      await Promise.race([
        idle(),
        force,
        runtime.sleep((options.graceSeconds ?? 30) * 1000, over.signal).catch(() => {}),
      ])
    over.abort()
    abortAll()
    await idle()
    await Promise.all([watching.stop(), beating.stop(), sweeping.stop()])
    for (const pool of pools)
      await client.once
        .DELETE('/work_pools/{work_pool_name}/workers/{name}', {
          params: { path: { work_pool_name: pool, name } },
        })
        .catch(() => {}) // the server notices by itself after 90 s
    await slot?.release()
  }

  onInfo('Worker started', { worker: name, pools: pools.join(', '), limit })
  const worker: Worker = {
    name,
    registered,
    get running() {
      return active.size
    },
    stop() {
      stopped ??= stop()
      return stopped
    },
    force() {
      forced()
      client.hurry(5000)
      void worker.stop()
    },
  }
  return worker
}
