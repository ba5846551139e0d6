/** What a backfill asks of whoever keeps and executes runs. */
import { z } from 'zod'
import { type Source, sourceOptionsSchema } from '../../config/source.ts'
import {
  type AnyFlow,
  type AttendOptions,
  flowRegistry,
  isFinal,
  type KeptDeployment,
  type KeptRun,
  type Orchestrator,
  type RunState,
} from '../../runs/index.ts'
import { type Item, readIdempotencyKey } from './plan.ts'

/** One run of a backfill, as the back end knows it now. */
export interface BackfillRun {
  readonly id: string
  readonly name: string
  /** Of the item it was started for. */
  readonly hash: string
  /** 1, 2, …: how often the item was started. */
  readonly attempt: number
  readonly state: RunState
  readonly startedAt: Date | null
  readonly endedAt: Date | null
}

/** A flow, as far as its parameters can be checked before anything starts. */
export interface TargetFlow {
  readonly name: string
  readonly parameters: z.ZodObject
  /** Null where only the flow itself knows. */
  readonly runName: ((parameters: never) => string) | null
}

/** A deployment, as far as a backfill has to know it. */
export interface Target {
  readonly deployment: string
  /** Null where nothing is known of the parameters: only the server can check them. */
  readonly flow: TargetFlow | null
  /** As they were declared or registered. */
  readonly parameters: Readonly<Record<string, unknown>>
  /** Known sources, with the deployment of the same flow that is each one's own. */
  readonly sources: readonly { readonly source: Source; readonly deployment: string | null }[]
  readonly namespace: string
}

export interface BackfillEngine {
  /** @throws USAGE for an unknown name */
  target(deployment: string): Promise<Target>
  /** Connects. Called when the plan is made, so that wrong usage starts no database. */
  open(): Promise<void>
  /** All runs that carry the tag of a backfill. */
  known(tag: string): Promise<BackfillRun[]>
  /** Starts a run, or gives the one that has this idempotency key already. */
  submit(
    item: Item,
    request: { idempotencyKey: string; tag: string; signal: AbortSignal },
  ): Promise<{ id: string; name: string }>
  /** Those of the runs that still exist. */
  read(ids: readonly string[]): Promise<BackfillRun[]>
  /** Called before each look at open runs: sees to it that somebody executes them. */
  attend(tag: string): Promise<void>
  /** Where a person can look at the runs; null where there is no such place. */
  link(tag: string): string | null
  /** Who goes on with open runs when the command ends now. */
  readonly leftRunning: 'elsewhere' | 'nowhere'
  /** Gives back what this process executes. Whoever opened the orchestrator closes it. */
  close(): Promise<void>
}

export interface BackfillEngineOptions extends Omit<AttendOptions, 'tag' | 'flows'> {
  readonly orchestrator: Orchestrator
  /** Tells the backfills of sites apart that share one server. */
  readonly namespace: string
  /** Whose parameters can be checked here. */
  readonly flows: readonly AnyFlow[]
  /** Of the configuration of this command, if it has one: for sources that no deployment is of. */
  readonly sources: readonly Source[]
}

export function backfillEngine(options: BackfillEngineOptions): BackfillEngine {
  const { orchestrator } = options
  /** Of the target: its deployments are named in full, since another flow may have one of the same name. */
  let flow: string | null = null
  let attendance: ReturnType<Orchestrator['attend']> | null = null

  return {
    async target(name) {
      const deployment = await orchestrator.deployment(name)
      flow = deployment.flow
      const own = ownSources(await orchestrator.deployments(), flow)
      const others = options.sources
        .filter(({ url }) => !own.some(({ source }) => source.url === url))
        .map((source) => ({ source, deployment: null }))
      return {
        deployment: deployment.name,
        flow: options.flows.find((known) => known.name === flow) ?? foreignFlow(flow, deployment.schema),
        parameters: deployment.parameters,
        sources: [...own, ...others],
        namespace: options.namespace,
      }
    },
    async open() {
      await orchestrator.health()
    },
    known: async (tag) => (await orchestrator.list({ tag })).flatMap(runOf),
    submit: (item, { idempotencyKey, tag, signal }) =>
      orchestrator.submit({
        deployment: flow === null ? item.deployment : `${flow}/${item.deployment}`,
        parameters: { ...item.parameters },
        tags: [tag],
        idempotencyKey,
        createdBy: 'cli',
        signal,
        ...(item.runName !== null && { name: item.runName }),
      }),
    read: async (ids) => (await orchestrator.list({ ids })).flatMap(runOf),
    async attend(tag) {
      attendance ??= orchestrator.attend({ ...options, tag, flows: flowRegistry(options.flows) })
      await attendance.look()
    },
    link: (tag) => orchestrator.pageOf({ tag }),
    get leftRunning() {
      return attendance?.executing ? 'nowhere' : 'elsewhere'
    },
    async close() {
      await attendance?.close()
    },
  }
}

/** Deployments of the flow with a source of their own: what it is harvested with. */
function ownSources(
  deployments: readonly KeptDeployment[],
  flow: string,
): { source: Source; deployment: string }[] {
  return deployments.flatMap((deployment) => {
    const source = sourceOptionsSchema.safeParse(deployment.parameters.source_options)
    return deployment.flow === flow && source.success
      ? [{ source: source.data, deployment: deployment.name }]
      : []
  })
}

function runOf(run: KeptRun): BackfillRun[] {
  const made = readIdempotencyKey(run.idempotencyKey)
  if (!made) return []
  const { id, name, state, startedAt, endedAt } = run
  return [{ id, name, state, startedAt, endedAt: isFinal(state.type) ? endedAt : null, ...made }]
}

/** A flow of somebody else's, by the schema that was registered with its deployment. */
export function foreignFlow(
  name: string,
  schema: Readonly<Record<string, unknown>> | null | undefined,
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
    return null // what cannot be read here is checked by the orchestrator alone
  }
}
