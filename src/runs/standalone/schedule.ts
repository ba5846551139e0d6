import { Cron } from 'croner'
import { describeError } from '../../errors.ts'
import type { DeploymentSpec } from '../deployment-spec.ts'
import type { EngineOptions } from '../engine.ts'
import { newInstance } from '../instance.ts'
import { flowRegistry } from '../registry.ts'
import { startRunner } from '../runner.ts'
import { type Runtime, systemRuntime } from '../runtime.ts'
import type { LocalBackend } from './backend.ts'
import { localQueue } from './queue.ts'

export interface StandaloneOptions extends EngineOptions {
  readonly backend: LocalBackend
  /** Runs at once; those that only wait for children do not count. @default 4 */
  readonly limit?: number
  readonly graceSeconds?: number
  /** @default 'reschedule' */
  readonly onStop?: 'reschedule' | 'crash'
  /** One run at this start, unless there was one of the same kind within 10 minutes. */
  readonly runOnDeploy?: { deployment: string; parameters: Record<string, unknown> } | null
  readonly pollMs?: number
  /** Time between two looks for runs of processes that are gone. @default 60 000 */
  readonly sweepMs?: number
  /** Where ends of runs are kept until they are told. @default nowhere */
  readonly outboxFolder?: string | null
  readonly onProblem?: (text: string, facts: Record<string, unknown>) => void
  readonly onInfo?: (text: string, facts: Record<string, unknown>) => void
  /** Aborted: gives up waiting for its name. */
  readonly signal?: AbortSignal
}

export interface Standalone {
  readonly running: number
  /** When a deployment runs next by its schedule; null without one. */
  nextRun(deployment: string): Date | null
  stop(): Promise<void>
  /** Ends the grace time of {@link stop} at once. */
  force(): void
}

const deployPauseMs = 10 * 60_000
/** Who a scheduled run was created by. */
const createdBySchedule = 'schedule'
const createdByDeploy = 'deploy'

/**
 * Runs the deployments of a local back end by their schedules, in this process. Ticks that were missed while it was
 * down are not made up; a tick of a deployment that still runs waits for its end, and further ticks are left out
 * while one waits.
 */
export async function startStandalone(options: StandaloneOptions): Promise<Standalone> {
  const { backend } = options
  const runtime = options.runtime ?? systemRuntime
  const onProblem = options.onProblem ?? (() => {})
  const onInfo = options.onInfo ?? (() => {})
  const specs = [...backend.deployments.values()]
  const queue = localQueue({ backend, runtime })
  const runner = await startRunner(
    {
      ...options,
      watchMs: options.pollMs ?? 1000,
      runs: backend,
      queue,
      instance: newInstance(backend.worker),
      flows: flowRegistry([...new Set(specs.map((spec) => spec.flow))]),
    },
    options.signal,
  )

  const crons = new Map<string, Cron>()
  const stopped = new AbortController()
  const ticking = { backend, runtime, onProblem, signal: stopped.signal, mayPass: queue.mayPass }
  for (const spec of specs) {
    if (spec.schedule === null) continue
    const { cron, timezone } = spec.schedule
    crons.set(
      spec.name,
      new Cron(cron, { timezone, mode: '5-part', unref: true }, (job) => tick(ticking, spec, job.nextRun())),
    )
  }
  if (options.runOnDeploy) {
    const { deployment, parameters } = options.runOnDeploy
    try {
      const [last] = (await backend.store.runs({ deployment, limit: 50 })).filter(
        (run) => run.createdBy === createdByDeploy,
      )
      if (last && runtime.now().getTime() - last.createdAt.getTime() < deployPauseMs)
        onInfo('RUN_ON_DEPLOY: there was one less than 10 minutes ago', { deployment, run: last.name })
      else {
        const run = await backend.submit({
          deployment,
          parameters,
          createdBy: createdByDeploy,
          // Of several processes that start at once all know the same last one, and one run is meant.
          idempotencyKey: `deploy:${deployment}:after:${last?.id ?? 'none'}`,
        })
        onInfo(run.created ? 'Run of this start enqueued' : 'This start has its run already', {
          deployment,
          run: run.name,
          flowRunId: run.id,
        })
      }
    } catch (error) {
      onProblem('RUN_ON_DEPLOY: the run could NOT be enqueued; start it by hand', {
        deployment,
        error: describeError(error),
      })
    }
  }

  const endSchedule = () => {
    stopped.abort()
    for (const cron of crons.values()) cron.stop()
  }
  const standalone: Standalone = {
    get running() {
      return runner.running
    },
    nextRun: (deployment) => crons.get(deployment)?.nextRun() ?? null,
    stop() {
      endSchedule()
      return runner.stop()
    },
    force() {
      endSchedule()
      runner.force()
    },
  }
  return standalone
}

interface Ticking {
  readonly backend: LocalBackend
  readonly runtime: Runtime
  readonly onProblem: (text: string, facts: Record<string, unknown>) => void
  /** Aborted when the process stops. */
  readonly signal: AbortSignal
  readonly mayPass: (error: unknown) => boolean
}

const longestWaitMs = 30_000

/** Creates the run of a tick; while the database is away, again and again until the next tick. */
async function tick(ticking: Ticking, spec: DeploymentSpec, next: Date | null): Promise<void> {
  const { runtime, onProblem, signal, mayPass } = ticking
  const minute = new Date(Math.floor(runtime.now().getTime() / 60_000) * 60_000)
  for (let failures = 0; !signal.aborted; failures++) {
    try {
      await createScheduled(ticking, spec, minute)
      return
    } catch (error) {
      const facts = { deployment: spec.name, error: describeError(error) }
      if (!mayPass(error)) return onProblem('A scheduled run could not be created', facts)
      if (failures === 0) onProblem('A scheduled run could not be created yet; it is tried again', facts)
      const waitMs = Math.min(1000 * 2 ** failures, longestWaitMs)
      if (next !== null && runtime.now().getTime() + waitMs >= next.getTime())
        return onProblem('A scheduled run could not be created before the next was due', facts)
      await runtime.sleep(waitMs, signal).catch(() => {})
    }
  }
}

async function createScheduled(
  { backend, onProblem }: Ticking,
  { name }: DeploymentSpec,
  minute: Date,
): Promise<void> {
  // Several processes on one database tick together, and one run is meant; so does a request whose answer was lost.
  const idempotencyKey = `schedule:${name}:${minute.toISOString()}`
  const waiting = await backend.store.runs({ deployment: name, types: ['SCHEDULED'], limit: 20 })
  const scheduled = waiting.filter((run) => run.createdBy === createdBySchedule)
  if (scheduled.some((run) => run.idempotencyKey !== idempotencyKey))
    return onProblem('A tick is left out: the run of the last one still waits', { deployment: name })
  await backend.submit({
    deployment: name,
    parameters: {},
    createdBy: createdBySchedule,
    idempotencyKey,
  })
}
