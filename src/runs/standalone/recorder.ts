import { describeError } from '../../errors.ts'
import type { Artifact, Begun, FinalState, FinishAnswer, Gone, RunRecorder, TaskRun } from '../backend.ts'
import { batcher } from '../batcher.ts'
import { wasTakenForDead } from '../decide.ts'
import { formatLine } from '../log.ts'
import type { KeptRun } from '../orchestrator.ts'
import { type Runtime, retryDelayMs } from '../runtime.ts'
import { openStateTypes, type RunState, type StateType, state } from '../states.ts'
import type { LogLine, RunFacts } from '../types.ts'
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

interface RecorderOptions {
  readonly run: StoredRun
  readonly store: RunStore
  readonly backend: LocalBackend
  readonly runtime: Runtime
  readonly onProblem: (text: string, facts: Record<string, unknown>) => void
}

/** A run that is recorded here. */
interface Recorded extends RecorderOptions {
  readonly id: string
  /** As it was stored last. */
  current: StoredRun
  policy: { readonly retries: number; readonly retryDelaySeconds: number }
  readonly artifacts: Map<string, StoredArtifact>
}

/** Records one run in the store. */
export function localRecorder(options: RecorderOptions): RunRecorder {
  const { backend, runtime, onProblem } = options
  const { id } = options.run
  const recorded: Recorded = {
    ...options,
    id,
    current: options.run,
    policy: { retries: 0, retryDelaySeconds: 0 },
    artifacts: new Map(),
  }
  const tasks = taskBatches(recorded)
  const logs = batcher<StoredLogLine>({
    everyMs: 1000,
    maxItems: 500,
    onError: lost(recorded, 'Log lines'),
    send: (lines) => options.store.appendLogs(lines),
  })
  return {
    run: flowRunOf(options.run),
    begin: (policy) => begin(recorded, policy),
    finish: (final) => finish(recorded, final),
    reschedule: (message) => reschedule(recorded, message),
    taskChanged: (task) => tasks.add(task),
    log: (line) => logs.add(storedLine(id, line)),
    async createArtifact(artifact: Artifact, taskRunId) {
      const record = { id: runtime.id(), flowRunId: id, taskRunId, artifact, at: runtime.now() }
      return (await saveArtifact(recorded, record)) ? record.id : null
    },
    async updateArtifact(artifactId, artifact) {
      const known = recorded.artifacts.get(artifactId)
      if (known) await saveArtifact(recorded, { ...known, artifact, at: runtime.now() })
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

const lost =
  ({ id, onProblem }: Recorded, what: string) =>
  (error: unknown, count: number): void =>
    onProblem(`${what} of a run could not be stored`, { flowRunId: id, count, error: describeError(error) })

/** Only the newest record of a task run matters: a burst of changes is not to become a burst of writes. */
function taskBatches(recorded: Recorded): {
  add(task: TaskRun): void
  flush(timeoutMs?: number): Promise<boolean>
} {
  const changed = new Map<string, TaskRun>()
  const ids = batcher<string>({
    everyMs: 250,
    maxItems: 200,
    onError: lost(recorded, 'Task runs'),
    async send() {
      const records = [...changed.values()]
      changed.clear()
      if (records.length > 0) await recorded.store.saveTaskRuns(records)
    },
  })
  return {
    add(task) {
      changed.set(task.id, task)
      ids.add(task.id)
    },
    flush: (timeoutMs) => ids.flush(timeoutMs),
  }
}

function storedLine(flowRunId: string, line: LogLine): StoredLogLine {
  const text = formatLine(line)
  const message =
    text.length > longestMessage ? `${text.slice(0, longestMessage)}… (cut, ${text.length} characters)` : text
  return { flowRunId, taskRunId: line.taskRunId, task: line.task, level: line.level, message, at: line.at }
}

async function begin(
  recorded: Recorded,
  { name, retries, retryDelaySeconds }: Parameters<RunRecorder['begin']>[0],
): Promise<Begun | Gone> {
  const { id, store, runtime, current } = recorded
  recorded.policy = { retries, retryDelaySeconds }
  const now = runtime.now()
  const runCount = current.runCount + 1
  const next = await store.transition(
    id,
    ['PENDING', 'SCHEDULED'],
    state('RUNNING', now, runCount > 1 ? { name: 'Retrying' } : {}),
    { name, runCount, startedAt: current.startedAt ?? now },
    // What waited for its next attempt may be another's by now.
    current,
  )
  if (!next) {
    const known = await store.run(id)
    if (known?.state.type === 'CANCELLING')
      await store.transition(id, ['CANCELLING'], state('CANCELLED', now), { endedAt: now })
    return { kind: 'gone', reason: `The run is ${known?.state.name ?? 'deleted'}` }
  }
  recorded.current = next
  return { kind: 'running', runCount, startedAt: now }
}

/** Whether a run is in the state of an end that was told: its answer was lost on the way. */
export function wasTold(known: RunState, { type, name, message }: FinalState): boolean {
  return known.type === type && known.message === message && (name === undefined || known.name === name)
}

async function finish(recorded: Recorded, final: FinalState): Promise<FinishAnswer> {
  const { type, name, message, retry } = final
  const { id, store, runtime, current, policy } = recorded
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
      current,
    )
    // Told before, its answer lost: a failure of what waits for its next attempt would be the last one.
    const waiting = next ?? (await store.run(id))
    if (waiting && isOurs(waiting, current) && waiting.state.name === 'AwaitingRetry') {
      recorded.current = waiting
      return { kind: 'retry', at: waiting.scheduledAt }
    }
  }
  const end = (from: readonly StateType[]) =>
    store.transition(
      id,
      from,
      state(type, now, { message, ...(name ? { name } : {}) }),
      { endedAt: now },
      // Whoever was frozen or cut off for a while was taken for dead: what has begun anew since is left alone.
      current,
    )
  if (await end(type === 'CANCELLED' ? openStateTypes : [current.state.type])) return { kind: 'accepted' }
  const known = await store.run(id)
  if (known && isOurs(known, current)) {
    if (wasTold(known.state, final)) return { kind: 'accepted' }
    if (wasTakenForDead(known.state) && (await end([known.state.type]))) return { kind: 'accepted' }
  }
  if (known?.state.type === 'CANCELLING') return { kind: 'cancelling' }
  return { kind: 'gone', reason: `The run is ${known?.state.name ?? 'deleted'}` }
}

/** Whether a run is still of the process that claimed it, in the attempt that it began. */
function isOurs(known: StoredRun, { instance, runCount }: StoredRun): boolean {
  return known.runCount === runCount && (known.instance ?? null) === (instance ?? null)
}

async function reschedule({ id, store, runtime, current }: Recorded, message: string): Promise<void> {
  const now = runtime.now()
  await store.transition(
    id,
    ['PENDING', 'RUNNING'],
    state('SCHEDULED', now, { message, scheduledAt: now }),
    { scheduledAt: now, worker: null, instance: null },
    // Told again, it must not take the run from the process that has it by then.
    current,
  )
}

async function saveArtifact(
  { id, store, artifacts, onProblem }: Recorded,
  artifact: StoredArtifact,
): Promise<boolean> {
  try {
    await store.saveArtifact(artifact)
    artifacts.set(artifact.id, artifact)
    return true
  } catch (error) {
    onProblem('An artifact could not be stored', { flowRunId: id, error: describeError(error) })
    return false
  }
}
