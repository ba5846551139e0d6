import { OpenAPIHono } from '@hono/zod-openapi'
import { cors } from 'hono/cors'
import { routePath } from 'hono/route'
import { Answers } from './answers.ts'
import { type ApiContext, Sources } from './api.ts'
import { LiveRuns } from './live-runs.ts'
import { apiMetrics } from './metrics.ts'
import type { Settings } from './options.ts'
import { notFound, Problem, problemOf } from './problem.ts'
import { biologyRoutes } from './routes/biology.ts'
import { coverageRoutes } from './routes/coverage.ts'
import { datasetRoutes } from './routes/datasets.ts'
import { docsRoutes } from './routes/docs.ts'
import { healthRoutes } from './routes/health.ts'
import { logRoutes } from './routes/logs.ts'
import { pageRoutes } from './routes/pages.ts'
import { reportRoutes } from './routes/reports.ts'
import { runRoutes } from './routes/runs.ts'
import { scheduleRoutes } from './routes/schedules.ts'
import { searchRoutes } from './routes/search.ts'
import { serverRoutes } from './routes/servers.ts'
import { trackRoutes } from './routes/tracks.ts'
import { triggerRoutes } from './routes/trigger.ts'
import { dataPolicy, securityHeaders } from './security.ts'

export interface App {
  fetch: OpenAPIHono['fetch']
  live: LiveRuns
}

/** All routes, with what goes around each of them: headers, origins, errors, times. */
export async function buildApp(settings: Settings): Promise<App> {
  const { basePath, log } = settings
  const app = new OpenAPIHono({ getPath: (request) => pathWithin(request.url, basePath) })
  const sources = new Sources(settings)
  const live = new LiveRuns(settings)
  const metrics = apiMetrics(settings, sources)
  const api: ApiContext = { app, settings, sources, live, answers: new Answers(settings.cacheSeconds) }

  app.use(async (c, next) => {
    const started = performance.now()
    await next()
    // Hono asks the route of GET and drops its body: a stream would go on for nobody.
    if (c.req.method === 'HEAD') await c.res.body?.cancel()
    for (const [name, value] of Object.entries(securityHeaders)) c.res.headers.set(name, value)
    if (!c.res.headers.has('content-security-policy'))
      c.res.headers.set('content-security-policy', dataPolicy)
    const route = routePath(c, -1)
    metrics.requests.observe({ route, status: String(c.res.status) }, (performance.now() - started) / 1000)
    if (route === '/api/harvest/trigger') metrics.triggers.inc({ outcome: String(c.res.status) })
  })
  if (settings.corsOrigins.length > 0) {
    const all = settings.corsOrigins.includes('*')
    app.use(
      '/api/*',
      cors({
        origin: (origin) => (all ? '*' : settings.corsOrigins.includes(origin) ? origin : null),
        allowMethods: ['GET', 'HEAD', 'POST', 'OPTIONS'],
        allowHeaders: ['authorization', 'content-type', 'if-none-match'],
        exposeHeaders: ['etag', 'location', 'retry-after'],
        maxAge: 600,
      }),
    )
  }
  app.use(async (c, next) => {
    if (!isDecodable(new URL(c.req.url).pathname)) throw new Problem(400, 'The address is not well encoded.')
    await next()
  })

  reportRoutes(api)
  searchRoutes(api)
  serverRoutes(api)
  datasetRoutes(api)
  runRoutes(api)
  coverageRoutes(api)
  trackRoutes(api)
  biologyRoutes(api)
  scheduleRoutes(api)
  triggerRoutes(api)
  docsRoutes(api)
  healthRoutes(api, metrics)
  logRoutes(api)
  await pageRoutes(api)

  const tell = (problem: Problem) =>
    Response.json(
      { error: problem.message, ...problem.facts },
      { status: problem.status, headers: { 'cache-control': 'no-store', ...problem.headers } },
    )
  app.notFound(() => tell(notFound('There is nothing at this address.')))
  app.onError((error, c) => tell(problemOf(error, log, `${c.req.method} ${c.req.path}`)))
  return { fetch: app.fetch, live }
}

/** The path of a request below the base path; a proxy may have taken the base path away already. */
function pathWithin(url: string, basePath: string): string {
  const start = url.indexOf('/', url.indexOf('//') + 2)
  const end = url.search(/[?#]/)
  const path = start < 0 ? '/' : url.slice(start, end < 0 ? undefined : end)
  if (basePath === '') return path
  if (path === basePath) return '/'
  return path.startsWith(`${basePath}/`) ? path.slice(basePath.length) : path
}

function isDecodable(path: string): boolean {
  try {
    decodeURIComponent(path)
    return true
  } catch {
    return false
  }
}
