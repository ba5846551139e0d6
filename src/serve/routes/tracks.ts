import { z } from '@hono/zod-openapi'
import { tracksOfIndex } from '../../inventory/queries/tracks.ts'
import { indexVersion } from '../../inventory/queries/versions.ts'
import { type ApiContext, get, nothing } from '../api.ts'
import { indexedSource } from '../indexed-source.ts'
import { iso } from '../iso.ts'
import { boxParameter, datasetIdParameter, slugParameter, variableParameter } from '../parameters.ts'
import { type Tracks, TracksAnswer } from '../schemas.ts'

/** More lines could not be told apart on a screen. */
const mostTracks = 1000

export function trackRoutes(api: ApiContext): void {
  const { settings, answers } = api
  const { database } = settings
  get(
    api,
    {
      path: '/api/harvest/tracks',
      operationId: 'tracks',
      summary: 'Tracks of platforms that move, as GeoJSON, those with the most rows first',
      description:
        'Lines are cut at the antimeridian, at gaps of more than 30 days and where they would demand more than 25 m/s. The geometry of a track of which nothing can be drawn is null. With a view, lines are as fine as it can show.',
      params: nothing,
      query: z.object({
        source: slugParameter.or(z.literal('')).optional(),
        dataset: datasetIdParameter.or(z.literal('')).optional(),
        variable: variableParameter,
        bbox: boxParameter,
      }),
      answer: { schema: TracksAnswer },
      problems: { 404: 'No source has this slug' },
    },
    async (c, { query }) => {
      const erddapUrl = query.source ? await indexedSource(api, query.source) : null
      return answers.send(
        c,
        async (): Promise<Tracks> => {
          const rows = await tracksOfIndex(database, {
            erddapUrl,
            datasetId: query.dataset || null,
            variable: query.variable || null,
            view: query.bbox,
            limit: mostTracks + 1,
          })
          return {
            type: 'FeatureCollection',
            truncated: rows.length > mostTracks,
            features: rows.slice(0, mostTracks).map(({ geometry, ...row }) => ({
              type: 'Feature',
              geometry: geometry === null ? null : JSON.parse(geometry),
              properties: { ...row, time_min: iso(row.time_min), time_max: iso(row.time_max) },
            })),
          }
        },
        { version: () => indexVersion(database) },
      )
    },
  )
}
