import { inNamespace } from '../../config/namespace.ts'
import { HarvesterError } from '../../errors.ts'
import type { Backend, RunRecorder } from '../backend.ts'
import type { KeptRun } from '../orchestrator.ts'
import { checkParameterNames } from '../parameters.ts'
import { splitDeploymentName } from '../registry.ts'
import { type Runtime, systemRuntime } from '../runtime.ts'
import { must, orNull, type PrefectClient, prefectClient, type Schemas } from './client.ts'
import { createDeploymentRun } from './create-run.ts'
import { namespaceOf } from './namespace.ts'
import { flowRunOf, readRun, type WireRun } from './read.ts'
import { prefectRecorder } from './recorder.ts'
import { setState } from './set-state.ts'
import type { PrefectSettings } from './settings.ts'
import { type OnProblem, prefectTelemetry } from './telemetry.ts'
import type { TransportOptions } from './transport.ts'

export interface PrefectBackendOptions {
  readonly settings: PrefectSettings
  /** Tells ours from others of the same name, where only the name of a deployment is given. */
  readonly namespaceTag?: string
  readonly runtime?: Runtime
  /** Seconds between two signs of life of a run. @default 30 */
  readonly heartbeatSeconds?: number
  readonly transport?: Omit<TransportOptions, 'runtime' | 'onRetry'>
  readonly onProblem?: OnProblem
  /** Tags that should have a limit on the server: it is said once where one has none. */
  readonly limitedTags?: readonly string[]
}

export interface FoundDeployment {
  readonly id: string
  readonly name: string
  readonly flow: string
  /** Names of its parameters; null where its schema says nothing of them. */
  readonly parameters: readonly string[] | null
}

export interface PrefectBackend extends Backend {
  readonly client: PrefectClient
  /** Records a run that was claimed. */
  recorder(
    run: WireRun,
    more: {
      leaseId: string | null
      policy: Schemas['FlowRunPolicy'] | null
      /** The worker that claimed it. */
      claimedBy: string | null
      /** Id of its instance. */
      instance?: string
      /** What its end is told with. */
      endId?: string
    },
  ): Promise<RunRecorder>
  flowName(flowId: string): Promise<string>
  /** A run with the names of its flow and deployment. */
  factsOf(run: WireRun): Promise<KeptRun>
  readRun(id: string): Promise<KeptRun | null>
  flowId(name: string): Promise<string>
  /** Throws USAGE when there is none, or several and no way to choose. */
  findDeployment(name: string): Promise<FoundDeployment>
}

/** What was asked of a server, and is remembered. */
interface Known {
  readonly client: PrefectClient
  readonly namespaceTag: string | null
  /** Promises: the runs of one answer ask at once. */
  readonly flowNames: Map<string, Promise<string>>
  readonly deploymentNames: Map<string, Promise<string | null>>
  readonly flowIds: Map<string, string>
  /** Tags that should have a limit, and of which nothing was said yet. */
  readonly unlimited: Set<string>
  readonly onProblem: OnProblem
}

/** Records runs on a Prefect server, and starts runs of its deployments. */
export function createPrefectBackend(options: PrefectBackendOptions): PrefectBackend {
  const runtime = options.runtime ?? systemRuntime
  const onProblem = options.onProblem ?? (() => {})
  const client = prefectClient(options.settings, {
    ...options.transport,
    runtime,
    onRetry: (facts, text) => onProblem(text, facts),
  })
  const telemetry = prefectTelemetry(client, runtime, onProblem)
  const known: Known = {
    client,
    namespaceTag: options.namespaceTag ?? null,
    flowNames: new Map(),
    deploymentNames: new Map(),
    flowIds: new Map(),
    unlimited: new Set(options.limitedTags),
    onProblem,
  }
  const backend: PrefectBackend = {
    client,
    flowName: (id) => flowName(known, id),
    factsOf: (run) => factsOf(known, run),
    flowId: (name) => flowId(known, name),
    findDeployment: (name) => findDeployment(known, name),
    async submit(request) {
      const deployment = await findDeployment(known, request.deployment)
      checkParameterNames(deployment.name, deployment.parameters, request.parameters)
      return createDeploymentRun(client, deployment.id, request)
    },
    async readRun(id) {
      const run = await readRun(client.once, id)
      return run && factsOf(known, run)
    },
    async cancelRun(id) {
      await setState(client, id, { type: 'CANCELLING', name: 'Cancelling' }, { patience: 'normal' })
    },
    async openRun(request) {
      const run = await createRun(known, request)
      return backend.recorder(run, { leaseId: null, policy: null, claimedBy: null })
    },
    async recorder(run, { leaseId, policy, claimedBy, instance, endId }) {
      return prefectRecorder({
        client,
        runtime,
        run: await factsOf(known, run),
        flowId: run.flow_id,
        policy,
        leaseId,
        claimedBy,
        ...(instance !== undefined && { instance }),
        ...(endId !== undefined && { endId }),
        telemetry,
        findDeployment: backend.findDeployment,
        onUnlimited: (tags) => void tellUnlimited(known, tags).catch(() => {}),
        ...(options.heartbeatSeconds !== undefined && { heartbeatSeconds: options.heartbeatSeconds }),
        onProblem,
      })
    },
    async close() {
      await telemetry.flush(5000)
      await client.close()
    },
  }
  return backend
}

