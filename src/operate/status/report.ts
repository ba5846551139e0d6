/** One look at the whole system, the same for both back ends, and how it is shown. */
import { TextTable } from '../../log/table.ts'
import { type PoolState, titleOf, type WorkerState } from '../../runs/index.ts'
import type { ScheduleView } from '../../serve/ports.ts'
import { visible } from '../../text.ts'

export interface RunningRun {
  id: string
  name: string
  state: string
  startedAt: Date | null
  worker: string | null
  /** Names of the tasks at work. */
  tasks: string[]
  /** 0 to 100; null where the run shows no bar. */
  percent: number | null
}

export interface LimitStatus {
  name: string
  limit: number
  /** Runs, or task runs of a tag, that hold a slot. */
  active: number
}

/** What the engine knows. */
export interface EngineStatus {
  pools: PoolState[]
  workers: WorkerState[]
  running: RunningRun[]
  deployments: ScheduleView[]
  limits: LimitStatus[]
}

export interface SourceStatus {
  url: string
  datasets: number
  succeededAt: Date | null
  /** Hours since {@link succeededAt}, to one decimal. */
  ageHours: number | null
}

export interface StatusReport {
  at: Date
  version: string
  engine: { kind: string; url: string | null; version: string | null }
  /** Null where the engine could not be asked: {@link problems} says why. */
  state: EngineStatus | null
  database: { description: string; bytes: number } | null
  sources: SourceStatus[]
  problems: string[]
}

/** The report as lines for people. */
export function renderStatus(report: StatusReport): string {
  const { engine, state } = report
  const title = titleOf(engine.kind)
  const where = engine.url === null ? title : `${title} ${engine.version ?? '(unreachable)'} at ${engine.url}`
  const parts = [`erddap-harvester ${report.version}, ${where}, ${time(report.at)}`]
  for (const problem of report.problems) parts.push(`! ${visible(problem)}`)
  if (report.database)
    parts.push(`Database: ${visible(report.database.description)}, ${size(report.database.bytes)}`)
  if (state) {
    if (state.pools.length > 0)
      parts.push(
        table(
          ['Pool, queue', 'Status', 'Waiting', 'Limit'],
          state.pools.flatMap((pool) => [
            [pool.name, pool.status, pool.waiting, pool.limit ?? 'none'],
            // One queue says nothing that its pool does not.
            ...(pool.queues.length < 2 ? [] : pool.queues).map((queue) => [
              `${pool.name}/${queue.name}`,
              queue.status,
              queue.waiting,
              queue.limit ?? 'none',
            ]),
          ]),
        ),
      )
    parts.push(
      state.workers.length === 0
        ? 'No worker is known.'
        : table(
            ['Worker', 'Pool', 'State', 'Last seen'],
            state.workers.map(({ name, pool, alive, seenAt }) => [
              name,
              pool ?? '',
              alive ? 'online' : 'offline',
              seenAt ? ago(report.at, seenAt) : 'never',
            ]),
          ),
      state.running.length === 0
        ? 'Nothing is running.'
        : table(
            ['Run', 'Id', 'State', 'Since', 'At work', 'Done', 'Worker'],
            state.running.map((run) => [
              run.name,
              run.id.slice(0, 8),
              run.state,
              run.startedAt ? ago(report.at, run.startedAt) : '',
              run.tasks.join(', '),
              run.percent === null ? '' : `${Math.round(run.percent)} %`,
              run.worker ?? '',
            ]),
          ),
      table(
        ['Deployment', 'Last run', 'Next run', 'Schedule'],
        state.deployments.map(({ name, lastRun, nextRunAt, cron, timezone, paused }) => [
          name,
          lastRun
            ? `${lastRun.state} ${lastRun.startedAt ? ago(report.at, lastRun.startedAt) : ''}`
            : 'never',
          nextRunAt ? time(nextRunAt) : '',
          `${cron === null ? 'by hand' : `${cron} ${timezone}`}${paused ? ' (paused)' : ''}`,
        ]),
      ),
    )
    if (state.limits.length > 0)
      parts.push(
        table(
          ['Limit', 'Active', 'At most'],
          state.limits.map(({ name, active, limit }) => [name, active, limit]),
        ),
      )
  }
  if (report.sources.length > 0)
    parts.push(
      table(
        ['Source', 'Datasets', 'Last success'],
        report.sources.map(({ url, datasets, succeededAt }) => [
          url,
          datasets,
          succeededAt ? ago(report.at, succeededAt) : 'never',
        ]),
      ),
    )
  return parts.join('\n')
}

function table(head: string[], rows: (string | number)[][]): string {
  const drawn = new TextTable({ head, style: { head: [], border: [] } })
  drawn.push(...rows)
  return drawn.toString()
}

function time(at: Date): string {
  return `${at.toISOString().slice(0, 19)}Z`
}

/** `12 s ago`, `3 h ago`: the largest unit that gives a number of at least 2. */
export function ago(now: Date, at: Date): string {
  const seconds = Math.max(0, Math.round((now.getTime() - at.getTime()) / 1000))
  const units = [
    [86_400, 'd'],
    [3600, 'h'],
    [60, 'min'],
  ] as const
  const unit = units.find(([length]) => seconds >= 2 * length)
  return unit ? `${Math.floor(seconds / unit[0])} ${unit[1]} ago` : `${seconds} s ago`
}

function size(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${(bytes / 1e6).toFixed(1)} MB`
}
