import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { HarvesterError } from '../../errors.ts'
import { checkName } from '../define.ts'
import type { DeploymentSpec } from '../deployment-spec.ts'
import type { PrefectBackend } from './backend.ts'
import { must, orNull, refused, type Schemas } from './client.ts'

/** The type of our work pools: a custom one, so that no Python worker takes our runs. */
export const poolType = 'erddap-harvester'

export interface PoolSpec {
  readonly name: string
  /** Runs at once in the whole pool; null leaves the limit to the UI. */
  readonly concurrencyLimit: number | null
  readonly description?: string
}

export interface Registration {
  readonly namespace: string
  readonly pools: readonly PoolSpec[]
  readonly deployments: readonly DeploymentSpec[]
  /** Task runs at once by tag, over all workers; set only where the server has none. */
  readonly tagLimits?: Readonly<Record<string, number>>
  /** Deletes the deployments that vanished instead of pausing them. @default false */
  readonly prune?: boolean
  /** Only some of the deployments are given: the others have not vanished. @default false */
  readonly partial?: boolean
}

export interface RegistrationReport {
  readonly created: string[]
  readonly updated: string[]
  readonly unchanged: string[]
  readonly paused: string[]
  readonly deleted: string[]
}

/** The tag by which our deployments are known on a server that others use as well. */
export function namespaceTag(namespace: string): string {
  return `erddap-harvester:${namespace}`
}

/** Marks what was paused because it vanished, so that its return is not taken for a pause made by a person. */
export const vanishedTag = 'erddap-harvester-vanished'

const scheduleSlug = 'cron'
const parametersLimitBytes = 524_288

/**
 * Makes the server's pools, limits, flows and deployments equal to what is declared. May run in several processes
 * at once. What is unchanged is not touched, since every update deletes the runs that are scheduled, due ones too.
 * Throws PREFECT_REFUSED for a pool of another type, CONFIG_INVALID for specifications that cannot work.
 */
export async function registerDeployments(
  backend: PrefectBackend,
  registration: Registration,
): Promise<RegistrationReport> {
  checkSpecs(registration)
  for (const pool of registration.pools) await ensurePool(backend, pool)
  for (const [tag, limit] of Object.entries(registration.tagLimits ?? {}))
    await ensureTagLimit(backend, tag, limit)
  await ensureZombieRule(backend, registration.namespace)
  const report: RegistrationReport = { created: [], updated: [], unchanged: [], paused: [], deleted: [] }
  const tag = namespaceTag(registration.namespace)
  for (const spec of registration.deployments) {
    const what = await ensureDeployment(backend, spec, tag)
    report[what].push(spec.name)
  }
  if (!registration.partial) await retireVanished(backend, registration, tag, report)
  return report
}

/** The JSON schema of a flow's parameters, as the run form of the UI draws it. */
export function parameterSchema(flow: DeploymentSpec['flow']): Record<string, unknown> {
  const { $schema: _, ...schema } = z.toJSONSchema(flow.parameters, {
    io: 'input',
    unrepresentable: 'any',
  }) as {
    $schema?: string
    properties?: Record<string, Record<string, unknown>>
  }
  const properties = Object.fromEntries(
    Object.entries(schema.properties ?? {}).map(([name, property], position) => [
      name,
      { title: name, ...property, position },
    ]),
  )
  return { ...schema, title: 'Parameters', type: 'object', properties }
}

function checkSpecs({ deployments, pools }: Registration): void {
  const seen = new Set<string>()
  for (const spec of deployments) {
    checkName('deployment', spec.name)
    if (seen.has(spec.name))
      throw new HarvesterError('CONFIG_INVALID', `Two deployments are named "${spec.name}"`)
    seen.add(spec.name)
    const bytes = Buffer.byteLength(JSON.stringify(spec.parameters))
    if (bytes > parametersLimitBytes)
      throw new HarvesterError('CONFIG_INVALID', `The parameters of ${spec.name} have ${bytes} bytes`, {
        remedy: `Prefect takes at most ${parametersLimitBytes}: split the source.`,
      })
  }
  for (const pool of pools) {
    checkName('work pool', pool.name)
    const inPool = deployments.filter((spec) => spec.workPool === pool.name)
    const parent = inPool.find((spec) => spec.startsChildren)
    const child = inPool.find((spec) => !spec.startsChildren)
    if (pool.concurrencyLimit !== null && parent && child)
      throw new HarvesterError(
        'CONFIG_INVALID',
        `${parent.name} waits for runs as those of ${child.name}, and both are in the pool ${pool.name}, which is limited to ${pool.concurrencyLimit}`,
        {
          remedy:
            'Put them into two pools (HARVEST_POOL, MAINTENANCE_POOL), or lift the limit: they could wait for ever.',
        },
      )
  }
}

