import { describeError, isHarvesterError } from '../../errors.ts'
import type { FlowRun, TaskRun } from '../backend.ts'
import { batcher } from '../batcher.ts'
import { formatLine, levelNumber } from '../log.ts'
import type { Runtime } from '../runtime.ts'
import { isFinal } from '../states.ts'
import type { LogLine } from '../types.ts'
import { must, type PrefectClient, type Schemas } from './client.ts'
import { stateTimes, taskRunEvent } from './task-events.ts'

/** Tells of what could not be sent; the run goes on. */
export type OnProblem = (text: string, facts: Record<string, unknown>) => void

/** A record above this is cut: Prefect's own clients send no longer ones. */
const longestMessageBytes = 1_000_000

export type LogRecord = Schemas['LogCreate']

/** Cut at a whole character, with a marker that says how long it was. */
export function cutMessage(message: string, limitBytes = longestMessageBytes): string {
  const bytes = Buffer.byteLength(message)
  if (bytes <= limitBytes) return message
  const kept = Buffer.from(message)
    .subarray(0, limitBytes - 100)
    .toString('utf8')
    .replace(/(?<!\uFFFD)\uFFFD+$/, '')
  return `${kept}\n… cut: the whole line had ${bytes} bytes`
}

export function logRecord(line: LogLine): LogRecord {
  return {
    name: line.taskRunId === null ? 'prefect.flow_runs' : 'prefect.task_runs',
    level: levelNumber(line.level),
    message: cutMessage(formatLine(line)),
    timestamp: line.at.toISOString(),
    flow_run_id: line.flowRunId,
    task_run_id: line.taskRunId,
  }
}

/** What is told beside the states of runs, in batches that all runs of a process share. It never throws. */
export interface Telemetry {
  log(record: LogRecord): void
  /** An event to be sent in its order. Given the {@link EventSlot} of an unsent one, it takes its place. */
  event(event: WireEvent, instead?: EventSlot | null): EventSlot
  /** Sends what was told so far, for at most this long; false when something is left. */
  flush(timeoutMs: number): Promise<boolean>
  /** How many lines of a run found no place since the last question. */
  takeDropped(flowRunId: string): number
}

export type WireEvent = Schemas['Event']

export interface EventSlot {
  event: WireEvent
  sent: boolean
}

/** Runs that end together send what they held back together. */
const flushAfterMs = 100
const firstWaitMs = 1000
const longestWaitMs = 10_000

export function prefectTelemetry(client: PrefectClient, runtime: Runtime, onProblem: OnProblem): Telemetry {
  const dropped = new Map<string, number>()
  const logs = batcher<LogRecord>({
    everyMs: 2000,
    flushAfterMs,
    maxItems: 500,
    maxBytes: 4_000_000,
    bytes: (record) => record.message.length + 200,
    send: (records) => sendLines(client, runtime, records),
    onDropped: ({ flow_run_id: id }) => id && dropped.set(id, (dropped.get(id) ?? 0) + 1),
    onError: (error, lost) =>
      onProblem('Log lines could not be sent to Prefect', { lost, error: describeError(error) }),
  })
  const events = batcher<EventSlot>({
    everyMs: 150,
    flushAfterMs,
    maxItems: 50,
    maxBytes: 500_000,
    bytes: ({ event }) => JSON.stringify(event.payload ?? {}).length + 500,
    async send(slots) {
      for (const slot of slots) slot.sent = true
      await sendEvents(
        client,
        slots.map(({ event }) => event),
        onProblem,
      )
    },
    onError: (error, lost) =>
      onProblem('Events could not be sent to Prefect', { lost, error: describeError(error) }),
  })
  return {
    log: (record) => logs.add(record),
    event(event, instead = null) {
      if (instead && !instead.sent) {
        instead.event = event
        return instead
      }
      const slot = { event, sent: false }
      events.add(slot)
      return slot
    },
    async flush(timeoutMs) {
      const sent = await Promise.all([events.flush(timeoutMs), logs.flush(timeoutMs)])
      return sent.every(Boolean)
    },
    takeDropped(flowRunId) {
      const count = dropped.get(flowRunId) ?? 0
      dropped.delete(flowRunId)
      return count
    },
  }
}

