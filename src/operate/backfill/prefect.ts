import { z } from 'zod'
import { type Source, sourceOptionsSchema } from '../../config/source.ts'
import { type AnyFlow, namespaceTag, type PrefectBackend } from '../../runs/index.ts'
import { must } from '../../runs/prefect/client.ts'
import { stateOf } from '../../runs/prefect/read.ts'
import { createDeploymentRun } from '../../runs/prefect/recorder.ts'
import type { BackfillEngine, BackfillRun, TargetFlow } from './engine.ts'
import { readIdempotencyKey } from './plan.ts'

export interface PrefectEngineOptions {
  readonly backend: PrefectBackend
  readonly namespace: string
  /** Address of the UI. */
  readonly uiUrl: string
  /** Whose parameters can be checked here. */
  readonly flows: readonly AnyFlow[]
  /** Of the configuration of this command, if it has one: for sources that the server does not know. */
  readonly sources: readonly Source[]
}

const pageSize = 200

/** Runs of deployments of a Prefect server, executed by its workers. */
export function prefectBackfill(options: PrefectEngineOptions): BackfillEngine {
  const { backend, namespace } = options
  const { client } = backend
  const ids = new Map<string, string>()

  type Filter = NonNullable<Parameters<typeof filtered>[0]>
  const filtered = (
    flow_runs: { tags: { operator: 'and_'; all_: string[] } } | { id: { any_: string[] } },
    offset: number,
  ) =>
    must(
      'list the runs of a backfill',
      client.once.POST('/flow_runs/filter', {
        body: { flow_runs: { operator: 'and_', ...flow_runs }, sort: 'ID_DESC', limit: pageSize, offset },
      }),
    )
  const all = async (filter: Filter): Promise<BackfillRun[]> => {
    const runs: BackfillRun[] = []
    for (let offset = 0; ; offset += pageSize) {
      const page = await filtered(filter, offset)
      for (const run of page) {
        const made = readIdempotencyKey(run.idempotency_key)
        if (!made || !run.id) continue
        runs.push({
          id: run.id,
          name: run.name ?? '',
          state: stateOf(run.state),
          startedAt: run.start_time ? new Date(run.start_time) : null,
          endedAt: run.end_time ? new Date(run.end_time) : null,
          ...made,
        })
      }
      if (page.length < pageSize) return runs
    }
  }

  /** Deployments of ours with a source of their own: what the workers harvest it with. */
  const registered = async (flowId: string): Promise<{ source: Source; deployment: string }[]> => {
    const found: { source: Source; deployment: string }[] = []
    for (let offset = 0; ; offset += pageSize) {
      const page = await must(
        'list the deployments',
        client.normal.POST('/deployments/filter', {
          body: {
            deployments: { operator: 'and_', tags: { operator: 'and_', all_: [namespaceTag(namespace)] } },
            limit: pageSize,
            offset,
            sort: 'NAME_ASC',
          },
        }),
      )
      for (const { id, name, flow_id, parameters } of page) {
        const source = sourceOptionsSchema.safeParse(parameters?.source_options)
        if (flow_id !== flowId || !source.success) continue
        ids.set(name, id)
        found.push({ source: source.data, deployment: name })
      }
      if (page.length < pageSize) return found
    }
  }

  return {
    async target(name) {
      const deployment = await backend.findDeployment(name)
      const { flow_id, parameters, parameter_openapi_schema } = await must(
        'read a deployment',
        client.normal.GET('/deployments/{id}', { params: { path: { id: deployment.id } } }),
      )
      const known = await registered(flow_id)
      ids.set(deployment.name, deployment.id)
      const configured = options.sources
        .filter(({ url }) => !known.some(({ source }) => source.url === url))
        .map((source) => ({ source, deployment: null }))
      return {
        deployment: deployment.name,
        flow:
          options.flows.find((flow) => flow.name === deployment.flow) ??
          foreignFlow(deployment.flow, parameter_openapi_schema),
        parameters: parameters ?? {},
        sources: [...known, ...configured],
        namespace,
      }
    },
    // Its deployments were asked for already.
    async open() {},
    known: (tag) => all({ tags: { operator: 'and_', all_: [tag] } }),
    async submit(item, { idempotencyKey, tag, signal }) {
      return createDeploymentRun(client, ids.get(item.deployment)!, {
        parameters: { ...item.parameters },
        tags: [tag],
        idempotencyKey,
        signal,
        ...(item.runName !== null && { name: item.runName }),
      })
    },
    async read(wanted) {
      const found: BackfillRun[] = []
      for (let at = 0; at < wanted.length; at += pageSize)
        found.push(...(await all({ id: { any_: wanted.slice(at, at + pageSize) } })))
      return found
    },
    async attend() {},
    // The two user interfaces of Prefect 3 name the filter differently.
    link: (tag) => `${options.uiUrl}/runs?tag=${encodeURIComponent(tag)}&tags=${encodeURIComponent(tag)}`,
    leftRunning: 'elsewhere',
    close: () => backend.close(),
  }
}

/** A flow of somebody else's, by the schema that was registered with its deployment. */
export function foreignFlow(
  name: string,
  schema: Record<string, unknown> | null | undefined,
): TargetFlow | null {
  try {
    // Prefect's Python client writes draft 7, with its references in `definitions`.
    const parameters = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0], {
      defaultTarget: 'draft-7',
    })
    return parameters instanceof z.ZodObject && Object.keys(parameters.shape).length > 0
      ? { name, parameters, runName: null }
      : null
  } catch {
    return null // what cannot be read here is checked by the server alone
  }
}
