import { describeError, HarvesterError, isHarvesterError } from '../errors.ts'
import { aborted, abortReason, childController, type Settled, settle } from './abort.ts'
import { artifactWriter } from './artifacts.ts'
import type { Backend, Begun, FinalState, RunRecorder, TaskRun } from './backend.ts'
import { type Children, children } from './children.ts'
import { runLog } from './log.ts'
import { redacting } from './redact.ts'
import { type Runtime, systemRuntime } from './runtime.ts'
import type { FinalStateType } from './states.ts'
import { type TaskRunner, taskRunner } from './tasks.ts'
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

/** A run that is executed here, over all its attempts. */
interface Execution {
  readonly flow: Flow
  readonly recorder: RunRecorder
  readonly backend: Pick<Backend, 'readRun' | 'cancelRun'>
  readonly options: ExecuteOptions
  readonly runtime: Runtime
  readonly parsed: ReturnType<Flow['parameters']['safeParse']>
  name: string
  runFacts: Readonly<Record<string, string>>
  /** How the children of the attempt ended. */
  readonly children: ChildResult[]
}

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
  const execution: Execution = {
    flow,
    recorder,
    backend,
    options,
    runtime: options.runtime ?? systemRuntime,
    parsed: flow.parameters.safeParse(recorder.run.parameters),
    name: recorder.run.name,
    runFacts: {},
    children: [],
  }
  nameRun(execution)
  try {
    return await attempts(execution)
  } finally {
    // Whatever became of its end: what was held for the run is held no longer.
    await recorder.close()
  }
}

function nameRun(execution: Execution): void {
  const { flow, parsed } = execution
  if (!parsed.success) return
  try {
    execution.name = flow.runName(parsed.data)
    execution.runFacts = flow.runFacts?.(parsed.data) ?? {}
  } catch (error) {
    logOf(execution, null).warn({ error }, 'The name of the run could not be made')
  }
}

/** The log of a task run, or of the flow run. */
function logOf(execution: Execution, task: Pick<TaskRun, 'id' | 'name'> | null): RunLog {
  const { flow, recorder, options, runtime, name, runFacts } = execution
  return runLog(
    {
      flowRunId: recorder.run.id,
      flowRunName: name,
      flow: flow.name,
      runFacts,
      taskRunId: task?.id ?? null,
      task: task?.name ?? null,
    },
    {
      level: options.logLevel ?? 'info',
      now: runtime.now,
      write(line) {
        options.onLog?.(line)
        recorder.log(line)
      },
    },
  )
}

const runOf = ({ recorder, name }: Execution) => ({ ...recorder.run, name })

