import { HarvesterError } from '../../errors.ts'
import type { SubmittedRun } from '../backend.ts'
import { detailOf, type PrefectClient, refused } from './client.ts'

/** Starts a run of a deployment. @throws PARAMETERS_INVALID for those that its schema refuses */
export async function createDeploymentRun(
  client: PrefectClient,
  deploymentId: string,
  request: {
    parameters: Record<string, unknown>
    tags?: readonly string[]
    idempotencyKey?: string
    scheduledAt?: Date
    name?: string
    parentTaskRunId?: string
    /** Aborted: it is not asked for again. */
    signal?: AbortSignal
  },
): Promise<SubmittedRun> {
  const { data, error, response } = await client.normal.POST('/deployments/{id}/create_flow_run', {
    params: { path: { id: deploymentId } },
    ...(request.signal && { signal: request.signal }),
    body: {
      state: {
        type: 'SCHEDULED',
        name: 'Scheduled',
        state_details: request.scheduledAt ? { scheduled_time: request.scheduledAt.toISOString() } : {},
      },
      parameters: request.parameters,
      tags: [...(request.tags ?? [])],
      ...(request.name ? { name: request.name } : {}),
      ...(request.idempotencyKey === undefined ? {} : { idempotency_key: request.idempotencyKey }),
      ...(request.parentTaskRunId === undefined ? {} : { parent_task_run_id: request.parentTaskRunId }),
    },
  })
  if (!response.ok || !data) throw creationRefused(response.status, error)
  return { id: data.id, name: data.name ?? '', created: response.status === 201 }
}

function creationRefused(status: number, error: unknown): HarvesterError {
  const detail = detailOf(error)
  if ((status === 409 || status === 422) && /validation failed|parameter/i.test(detail))
    return new HarvesterError('PARAMETERS_INVALID', detail)
  return refused('create a run', status, error)
}
