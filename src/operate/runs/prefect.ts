import { HarvesterError } from '../../errors.ts'
import { type FlowRun, namespaceTag, type PrefectBackend } from '../../runs/index.ts'
import { must, type Schemas } from '../../runs/prefect/client.ts'
import { stateOf } from '../../runs/prefect/read.ts'
import { setState } from '../../runs/prefect/set-state.ts'
import { isWholeId, type Ledger, type LogEntry, onlyMatch } from './ledger.ts'

const pageSize = 200
/** Lines reach the server in batches, those of a later time sometimes first. */
const lookBackMs = 30_000

/** Runs of our deployments on a Prefect server. */
export function prefectLedger(backend: PrefectBackend, namespace: string): Ledger {
  const { client } = backend

  const list = async (limit: number, deployment?: string): Promise<FlowRun[]> => {
    const found = await must(
      'list runs',
      client.once.POST('/flow_runs/filter', {
        body: {
          deployments: {
            operator: 'and_',
            tags: { operator: 'and_', all_: [namespaceTag(namespace)] },
            ...(deployment !== undefined && { name: { any_: [deployment] } }),
          },
          // What the schedule has planned for later is not a run yet.
          flow_runs: { operator: 'and_', expected_start_time: { before_: new Date().toISOString() } },
          sort: 'EXPECTED_START_TIME_DESC',
          limit: Math.min(limit, pageSize),
          offset: 0,
        },
      }),
    )
    const runs = await Promise.all(found.map(({ id }) => backend.readRun(id)))
    return runs.filter((run) => run !== null)
  }

  const logPage = (
    id: string,
    options: { sort: 'TIMESTAMP_ASC' | 'TIMESTAMP_DESC'; limit: number; offset: number; after?: Date },
  ): Promise<Schemas['Log'][]> =>
    must(
      'read the log of a run',
      client.once.POST('/logs/filter', {
        body: {
          logs: {
            operator: 'and_',
            flow_run_id: { any_: [id] },
            ...(options.after && { timestamp: { after_: options.after.toISOString() } }),
          },
          sort: options.sort,
          limit: options.limit,
          offset: options.offset,
        },
      }),
    )

  return {
    list: ({ limit, deployment }) => list(limit, deployment),
    async find(id) {
      const whole = isWholeId(id) ? await backend.readRun(id.toLowerCase()) : null
      return whole ?? onlyMatch(await list(pageSize), id)
    },
    async tasks(id) {
      const tasks = await must(
        'list the tasks of a run',
        client.once.POST('/task_runs/filter', {
          body: {
            flow_runs: { operator: 'and_', id: { any_: [id] } },
            sort: 'EXPECTED_START_TIME_ASC',
            limit: pageSize,
            offset: 0,
          },
        }),
      )
      return tasks.map((task) => ({
        name: task.name ?? '',
        state: stateOf(task.state),
        runningSeconds: Number(task.total_run_time ?? 0),
      }))
    },
    async artifacts(id) {
      const found = await must(
        'list the artifacts of a run',
        client.once.POST('/artifacts/filter', {
          body: {
            artifacts: { operator: 'and_', flow_run_id: { any_: [id] } },
            sort: 'ID_DESC',
            limit: pageSize,
            offset: 0,
          },
        }),
      )
      return found.map(({ type, key, description }) => ({
        type: type ?? '',
        key: key ?? null,
        description: description ?? null,
      }))
    },
    async lastLog(id, lines) {
      const found = await logPage(id, {
        sort: 'TIMESTAMP_DESC',
        limit: Math.min(lines, pageSize),
        offset: 0,
      })
      return found.reverse().map(entryOf)
    },
    follow(id) {
      const told = new Map<string, number>()
      let newest = 0
      return async () => {
        const more: Schemas['Log'][] = []
        const after = newest === 0 ? undefined : new Date(newest - lookBackMs)
        for (let offset = 0; ; offset += pageSize) {
          const page = await logPage(id, {
            sort: 'TIMESTAMP_ASC',
            limit: pageSize,
            offset,
            ...(after && { after }),
          })
          more.push(...page.filter((line) => !told.has(line.id)))
          if (page.length < pageSize) break
        }
        for (const line of more) {
          told.set(line.id, Date.parse(line.timestamp))
          newest = Math.max(newest, Date.parse(line.timestamp))
        }
        for (const [key, at] of told) if (at < newest - 2 * lookBackMs) told.delete(key)
        return more.map(entryOf)
      }
    },
    cancel: (id) => backend.cancelRun(id),
    async retry(run) {
      const answer = await setState(
        client,
        run.id,
        { type: 'SCHEDULED', name: 'AwaitingRetry', message: 'Asked for by hand', scheduledAt: new Date() },
        { patience: 'normal' },
      )
      if (answer.kind !== 'accepted')
        throw new HarvesterError(
          'USAGE',
          `Prefect does not retry ${run.name}${'reason' in answer ? `: ${answer.reason}` : ''}`,
        )
    },
  }
}

function entryOf(line: Schemas['Log']): LogEntry {
  const level = line.level >= 40 ? 'error' : line.level >= 30 ? 'warn' : line.level >= 20 ? 'info' : 'debug'
  return { at: new Date(line.timestamp), level, message: line.message }
}