async function tellUnlimited(
  { client, unlimited, onProblem }: Known,
  tags: readonly string[],
): Promise<void> {
  for (const tag of tags.filter((name) => unlimited.delete(name))) {
    // One that was switched off is there, and meant so.
    const { response } = await client.once.GET('/v2/concurrency_limits/{id_or_name}', {
      params: { path: { id_or_name: `tag:${tag}` } },
    })
    if (response.status === 404)
      onProblem(
        'The server has no limit for a tag, so that its tasks are not limited: `harvester deploy --all` makes it',
        { tag },
      )
  }
}

function flowName({ client, flowNames }: Known, flowId: string): Promise<string> {
  return remembered(flowNames, flowId, async () => {
    const params = { path: { id: flowId } }
    return (await must('read a flow', client.normal.GET('/flows/{id}', { params }))).name
  })
}

async function flowId({ client, flowIds, flowNames }: Known, name: string): Promise<string> {
  const known = flowIds.get(name)
  if (known !== undefined) return known
  const flow = await must('register a flow', client.normal.POST('/flows/', { body: { name } }))
  flowIds.set(name, flow.id)
  flowNames.set(flow.id, Promise.resolve(name))
  return flow.id
}

async function deploymentName(
  { client, deploymentNames }: Known,
  id: string | null | undefined,
): Promise<string | null> {
  if (!id) return null
  return remembered(deploymentNames, id, async () => {
    const params = { path: { id } }
    const found = await orNull('read a deployment', client.normal.GET('/deployments/{id}', { params }))
    return found?.name ?? null
  })
}

const factsOf = async (known: Known, run: WireRun): Promise<KeptRun> =>
  flowRunOf(run, {
    flow: await flowName(known, run.flow_id),
    deployment: await deploymentName(known, run.deployment_id),
  })

async function createRun(
  known: Known,
  request: Parameters<Backend['openRun']>[0],
): Promise<Schemas['FlowRunResponse']> {
  const id = await flowId(known, request.flow)
  return must(
    'create a run',
    known.client.normal.POST('/flow_runs/', {
      body: {
        flow_id: id,
        name: request.name,
        parameters: request.parameters,
        tags: [...request.flowTags, ...(request.tags ?? [])],
        state: { type: 'PENDING', name: 'Pending' },
      },
    }),
  )
}

/** A name as a person of this site uses it: with the ending of the namespace, or without. */
function namesOf({ namespaceTag }: Known, name: string): string[] {
  const namespace = namespaceOf(namespaceTag ? [namespaceTag] : [])
  return [...new Set([namespace === null ? name : inNamespace(name, namespace), name])]
}

async function findDeployment(known: Known, name: string): Promise<FoundDeployment> {
  const { client, namespaceTag } = known
  const wanted = splitDeploymentName(name)
  if (wanted.flow !== null) {
    for (const deployment of namesOf(known, wanted.deployment)) {
      const found = await orNull(
        'find a deployment',
        client.normal.GET('/deployments/name/{flow_name}/{deployment_name}', {
          params: { path: { flow_name: wanted.flow, deployment_name: deployment } },
        }),
      )
      if (found) return { id: found.id, name: found.name, flow: wanted.flow, parameters: parametersOf(found) }
    }
    throw unknownDeployment(name)
  }
  const found = await must(
    'find a deployment',
    client.normal.POST('/deployments/filter', {
      body: {
        deployments: { operator: 'and_', name: { any_: namesOf(known, wanted.deployment) } },
        limit: 20,
        offset: 0,
        sort: 'NAME_ASC',
      },
    }),
  )
  const ours = namespaceTag ? found.filter((item) => item.tags?.includes(namespaceTag)) : []
  // Those of another site are not meant, whatever they are named; those of nobody may be.
  const others = namespaceTag ? found.filter(({ tags }) => namespaceOf(tags) === null) : found
  const candidates = ours.length > 0 ? ours : others
  if (candidates.length > 1)
    throw new HarvesterError('USAGE', `There are ${candidates.length} deployments named "${name}"`, {
      remedy: 'Name it as "Flow Name/deployment".',
    })
  const [only] = candidates
  if (!only) throw unknownDeployment(name)
  return {
    id: only.id,
    name: only.name,
    flow: await flowName(known, only.flow_id),
    parameters: parametersOf(only),
  }
}

/** Asked for once, however many want it at a time; what is not there, or failed, is asked for again. */
async function remembered<T>(known: Map<string, Promise<T>>, key: string, ask: () => Promise<T>): Promise<T> {
  const asked = known.get(key) ?? ask()
  known.set(key, asked)
  try {
    const answer = await asked
    if (answer === null) known.delete(key)
    return answer
  } catch (error) {
    known.delete(key)
    throw error
  }
}

/** Of a schema that lists them; another one may take any. */
function parametersOf(deployment: Schemas['DeploymentResponse']): string[] | null {
  const properties = deployment.parameter_openapi_schema?.properties
  return typeof properties === 'object' && properties !== null ? Object.keys(properties) : null
}

function unknownDeployment(name: string): HarvesterError {
  return new HarvesterError('USAGE', `Prefect has no deployment "${name}"`, {
    remedy:
      '`harvester status` lists those that there are; `harvester deploy --all` registers what is configured.',
  })
}
