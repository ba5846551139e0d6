import type { KeptRun } from '../orchestrator.ts'
import { type RunState, state } from '../states.ts'
import { orNull, type PrefectClient, type Schemas } from './client.ts'
import { labelOf, workerLabel } from './labels.ts'

/** The parts of Prefect's answers about a flow run that are used, whichever route gave it. */
export type WireRun = Pick<
  Schemas['FlowRunResponse'],
  | 'id'
  | 'name'
  | 'flow_id'
  | 'deployment_id'
  | 'parameters'
  | 'run_count'
  | 'tags'
  | 'start_time'
  | 'end_time'
> & {
  state?: Schemas['State'] | null
  auto_scheduled?: boolean
  created?: string | null
  idempotency_key?: string | null
  labels?: unknown
  created_by?: { type?: string | null; display_value?: string | null } | null
}

/** A flow run as the server has it; null where it has none. @throws HarvesterError PREFECT_… */
export function readRun(
  patience: PrefectClient['normal'],
  id: string,
): Promise<Schemas['FlowRunResponse'] | null> {
  return orNull('read a run', patience.GET('/flow_runs/{id}', { params: { path: { id } } }))
}

export function stateOf(wire: Schemas['State'] | null | undefined): RunState {
  if (!wire) return state('PENDING', new Date(0))
  const scheduled = wire.state_details?.scheduled_time
  return state(wire.type, new Date(wire.timestamp ?? 0), {
    ...(wire.name ? { name: wire.name } : {}),
    message: wire.message ?? '',
    ...(scheduled ? { scheduledAt: new Date(scheduled) } : {}),
  })
}

export function flowRunOf(wire: WireRun, names: { flow: string; deployment: string | null }): KeptRun {
  const by = wire.created_by
  return {
    id: wire.id,
    name: wire.name ?? '',
    flow: names.flow,
    deployment: names.deployment,
    parameters: wire.parameters ?? {},
    state: stateOf(wire.state),
    runCount: wire.run_count ?? 0,
    tags: wire.tags ?? [],
    createdBy: wire.auto_scheduled || by?.type === 'SCHEDULE' ? 'schedule' : (by?.display_value ?? null),
    startedAt: wire.start_time ? new Date(wire.start_time) : null,
    endedAt: wire.end_time ? new Date(wire.end_time) : null,
    createdAt: wire.created ? new Date(wire.created) : null,
    idempotencyKey: wire.idempotency_key ?? null,
    worker: labelOf(wire, workerLabel),
  }
}
