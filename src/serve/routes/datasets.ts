import { z } from '@hono/zod-openapi'
import { datasetAttempts } from '../../inventory/queries/dataset-attempts.ts'
import { reasonCounts } from '../../inventory/queries/reason-counts.ts'
import { auditVersion } from '../../inventory/queries/versions.ts'
import { type ApiContext, get, iso, nothing } from '../api.ts'
import { notFound } from '../problem.ts'
import { DatasetAttempt, datasetIdParameter, ReasonCount, slugParameter } from '../schemas.ts'

export function datasetRoutes(api: ApiContext): void {
  const { settings, sources, answers } = api
  const { database } = settings

  get(
    api,
    {
      path: '/api/harvest/dataset/{slug}/{datasetId}',
      summary: 'Every attempt at a dataset, newest first',
      params: z.object({ slug: slugParameter, datasetId: datasetIdParameter }),
      query: nothing,
      answer: { schema: z.array(DatasetAttempt) },
      problems: { 404: 'No source has this slug, or no attempt was ever made at this dataset' },
    },
    async (c, { params }) => {
      const url = await sources.bySlug(params.slug)
      return answers.send(
        c,
        async () => {
          const rows = await datasetAttempts(database, url, params.datasetId)
          if (rows.length === 0) throw notFound(`No attempt was made at "${params.datasetId.slice(0, 200)}".`)
          return rows.map((row) => ({
            ...row,
            source: row.source ?? 'erddap',
            attempted_at: iso(row.attempted_at),
            run_started_at: iso(row.run_started_at ?? row.attempted_at),
          }))
        },
        { version: () => auditVersion(database, url, params.datasetId) },
      )
    },
  )

  get(
    api,
    {
      path: '/api/harvest/reasons',
      summary: 'Why datasets are not well, over the latest attempt of each, most frequent first',
      params: nothing,
      query: nothing,
      answer: { schema: z.array(ReasonCount) },
    },
    (c) => answers.send(c, async () => reasonCounts(database, await sources.urls())),
  )

  get(
    api,
    {
      path: '/api/harvest/reasons/{slug}',
      summary: 'The same for one source',
      params: z.object({ slug: slugParameter }),
      query: nothing,
      answer: { schema: z.array(ReasonCount) },
      problems: { 404: 'No source has this slug' },
    },
    async (c, { params }) => {
      const url = await sources.bySlug(params.slug)
      return answers.send(c, () => reasonCounts(database, [url]))
    },
  )
}
