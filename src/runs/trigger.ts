import type { Backend, SubmittedRun } from './backend.ts'

/**
 * Starts a run of a deployment by hand. `name` is `deployment` or `Flow Name/deployment`.
 * Throws USAGE for an unknown name, PARAMETERS_INVALID, PREFECT_UNREACHABLE.
 */
export async function triggerDeployment(
  backend: Backend,
  name: string,
  parameters: Record<string, unknown>,
  options: { createdBy?: string; idempotencyKey?: string; tags?: readonly string[] } = {},
): Promise<SubmittedRun> {
  return backend.submit({ deployment: name, parameters, ...options })
}
