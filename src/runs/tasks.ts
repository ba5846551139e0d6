import pLimit, { type LimitFunction } from 'p-limit'
import { describeError, HarvesterError, isHarvesterError } from '../errors.ts'
import { childController, settle } from './abort.ts'
import { artifactWriter } from './artifacts.ts'
import type { TaskRun } from './backend.ts'
import type { Attempt } from './engine.ts'
import { retryDelayMs } from './runtime.ts'
import { isFinal, type RunState, state } from './states.ts'
import type { GraphNode, Task, TaskHandle, TaskOptions } from './types.ts'

/** The task runs of one attempt of a flow run. */
export interface TaskRunner {
  start<I, O>(definition: Task<I, O>, input: I, options?: TaskOptions): TaskHandle<O>
  /** How many task bodies run or wait for a slot now. */
  readonly active: number
  /** Waits for all that were started, and gives the first error that nobody awaited. */
  drain(): Promise<{ error: unknown } | null>
  /** Records as Cancelled what has not ended; nothing of them is recorded afterwards. */
  abandon(message: string): void
}

interface OpenTask {
  record: TaskRun
  readonly settled: Promise<PromiseSettledResult<unknown>>
  observed: boolean
  abandoned: boolean
}

const handles = new WeakMap<GraphNode, OpenTask>()

/** The task runs of an attempt, and what they share. */
interface Tasks {
  readonly attempt: Attempt
  readonly onActivity: () => void
  /** Those that have not ended, by id. */
  readonly open: Map<string, OpenTask>
  readonly all: OpenTask[]
  readonly limits: Map<string, LimitFunction>
  active: number
}

export function taskRunner(attempt: Attempt, onActivity: () => void): TaskRunner {
  const tasks: Tasks = { attempt, onActivity, open: new Map(), all: [], limits: new Map(), active: 0 }
  return {
    get active() {
      return tasks.active
    },
    start: (definition, input, options = {}) => start(tasks, definition, input, options),
    drain: () => drain(tasks),
    abandon(message) {
      const { now } = attempt.runtime
      for (const task of [...tasks.open.values()]) {
        change(tasks, task, state('CANCELLED', now(), { message }), { endedAt: now() })
        task.abandoned = true
      }
    },
  }
}

function start<I, O>(tasks: Tasks, definition: Task<I, O>, input: I, options: TaskOptions): TaskHandle<O> {
  const record = newRecord(tasks.attempt, definition, options)
  const { promise: settled, resolve: setSettled } = promiseWithResolvers<PromiseSettledResult<O>>()
  const task: OpenTask = { record, settled, observed: false, abandoned: false }
  tasks.open.set(record.id, task)
  tasks.all.push(task)
  tasks.attempt.recorder.taskChanged(record)
  execute(tasks, definition, input, task, options).then(
    (value) => {
      finish(tasks, task, state('COMPLETED', tasks.attempt.runtime.now()))
      setSettled({ status: 'fulfilled', value })
    },
    (error: unknown) => {
      finish(tasks, task, endOf(tasks, task, error))
      setSettled({ status: 'rejected', reason: error instanceof UpstreamFailed ? error.reason : error })
    },
  )
  const output = settled.then((result) => {
    if (result.status === 'fulfilled') return result.value
    throw result.reason
  })
  output.catch(() => {}) // an error nobody awaits is told by drain(), not by a crash of the process
  const handle: TaskHandle<O> = {
    id: record.id,
    name: record.name,
    // biome-ignore lint/suspicious/noThenProperty: a handle is awaited like a promise
    then: (onOk, onError) => {
      task.observed = true
      return output.then(onOk, onError)
    },
    settled: () => {
      task.observed = true
      return settled
    },
  }
  handles.set(handle, task)
  return handle
}

function newRecord<I, O>(
  { runtime, recorder, runCount }: Attempt,
  definition: Task<I, O>,
  options: TaskOptions,
): TaskRun {
  const now = runtime.now()
  return {
    id: runtime.id(),
    flowRunId: recorder.run.id,
    flowRunCount: runCount,
    name: options.name ?? definition.name,
    task: definition.name,
    dynamicKey: runtime.id(),
    tags: definition.tags,
    after: (options.after ?? []).map((node) => node.id),
    retries: definition.retries,
    retryDelaySeconds: definition.retryDelaySeconds,
    runCount: 0,
    state: state('PENDING', now),
    expectedStartAt: now,
    startedAt: null,
    endedAt: null,
    runningSeconds: 0,
  }
}

function finish(tasks: Tasks, task: OpenTask, next: RunState): void {
  const endedAt = tasks.attempt.runtime.now()
  const { startedAt, runningSeconds } = task.record
  const seconds = runningSeconds || (startedAt ? (endedAt.getTime() - startedAt.getTime()) / 1000 : 0)
  change(tasks, task, next, { endedAt, runningSeconds: seconds })
}

/** How a task ends that threw this. */
function endOf({ attempt }: Tasks, task: OpenTask, error: unknown): RunState {
  const now = attempt.runtime.now()
  if (error instanceof UpstreamFailed) {
    // The flow hears of the failure from the task that failed.
    task.observed = true
    return state('CANCELLED', now, { message: `${error.upstream} failed` })
  }
  if (attempt.signal.aborted)
    return state('CANCELLED', now, { message: describeError(attempt.signal.reason) })
  attempt.log(task.record).error({ error }, `Task ${task.record.name} failed`)
  const name = isHarvesterError(error, 'RUN_TIMEOUT') ? 'TimedOut' : 'Failed'
  return state('FAILED', now, { name, message: describeError(error) })
}

