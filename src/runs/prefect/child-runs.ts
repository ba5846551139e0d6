import type { ChildRequest, SubmittedRun } from '../backend.ts'
import type { Runtime } from '../runtime.ts'
import { must, type PrefectClient } from './client.ts'
import { createDeploymentRun } from './create-run.ts'

export interface ChildRunsOptions {
  readonly client: PrefectClient
  readonly runtime: Runtime
  /** Id of the run that starts them. */
  readonly parent: string
  readonly findDeployment: (name: string) => Promise<{ id: string; name: string; flow: string }>
}

/** Starts the children of a run: each once, since a parent that is tried again asks for the same ones. */
export function childRuns(options: ChildRunsOptions): (request: ChildRequest) => Promise<SubmittedRun> {
  /** By idempotency key. */
  const submitted = new Map<string, Promise<SubmittedRun>>()
  return (request) => {
    const known = submitted.get(request.idempotencyKey)
    if (known) return known
    const fresh = submit(options, request)
    submitted.set(request.idempotencyKey, fresh)
    fresh.catch(() => submitted.delete(request.idempotencyKey))
    return fresh
  }
}

async function submit(
  { client, runtime, parent, findDeployment }: ChildRunsOptions,
  request: ChildRequest,
): Promise<SubmittedRun> {
  const deployment = await findDeployment(request.deployment)
  const name = `${deployment.flow}/${deployment.name}`
  // The wrapper is the node that the child hangs on; the server mirrors the child's states onto it.
  const wrapper = await must(
    'create the task run of a child',
    client.normal.POST('/task_runs/', {
      body: {
        flow_run_id: parent,
        name,
        task_key: name,
        dynamic_key: runtime.id(),
        task_inputs: {
          after: request.after.map((node) => ({ input_type: 'task_run' as const, id: node })),
        },
        state: { type: 'PENDING', name: 'Pending' },
      },
    }),
  )
  return createDeploymentRun(client, deployment.id, { ...request, parentTaskRunId: wrapper.id })
}
