import { describeError, isHarvesterError } from '../../errors.ts'
import { describeLimitChange, showLimit } from '../limits.ts'
import type { RunOnDeploy } from '../orchestrator-kind.ts'
import type { Runtime } from '../runtime.ts'
import type { PrefectBackend } from './backend.ts'
import { orNull, serverVersion } from './client.ts'
import { type Registration, type RegistrationReport, registerDeployments } from './deployments.ts'
import { checkPoolType } from './pools.ts'
import type { OnProblem } from './telemetry.ts'

/** What a worker does before it polls. */
export interface Startup {
  readonly backend: PrefectBackend
  readonly runtime: Runtime
  /** Aborted: gives up waiting. */
  readonly signal: AbortSignal
  readonly onProblem: OnProblem
  readonly onInfo: OnProblem
}

/**
 * Waits until the server answers, and gives its version. A server may start after its workers; one that refuses
 * (login, address, version) will not change its mind, so that throws PREFECT_REFUSED at once.
 */
export async function waitForServer({ backend, runtime, signal, onProblem }: Startup): Promise<string> {
  for (let failures = 0; ; failures++) {
    try {
      return await serverVersion(backend.client)
    } catch (error) {
      const status = isHarvesterError(error) ? error.facts.status : undefined
      const comesUp =
        isHarvesterError(error, 'PREFECT_UNREACHABLE') || (typeof status === 'number' && status >= 500)
      if (!comesUp) throw error
      if (failures < 3 || failures % 10 === 0)
        onProblem('Waiting for the Prefect server', { error: describeError(error) })
      await runtime.sleep(Math.min(500 * 2 ** Math.min(failures, 6), 15_000), signal)
    }
  }
}

/** Registers, then enqueues the run of this deploy; a failure of the latter is loud and stops nothing. */
export async function register(
  { backend, onProblem, onInfo }: Startup,
  registration: Registration,
  runOnDeploy: RunOnDeploy | null,
): Promise<RegistrationReport> {
  const report = await registerDeployments(backend, registration)
  onInfo('Deployments registered', {
    created: report.created.length,
    updated: report.updated.length,
    unchanged: report.unchanged.length,
    paused: report.paused.join(', ') || undefined,
    limits: report.limits.map(describeLimitChange).join(', ') || undefined,
  })
  for (const { name, from, to } of report.otherLimits)
    onInfo('A limit is not the declared one: somebody set it, and it stays until `harvester deploy --all`', {
      limit: name,
      inForce: showLimit(from ?? null),
      declared: showLimit(to),
    })
  if (runOnDeploy === null) return report
  const { deployment, key, parameters } = runOnDeploy
  try {
    const run = await backend.submit({
      deployment,
      parameters,
      idempotencyKey: `run-on-deploy:${registration.namespace}:${key}`,
    })
    onInfo(run.created ? 'Run of this deploy enqueued' : 'This deploy has its run already', {
      deployment,
      run: run.name,
      flowRunId: run.id,
    })
  } catch (error) {
    onProblem('RUN_ON_DEPLOY: the run of this deploy could NOT be enqueued; start it by hand', {
      deployment,
      error: describeError(error),
    })
  }
  return report
}

/** Waits for pools that another worker registers. Throws PREFECT_REFUSED for one of another type. */
export async function waitForPools(
  { backend, runtime, signal, onProblem }: Startup,
  pools: readonly string[],
): Promise<void> {
  for (const name of pools) {
    for (let round = 0; ; round++) {
      const found = await orNull(
        'read a work pool',
        backend.client.normal.GET('/work_pools/{name}', { params: { path: { name } } }),
      )
      if (found) {
        checkPoolType(name, found.type)
        break
      }
      if (round % 10 === 0) onProblem('Waiting for a work pool that another worker registers', { pool: name })
      await runtime.sleep(3000, signal)
    }
  }
}
