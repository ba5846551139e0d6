import { z } from '@hono/zod-openapi'
import { stringify } from 'csv-stringify/sync'
import { reportRows } from '../../inventory/queries/report-rows.ts'
import { sourceSummaries } from '../../inventory/queries/source-summaries.ts'
import { auditVersion } from '../../inventory/queries/versions.ts'
import type { Language } from '../../rules/reasons/index.ts'
import { type ApiContext, get } from '../api.ts'
import { badgeSvg } from '../badge.ts'
import { reportFeed } from '../feed.ts'
import { languageParameter, organizationParameter, slugParameter } from '../parameters.ts'
import { notFound } from '../problem.ts'
import { reportGroups } from '../report.ts'
import { ReportGroup, type ReportGroupRow } from '../schemas.ts'

const unknown = { 404: 'No source has this slug, or no dataset is of this organization' }
const query = z.object({ lang: languageParameter })
const description =
  'Datasets that are not harvested, and those that are with a warning, grouped by what would mend them. `change` is the piece of `datasets.xml` that the owner would add or alter; nothing is ever applied.'

interface Report {
  /** Of the server, or the organization. */
  name: string
  erddapUrl: string | null
  groups: ReportGroupRow[]
  newest: Date | null
}

type Format = 'json' | 'csv' | 'atom'

/** Reports to the owners of datasets, and a badge for a server's own page. */
export function reportRoutes(api: ApiContext): void {
  for (const format of ['csv', 'atom', 'json'] as const) {
    organizationReport(api, format)
    serverReport(api, format)
  }
  badge(api)
}

function organizationReport(api: ApiContext, format: Format): void {
  const { settings, sources } = api
  const ending = format === 'json' ? '' : `.${format}`
  get(
    api,
    {
      path: `/api/harvest/report/organization/{name}${ending}`,
      pattern: `/api/harvest/report/organization/:name${format === 'json' ? '' : `{[^/]+\\.${format}}`}`,
      operationId: `organizationReport${suffix(format)}`,
      summary: `What an organization could mend of its datasets${kindOf(format)}`,
      description,
      params: z.object({ name: organizationParameter }),
      query,
      answer: answerOf(format),
      problems: unknown,
    },
    async (c, { params, query: { lang } }) => {
      const name = params.name.endsWith(ending)
        ? params.name.slice(0, params.name.length - ending.length)
        : params.name
      const urls = await sources.urls()
      const rows = await reportRows(settings.database, urls, name)
      if (rows.length === 0) throw notFound(`No dataset is of the organization "${name.slice(0, 200)}".`)
      return send(api, c, format, lang, async () => ({
        name,
        erddapUrl: null,
        groups: reportGroups(rows, lang),
        newest: newestOf(rows),
      }))
    },
  )
}

function serverReport(api: ApiContext, format: Format): void {
  const { settings, sources } = api
  const ending = format === 'json' ? '' : `.${format}`
  get(
    api,
    {
      path: `/api/harvest/report/{slug}${ending}`,
      pattern: `/api/harvest/report/:slug${format === 'json' ? '' : `{[^/]+\\.${format}}`}`,
      operationId: `serverReport${suffix(format)}`,
      summary: `What the owner of a server could mend of its datasets${kindOf(format)}`,
      description,
      params: z.object({ slug: slugParameter }),
      query,
      answer: answerOf(format),
      problems: unknown,
    },
    async (c, { params, query: { lang } }) => {
      const url = await sources.bySlug(format === 'json' ? params.slug : params.slug.slice(0, -ending.length))
      return send(
        api,
        c,
        format,
        lang,
        async () => {
          const rows = await reportRows(settings.database, [url])
          return { name: url, erddapUrl: url, groups: reportGroups(rows, lang), newest: newestOf(rows) }
        },
        () => auditVersion(settings.database, url),
      )
    },
  )
}

function badge(api: ApiContext): void {
  const { settings, sources, answers } = api
  get(
    api,
    {
      path: '/badge/{slug}.svg',
      pattern: '/badge/:slug{[^/]+\\.svg}',
      operationId: 'badge',
      summary: 'A badge for the page of a server: how many of its datasets are harvested',
      params: z.object({ slug: slugParameter }),
      query,
      answer: { contentType: 'image/svg+xml', schema: z.string() },
      problems: { 404: 'No source has this slug' },
    },
    async (c, { params, query: { lang } }) => {
      const url = await sources.bySlug(params.slug.replace(/\.svg$/, ''))
      return answers.send(
        c,
        async () => {
          const [row] = await sourceSummaries(settings.database, [url])
          const total = Math.max(row?.n_datasets ?? 0, row?.n_indexed ?? 0)
          return badgeSvg(
            lang,
            Math.min(row?.n_indexed ?? 0, total),
            total,
            (row?.last_error ?? null) !== null,
          )
        },
        {
          contentType: 'image/svg+xml; charset=utf-8',
          cacheControl: 'public, max-age=600',
          freshSeconds: 10,
          // Shown by pages of other sites.
          headers: { 'cross-origin-resource-policy': 'cross-origin' },
        },
      )
    },
  )
}

function send(
  { settings, answers }: ApiContext,
  c: Parameters<ApiContext['answers']['send']>[0],
  format: Format,
  language: Language,
  make: () => Promise<Report>,
  version?: () => Promise<string>,
): Promise<Response> {
  const base = settings.publicUrl ?? settings.basePath
  const kept = version === undefined ? {} : { version }
  switch (format) {
    case 'json':
      return answers.send(c, async () => (await make()).groups, kept)
    case 'csv':
      return answers.send(c, async () => csvOf(await make()), {
        ...kept,
        contentType: 'text/csv; charset=utf-8',
        headers: { 'content-disposition': 'attachment; filename="report.csv"' },
      })
    case 'atom':
      return answers.send(
        c,
        async () => {
          const report = await make()
          return reportFeed({ ...report, base, self: `${base}${c.req.path}`, language })
        },
        { ...kept, contentType: 'application/atom+xml; charset=utf-8', cacheControl: 'public, max-age=60' },
      )
  }
}

function newestOf(rows: readonly { attempted_at: Date }[]): Date | null {
  return rows.reduce<Date | null>(
    (newest, { attempted_at }) => (newest === null || attempted_at > newest ? attempted_at : newest),
    null,
  )
}

function suffix(format: Format): string {
  return format === 'json' ? '' : format === 'csv' ? 'Csv' : 'Feed'
}

function kindOf(format: Format): string {
  return format === 'json' ? '' : format === 'csv' ? ', as CSV' : ', as an Atom feed'
}

function answerOf(format: Format): { contentType?: string; schema: z.ZodType } {
  if (format === 'json') return { schema: z.array(ReportGroup) }
  return {
    contentType: format === 'csv' ? 'text/csv' : 'application/atom+xml',
    schema: z.string(),
  }
}

const columns = [
  'erddap_url',
  'dataset_id',
  'title',
  'in_index',
  'reason_code',
  'reason',
  'message',
  'remedy',
  'what',
  'change',
  'page',
] as const

function csvOf({ groups }: Report): string {
  return stringify(
    groups.flatMap((group) =>
      group.datasets.map((dataset) => {
        const row = { ...group, ...dataset }
        return columns.map((name) => (typeof row[name] === 'boolean' ? String(row[name]) : row[name]))
      }),
    ),
    { header: true, columns: [...columns], escape_formulas: true },
  )
}
