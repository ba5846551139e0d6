/** Runs on a Prefect server with their tasks, artifacts and logs, as they are read by people. */
import type { KeptArtifact, KeptLine, KeptRun, KeptTask, RunQuery } from '../orchestrator.ts'
import type { StateType } from '../states.ts'
import { allPages, inParts, type Page } from './all-pages.ts'
import type { PrefectBackend } from './backend.ts'
import { must, type PrefectClient, type Schemas } from './client.ts'
import { namespaceTag } from './namespace.ts'
import { stateOf } from './read.ts'
import { fromMarkdown } from './shown-artifact.ts'

type RunFilter = NonNullable<Schemas['FlowRunFilter']>

export async function listRuns(
  backend: PrefectBackend,
  namespace: string,
  query: RunQuery,
): Promise<KeptRun[]> {
  const { ids, tag, deployment, types, limit } = query
  const byThemselves = ids !== undefined || tag !== undefined
  const parts = ids === undefined ? [undefined] : inParts(ids)
  const found: Schemas['FlowRunResponse'][] = []
  for (const part of parts) {
    const flow_runs: RunFilter = {
      operator: 'and_',
      ...(part && { id: { any_: part } }),
      ...(tag !== undefined && { tags: { operator: 'and_', all_: [tag] } }),
      ...(types && { state: { operator: 'and_', type: { any_: [...types] } } }),
      // What the schedule has planned for later is not a run yet. A clock of whole seconds may be told a second early.
      ...(!byThemselves && { expected_start_time: { before_: inASecond(backend.client.serverNow()) } }),
    }
    found.push(
      ...(await allPages(
        (page) =>
          must(
            'list runs',
            backend.client.once.POST('/flow_runs/filter', {
              body: {
                ...(!byThemselves && {
                  deployments: {
                    operator: 'and_',
                    tags: { operator: 'and_', all_: [namespaceTag(namespace)] },
                    ...(deployment !== undefined && { name: { any_: [deployment] } }),
                  },
                }),
                flow_runs,
                // Ids follow the time, and no two are the same: pages of them have no gaps.
                sort: byThemselves ? 'ID_DESC' : 'EXPECTED_START_TIME_DESC',
                ...page,
              },
            }),
          ),
        limit,
      )),
    )
  }
  return Promise.all(found.map((run) => backend.factsOf(run)))
}

function inASecond(time: Date): string {
  return new Date(time.getTime() + 1000).toISOString()
}

export async function listTasks(
  client: PrefectClient,
  ids: readonly string[],
  types?: readonly StateType[],
): Promise<KeptTask[]> {
  if (ids.length === 0) return []
  const tasks = await allPages((page) =>
    must(
      'list the tasks of a run',
      client.once.POST('/task_runs/filter', {
        body: {
          flow_runs: { operator: 'and_', id: { any_: [...ids] } },
          ...(types && {
            task_runs: { operator: 'and_', state: { operator: 'and_', type: { any_: [...types] } } },
          }),
          sort: 'EXPECTED_START_TIME_ASC',
          ...page,
        },
      }),
    ),
  )
  return tasks.map((task) => ({
    flowRunId: task.flow_run_id ?? '',
    name: task.name ?? '',
    state: stateOf(task.state),
    runningSeconds: Number(task.total_run_time ?? 0),
  }))
}

export async function listArtifacts(
  client: PrefectClient,
  ids: readonly string[],
  type?: string,
): Promise<KeptArtifact[]> {
  if (ids.length === 0) return []
  const found = await allPages((page) =>
    must(
      'list the artifacts of a run',
      client.once.POST('/artifacts/filter', {
        body: {
          artifacts: {
            operator: 'and_',
            flow_run_id: { any_: [...ids] },
            ...(type !== undefined && { type: { any_: [type] } }),
          },
          sort: 'ID_DESC',
          ...page,
        },
      }),
    ),
  )
  return found.map((artifact) => ({
    flowRunId: artifact.flow_run_id ?? '',
    type: artifact.type ?? '',
    key: artifact.key ?? null,
    description: artifact.description == null ? null : fromMarkdown(artifact.description),
    percent: artifact.type === 'progress' ? Number(artifact.data ?? 0) : null,
  }))
}

/** Lines reach the server in batches, those of a later time sometimes first. */
const lookBackMs = 30_000

const logPage = (
  client: PrefectClient,
  id: string,
  page: Page & { sort: 'TIMESTAMP_ASC' | 'TIMESTAMP_DESC' },
  after: Date | null = null,
): Promise<Schemas['Log'][]> =>
  must(
    'read the log of a run',
    client.once.POST('/logs/filter', {
      body: {
        logs: {
          operator: 'and_',
          flow_run_id: { any_: [id] },
          ...(after && { timestamp: { after_: after.toISOString() } }),
        },
        ...page,
      },
    }),
  )

export async function lastLog(client: PrefectClient, id: string, lines: number): Promise<KeptLine[]> {
  if (lines === 0) return []
  const found = await allPages((page) => logPage(client, id, { sort: 'TIMESTAMP_DESC', ...page }), lines)
  return found.reverse().map(lineOf)
}

export function followLog(client: PrefectClient, id: string): () => Promise<KeptLine[]> {
  const told = new Map<string, number>()
  let newest = 0
  return async () => {
    const after = newest === 0 ? null : new Date(newest - lookBackMs)
    const lines = await allPages((page) => logPage(client, id, { sort: 'TIMESTAMP_ASC', ...page }, after))
    const more = lines.filter((line) => !told.has(line.id))
    for (const line of more) {
      told.set(line.id, Date.parse(line.timestamp))
      newest = Math.max(newest, Date.parse(line.timestamp))
    }
    for (const [key, at] of told) if (at < newest - 2 * lookBackMs) told.delete(key)
    return more.map(lineOf)
  }
}

function lineOf(line: Schemas['Log']): KeptLine {
  const level = line.level >= 40 ? 'error' : line.level >= 30 ? 'warn' : line.level >= 20 ? 'info' : 'debug'
  return { at: new Date(line.timestamp), level, message: line.message }
}
