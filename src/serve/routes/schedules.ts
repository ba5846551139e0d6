import { z } from '@hono/zod-openapi'
import { lastRuns } from '../../inventory/queries/last-runs.ts'
import { type ApiContext, get, nothing } from '../api.ts'
import { iso } from '../iso.ts'
import type { Settings } from '../options.ts'
import type { ScheduleView } from '../ports.ts'
import { settledState } from '../run-view.ts'
import { About, Schedule, type ScheduleRow } from '../schemas.ts'
import { sourceSlug } from '../slugs.ts'

export function scheduleRoutes(api: ApiContext): void {
  const { settings, answers } = api

  get(
    api,
    {
      path: '/api/harvest/schedules',
      operationId: 'schedules',
      summary: 'Deployments with cron, time zone, next and last run; the next to run first',
      params: nothing,
      query: nothing,
      answer: { schema: z.array(Schedule) },
      problems: { 503: 'The engine that runs flows cannot be asked' },
    },
    (c) =>
      answers.send(
        c,
        async (): Promise<ScheduleRow[]> => {
          const schedules = (await settings.runs?.schedules()) ?? []
          const audited = await lastRunsOf(settings, schedules)
          return schedules
            .map((schedule) => ({
              ...schedule,
              lastRun: newer(schedule.lastRun, audited.get(schedule.source)),
            }))
            .map((schedule) => ({
              name: schedule.name,
              flow: schedule.flow,
              source: schedule.source,
              slug: schedule.source === null ? null : sourceSlug(schedule.source),
              cron: schedule.cron,
              timezone: schedule.timezone,
              paused: schedule.paused,
              next_run_at: iso(schedule.nextRunAt),
              last_run: schedule.lastRun && {
                run_id: schedule.lastRun.runId,
                started_at: iso(schedule.lastRun.startedAt),
                state: schedule.lastRun.state,
              },
            }))
            .sort((a, b) => compareNext(a.next_run_at, b.next_run_at) || (a.name < b.name ? -1 : 1))
        },
        { freshSeconds: 5 },
      ),
  )

  get(
    api,
    {
      path: '/api/harvest/about',
      operationId: 'about',
      summary: 'Version, and what this server offers',
      params: nothing,
      query: nothing,
      answer: { schema: About },
    },
    (c) =>
      answers.send(c, async () => ({
        version: settings.version,
        git_sha: settings.gitSha,
        trigger_enabled:
          settings.trigger.enabled && settings.trigger.token !== null && settings.runs !== null,
      })),
  )
}

/** Those that will never run by themselves come last. */
function compareNext(a: string | null, b: string | null): number {
  if (a === b) return 0
  if (a === null) return 1
  if (b === null) return -1
  return a < b ? -1 : 1
}

type LastRun = NonNullable<ScheduleView['lastRun']>

/** What the audit knows of the sources of deployments: runs of the command line are no runs of a deployment. */
async function lastRunsOf(
  settings: Settings,
  schedules: readonly ScheduleView[],
): Promise<Map<string | null, LastRun & { flowRunId: string | null }>> {
  if (schedules.length === 0) return new Map()
  const rows = await lastRuns(settings.database, [...new Set(schedules.map(({ source }) => source))])
  return new Map(
    await Promise.all(
      rows.map(async (row) => {
        const { status, error_message } = { ...row, ...(await settledState(settings, row)) }
        const state = stateOf(status, error_message)
        const run = { runId: row.run_id, startedAt: row.started_at, state, flowRunId: row.flow_run_id }
        return [row.source, run] as const
      }),
    ),
  )
}

/** The engine's word for how the audit says that a run is. */
function stateOf(status: 'running' | 'ok' | 'failed', message: string | null): string {
  if (status === 'running') return 'Running'
  if (status === 'ok') return 'Completed'
  const [word] = /^(?:Cancelled|Crashed)\b/.exec(message ?? '') ?? ['Failed']
  return word
}

function newer(
  engine: LastRun | null,
  audit: (LastRun & { flowRunId: string | null }) | undefined,
): LastRun | null {
  if (audit === undefined || audit.flowRunId === engine?.runId) return engine
  return (engine?.startedAt?.getTime() ?? 0) > (audit.startedAt?.getTime() ?? 0) ? engine : audit
}
