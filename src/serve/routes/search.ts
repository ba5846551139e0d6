import { z } from '@hono/zod-openapi'
import { searchDatasets } from '../../inventory/queries/search-datasets.ts'
import { folded } from '../../rules/reasons/folded.ts'
import { errorReasons, languages, skipReasons, titleOf } from '../../rules/reasons/index.ts'
import { defaultSourceType } from '../../rules/source-types.ts'
import { type ApiContext, get } from '../api.ts'
import { iso } from '../iso.ts'
import { languageParameter, wantedParameter } from '../parameters.ts'
import { FoundDataset, type FoundDatasetOf } from '../schemas.ts'
import { sourceSlug } from '../slugs.ts'
import { messageOf } from '../told.ts'

/** The page says that there may be more where it gets so many. */
export const mostFound = 100

export function searchRoutes(api: ApiContext): void {
  const { settings, sources, answers } = api
  get(
    api,
    {
      path: '/api/harvest/search',
      operationId: 'searchDatasets',
      summary: `Datasets of all sources whose id, title or reason matches, at most ${mostFound}, failing first`,
      params: z.object({}),
      query: z.object({ q: wantedParameter, lang: languageParameter }),
      answer: { schema: z.array(FoundDataset) },
    },
    (c, { query }) =>
      answers.send(c, async (): Promise<FoundDatasetOf[]> => {
        const text = query.q.trim().toLowerCase()
        if (text === '') return []
        const wanted = folded(text)
        const reasons = [...skipReasons, ...errorReasons].filter((code) =>
          languages.some((language) => folded(titleOf(language, code)).includes(wanted)),
        )
        const rows = await searchDatasets(settings.database, await sources.urls(), {
          text,
          reasons,
          limit: mostFound,
        })
        return rows.map(({ told, ...row }) => ({
          ...row,
          slug: sourceSlug(row.erddap_url),
          source: row.source ?? defaultSourceType,
          error_message: messageOf(query.lang, { ...row, told }),
          attempted_at: iso(row.attempted_at),
        }))
      }),
  )
}
