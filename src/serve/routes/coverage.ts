import { z } from '@hono/zod-openapi'
import { coverage } from '../../inventory/queries/coverage.ts'
import { coverageChoices } from '../../inventory/queries/coverage-choices.ts'
import { indexVersion } from '../../inventory/queries/versions.ts'
import { type ApiContext, get, nothing } from '../api.ts'
import { edgeMetres, gridBounds, hexagonCentre } from '../hexagons.ts'
import { indexedSource } from '../indexed-source.ts'
import { boxParameter, slugParameter, variableParameter, zoomParameter } from '../parameters.ts'
import { type Coverage, CoverageAnswer } from '../schemas.ts'
import { sourceSlug } from '../slugs.ts'

/** More than these could not be told apart on a screen. */
const mostHexagons = 20_000

export function coverageRoutes(api: ApiContext): void {
  const { settings, answers } = api
  const { database } = settings
  get(
    api,
    {
      path: '/api/harvest/coverage',
      operationId: 'coverage',
      summary: 'Hexagons with the number of profiles and datasets in them, the fullest first',
      description:
        'The hexagons are those of `ST_HexagonGrid` in EPSG:3857, of edge 100 km (zoom 0) or 10 km (zoom 1), given by their centres.',
      params: nothing,
      query: z.object({
        zoom: zoomParameter,
        variable: variableParameter,
        source: slugParameter.or(z.literal('')).optional(),
        bbox: boxParameter,
      }),
      answer: { schema: CoverageAnswer },
      problems: { 404: 'No source has this slug' },
    },
    async (c, { query }) => {
      const url = query.source ? await indexedSource(api, query.source) : null
      const zoom = query.zoom === '1' ? 1 : 0
      return answers.send(
        c,
        async (): Promise<Coverage> => {
          const [found, choices] = await Promise.all([
            coverage(database, {
              zoom,
              variable: query.variable || null,
              erddapUrl: url,
              ...gridBounds(query.bbox, edgeMetres[zoom]),
              limit: mostHexagons + 1,
            }),
            coverageChoices(database),
          ])
          return {
            zoom,
            edge_metres: edgeMetres[zoom],
            truncated: found.cells.length > mostHexagons,
            n_profiles: found.nProfiles,
            n_cells: found.nCells,
            n_datasets: found.nDatasets,
            hexagons: found.cells.slice(0, mostHexagons).map((cell) => ({
              ...hexagonCentre(cell.grid_i, cell.grid_j, edgeMetres[zoom]),
              n_profiles: cell.n_profiles,
              n_cells: cell.n_cells,
              n_datasets: cell.n_datasets,
            })),
            variables: choices.variables,
            n_tracks: choices.tracks,
            sources: choices.sources.map((source) => ({ erddap_url: source, slug: sourceSlug(source) })),
          }
        },
        {
          cacheControl: 'public, max-age=60',
          freshSeconds: 30,
          // A million profiles take a second to count: only who comes first after a load waits.
          staleSeconds: 30,
          version: () => indexVersion(database),
        },
      )
    },
  )
}
