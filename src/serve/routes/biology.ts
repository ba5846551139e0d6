import { obisNodes } from '../../inventory/queries/obis-nodes.ts'
import { nameCoverage } from '../../inventory/vernaculars/coverage.ts'
import { type ApiContext, get, nothing } from '../api.ts'
import { type Biology, BiologyAnswer } from '../schemas.ts'

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