/** Creates the pool if it is missing. Throws PREFECT_REFUSED when one of another type has the name. */
export async function ensurePool({ client }: PrefectBackend, pool: PoolSpec): Promise<void> {
  const read = () =>
    orNull(
      'read a work pool',
      client.normal.GET('/work_pools/{name}', { params: { path: { name: pool.name } } }),
    )
  let known = await read()
  if (!known) {
    const { error, response } = await client.normal.POST('/work_pools/', {
      body: {
        name: pool.name,
        type: poolType,
        description: pool.description ?? 'Runs in the process of `harvester worker`.',
        base_job_template: {},
        concurrency_limit: pool.concurrencyLimit,
      },
    })
    if (!response.ok && response.status !== 409)
      throw refused(`create the work pool ${pool.name}`, response.status, error)
    known = await read()
  }
  checkPoolType(pool.name, known?.type)
  if (pool.concurrencyLimit !== null && known?.concurrency_limit !== pool.concurrencyLimit)
    await must(
      `limit the work pool ${pool.name}`,
      client.normal.PATCH('/work_pools/{name}', {
        params: { path: { name: pool.name } },
        body: { concurrency_limit: pool.concurrencyLimit },
      }),
    )
}

export function checkPoolType(name: string, type: string | undefined): void {
  if (type !== undefined && type !== poolType)
    throw new HarvesterError(
      'PREFECT_REFUSED',
      `The work pool "${name}" has the type ${type}, not ${poolType}`,
      {
        remedy: 'Name other pools with HARVEST_POOL and MAINTENANCE_POOL, or delete that one in the UI.',
      },
    )
}

async function ensureTagLimit({ client }: PrefectBackend, tag: string, limit: number): Promise<void> {
  const known = await orNull(
    'read a limit',
    client.normal.GET('/v2/concurrency_limits/{id_or_name}', {
      params: { path: { id_or_name: `tag:${tag}` } },
    }),
  )
  if (known) return // an operator may have changed it
  const { error, response } = await client.normal.POST('/concurrency_limits/', {
    body: { tag, concurrency_limit: limit },
  })
  if (!response.ok && response.status !== 409) throw refused(`limit the tag ${tag}`, response.status, error)
}

/** Runs of ours whose heartbeats stop for 10 minutes are Crashed by the server, should no worker be there to do it. */
async function ensureZombieRule({ client }: PrefectBackend, namespace: string): Promise<void> {
  const name = `erddap-harvester-crash-silent-runs-${namespace}`
  const known = await must(
    'read automations',
    client.normal.POST('/automations/filter', {
      body: { automations: { name: { any_: [name] } }, limit: 1, offset: 0 },
    }),
  )
  if (known.length > 0) return
  await must(
    'create an automation',
    client.normal.POST('/automations/', {
      body: {
        name,
        description: 'Settles runs of the harvester that went silent.',
        enabled: true,
        trigger: {
          type: 'event',
          posture: 'Proactive',
          after: ['prefect.flow-run.heartbeat'],
          expect: [
            'prefect.flow-run.heartbeat',
            'prefect.flow-run.Completed',
            'prefect.flow-run.Failed',
            'prefect.flow-run.TimedOut',
            'prefect.flow-run.Cancelled',
            'prefect.flow-run.Crashed',
            'prefect.flow-run.Scheduled',
          ],
          match: { 'prefect.resource.id': 'prefect.flow-run.*' },
          match_related: {
            'prefect.resource.role': 'tag',
            'prefect.resource.id': `prefect.tag.${namespaceTag(namespace)}`,
          },
          for_each: ['prefect.resource.id'],
          threshold: 1,
          // The document says ISO 8601, yet the server fails on it: it wants seconds.
          within: 600 as unknown as string,
        },
        actions: [
          { type: 'change-flow-run-state', state: 'CRASHED', message: 'No sign of life for 10 minutes' },
        ],
      },
    }),
  )
}

async function ensureDeployment(
  backend: PrefectBackend,
  spec: DeploymentSpec,
  tag: string,
): Promise<'created' | 'updated' | 'unchanged'> {
  const { client } = backend
  const flowId = await backend.flowId(spec.flow.name)
  const known = await orNull(
    'read a deployment',
    client.normal.GET('/deployments/name/{flow_name}/{deployment_name}', {
      params: { path: { flow_name: spec.flow.name, deployment_name: spec.name } },
    }),
  )
  const wanted = deploymentBody(spec, flowId, tag, known)
  if (known && sameDeployment(known, wanted)) return 'unchanged'
  await must(`register the deployment ${spec.name}`, client.normal.POST('/deployments/', { body: wanted }))
  return known ? 'updated' : 'created'
}

