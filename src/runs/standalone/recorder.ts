import { describeError } from '../../errors.ts'
import type { Artifact, RunRecorder, TaskRun } from '../backend.ts'
import { batcher } from '../batcher.ts'
import { formatLine } from '../log.ts'
import type { KeptRun } from '../orchestrator.ts'
import { type Runtime, retryDelayMs } from '../runtime.ts'
import { state } from '../states.ts'
import type { RunFacts } from '../types.ts'
import type { LocalBackend } from './backend.ts'
import type { RunStore, StoredArtifact, StoredLogLine, StoredRun } from './store.ts'

/** Longer messages are cut: a log line must not weigh like a file. */
const longestMessage = 100_000

export function flowRunOf(run: StoredRun): KeptRun {
  return {
    id: run.id,
    name: run.name,
    flow: run.flow,
    deployment: run.deployment,
    parameters: run.parameters,
    state: run.state,
    runCount: run.runCount,
    tags: run.tags,
    createdBy: run.createdBy,
    startedAt: run.startedAt,
    endedAt: run.endedAt,
    createdAt: run.createdAt,
    idempotencyKey: run.idempotencyKey,
    worker: run.worker,
  }
}

/** What a run is, without what became of it. */
export function factsOf({ id, name, flow, deployment, parameters }: StoredRun): RunFacts {
  return { id, name, flow, deployment, parameters }
}

/** Records one run in the store. */
export function localRecorder(options: {
  run: StoredRun
  store: RunStore
  backend: LocalBackend
  runtime: Runtime
  onProblem: (text: string, facts: Record<string, unknown>) => void
}): RunRecorder {
  const { store, backend, runtime, onProblem } = options
  const id = options.run.id
  let current = options.run
  let policy = { retries: 0, retryDelaySeconds: 0 }
  const stored = new Map<string, StoredArtifact>()
  const lost = (what: string) => (error: unknown, count: number) =>
    onProblem(`${what} of a run could not be stored`, { flowRunId: id, count, error: describeError(error) })

  // Only the newest record of a task run matters: the map keeps a burst of changes from becoming a burst of writes.
  const changed = new Map<string, TaskRun>()
  const tasks = batcher<string>({
    everyMs: 250,
    maxItems: 200,
    onError: lost('Task runs'),
    async send() {
      const records = [...changed.values()]
      changed.clear()
      if (records.length > 0) await store.saveTaskRuns(records)
    },
  })
  const logs = batcher<StoredLogLine>({
    everyMs: 1000,
    maxItems: 500,
    onError: lost('Log lines'),
    send: (lines) => store.appendLogs(lines),
  })

  const saveArtifact = async (artifact: StoredArtifact): Promise<boolean> => {
    try {
      await store.saveArtifact(artifact)
      stored.set(artifact.id, artifact)
      return true
    } catch (error) {
      onProblem('An artifact could not be stored', { flowRunId: id, error: describeError(error) })
      return false
    }
  }

  return {
    run: flowRunOf(options.run),
    async begin({ name, retries, retryDelaySeconds }) {
      policy = { retries, retryDelaySeconds }
      const now = runtime.now()
      const runCount = current.runCount + 1
      const next = await store.transition(
        id,
        ['PENDING', 'SCHEDULED'],
        state('RUNNING', now, runCount > 1 ? { name: 'Retrying' } : {}),
        { name, runCount, startedAt: current.startedAt ?? now },
      )
      if (!next) {
        const known = await store.run(id)
        if (known?.state.type === 'CANCELLING')
          await store.transition(id, ['CANCELLING'], state('CANCELLED', now), { endedAt: now })
        return { kind: 'gone', reason: `The run is ${known?.state.name ?? 'deleted'}` }
      }
      current = next
      return { kind: 'running', runCount, startedAt: now }
    },
    async finish({ type, name, message, retry }) {
      const now = runtime.now()
      if (retry && type === 'FAILED' && current.runCount <= policy.retries) {
        const at = new Date(
          now.getTime() + retryDelayMs(current.runCount, policy.retryDelaySeconds, runtime.random),
        )
        const next = await store.transition(
          id,
          ['RUNNING'],
          state('SCHEDULED', now, { name: 'AwaitingRetry', message, scheduledAt: at }),
          { scheduledAt: at },
        )
        if (next) {
          current = next
          return { kind: 'retry', at }
        }
      }
      const from =
        type === 'CANCELLED'
          ? (['SCHEDULED', 'PENDING', 'RUNNING', 'CANCELLING', 'PAUSED'] as const)
          : (['SCHEDULED', 'PENDING', 'RUNNING'] as const)
      const next = await store.transition(
        id,
        from,
        state(type, now, { message, ...(name ? { name } : {}) }),
        {
          endedAt: now,
        },
      )
      if (next) return { kind: 'accepted' }
      const known = await store.run(id)
      if (known?.state.type === 'CANCELLING') return { kind: 'cancelling' }
      return { kind: 'gone', reason: `The run is ${known?.state.name ?? 'deleted'}` }
    },
    async reschedule(message) {
      const now = runtime.now()
      await store.transition(
        id,
        ['PENDING', 'RUNNING'],
        state('SCHEDULED', now, { message, scheduledAt: now }),
        {
          scheduledAt: now,
          worker: null,
          instance: null,
        },
      )
    },
    taskChanged(task) {
      changed.set(task.id, task)
      tasks.add(task.id)
    },
    log(line) {
      const text = formatLine(line)
      logs.add({
        flowRunId: id,
        taskRunId: line.taskRunId,
        task: line.task,
        level: line.level,
        message:
          text.length > longestMessage
            ? `${text.slice(0, longestMessage)}… (cut, ${text.length} characters)`
            : text,
        at: line.at,
      })
    },
    async createArtifact(artifact: Artifact, taskRunId) {
      const record: StoredArtifact = {
        id: runtime.id(),
        flowRunId: id,
        taskRunId,
        artifact,
        at: runtime.now(),
      }
      return (await saveArtifact(record)) ? record.id : null
    },
    async updateArtifact(artifactId, artifact) {
      const known = stored.get(artifactId)
      if (known) await saveArtifact({ ...known, artifact, at: runtime.now() })
    },
    acquire: (tags, taskRunId, signal) => backend.acquireTags(tags, taskRunId, signal),
    submitChild: (request) => backend.submit({ ...request, parentRunId: id }),
    async flush() {
      await Promise.all([tasks.flush(), logs.flush()])
      const dropped = logs.takeDropped()
      if (dropped > 0) onProblem('Log lines were dropped', { flowRunId: id, dropped })
    },
    async close() {
      backend.opened.delete(id)
      await Promise.all([tasks.flush(5000), logs.flush(5000)])
    },
  }
}
