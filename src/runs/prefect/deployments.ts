import { isDeepStrictEqual } from 'node:util'
import { HarvesterError } from '../../errors.ts'
import { checkName } from '../define.ts'
import type { DeploymentSpec, PoolSpec } from '../deployment-spec.ts'
import {
  checkParents,
  declaredLimits,
  deploymentLimitName,
  type Limit,
  type LimitChange,
  queueOf,
  showLimit,
} from '../limits.ts'
import { ensureSilentRule } from './automations.ts'
import type { PrefectBackend } from './backend.ts'
import { must, orNull, type Schemas } from './client.ts'
import { ourDeployments } from './kept-deployments.ts'
import { declaredLimitLabel, limitInForce, syncLimits } from './limits.ts'
import { namespaceOf, namespaceTag } from './namespace.ts'
import { parameterSchema } from './parameter-schema.ts'

export interface Registration {
  readonly namespace: string
  readonly pools: readonly PoolSpec[]
  readonly deployments: readonly DeploymentSpec[]
  /** Task runs at once by tag, over all workers; null: known, and not limited. */
  readonly tagLimits?: Readonly<Record<string, Limit>>
  /**
   * What becomes of limits that differ from the declared ones. `keep`: somebody set them, they stay, and only what is
   * missing is created. `reset`: they become what is declared. @default 'keep'
   */
  readonly limits?: 'keep' | 'reset'
  /** Deletes the deployments that vanished instead of pausing them. @default false */
  readonly prune?: boolean
  /** Writes deployments that another namespace registered. @default false: that is an error */
  readonly takeOver?: boolean
  /** Only some of the deployments are given: the others have not vanished. @default false */
  readonly partial?: boolean
}

export interface RegistrationReport {
  readonly created: string[]
  readonly updated: string[]
  readonly unchanged: string[]
  readonly paused: string[]
  readonly deleted: string[]
  /** Limits that were created or changed. */
  readonly limits: LimitChange[]
  /** Limits that were left as somebody set them; `to` is what is declared. */
  readonly otherLimits: LimitChange[]
}

/** Marks what was paused because it vanished, so that its return is not taken for a pause made by a person. */
const vanishedTag = 'erddap-harvester-vanished'

const scheduleSlug = 'cron'
const parametersLimitBytes = 524_288

/**
 * Makes the server's pools, limits, flows and deployments equal to what is declared. May run in several processes
 * at once. What is unchanged is not touched, since every update deletes the runs that are scheduled, due ones too.
 * Throws PREFECT_REFUSED for a pool of another type, CONFIG_INVALID for specifications that cannot work and for
 * deployments of another namespace, before anything is written.
 */
export async function registerDeployments(
  backend: PrefectBackend,
  registration: Registration,
): Promise<RegistrationReport> {
  checkSpecs(registration)
  const known = await readDeployments(backend, registration)
  const mode = registration.limits ?? 'keep'
  const limits = await syncLimits(
    backend,
    { ...registration, tagLimits: registration.tagLimits ?? {} },
    // Where only some deployments are meant, the limits of everything else stay.
    registration.partial ? 'keep' : mode,
  )
  await ensureSilentRule(backend, registration.namespace)
  const report: RegistrationReport = {
    created: [],
    updated: [],
    unchanged: [],
    paused: [],
    deleted: [],
    limits: limits.changed,
    otherLimits: limits.kept,
  }
  const tag = namespaceTag(registration.namespace)
  for (const spec of registration.deployments) {
    const { what, before, limit } = await ensureDeployment(
      backend,
      spec,
      known.get(spec.name) ?? null,
      tag,
      mode,
    )
    report[what].push(spec.name)
    const name = deploymentLimitName(spec.name)
    if (what === 'updated' && before !== limit) report.limits.push({ name, from: before, to: limit })
    if (limit !== spec.concurrencyLimit)
      report.otherLimits.push({ name, from: limit, to: spec.concurrencyLimit })
  }
  if (!registration.partial) await retireVanished(backend, registration, report)
  return report
}

/** The declared deployments as the server has them. Throws CONFIG_INVALID where another site's would be written. */
async function readDeployments(
  backend: PrefectBackend,
  { deployments, namespace, takeOver }: Registration,
): Promise<Map<string, Schemas['DeploymentResponse']>> {
  const known = new Map<string, Schemas['DeploymentResponse']>()
  for (const spec of deployments) {
    const found = await orNull(
      'read a deployment',
      backend.client.normal.GET('/deployments/name/{flow_name}/{deployment_name}', {
        params: { path: { flow_name: spec.flow.name, deployment_name: spec.name } },
      }),
    )
    if (!found) continue
    known.set(spec.name, found)
    const owner = namespaceOf(found.tags)
    if (owner !== null && owner !== namespace && !takeOver)
      throw new HarvesterError(
        'CONFIG_INVALID',
        `The deployment ${spec.name} belongs to the namespace ${owner}; this is ${namespace}`,
        {
          remedy:
            'Set a HARVESTER_NAMESPACE of its own for each site of this Prefect server; `harvester deploy --all --take-over` makes the deployment ours.',
        },
      )
  }
  return known
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
    for (const queue of pool.queues ?? []) checkName('work queue', queue.name)
  }
  checkParents(deployments, declaredLimits({ deployments, pools, tagLimits: {} }))
}

