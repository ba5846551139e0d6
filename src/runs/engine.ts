import { describeError, HarvesterError, isHarvesterError } from '../errors.ts'
import { aborted, abortReason, childController, settle } from './abort.ts'
import { artifactWriter } from './artifacts.ts'
import type { Backend, FinalState, RunRecorder, TaskRun } from './backend.ts'
import { children } from './children.ts'
import { runLog } from './log.ts'
import { redacting } from './redact.ts'
import { type Runtime, systemRuntime } from './runtime.ts'
import type { FinalStateType } from './states.ts'
import { taskRunner } from './tasks.ts'
import type {
  ChildResult,
  EngineEvent,
  Flow,
  FlowContext,
  FlowOutcome,
  LogLevel,
  LogLine,
  RunLog,
} from './types.ts'

export interface EngineOptions {
  readonly runtime?: Runtime
  /** Lines below are dropped, for the console and the back end alike. @default 'info' */
  readonly logLevel?: LogLevel
  /** Where lines go besides the back end: the console, a file. */
  readonly onLog?: (line: LogLine) => void
  readonly onEvent?: (event: EngineEvent) => void
  /** How long a body may take to react to an abort. @default 15 000 */
  readonly abortGraceMs?: number
}

export interface ExecuteOptions extends EngineOptions {
  /** Aborted with `aborted('cancelled' | 'stopped' | 'crashed' | 'lost')`. */
  readonly signal: AbortSignal
  /** Whether a stopped run goes back to Scheduled or is Crashed. @default 'reschedule' */
  readonly onStop?: 'reschedule' | 'crash'
  /** Told when the run does nothing but wait for children, and when it goes on. */
  readonly onWaiting?: (waiting: boolean) => void
}

/** How a run left this process. */
export type Ended =
  | { readonly type: FinalStateType; readonly message: string; readonly error: unknown }
  | { readonly type: 'RESCHEDULED' | 'GONE'; readonly message: string; readonly error: unknown }

/** What the parts of one attempt share. */
export interface Attempt {
  readonly runtime: Runtime
  readonly recorder: RunRecorder
  readonly runCount: number
  readonly signal: AbortSignal
  readonly abortGraceMs: number
  /** The log of a task run, or of the flow run. */
  log(task: Pick<TaskRun, 'id' | 'name'> | null): RunLog
  emit(event: EngineEvent): void
}

type Verdict = FinalState & { readonly error: unknown; readonly reschedule?: boolean }

/**
 * Executes a claimed run to its end: attempts, retries, final state. Throws only when the back end cannot be told
 * the state of the run; everything the flow does wrong ends as a state.
 */
