import { z } from '@hono/zod-openapi'
import { streamSSE } from 'hono/streaming'
import { recentRuns } from '../../inventory/queries/recent-runs.ts'
import { runAttempts } from '../../inventory/queries/run-attempts.ts'
import { type ApiContext, get, nothing } from '../api.ts'
import { iso } from '../iso.ts'
import {
  languageParameter,
  limitParameter,
  offsetParameter,
  outcomeParameter,
  runIdParameter,
} from '../parameters.ts'
import { notFound, Problem } from '../problem.ts'
import { endAsTold, readRun, runAttemptOf } from '../run-view.ts'
import { RunAnswer, RunSummary } from '../schemas.ts'

const recentLimit = 20
const pingMilliseconds = 15_000

export function runRoutes(api: ApiContext): void {
  const { settings, answers, live } = api
  const { database } = settings

  get(
    api,
    {
      path: '/api/harvest/runs/recent',
      operationId: 'recentRuns',
      summary: `The last ${recentLimit} runs, newest first`,
      params: nothing,
      query: nothing,
      answer: { schema: z.array(RunSummary) },
    },
    (c) =>
      answers.send(c, async () =>
        Promise.all(
          (await recentRuns(database, recentLimit)).map(async ({ flow_run_id, ...row }) => ({
            ...row,
            ...(await endAsTold(settings, { ...row, flow_run_id })),
            started_at: iso(row.started_at),
            finished_at: iso(row.finished_at),
          })),
        ),
      ),
  )

  get(
    api,
    {
      path: '/api/harvest/runs/{runId}',
      operationId: 'run',
      summary: 'A run and its attempts, by source, then status, then id',
      description:
        'Takes the id of a run or of its flow run. A run that waits for a worker is `queued`. All attempts are given unless `limit` says how many; `run.n_total` is their number.',
      params: z.object({ runId: runIdParameter }),
      query: z.object({
        lang: languageParameter,
        outcome: outcomeParameter,
        limit: limitParameter,
        offset: offsetParameter,
      }),
      answer: { schema: RunAnswer },
      problems: { 404: 'There is no such run' },
    },
    (c, { params, query }) =>
      answers.send(
        c,
        async () => {
          const run = await readRun(settings, params.runId)
          if (run === null) throw notFound(`There is no run ${params.runId}.`)
          const attempts = run.status === 'queued' ? [] : await runAttempts(database, run.run_id, query)
          return { run, attempts: attempts.map((row) => runAttemptOf(row, query.lang)) }
        },
        { version: async () => JSON.stringify(await readRun(settings, params.runId)) },
      ),
  )

  get(
    api,
    {
      path: '/api/harvest/runs/{runId}/events',
      operationId: 'runEvents',
      summary: 'Server-sent events of a run in progress',
      description:
        '`run` `{run, progress: {phase, done, total, now?}}` whenever one of them changed, `attempts` with the attempts that ended since the last event, `end` `{status}` when the run has ended; then the stream ends.',
      params: z.object({ runId: runIdParameter }),
      query: nothing,
      answer: { contentType: 'text/event-stream', schema: z.string() },
      problems: { 404: 'There is no such run', 503: 'Too many are watching' },
    },
    async (c, { params }) => {
      if ((await readRun(settings, params.runId)) === null) throw notFound(`There is no run ${params.runId}.`)
      if (live.full)
        throw new Problem(503, 'Too many are watching runs.', { headers: { 'retry-after': '30' } })
      c.header('cache-control', 'no-store')
      c.header('x-accel-buffering', 'no')
      return streamSSE(c, async (stream) => {
        let nth = 0
        const ended = new Promise<void>((resolve) => {
          const stop = live.follow(
            params.runId,
            (event, data) => {
              nth += 1
              void stream.writeSSE({ event, data: JSON.stringify(data), id: String(nth) }).then(() => {
                if (event === 'end') finish()
              })
            },
            () => finish(),
          )
          const ping = setInterval(() => void stream.write(': still here\n\n'), pingMilliseconds)
          const finish = () => {
            clearInterval(ping)
            stop()
            resolve()
          }
          stream.onAbort(finish)
        })
        await ended
      })
    },
  )
}