/** Told again until they are there; the server gives lines no identity, so what may have arrived is looked for. */
async function sendLines(client: PrefectClient, runtime: Runtime, records: LogRecord[]): Promise<void> {
  const begun = runtime.now().getTime()
  for (let failures = 0; ; failures++) {
    try {
      if (failures > 0 && (await haveArrived(client, records))) return
      await must('store log lines', client.once.POST('/logs/', { body: records }))
      return
    } catch (error) {
      const status = isHarvesterError(error, 'PREFECT_REFUSED') ? Number(error.facts.status) : 503
      const passes = status >= 500 || status === 408 || status === 429
      if (!passes || client.left(begun) <= 0) throw error
      await runtime.sleep(Math.min(firstWaitMs * 2 ** failures, longestWaitMs))
    }
  }
}

async function haveArrived(client: PrefectClient, records: readonly LogRecord[]): Promise<boolean> {
  const last = records.at(-1)
  if (!last?.flow_run_id) return false
  const found = await must(
    'look for log lines',
    client.once.POST('/logs/filter', {
      body: {
        logs: {
          operator: 'and_',
          flow_run_id: { any_: [last.flow_run_id] },
          timestamp: { after_: last.timestamp, before_: last.timestamp },
        },
        sort: 'TIMESTAMP_ASC',
        offset: 0,
      },
    }),
  )
  return found.some(({ message }) => message === last.message)
}

/** One bad event spoils the whole batch: they are then sent one by one, to lose only that one. */
async function sendEvents(client: PrefectClient, events: WireEvent[], onProblem: OnProblem): Promise<void> {
  const send = (list: WireEvent[]) => must('store events', client.long.POST('/events', { body: list }))
  try {
    await send(events)
  } catch (error) {
    if (events.length === 1 || !isHarvesterError(error, 'PREFECT_REFUSED')) throw error
    for (const event of events)
      await send([event]).catch((cause: unknown) =>
        onProblem('An event could not be sent to Prefect', {
          event: event.event,
          error: describeError(cause),
        }),
      )
  }
}

/**
 * The task runs of one flow run, as events in order. What a task was for a moment only, and is not sent yet, is left
 * out: its row tells as much, and each state costs the server as much as a proposal.
 */
export function taskEvents(options: {
  telemetry: Telemetry
  run: Pick<FlowRun, 'id' | 'name' | 'flow'>
  flowId: string
  runtime: Runtime
}): (task: TaskRun) => void {
  const { telemetry, runtime } = options
  const timeOf = stateTimes()
  interface Told {
    readonly slot: EventSlot
    readonly state: TaskRun['state']
    readonly previous: Previous | null
  }
  type Previous = { eventId: string; type: string; name: string }
  const last = new Map<string, Told>()
  return (task) => {
    const before = last.get(task.id)
    const replaces = before !== undefined && !before.slot.sent && isPassing(before.state, task.state)
    const previous = replaces
      ? before.previous
      : before
        ? { eventId: before.slot.event.id as string, type: before.state.type, name: before.state.name }
        : null
    const event = taskRunEvent({
      id: runtime.id(),
      task,
      run: options.run,
      flowId: options.flowId,
      at: timeOf(task.id, task.state.at),
      previous,
    })
    const slot = telemetry.event(event, replaces ? before.slot : null)
    last.set(task.id, { slot, state: task.state, previous })
  }
}

/** Whether a state says nothing that the next one does not: waiting to begin, or a first attempt that ended well. */
function isPassing(state: TaskRun['state'], next: TaskRun['state']): boolean {
  if (state.name === 'Pending') return true
  return state.name === 'Running' && isFinal(next.type)
}
