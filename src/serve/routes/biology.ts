import { z } from '@hono/zod-openapi'
import { obisNodes } from '../../inventory/queries/obis-nodes.ts'
import { nameCoverage } from '../../inventory/vernaculars/coverage.ts'
import { type ApiContext, get, nothing } from '../api.ts'
import { count } from '../schemas.ts'

export const BiologyAnswer = z
  .strictObject({
    nodes: z.array(z.strictObject({ node: z.string(), n_datasets: count, n_cells: count })),
    names: z.strictObject({
      n_names: count.openapi({ description: 'Distinct scientific names of the index' }),
      n_asked: count,
      n_found: count,
      n_not_found: count,
      n_failed: count,
      n_english: count.openapi({ description: 'Names with an English common name' }),
      n_french: count,
      last_fetched_at: z.string().nullable(),
    }),
  })
  .openapi('Biology')

export type Biology = z.infer<typeof BiologyAnswer>

export function biologyRoutes(api: ApiContext): void {
  const { settings, answers } = api
  const { database } = settings
  get(
    api,
    {
      path: '/api/harvest/biology',
      operationId: 'biology',
      summary: 'OBIS nodes with their datasets, and how many names of species have common names',
      params: nothing,
      query: nothing,
      answer: { schema: BiologyAnswer },
    },
    async (c) =>
      answers.send(
        c,
        async (): Promise<Biology> => {
          const [nodes, names] = await Promise.all([obisNodes(database), nameCoverage(database)])
          return {
            nodes,
            names: {
              n_names: names.names,
              n_asked: names.asked,
              n_found: names.found,
              n_not_found: names.notFound,
              n_failed: names.failed,
              n_english: names.english,
              n_french: names.french,
              last_fetched_at: names.lastFetchedAt?.toISOString() ?? null,
            },
          }
        },
        // Names arrive between loads too: the version of the index does not tell.
        { cacheControl: 'public, max-age=60', freshSeconds: 30, staleSeconds: 30 },
      ),
  )
}
