import type { DeclaredDeployment } from '../../config/deployments-file.ts'
import type { Source } from '../../config/source.ts'
import { HarvesterError } from '../../errors.ts'
import {
  type EngineOptions,
  flowRegistry,
  isFinal,
  type LocalBackend,
  type StoredRun,
} from '../../orchestration/index.ts'
import { type Executor, goneAfterMs, startExecutor } from '../../orchestration/local/executor.ts'
import { hasEnded, takesAnyRun } from '../../orchestration/local/presence.ts'
import { splitDeploymentName } from '../../orchestration/registry.ts'
import { state } from '../../orchestration/states.ts'
import type { BackfillEngine, BackfillRun } from './engine.ts'
import { readIdempotencyKey } from './plan.ts'

export interface LocalEngineOptions {
  /** Its `worker` is the name of this process: {@link oneShotWorker}. */
  readonly backend: LocalBackend
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
  const { backend, declared } = options
  const { store } = backend
  let executor: Executor | null = null

  /** Nobody else will: a run of a process that ended would be waited for in vain, and hold the place of others. */
  const settleDead = async (tag: string, now: Date): Promise<void> => {
    const held = await store.runs({ types: ['PENDING', 'RUNNING', 'CANCELLING'], limit: 1000 })
    const others = held.filter(({ worker }) => worker !== backend.worker)
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
          { scheduledAt: now, worker: null },
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
      const spec = backend.deployments.get(wanted.deployment)
      if (!spec || (wanted.flow !== null && spec.flow.name !== wanted.flow))
        throw new HarvesterError('USAGE', `There is no deployment "${name}"`, {
          remedy: `Name one of: ${[...backend.deployments.keys()].sort().join(', ') || '(none is declared)'}.`,
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
    async known(tag) {
      return (await store.runs({ tag, limit: 1_000_000 })).flatMap(runOf)
    },
    async submit(item, { idempotencyKey, tag }) {
      return backend.submit({
        deployment: item.deployment,
        parameters: { ...item.parameters },
        tags: [tag],
        idempotencyKey,
        createdBy: 'cli',
      })
    },
    async read(ids) {
      return ids.length === 0 ? [] : (await store.runs({ ids, limit: ids.length })).flatMap(runOf)
    },
    async attend(tag) {
      const now = new Date()
      await settleDead(tag, now)
      if (executor || (await store.workers()).some((worker) => takesAnyRun(worker, now))) return
      options.onExecuting?.()
      executor = startExecutor({
        ...options.engine,
        backend,
        flows: flowRegistry([...new Set([...backend.deployments.values()].map(({ flow }) => flow))]),
        limit: options.parallel,
        onlyTagged: tag,
        onStop: 'reschedule',
        ...(options.onProblem && { onProblem: options.onProblem }),
      })
    },
    link: () => null,
    get leftRunning() {
      return executor ? 'nowhere' : 'elsewhere'
    },
    async close() {
      await executor?.stop(0)
      await backend.close()
    },
  }
}

function runOf(run: StoredRun): BackfillRun[] {
  const made = readIdempotencyKey(run.idempotencyKey)
  if (!made) return []
  const { id, name, state, startedAt, endedAt } = run
  return [{ id, name, state, startedAt, endedAt: isFinal(state.type) ? endedAt : null, ...made }]
}
