import { z } from '@hono/zod-openapi'
import { stringify } from 'csv-stringify/sync'
import { sourceChanges } from '../../inventory/queries/source-changes.ts'
import { type SourceDatasetRow, sourceDatasets } from '../../inventory/queries/source-datasets.ts'
import { type SourceSummaryRow, sourceSummaries } from '../../inventory/queries/source-summaries.ts'
import { sourceTrend } from '../../inventory/queries/source-trend.ts'
import { auditVersion } from '../../inventory/queries/versions.ts'
import { folded } from '../../rules/reasons/folded.ts'
import type { Language } from '../../rules/reasons/index.ts'
import { shownTitle } from '../../rules/reasons/shown-title.ts'
import { defaultSourceType, sourceTypeAt } from '../../rules/source-types.ts'
import { type ApiContext, get, nothing } from '../api.ts'
import { atomFeed } from '../feed.ts'
import { iso } from '../iso.ts'
import { languageParameter, searchParameter, slugParameter, statusParameter } from '../parameters.ts'
import { ownFacts } from '../run-view.ts'
import { type Dataset, DatasetSummary, type Server, ServerSummary, TrendPoint } from '../schemas.ts'
import { sourceSlug } from '../slugs.ts'
import { messageOf } from '../told.ts'

const unknownSlug = { 404: 'No source has this slug' }

export function serverRoutes(api: ApiContext): void {
  const { settings, sources, answers } = api
  const { database } = settings

  get(
    api,
    {
      path: '/api/harvest/servers',
      operationId: 'listServers',
      summary: 'Sources with the counts of their latest run, by URL',
      params: nothing,
      query: nothing,
      answer: { schema: z.array(ServerSummary) },
    },
    (c) =>
      answers.send(c, async () => {
        const rows = await sourceSummaries(database, await sources.urls())
        return rows.map((row) => serverOf(row, settings.configuredSources))
      }),
  )

  get(
    api,
    {
      path: '/api/harvest/servers/{slug}.csv',
      operationId: 'serverDatasetsCsv',
      pattern: '/api/harvest/servers/:slug{[^/]+\\.csv}',
      summary: "A source's datasets and reasons as CSV",
      params: z.object({ slug: slugParameter }),
      query: z.object({ lang: languageParameter }),
      answer: { contentType: 'text/csv', schema: z.string() },
      problems: unknownSlug,
    },
    async (c, { params, query }) => {
      const slug = params.slug.replace(/\.csv$/, '')
      const url = await sources.bySlug(slug)
      return answers.send(c, async () => csvOf(await sourceDatasets(database, url), query.lang), {
        contentType: 'text/csv; charset=utf-8',
        headers: {
          'content-disposition': `attachment; filename="${sourceSlug(url).replace(/[^\w-]/g, '_')}.csv"`,
        },
      })
    },
  )

  get(
    api,
    {
      path: '/api/harvest/servers/{slug}.atom',
      operationId: 'serverFeed',
      pattern: '/api/harvest/servers/:slug{[^/]+\\.atom}',
      summary: 'Atom feed of datasets of a source that turned bad or well again',
      params: z.object({ slug: slugParameter }),
      query: z.object({ lang: languageParameter }),
      answer: { contentType: 'application/atom+xml', schema: z.string() },
      problems: unknownSlug,
    },
    async (c, { params, query }) => {
      const url = await sources.bySlug(params.slug.replace(/\.atom$/, ''))
      // Never from the Host header: whoever asks first would choose where the links of all others lead.
      const base = settings.publicUrl ?? settings.basePath
      return answers.send(
        c,
        async () =>
          atomFeed({
            erddapUrl: url,
            base,
            language: query.lang,
            changes: await sourceChanges(database, url, 50),
          }),
        {
          contentType: 'application/atom+xml; charset=utf-8',
          cacheControl: 'public, max-age=60',
          freshSeconds: 10,
        },
      )
    },
  )

  get(
    api,
    {
      path: '/api/harvest/servers/{slug}',
      operationId: 'serverDatasets',
      summary: 'Datasets of a source as their latest attempt left them: errors, skipped, success, by id',
      params: z.object({ slug: slugParameter }),
      query: z.object({ status: statusParameter, q: searchParameter, lang: languageParameter }),
      answer: { schema: z.array(DatasetSummary) },
      problems: unknownSlug,
    },
    async (c, { params, query }) => {
      const url = await sources.bySlug(params.slug)
      return answers.send(
        c,
        async () => {
          const rows = await sourceDatasets(database, url, { status: query.status })
          return rows.map((row) => datasetOf(row, query.lang)).filter((dataset) => says(dataset, query.q))
        },
        { version: () => auditVersion(database, url) },
      )
    },
  )

  get(
    api,
    {
      path: '/api/harvest/servers/{slug}/trend',
      operationId: 'serverTrend',
      summary: 'Time taken by the last runs of a source, newest first',
      params: z.object({ slug: slugParameter }),
      query: nothing,
      answer: { schema: z.array(TrendPoint) },
      problems: unknownSlug,
    },
    async (c, { params }) => {
      const url = await sources.bySlug(params.slug)
      return answers.send(
        c,
        async () =>
          (await sourceTrend(database, url, 20)).map((row) => ({ ...row, started_at: iso(row.started_at) })),
        { version: () => auditVersion(database, url) },
      )
    },
  )
}

function serverOf(row: SourceSummaryRow, configuredSources: readonly string[] | null): Server {
  const { configured, erddap_url, ...facts } = row
  return {
    ...facts,
    erddap_url,
    last_error_facts: ownFacts(row.last_error, row.last_error_facts),
    slug: sourceSlug(erddap_url),
    source: row.source ?? sourceTypeAt(erddap_url),
    last_attempted_at: iso(row.last_attempted_at),
    orphaned: configuredSources === null ? configured === false : !configuredSources.includes(erddap_url),
  }
}

function datasetOf(row: SourceDatasetRow, language: Language): Dataset {
  return {
    ...row,
    error_message: messageOf(language, row),
    source: row.source ?? defaultSourceType,
    attempted_at: iso(row.attempted_at),
    last_success_at: iso(row.last_success_at),
    history_times: row.history_times.map((time) => iso(time)),
    last_updated_at: iso(row.last_updated_at),
    verified_at: iso(row.verified_at),
  }
}

/** Whether id, reason or message hold the text; the message is the one that is told, in the language asked for. */
function says({ dataset_id, reason_code, error_message }: Dataset, search = ''): boolean {
  const wanted = folded(search)
  return [dataset_id, reason_code ?? '', error_message ?? ''].some((text) => folded(text).includes(wanted))
}

const csvColumns = [
  'erddap_url',
  'dataset_id',
  'title',
  'status',
  'reason_code',
  'error_message',
  'attempted_at',
  'last_success_at',
  'last_updated_at',
  'duration_ms',
  'content_hash_reason',
  'query_urls',
] as const

/** Cells that a spreadsheet would take for a formula are marked as text. */
function csvOf(rows: readonly SourceDatasetRow[], language: Language): string {
  return stringify(
    rows
      .map((row) => ({ ...row, title: shownTitle(row, language), error_message: messageOf(language, row) }))
      .map((row) =>
        csvColumns.map((name) => (row[name] instanceof Date ? row[name].toISOString() : row[name])),
      ),
    { header: true, columns: [...csvColumns], escape_formulas: true },
  )
}