async function ensureDeployment(
  backend: PrefectBackend,
  spec: DeploymentSpec,
  known: Schemas['DeploymentResponse'] | null,
  tag: string,
  mode: 'keep' | 'reset',
): Promise<{ what: 'created' | 'updated' | 'unchanged'; before: Limit; limit: Limit }> {
  const { client } = backend
  const flowId = await backend.flowId(spec.flow.name)
  const wanted = deploymentBody(spec, flowId, tag, known, mode)
  const limits = { before: limitInForce(known), limit: wanted.concurrency_limit ?? null }
  if (known && sameDeployment(known, wanted)) return { what: 'unchanged', ...limits }
  await must(`register the deployment ${spec.name}`, client.normal.POST('/deployments/', { body: wanted }))
  return { what: known ? 'updated' : 'created', ...limits }
}

/** The declared limit, unless somebody set another since it was declared. */
function limitToSend(
  spec: DeploymentSpec,
  known: Schemas['DeploymentResponse'] | null,
  mode: 'keep' | 'reset',
): Limit {
  const lastDeclared = known?.labels?.[declaredLimitLabel]
  return mode === 'keep' && lastDeclared === showLimit(spec.concurrencyLimit)
    ? limitInForce(known)
    : spec.concurrencyLimit
}

/** What to send; a pause that a person made (of the deployment or of its schedule) is sent back as it was found. */
export function deploymentBody(
  spec: DeploymentSpec,
  flowId: string,
  tag: string,
  known: Schemas['DeploymentResponse'] | null,
  mode: 'keep' | 'reset' = 'keep',
): Schemas['DeploymentCreate'] & { paused: boolean } {
  const before = known?.schedules?.find((schedule) => schedule.slug === scheduleSlug)
  const returns = known?.tags?.includes(vanishedTag) ?? false
  const limit = limitToSend(spec, known, mode)
  return {
    name: spec.name,
    flow_id: flowId,
    work_pool_name: spec.workPool,
    work_queue_name: queueOf(spec),
    labels: { [declaredLimitLabel]: showLimit(spec.concurrencyLimit) },
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
    schedules: [
      ...(spec.schedule === null
        ? []
        : [
            {
              slug: scheduleSlug,
              active: returns ? true : (before?.active ?? true),
              schedule: { cron: spec.schedule.cron, timezone: spec.schedule.timezone, day_or: true },
              parameters: {},
            },
          ]),
      // The list is replaced whole: what a person added is sent back as it was found.
      ...(known?.schedules ?? []).filter(({ slug }) => slug !== scheduleSlug).map(scheduleToSend),
    ],
    concurrency_limit: limit,
    ...(limit === null
      ? {}
      : { concurrency_options: { collision_strategy: spec.collisionStrategy ?? ('ENQUEUE' as const) } }),
  }
}

function scheduleToSend({
  slug,
  active,
  schedule,
  parameters,
  max_scheduled_runs: most,
}: Schemas['DeploymentSchedule']): Schemas['DeploymentScheduleCreate'] {
  return {
    ...(slug ? { slug } : {}),
    active: active ?? true,
    // Numbers of seconds are taken as they were given.
    schedule: schedule as Schemas['DeploymentScheduleCreate']['schedule'],
    parameters: parameters ?? {},
    ...(most ? { max_scheduled_runs: most } : {}),
  }
}

function sameDeployment(
  known: Schemas['DeploymentResponse'],
  wanted: ReturnType<typeof deploymentBody>,
): boolean {
  const schedules = (
    list: readonly { slug?: string | null; active?: boolean; schedule: unknown }[] | undefined,
  ) =>
    (list ?? [])
      .map((item) => {
        const { cron, timezone } = item.schedule as { cron?: string; timezone?: string }
        return JSON.stringify([item.slug ?? null, item.active ?? true, cron, timezone])
      })
      .sort()
  return (
    known.work_pool_name === wanted.work_pool_name &&
    known.work_queue_name === wanted.work_queue_name &&
    known.labels?.[declaredLimitLabel] === wanted.labels?.[declaredLimitLabel] &&
    known.entrypoint === wanted.entrypoint &&
    known.version === wanted.version &&
    known.description === wanted.description &&
    known.paused === wanted.paused &&
    limitInForce(known) === (wanted.concurrency_limit ?? null) &&
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
  report: RegistrationReport,
): Promise<void> {
  const declared = new Set(registration.deployments.map((spec) => spec.name))
  const ours = await ourDeployments({ client }, registration.namespace)
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
