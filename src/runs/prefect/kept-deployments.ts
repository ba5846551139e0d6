/** Our deployments on a Prefect server: what they are, and when they run. */
import type { KeptDeployment, KeptSchedule } from '../orchestrator.ts'
import { allPages } from './all-pages.ts'
import type { PrefectBackend } from './backend.ts'
import { must, type Schemas } from './client.ts'
import { namespaceTag } from './namespace.ts'

export function ourDeployments(
  { client }: Pick<PrefectBackend, 'client'>,
  namespace: string,
): Promise<Schemas['DeploymentResponse'][]> {
  return allPages((page) =>
    must(
      'list deployments',
      client.normal.POST('/deployments/filter', {
        body: {
          deployments: { operator: 'and_', tags: { operator: 'and_', all_: [namespaceTag(namespace)] } },
          sort: 'NAME_ASC',
          ...page,
        },
      }),
    ),
  )
}

export async function keptDeployment(
  backend: Pick<PrefectBackend, 'flowName'>,
  deployment: Schemas['DeploymentResponse'],
): Promise<KeptDeployment> {
  return {
    name: deployment.name,
    flow: await backend.flowName(deployment.flow_id),
    parameters: deployment.parameters ?? {},
    schema: deployment.parameter_openapi_schema ?? null,
  }
}

const begun = ['RUNNING', 'COMPLETED', 'FAILED', 'CRASHED', 'CANCELLED'] as const

export async function listSchedules(backend: PrefectBackend, namespace: string): Promise<KeptSchedule[]> {
  const { client } = backend
  const oneRun = async (
    deploymentId: string,
    sort: 'EXPECTED_START_TIME_ASC' | 'START_TIME_DESC',
    types: readonly ('SCHEDULED' | (typeof begun)[number])[],
  ): Promise<Schemas['FlowRunResponse'] | undefined> => {
    const runs = await must(
      'list the runs of a deployment',
      client.once.POST('/flow_runs/filter', {
        body: {
          flow_runs: {
            operator: 'and_',
            deployment_id: { operator: 'and_', any_: [deploymentId] },
            state: { operator: 'and_', type: { any_: [...types] } },
          },
          sort,
          limit: 1,
          offset: 0,
        },
      }),
    )
    return runs[0]
  }
  const found = await ourDeployments(backend, namespace)
  return Promise.all(
    found.map(async (deployment): Promise<KeptSchedule> => {
      const [next, last, flow] = await Promise.all([
        oneRun(deployment.id, 'EXPECTED_START_TIME_ASC', ['SCHEDULED']),
        oneRun(deployment.id, 'START_TIME_DESC', begun),
        backend.flowName(deployment.flow_id),
      ])
      const active = deployment.schedules?.find((schedule) => schedule.active)
      const cron = active && 'cron' in active.schedule ? active.schedule : null
      return {
        name: deployment.name,
        flow,
        cron: cron?.cron ?? null,
        timezone: cron?.timezone ?? 'UTC',
        paused: deployment.paused ?? false,
        nextRunAt: next?.expected_start_time ? new Date(next.expected_start_time) : null,
        lastRun: last
          ? {
              runId: last.id,
              startedAt: last.start_time ? new Date(last.start_time) : null,
              state: last.state?.name ?? '',
            }
          : null,
      }
    }),
  )
}
