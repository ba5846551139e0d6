import { z } from '@hono/zod-openapi'
import { datasetAttempts } from '../../inventory/queries/dataset-attempts.ts'
import { datasetInIndex } from '../../inventory/queries/dataset-in-index.ts'
import { reasonCounts } from '../../inventory/queries/reason-counts.ts'
import { auditVersion } from '../../inventory/queries/versions.ts'
import { defaultSourceType } from '../../rules/source-types.ts'
import { type ApiContext, get, nothing } from '../api.ts'
import { iso } from '../iso.ts'
import { datasetIdParameter, languageParameter, slugParameter } from '../parameters.ts'
import { notFound } from '../problem.ts'
import { DatasetAttempt, IndexedDataset, type IndexedDatasetOf, ReasonCount } from '../schemas.ts'
import { messageOf } from '../told.ts'

export function datasetRoutes(api: ApiContext): void {
  const { settings, sources, answers } = api
  const { database } = settings

  get(
    api,
    {
      path: '/api/harvest/dataset/{slug}/{datasetId}',
      operationId: 'datasetAttempts',
      summary: 'Every attempt at a dataset, newest first',
      params: z.object({ slug: slugParameter, datasetId: datasetIdParameter }),
      query: z.object({ lang: languageParameter }),
      answer: { schema: z.array(DatasetAttempt) },
      problems: { 404: 'No source has this slug, or no attempt was ever made at this dataset' },
    },
    async (c, { params, query }) => {
      const url = await sources.bySlug(params.slug)
      return answers.send(
        c,
        async () => {
          const rows = await datasetAttempts(database, url, params.datasetId)
          if (rows.length === 0) throw notFound(`No attempt was made at "${params.datasetId.slice(0, 200)}".`)
          return rows.map((row) => ({
            ...row,
            source: row.source ?? defaultSourceType,
            error_message: messageOf(query.lang, row),
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
      path: '/api/harvest/index/{slug}/{datasetId}',
      operationId: 'indexedDataset',
      summary: 'What the index holds of a dataset now',
      description: 'Asks the index itself: an attempt that succeeded may not have been loaded.',
      params: z.object({ slug: slugParameter, datasetId: datasetIdParameter }),
      query: nothing,
      answer: { schema: IndexedDataset },
      problems: { 404: 'No source has this slug' },
    },
    async (c, { params }) => {
      const url = await sources.bySlug(params.slug)
      return answers.send(c, async (): Promise<IndexedDatasetOf> => {
        const row = await datasetInIndex(database, url, params.datasetId)
        return {
          in_index: row !== null,
          title: row?.title ?? null,
          title_fr: row?.title_fr ?? null,
          n_profiles: row?.n_profiles ?? null,
          organizations: row?.organizations ?? [],
          last_updated_at: iso(row?.last_updated_at ?? null),
          verified_at: iso(row?.verified_at ?? null),
        }
      })
    },
  )

  get(
    api,
    {
      path: '/api/harvest/reasons',
      operationId: 'reasons',
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
      operationId: 'serverReasons',
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