async function attempts(execution: Execution): Promise<Ended> {
  const { flow, recorder, options, runtime, parsed, children: childrenSeen } = execution
  const started = runtime.now().getTime()
  for (;;) {
    const begun = await recorder.begin({
      name: execution.name,
      retries: flow.retries,
      retryDelaySeconds: flow.retryDelaySeconds,
    })
    if (begun.kind === 'gone') return { type: 'GONE', message: begun.reason, error: null }
    options.onEvent?.({ type: 'run-started', run: runOf(execution) })
    childrenSeen.length = 0
    const verdict: Verdict = parsed.success
      ? await oneAttempt(execution, parsed.data, begun)
      : {
          type: 'FAILED',
          message: `The parameters do not fit: ${parsed.error.issues.map((issue) => `${issue.path.join('.') || 'parameters'}: ${issue.message}`).join('; ')}`,
          retry: false,
          error: parsed.error,
        }
    const ended = await end(execution, verdict)
    if (!ended) continue
    if (ended.type !== 'RESCHEDULED' && ended.type !== 'GONE')
      options.onEvent?.({
        type: 'run-finished',
        run: runOf(execution),
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

/** Tells the back end how the attempt ended; null when the run is to be tried again. */
async function end(execution: Execution, verdict: Verdict): Promise<Ended | null> {
  const { recorder, options, runtime } = execution
  const { message, error } = verdict
  const flowLog = logOf(execution, null)
  const why = abortReason(options.signal)
  if (why === 'lost' || why === 'suspended') {
    // Its state is others' business now; what it did is worth knowing all the same.
    const text = describeError(options.signal.reason)
    flowLog.warn({}, `Not executed here any more: ${text}`)
    await recorder.flush()
    return { type: 'GONE', message: text, error }
  }
  flowLog[levelOf(verdict)](
    error !== null && verdict.type === 'FAILED' ? { error } : {},
    `${verdict.reschedule ? 'Given back' : (verdict.name ?? titled(verdict.type))}: ${message}`,
  )
  // Logs first: whoever sees a final state expects the lines that explain it.
  await recorder.flush()
  if (verdict.reschedule) {
    await recorder.reschedule(message)
    return { type: 'RESCHEDULED', message, error }
  }
  const answer = await recorder.finish(verdict)
  switch (answer.kind) {
    case 'accepted':
      return { type: verdict.type, message, error }
    case 'gone':
      return { type: 'GONE', message: answer.reason, error }
    case 'cancelling':
      await recorder.finish(cancelledState)
      return { ...cancelledState, error: aborted('cancelled') }
    case 'retry':
      options.onEvent?.({ type: 'run-retrying', run: runOf(execution), at: answer.at, message })
      flowLog.warn({ at: answer.at.toISOString() }, 'The run will be tried again')
      try {
        await runtime.sleep(answer.at.getTime() - runtime.now().getTime(), options.signal)
        return null
      } catch {
        return end(execution, abortVerdict(options))
      }
  }
}

const levelOf = ({ type, reschedule }: Verdict): 'info' | 'warn' | 'error' =>
  type === 'COMPLETED' || reschedule ? 'info' : type === 'CANCELLED' ? 'warn' : 'error'

/** What an abort of the whole run means for its state. */
function abortVerdict({ signal, onStop }: ExecuteOptions): Verdict {
  const reason = abortReason(signal)
  const error: unknown = signal.reason
  const message = describeError(error)
  if (reason === 'cancelled') return { ...cancelledState, error }
  const crashed: Verdict = { type: 'CRASHED', message, retry: false, error }
  return reason === 'stopped' && (onStop ?? 'reschedule') === 'reschedule'
    ? { ...crashed, reschedule: true }
    : crashed
}

/** What one attempt works with. */
interface Working {
  readonly attempt: Attempt
  readonly controller: ReturnType<typeof childController>
  readonly tasks: TaskRunner
  readonly kids: Children
  /** Unhooks it: nothing of it goes on. */
  close(): void
}

async function oneAttempt(
  execution: Execution,
  parameters: Record<string, unknown>,
  begun: Begun,
): Promise<Verdict> {
  const working = openAttempt(execution, begun)
  const { attempt, controller, tasks } = working
  const { signal, abortGraceMs } = attempt
  const context = contextOf(execution, working, parameters, begun)
  try {
    let unawaited: { error: unknown } | null = null
    const result = await settle<FlowOutcome | undefined>(
      async () => {
        const outcome = (await execution.flow.run(parameters, context)) ?? undefined
        unawaited = await tasks.drain()
        return outcome
      },
      signal,
      abortGraceMs,
    )
    if (result.kind === 'threw' && !signal.aborted) {
      // Tasks that still run would write into a run that has ended.
      controller.abort('ended')
      await settle(() => tasks.drain(), signal, abortGraceMs)
      return thrownVerdict(result.error)
    }
    if (result.kind === 'returned' && abortReason(execution.options.signal) !== 'cancelled' && !unawaited)
      return outcomeVerdict(result.value)
    if (unawaited !== null && !signal.aborted) return thrownVerdict((unawaited as { error: unknown }).error)
    return await afterAbort(execution, working, result)
  } finally {
    working.close()
  }
}

/** The verdict over an attempt that was aborted: by its time limit, or with the whole run. */
async function afterAbort(
  { options }: Execution,
  { attempt, tasks, kids }: Working,
  result: Settled<unknown>,
): Promise<Verdict> {
  const { signal, abortGraceMs, log } = attempt
  if (result.kind === 'abandoned')
    log(null).warn({ milliseconds: abortGraceMs }, 'The flow does not react to the abort; it is left behind')
  else if (result.kind === 'threw') await settle(() => tasks.drain(), signal, abortGraceMs)
  if (abortReason(options.signal) === 'cancelled') await kids.cancelOpen()
  if (options.signal.aborted) return abortVerdict(options)
  const error: unknown = signal.reason
  return { type: 'FAILED', name: 'TimedOut', message: describeError(error), retry: true, error }
}

function openAttempt(execution: Execution, { runCount }: Begun): Working {
  const { flow, recorder, backend, options, runtime, children: childrenSeen } = execution
  const controller = childController(options.signal)
  const seconds = flow.timeoutSeconds
  const timer =
    seconds === undefined
      ? undefined
      : setTimeout(() => controller.abort('timeout', `The run took longer than ${seconds} s`), seconds * 1000)
  const attempt: Attempt = {
    runtime,
    recorder,
    runCount,
    signal: controller.signal,
    abortGraceMs: options.abortGraceMs ?? 15_000,
    log: (task) => logOf(execution, task),
    emit: options.onEvent ?? (() => {}),
  }
  let wasWaiting = false
  const onActivity = () => {
    const waiting = kids.waiting > 0 && tasks.active === 0
    if (waiting !== wasWaiting) options.onWaiting?.(waiting)
    wasWaiting = waiting
  }
  const tasks = taskRunner(attempt, onActivity)
  const kids = children(attempt, backend, recorder, onActivity, (child) => childrenSeen.push(child))
  return {
    attempt,
    controller,
    tasks,
    kids,
    close() {
      clearTimeout(timer)
      controller.release()
      const { signal } = controller
      tasks.abandon(describeError(signal.aborted ? signal.reason : aborted('ended')))
      if (wasWaiting) options.onWaiting?.(false)
    },
  }
}

/** What the body of the flow is given. */
function contextOf(
  execution: Execution,
  { attempt, tasks, kids }: Working,
  parameters: Record<string, unknown>,
  { runCount, startedAt }: Begun,
): FlowContext {
  const { flow, recorder, runtime, name } = execution
  const { id, deployment, createdBy, tags } = recorder.run
  const log = logOf(execution, null)
  return {
    id,
    name,
    flow: flow.name,
    runCount,
    startedAt,
    parameters,
    deployment,
    createdBy,
    tags,
    log,
    signal: attempt.signal,
    artifact: artifactWriter({
      create: (artifact) => recorder.createArtifact(artifact, null),
      update: (artifactId, artifact) => recorder.updateArtifact(artifactId, artifact),
      log,
      runtime,
    }),
    task: (definition, input, taskOptions) => tasks.start(definition, input, taskOptions),
    runDeployment: (wanted, values, more) => kids.run(wanted, values, more),
    waitFor: (runs, more) => kids.waitFor(runs, more),
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
