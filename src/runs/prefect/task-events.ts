import type { FlowRun, TaskRun } from '../backend.ts'
import type { Schemas } from './client.ts'

/**
 * Gives each state of a task run a time of its own, in microseconds. Two states of one task run at the same time
 * break a unique constraint of the server, which then drops the whole batch they are in and tries it again later.
 */
export function stateTimes(): (taskRunId: string, at: Date) => string {
  const last = new Map<string, { ms: number; micros: number }>()
  return (taskRunId, at) => {
    const before = last.get(taskRunId)
    let next = { ms: at.getTime(), micros: 0 }
    if (before && next.ms <= before.ms) next = { ms: before.ms, micros: before.micros + 1 }
    if (next.micros > 999) next = { ms: next.ms + 1, micros: 0 }
    last.set(taskRunId, next)
    return new Date(next.ms).toISOString().replace('Z', `${String(next.micros).padStart(3, '0')}Z`)
  }
}

/**
 * A change of a task run as the event that Prefect's recorder makes the row from. The whole row goes along each
 * time; omitted keys would keep their old values.
 */
export function taskRunEvent(options: {
  id: string
  task: TaskRun
  run: Pick<FlowRun, 'id' | 'name' | 'flow'>
  flowId: string
  /** Time of the state, from {@link stateTimes}. */
  at: string
  previous: { eventId: string; type: string; name: string } | null
}): Schemas['Event'] {
  const { task, run, at, previous } = options
  const { state } = task
  const stateDetails = {
    ...(state.scheduledAt ? { scheduled_time: state.scheduledAt.toISOString() } : {}),
    // Says that there is a result which Prefect does not hold, as Python does.
    ...(state.type === 'COMPLETED' ? { untrackable_result: true } : {}),
    flow_run_id: run.id,
    task_run_id: task.id,
  }
  return {
    id: options.id,
    occurred: at,
    event: `prefect.task-run.${state.name}`,
    ...(previous ? { follows: previous.eventId } : {}),
    resource: {
      'prefect.resource.id': `prefect.task-run.${task.id}`,
      'prefect.resource.name': task.name,
      'prefect.run-count': String(task.runCount),
      'prefect.state-message': state.message.slice(0, 1000),
      'prefect.state-name': state.name,
      'prefect.state-timestamp': at,
      'prefect.state-type': state.type,
      'prefect.orchestration': 'client',
    },
    related: [
      {
        'prefect.resource.id': `prefect.flow-run.${run.id}`,
        'prefect.resource.role': 'flow-run',
        'prefect.resource.name': run.name,
      },
      {
        'prefect.resource.id': `prefect.flow.${options.flowId}`,
        'prefect.resource.role': 'flow',
        'prefect.resource.name': run.flow,
      },
      ...task.tags.map((tag) => ({
        'prefect.resource.id': `prefect.tag.${tag}`,
        'prefect.resource.role': 'tag',
      })),
    ],
    payload: {
      intended: { from: previous?.type ?? null, to: state.type },
      initial_state: previous
        ? { type: previous.type, name: previous.name, message: '', state_details: {} }
        : null,
      validated_state: {
        type: state.type,
        name: state.name,
        message: state.message.slice(0, 20_000),
        state_details: stateDetails,
        data: null,
      },
      task_run: {
        name: task.name,
        task_key: task.task,
        dynamic_key: task.dynamicKey,
        empirical_policy: {
          max_retries: 0,
          retry_delay_seconds: 0,
          retries: task.retries,
          retry_delay: Math.round(task.retryDelaySeconds),
        },
        tags: [...task.tags],
        labels: {},
        task_inputs: { after: task.after.map((id) => ({ input_type: 'task_run', id })) },
        run_count: task.runCount,
        flow_run_run_count: task.flowRunCount,
        expected_start_time: task.expectedStartAt.toISOString(),
        start_time: task.startedAt?.toISOString() ?? null,
        end_time: task.endedAt?.toISOString() ?? null,
        total_run_time: task.runningSeconds,
      },
    },
  }
}
