/** What every route gets: the questions, the settings, and the one way to define an endpoint. */
import { type OpenAPIHono, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { listSources } from '../inventory/queries/list-sources.ts'
import type { Answers } from './answers.ts'
import type { LiveRuns } from './live-runs.ts'
import type { Settings } from './options.ts'
import { notFound, Problem } from './problem.ts'
import { ErrorAnswer } from './schemas.ts'
import { resolveSlug } from './slugs.ts'

export interface ApiContext {
  app: OpenAPIHono
  settings: Settings
  answers: Answers
  sources: Sources
  live: LiveRuns
}

/** The URLs of known sources, read again at most once a second. */
export class Sources {
  readonly #settings: Settings
  #read: { at: number; urls: Promise<string[]> } | null = null

  constructor(settings: Settings) {
    this.#settings = settings
  }

  /** Sources that a run has met or was asked for, ordered by URL. */
  async urls(): Promise<string[]> {
    const now = performance.now()
    if (this.#read === null || now - this.#read.at >= this.#settings.cacheSeconds * 1000) {
      const urls = listSources(this.#settings.database)
      const read = { at: now, urls }
      this.#read = read
      urls.catch(() => {
        if (this.#read === read) this.#read = null
      })
    }
    return this.#read.urls
  }

  /** The source a slug names. @throws Problem 404 */
  async bySlug(slug: string): Promise<string> {
    const url = resolveSlug(slug, [...(await this.urls()), ...(this.#settings.configuredSources ?? [])])
    if (url === null) throw notFound(`No source has the slug "${slug.slice(0, 200)}".`)
    return url
  }
}

export interface Endpoint<P extends z.ZodObject, Q extends z.ZodObject> {
  /** As OpenAPI writes it: `/api/harvest/servers/{slug}`. */
  path: string
  /** As hono matches it, where that is more exact than the OpenAPI path. */
  pattern?: string
  /** Name of the operation in the OpenAPI document, unique. */
  operationId: string
  summary: string
  description?: string
  params: P
  query: Q
  /** Media type and schema of the good answer. */
  answer: { contentType?: string; schema: z.ZodType }
  /** Other statuses than 200, 304, 400 and 500. */
  problems?: Record<number, string>
}

export const nothing = z.object({})

/** Defines a GET endpoint: its parameters are checked by the schemas that describe it. */
export function get<P extends z.ZodObject, Q extends z.ZodObject>(
  api: ApiContext,
  endpoint: Endpoint<P, Q>,
  handle: (c: Context, input: { params: z.output<P>; query: z.output<Q> }) => Promise<Response> | Response,
): void {
  const { path, operationId, summary, description, params, query, answer } = endpoint
  const problem = { content: { 'application/json': { schema: ErrorAnswer } } }
  api.app.openAPIRegistry.registerPath({
    method: 'get',
    path,
    operationId,
    summary,
    security: [],
    ...(description === undefined ? {} : { description }),
    request: { params, query },
    responses: {
      200: {
        description: 'OK',
        content: { [answer.contentType ?? 'application/json']: { schema: answer.schema } },
      },
      304: { description: 'Not changed since the ETag that was sent' },
      400: { description: 'A parameter is malformed', ...problem },
      503: { description: 'The database cannot be asked at the moment', ...problem },
      ...Object.fromEntries(
        Object.entries(endpoint.problems ?? {}).map(([status, text]) => [
          status,
          { description: text, ...problem },
        ]),
      ),
    },
  })
  api.app.get(endpoint.pattern ?? path.replace(/\{(\w+)\}/g, ':$1'), (c) =>
    handle(c, {
      params: check(params, c.req.param(), 'path'),
      query: check(query, given(c.req.query()), 'query'),
    }),
  )
}

/** A form sends what nobody filled in as empty, which would read as the number 0 or as an unknown word. */
function given(query: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value.trim() !== ''))
}

/** The value, or 400 with a sentence for each thing that is wrong. */
export function check<T extends z.ZodType>(schema: T, value: unknown, where: string): z.output<T> {
  const read = schema.safeParse(value)
  if (read.success) return read.data
  const faults = read.error.issues.map((issue) => `${[where, ...issue.path].join('.')}: ${issue.message}`)
  throw new Problem(400, faults.join('; '))
}