function change({ attempt, open }: Tasks, task: OpenTask, next: RunState, more: Partial<TaskRun> = {}): void {
  if (task.abandoned || isFinal(task.record.state.type)) return
  const { recorder } = attempt
  task.record = { ...task.record, ...more, state: next }
  recorder.taskChanged(task.record)
  attempt.emit({
    type: 'task-changed',
    run: recorder.run,
    taskRunId: task.record.id,
    task: task.record.name,
    state: next,
  })
  if (isFinal(next.type)) open.delete(task.record.id)
}

/** Waits for all that were started, and gives the first error that nobody awaited. */
async function drain({ all }: Tasks): Promise<{ error: unknown } | null> {
  // A task may be started while others are awaited.
  for (let seen = -1; seen !== all.length; ) {
    seen = all.length
    await Promise.all(all.map((task) => task.settled))
  }
  for (const task of all) {
    const result = await task.settled
    if (result.status === 'rejected' && !task.observed) return { error: result.reason }
  }
  return null
}

function limited<T>(
  { limits }: Tasks,
  name: string,
  concurrency: number | undefined,
  work: () => Promise<T>,
): Promise<T> {
  let limit = limits.get(name)
  if (!limit) {
    if (concurrency === undefined) return work()
    limit = pLimit(concurrency)
    limits.set(name, limit)
  }
  return limit(work)
}

async function execute<I, O>(
  tasks: Tasks,
  definition: Task<I, O>,
  input: I,
  task: OpenTask,
  options: TaskOptions,
): Promise<O> {
  for (const node of options.after ?? []) {
    const upstream = handles.get(node)
    if (!upstream) continue
    const result = await upstream.settled
    if (result.status === 'rejected' && !options.allowFailure) {
      upstream.observed = true
      throw new UpstreamFailed(upstream.record.name, result.reason)
    }
  }
  return limited(tasks, definition.name, options.concurrency, async () => {
    tasks.active++
    tasks.onActivity()
    try {
      return await attempts(tasks, definition, input, task)
    } finally {
      tasks.active--
      tasks.onActivity()
    }
  })
}

async function attempts<I, O>(tasks: Tasks, definition: Task<I, O>, input: I, task: OpenTask): Promise<O> {
  const { attempt } = tasks
  const { runtime, recorder } = attempt
  const release = await recorder.acquire(definition.tags, task.record.id, attempt.signal)
  try {
    for (let runCount = 1; ; runCount++) {
      attempt.signal.throwIfAborted()
      const startedAt = runtime.now()
      change(tasks, task, state('RUNNING', startedAt, runCount > 1 ? { name: 'Retrying' } : {}), {
        runCount,
        startedAt: task.record.startedAt ?? startedAt,
      })
      try {
        return await once(attempt, definition, input, task, runCount)
      } catch (error) {
        const spent = (runtime.now().getTime() - startedAt.getTime()) / 1000
        task.record = { ...task.record, runningSeconds: task.record.runningSeconds + spent }
        if (attempt.signal.aborted || runCount > definition.retries || !worthRetrying(definition, error))
          throw error
        const delay = retryDelayMs(runCount, definition.retryDelaySeconds, runtime.random)
        const now = runtime.now()
        const message = describeError(error)
        attempt
          .log(task.record)
          .warn(
            { attempt: runCount, retries: definition.retries, seconds: delay / 1000 },
            `${message}; trying again`,
          )
        change(
          tasks,
          task,
          state('SCHEDULED', now, {
            name: 'AwaitingRetry',
            message,
            scheduledAt: new Date(now.getTime() + delay),
          }),
        )
        await runtime.sleep(delay, attempt.signal)
      }
    }
  } finally {
    await release()
  }
}

async function once<I, O>(
  attempt: Attempt,
  definition: Task<I, O>,
  input: I,
  task: OpenTask,
  runCount: number,
): Promise<O> {
  const { runtime, recorder } = attempt
  const controller = childController(attempt.signal)
  const seconds = definition.timeoutSeconds
  const timer =
    seconds === undefined
      ? undefined
      : setTimeout(
          () => controller.abort('timeout', `Task ${task.record.name} took longer than ${seconds} s`),
          seconds * 1000,
        )
  const log = attempt.log(task.record)
  try {
    const result = await settle(
      () =>
        definition.run(input, {
          id: task.record.id,
          name: task.record.name,
          flowRunId: recorder.run.id,
          runCount,
          log,
          signal: controller.signal,
          artifact: artifactWriter({
            create: (artifact) => recorder.createArtifact(artifact, task.record.id),
            update: (id, artifact) => recorder.updateArtifact(id, artifact),
            log,
            runtime,
          }),
        }),
      controller.signal,
      attempt.abortGraceMs,
    )
    if (result.kind === 'returned') return result.value
    // What a body throws when its signal was aborted is noise: the reason of the abort is the news.
    if (controller.signal.aborted) throw controller.signal.reason
    throw result.kind === 'threw' ? result.error : new HarvesterError('INTERNAL', 'The task was abandoned')
  } finally {
    clearTimeout(timer)
    controller.release()
  }
}

class UpstreamFailed {
  readonly upstream: string
  readonly reason: unknown
  constructor(upstream: string, reason: unknown) {
    this.upstream = upstream
    this.reason = reason
  }
}

function worthRetrying<I, O>(definition: Task<I, O>, error: unknown): boolean {
  if (isHarvesterError(error, 'CANCELLED')) return false
  return definition.retryIf ? definition.retryIf(error) : true
}

function promiseWithResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((done) => {
    resolve = done
  })
  return { promise, resolve }
}