/** What to send; a pause that a person made (of the deployment or of its schedule) is sent back as it was found. */
export function deploymentBody(
  spec: DeploymentSpec,
  flowId: string,
  tag: string,
  known: Schemas['DeploymentResponse'] | null,
): Schemas['DeploymentCreate'] & { paused: boolean } {
  const before = known?.schedules?.find((schedule) => schedule.slug === scheduleSlug)
  const returns = known?.tags?.includes(vanishedTag) ?? false
  return {
    name: spec.name,
    flow_id: flowId,
    work_pool_name: spec.workPool,
    entrypoint: `erddap-harvester:${spec.flow.name}`,
    version: spec.version,
    description: spec.description,
    tags: [...new Set([tag, ...spec.tags])],
    pull_steps: [],
    job_variables: {},
    parameters: spec.parameters,
    enforce_parameter_schema: true,
    parameter_openapi_schema: parameterSchema(spec.flow),
    paused: returns ? false : (known?.paused ?? false),
    schedules:
      spec.schedule === null
        ? []
        : [
            {
              slug: scheduleSlug,
              active: returns ? true : (before?.active ?? true),
              schedule: { cron: spec.schedule.cron, timezone: spec.schedule.timezone, day_or: true },
              parameters: {},
            },
          ],
    concurrency_limit: spec.concurrencyLimit,
    ...(spec.concurrencyLimit === null
      ? {}
      : { concurrency_options: { collision_strategy: spec.collisionStrategy ?? ('ENQUEUE' as const) } }),
  }
}

function sameDeployment(
  known: Schemas['DeploymentResponse'],
  wanted: ReturnType<typeof deploymentBody>,
): boolean {
  const schedules = (
    list: readonly { slug?: string | null; active?: boolean; schedule: unknown }[] | undefined,
  ) =>
    (list ?? []).map((item) => {
      const { cron, timezone } = item.schedule as { cron?: string; timezone?: string }
      return { slug: item.slug ?? null, active: item.active ?? true, cron, timezone }
    })
  const limit = known.global_concurrency_limit as { limit?: number } | null | undefined
  return (
    known.work_pool_name === wanted.work_pool_name &&
    known.entrypoint === wanted.entrypoint &&
    known.version === wanted.version &&
    known.description === wanted.description &&
    known.paused === wanted.paused &&
    (limit?.limit ?? null) === (wanted.concurrency_limit ?? null) &&
    (known.concurrency_options?.collision_strategy ?? 'ENQUEUE') ===
      (wanted.concurrency_options?.collision_strategy ?? 'ENQUEUE') &&
    isDeepStrictEqual([...(known.tags ?? [])].sort(), [...(wanted.tags ?? [])].sort()) &&
    isDeepStrictEqual(known.parameters ?? {}, plain(wanted.parameters)) &&
    isDeepStrictEqual(known.parameter_openapi_schema ?? {}, plain(wanted.parameter_openapi_schema)) &&
    isDeepStrictEqual(schedules(known.schedules), schedules(wanted.schedules))
  )
}

/** As it comes back from JSON. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value ?? {}))
}

async function retireVanished(
  { client }: PrefectBackend,
  registration: Registration,
  tag: string,
  report: RegistrationReport,
): Promise<void> {
  const declared = new Set(registration.deployments.map((spec) => spec.name))
  const ours: Schemas['DeploymentResponse'][] = []
  for (let offset = 0; ; offset += 200) {
    const page = await must(
      'list deployments',
      client.normal.POST('/deployments/filter', {
        body: {
          deployments: { operator: 'and_', tags: { operator: 'and_', all_: [tag] } },
          limit: 200,
          offset,
          sort: 'NAME_ASC',
        },
      }),
    )
    ours.push(...page)
    if (page.length < 200) break
  }
  for (const deployment of ours) {
    if (declared.has(deployment.name)) continue
    const params = { path: { id: deployment.id } }
    if (registration.prune) {
      await orNull('delete a deployment', client.normal.DELETE('/deployments/{id}', { params }))
      report.deleted.push(deployment.name)
    } else if (!deployment.paused) {
      // What a person has paused stays their pause: it is not marked.
      await must(
        'pause a deployment',
        client.normal.PATCH('/deployments/{id}', {
          params,
          body: { paused: true, tags: [...new Set([...(deployment.tags ?? []), vanishedTag])] },
        }),
      )
      report.paused.push(deployment.name)
    }
  }
}
