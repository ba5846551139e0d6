import { z } from '@hono/zod-openapi'
import { type ApiContext, get, iso, nothing } from '../api.ts'
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
          return schedules
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
