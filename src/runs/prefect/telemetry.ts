import { describeError, isHarvesterError } from '../../errors.ts'
import type { FlowRun, TaskRun } from '../backend.ts'
import { type Batcher, batcher } from '../batcher.ts'
import { formatLine, levelNumber } from '../log.ts'
import type { Runtime } from '../runtime.ts'
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

/** The log of one run: batches of at most 500 lines or 4 MB, one in flight, kept while the server is away. */
export function logSender(client: PrefectClient, onProblem: OnProblem): Batcher<LogRecord> {
  return batcher<LogRecord>({
    everyMs: 2000,
    maxItems: 500,
    maxBytes: 4_000_000,
    bytes: (record) => record.message.length + 200,
    async send(records) {
      await must('store log lines', client.long.POST('/logs/', { body: records }))
    },
    onError: (error, lost) =>
      onProblem('Log lines could not be sent to Prefect', { lost, error: describeError(error) }),
  })
}

/** The task runs of one flow run, as events in order. */
export function taskEventSender(options: {
  client: PrefectClient
  run: Pick<FlowRun, 'id' | 'name' | 'flow'>
  flowId: string
  runtime: Runtime
  onProblem: OnProblem
}): { changed(task: TaskRun): void; flush(timeoutMs?: number): Promise<void> } {
  const { client, onProblem, runtime } = options
  const timeOf = stateTimes()
  const previous = new Map<string, { eventId: string; type: string; name: string }>()
  const send = async (events: Schemas['Event'][]) => {
    await must('store task runs', client.long.POST('/events', { body: events }))
  }
  const sender = batcher<Schemas['Event']>({
    everyMs: 150,
    maxItems: 50,
    maxBytes: 500_000,
    bytes: (event) => JSON.stringify(event.payload ?? {}).length + 500,
    async send(events) {
      try {
        await send(events)
      } catch (error) {
        // One bad event spoils the whole batch: send them one by one to lose only that one.
        if (events.length === 1 || !isHarvesterError(error, 'PREFECT_REFUSED')) throw error
        for (const event of events)
          await send([event]).catch((cause: unknown) =>
            onProblem('The state of a task run could not be sent to Prefect', {
              event: event.event,
              error: describeError(cause),
            }),
          )
      }
    },
    onError: (error, lost) =>
      onProblem('States of task runs could not be sent to Prefect', { lost, error: describeError(error) }),
  })
  return {
    changed(task) {
      const eventId = runtime.id()
      sender.add(
        taskRunEvent({
          id: eventId,
          task,
          run: options.run,
          flowId: options.flowId,
          at: timeOf(task.id, task.state.at),
          previous: previous.get(task.id) ?? null,
        }),
      )
      previous.set(task.id, { eventId, type: task.state.type, name: task.state.name })
    },
    flush: (timeoutMs) => sender.flush(timeoutMs),
  }
}