export async function executeRun(
  flow: Flow,
  given: RunRecorder,
  backend: Pick<Backend, 'readRun' | 'cancelRun'>,
  options: ExecuteOptions,
): Promise<Ended> {
  const recorder = redacting(given)
  const runtime = options.runtime ?? systemRuntime
  const { run } = recorder
  const emit = options.onEvent ?? (() => {})
  const write = (line: LogLine) => {
    options.onLog?.(line)
    recorder.log(line)
  }
  const log = (task: Pick<TaskRun, 'id' | 'name'> | null) =>
    runLog(
      {
        flowRunId: run.id,
        flowRunName: name,
        flow: flow.name,
        runFacts,
        taskRunId: task?.id ?? null,
        task: task?.name ?? null,
      },
      { level: options.logLevel ?? 'info', now: runtime.now, write },
    )
  const parsed = flow.parameters.safeParse(run.parameters)
  let name = run.name
  let runFacts: Readonly<Record<string, string>> = {}
  if (parsed.success) {
    try {
      name = flow.runName(parsed.data)
      runFacts = flow.runFacts?.(parsed.data) ?? {}
    } catch (error) {
      log(null).warn({ error }, 'The name of the run could not be made')
    }
  }

  const started = runtime.now().getTime()
  const childrenSeen: ChildResult[] = []
  try {
    return await attempts()
  } finally {
    // Whatever became of its end: what was held for the run is held no longer.
    await recorder.close()
  }

  async function attempts(): Promise<Ended> {
    for (;;) {
      const begun = await recorder.begin({
        name,
        retries: flow.retries,
        retryDelaySeconds: flow.retryDelaySeconds,
      })
      if (begun.kind === 'gone') return { type: 'GONE', message: begun.reason, error: null }
      emit({ type: 'run-started', run: { ...run, name } })
      childrenSeen.length = 0
      const verdict: Verdict = parsed.success
        ? await oneAttempt(parsed.data, begun.runCount, begun.startedAt)
        : {
            type: 'FAILED',
            message: `The parameters do not fit: ${parsed.error.issues.map((issue) => `${issue.path.join('.') || 'parameters'}: ${issue.message}`).join('; ')}`,
            retry: false,
            error: parsed.error,
          }
      const ended = await end(verdict)
      if (ended) {
        if (ended.type !== 'RESCHEDULED' && ended.type !== 'GONE')
          emit({
            type: 'run-finished',
            run: { ...run, name },
            state: ended.type,
            message: ended.message,
            error: ended.error,
            milliseconds: runtime.now().getTime() - started,
            runCount: begun.runCount,
            children: [...childrenSeen],
          })
        return ended
      }
    }
  }

  /** Tells the back end how the attempt ended; null when the run is to be tried again. */
  async function end(verdict: Verdict): Promise<Ended | null> {
    const flowLog = log(null)
    const why = abortReason(options.signal)
    if (why === 'lost' || why === 'suspended') {
      // Its state is others' business now; what it did is worth knowing all the same.
      const message = describeError(options.signal.reason)
      flowLog.warn({}, `Not executed here any more: ${message}`)
      await recorder.flush()
      return { type: 'GONE', message, error: verdict.error }
    }
    const level =
      verdict.type === 'COMPLETED' || verdict.reschedule
        ? 'info'
        : verdict.type === 'CANCELLED'
          ? 'warn'
          : 'error'
    flowLog[level](
      verdict.error !== null && verdict.type === 'FAILED' ? { error: verdict.error } : {},
      `${verdict.reschedule ? 'Given back' : (verdict.name ?? titled(verdict.type))}: ${verdict.message}`,
    )
    // Logs first: whoever sees a final state expects the lines that explain it.
    await recorder.flush()
    if (verdict.reschedule) {
      await recorder.reschedule(verdict.message)
      return { type: 'RESCHEDULED', message: verdict.message, error: verdict.error }
    }
    let answer = await recorder.finish(verdict)
    if (answer.kind === 'cancelling') {
      answer = await recorder.finish(cancelledState)
      return { ...cancelledState, error: aborted('cancelled') }
    }
    if (answer.kind === 'retry') {
      emit({ type: 'run-retrying', run: { ...run, name }, at: answer.at, message: verdict.message })
      flowLog.warn({ at: answer.at.toISOString() }, 'The run will be tried again')
      try {
        await runtime.sleep(answer.at.getTime() - runtime.now().getTime(), options.signal)
        return null
      } catch {
        return end(abortVerdict())
      }
    }
    if (answer.kind === 'gone') return { type: 'GONE', message: answer.reason, error: verdict.error }
    return { type: verdict.type, message: verdict.message, error: verdict.error }
  }

  /** What an abort of the whole run means for its state. */
  function abortVerdict(): Verdict {
    const reason = abortReason(options.signal)
    const error: unknown = options.signal.reason
    const message = describeError(error)
    if (reason === 'cancelled') return { ...cancelledState, error }
    if (reason === 'stopped' && (options.onStop ?? 'reschedule') === 'reschedule')
      return { type: 'CRASHED', message, retry: false, error, reschedule: true }
    return { type: 'CRASHED', message, retry: false, error }
  }

  async function oneAttempt(
    parameters: Record<string, unknown>,
    runCount: number,
    startedAt: Date,
  ): Promise<Verdict> {
    const controller = childController(options.signal)
    const seconds = flow.timeoutSeconds
    const timer =
      seconds === undefined
        ? undefined
        : setTimeout(
            () => controller.abort('timeout', `The run took longer than ${seconds} s`),
            seconds * 1000,
          )
    const attempt: Attempt = {
      runtime,
      recorder,
      runCount,
      signal: controller.signal,
      abortGraceMs: options.abortGraceMs ?? 15_000,
      log,
      emit,
    }
    let wasWaiting = false
    const onActivity = () => {
      const waiting = kids.waiting > 0 && tasks.active === 0
      if (waiting !== wasWaiting) options.onWaiting?.(waiting)
      wasWaiting = waiting
    }
    const tasks = taskRunner(attempt, onActivity)
    const kids = children(attempt, backend, recorder, onActivity, (child) => childrenSeen.push(child))
    const flowLog = log(null)
    const context: FlowContext = {
      id: run.id,
      name,
      flow: flow.name,
      runCount,
      startedAt,
      parameters,
      deployment: run.deployment,
      createdBy: run.createdBy,
      tags: run.tags,
      log: flowLog,
      signal: controller.signal,
      artifact: artifactWriter({
        create: (artifact) => recorder.createArtifact(artifact, null),
        update: (id, artifact) => recorder.updateArtifact(id, artifact),
        log: flowLog,
        runtime,
      }),
      task: (definition, input, taskOptions) => tasks.start(definition, input, taskOptions),
      runDeployment: (deployment, values, more) => kids.run(deployment, values, more),
      waitFor: (runs, more) => kids.waitFor(runs, more),
    }
    try {
      let unawaited: { error: unknown } | null = null
      const result = await settle<FlowOutcome | undefined>(
        async () => {
          const outcome = (await flow.run(parameters, context)) ?? undefined
          unawaited = await tasks.drain()
          return outcome
        },
        controller.signal,
        attempt.abortGraceMs,
      )
      if (result.kind === 'threw' && !controller.signal.aborted) {
        // Tasks that still run would write into a run that has ended.
        controller.abort('ended')
        await settle(() => tasks.drain(), controller.signal, attempt.abortGraceMs)
        return thrownVerdict(result.error)
      }
      if (result.kind === 'returned' && abortReason(options.signal) !== 'cancelled' && !unawaited)
        return outcomeVerdict(result.value)
      if (unawaited !== null && !controller.signal.aborted)
        return thrownVerdict((unawaited as { error: unknown }).error)
      if (result.kind === 'abandoned')
        flowLog.warn(
          { milliseconds: attempt.abortGraceMs },
          'The flow does not react to the abort; it is left behind',
        )
      else if (result.kind === 'threw')
        await settle(() => tasks.drain(), controller.signal, attempt.abortGraceMs)
      if (abortReason(options.signal) === 'cancelled') await kids.cancelOpen()
      if (options.signal.aborted) return abortVerdict()
      return {
        type: 'FAILED',
        name: 'TimedOut',
        message: describeError(controller.signal.reason),
        retry: true,
        error: controller.signal.reason,
      }
    } finally {
      clearTimeout(timer)
      controller.release()
      tasks.abandon(describeError(controller.signal.aborted ? controller.signal.reason : aborted('ended')))
      if (wasWaiting) options.onWaiting?.(false)
    }
  }
}

const cancelledState: FinalState & { type: 'CANCELLED' } = {
  type: 'CANCELLED',
  message: 'Flow run was cancelled successfully.',
  retry: false,
}

function outcomeVerdict(outcome: FlowOutcome | undefined): Verdict {
  if (!outcome) return { type: 'COMPLETED', message: '', retry: false, error: null }
  const error = outcome.type === 'FAILED' ? new HarvesterError('RUN_FAILED', outcome.message) : null
  return { type: outcome.type, message: outcome.message, retry: false, error }
}

function thrownVerdict(error: unknown): Verdict {
  const kind = error instanceof Error && !(error instanceof HarvesterError) ? `${error.name}: ` : ''
  return {
    type: 'FAILED',
    ...(isHarvesterError(error, 'RUN_TIMEOUT') ? { name: 'TimedOut' } : {}),
    message: `Flow run encountered an exception: ${kind}${describeError(error)}`,
    retry: true,
    error,
  }
}

function titled(type: FinalStateType): string {
  return type.charAt(0) + type.slice(1).toLowerCase()
}
