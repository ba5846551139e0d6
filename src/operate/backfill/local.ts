import type { DeclaredDeployment } from '../../config/deployments-file.ts'
import type { Source } from '../../config/source.ts'
import { HarvesterError } from '../../errors.ts'
import {
  type DeploymentSpec,
  type EngineOptions,
  flowRegistry,
  isFinal,
  type LocalBackend,
  type StoredRun,
  systemRuntime,
} from '../../runs/index.ts'
import { newInstance } from '../../runs/instance.ts'
import { splitDeploymentName } from '../../runs/registry.ts'
import { type Runner, startRunner } from '../../runs/runner.ts'
import { goneAfterMs, hasEnded, takesAnyRun } from '../../runs/standalone/presence.ts'
import { localQueue } from '../../runs/standalone/queue.ts'
import { state } from '../../runs/states.ts'
import type { BackfillEngine, BackfillRun } from './engine.ts'
import { readIdempotencyKey } from './plan.ts'

export interface LocalEngineOptions {
  readonly deployments: readonly DeploymentSpec[]
  /** Called once, when the runs are first needed; its `worker` is {@link oneShotWorker}. */
  readonly open: () => Promise<LocalBackend>
  readonly declared: readonly Pick<DeclaredDeployment, 'name' | 'flow' | 'source'>[]
  readonly sources: readonly Source[]
  /** Runs at once where this process executes them. */
  readonly parallel: number
  /** For runs that this process executes. */
  readonly engine?: EngineOptions & { readonly pollMs?: number }
  /** Told once, when this process begins to execute runs. */
  readonly onExecuting?: () => void
  readonly onProblem?: (text: string, facts: Record<string, unknown>) => void
}

/**
 * Runs in the standalone store. A live `start` or `worker` executes them; where none lives, or the last one ended,
 * this process does, and gives back what is unfinished when it is closed.
 */
export function localBackfill(options: LocalEngineOptions): BackfillEngine {
  const { declared } = options
  const deployments = new Map(options.deployments.map((spec) => [spec.name, spec]))
  let opening: Promise<LocalBackend> | null = null
  let runner: Runner | null = null

  const opened = (): Promise<LocalBackend> => {
    opening ??= options.open()
    return opening
  }

  /** Nobody else will: a run of a process that ended would be waited for in vain, and hold the place of others. */
  const settleDead = async ({ store, worker: own }: LocalBackend, tag: string, now: Date): Promise<void> => {
    const held = await store.runs({ types: ['PENDING', 'RUNNING', 'CANCELLING'], limit: 1000 })
    const others = held.filter(({ worker }) => worker !== own)
    if (others.length === 0) return
    const seen = new Map((await store.workers()).map(({ name, seenAt }) => [name, seenAt.getTime()]))
    for (const run of others) {
      const ended = run.worker !== null && hasEnded(run.worker)
      const ours = run.tags.includes(tag)
      const gone = run.worker === null || now.getTime() - (seen.get(run.worker) ?? 0) >= goneAfterMs
      if (!ended && !(ours && gone)) continue
      const type = run.state.type
      if (ended && ours && type !== 'CANCELLING')
        // The command was killed and is here again: it goes on with what it had begun.
        await store.transition(
          run.id,
          [type],
          state('SCHEDULED', now, {
            name: 'AwaitingRetry',
            message: 'The process that ran it ended; it is run again',
            scheduledAt: now,
          }),
          { scheduledAt: now, worker: null, instance: null },
        )
      else
        await store.transition(
          run.id,
          [type],
          state(type === 'CANCELLING' ? 'CANCELLED' : 'CRASHED', now, {
            message: `The process ${run.worker ?? ''} ended before the run did`,
          }),
          { endedAt: now },
        )
    }
  }

  return {
    async target(name) {
      const wanted = splitDeploymentName(name)
      const spec = deployments.get(wanted.deployment)
      if (!spec || (wanted.flow !== null && spec.flow.name !== wanted.flow))
        throw new HarvesterError('USAGE', `There is no deployment "${name}"`, {
          remedy: `Name one of: ${[...deployments.keys()].sort().join(', ') || '(none is declared)'}.`,
        })
      const own = new Map(
        declared.flatMap(({ name, flow, source }) =>
          source && flow === spec.flow.name ? [[source.url, name] as const] : [],
        ),
      )
      return {
        deployment: spec.name,
        flow: spec.flow,
        parameters: spec.parameters,
        sources: options.sources.map((source) => ({ source, deployment: own.get(source.url) ?? null })),
        namespace: '',
      }
    },
    async open() {
      await opened()
    },
    async known(tag) {
      const { store } = await opened()
      return (await store.runs({ tag, limit: 1_000_000 })).flatMap(runOf)
    },
    async submit(item, { idempotencyKey, tag }) {
      return (await opened()).submit({
        deployment: item.deployment,
        parameters: { ...item.parameters },
        tags: [tag],
        idempotencyKey,
        createdBy: 'cli',
      })
    },
    async read(ids) {
      if (ids.length === 0) return []
      const { store } = await opened()
      return (await store.runs({ ids, limit: ids.length })).flatMap(runOf)
    },
    async attend(tag) {
      const now = new Date()
      const backend = await opened()
      await settleDead(backend, tag, now)
      if (runner || (await backend.store.workers()).some((worker) => takesAnyRun(worker, now))) return
      options.onExecuting?.()
      runner = await startRunner({
        ...options.engine,
        runs: backend,
        queue: localQueue({ backend, runtime: options.engine?.runtime ?? systemRuntime, onlyTagged: tag }),
        instance: await newInstance(backend.worker),
        watchMs: options.engine?.pollMs ?? 1000,
        graceSeconds: 0,
        flows: flowRegistry([...new Set([...deployments.values()].map(({ flow }) => flow))]),
        limit: options.parallel,
        onStop: 'reschedule',
        ...(options.onProblem && { onProblem: options.onProblem }),
      })
    },
    link: () => null,
    get leftRunning() {
      return runner ? 'nowhere' : 'elsewhere'
    },
    async close() {
      await runner?.stop()
      await (await opening?.catch(() => null))?.close()
    },
  }
}

function runOf(run: StoredRun): BackfillRun[] {
  const made = readIdempotencyKey(run.idempotencyKey)
  if (!made) return []
  const { id, name, state, startedAt, endedAt } = run
  return [{ id, name, state, startedAt, endedAt: isFinal(state.type) ? endedAt : null, ...made }]
}
