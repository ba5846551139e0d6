import { getConnInfo } from '@hono/node-server/conninfo'
import type { Context } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { trustedProxies } from '../../config/networks.ts'
import { type ApiContext, check } from '../api.ts'
import { Problem } from '../problem.ts'
import { ErrorAnswer, TriggerAccepted, TriggerBody } from '../schemas.ts'
import { bearerIs, clientOf, FailureLimit, mayChange, userOf } from '../security.ts'
import { resolveSlug } from '../slugs.ts'

const mostBytes = 10_000
const loopback = ['127.0.0.0/8', '::1']

/** The one route that changes something: off by default, behind a token, counted, and closed to other origins. */
export function triggerRoutes(api: ApiContext): void {
  const { app, settings, sources } = api
  const limit = new FailureLimit(settings.trigger.perMinute, settings.trigger.now)
  const proxies = settings.trigger.trustedProxies
  const isTrusted = trustedProxies(proxies)
  // Whoever holds the token could write the header as well: it is a proxy's word alone, of this host where none is named.
  const mayNameUser = proxies.length > 0 ? isTrusted : trustedProxies(loopback)
  const json = (description: string) => ({
    description,
    content: { 'application/json': { schema: ErrorAnswer } },
  })
  app.openAPIRegistry.registerComponent('securitySchemes', 'token', { type: 'http', scheme: 'bearer' })
  app.openAPIRegistry.registerPath({
    method: 'post',
    path: '/api/harvest/trigger',
    operationId: 'trigger',
    summary: 'Starts a run of a source, or of all',
    security: [{ token: [] }],
    request: { body: { content: { 'application/json': { schema: TriggerBody } } } },
    responses: {
      202: { description: 'Queued', content: { 'application/json': { schema: TriggerAccepted } } },
      400: json('The body is malformed'),
      401: json('The token is missing or wrong'),
      403: json('Not enabled, or asked from another origin'),
      404: json('No such source'),
      409: json('The source is being harvested already'),
      413: json('The body is too large'),
      429: json('Too many failed attempts'),
      503: json('Nothing would run it'),
    },
  })

  app.post(
    '/api/harvest/trigger',
    bodyLimit({
      maxSize: mostBytes,
      onError: () => {
        throw new Problem(413, 'The body is too large.')
      },
    }),
    async (c) => {
      const user = admit(c)
      const body = check(TriggerBody, await readBody(c), 'body')
      if (settings.runs === null) throw new Problem(503, 'Nothing is here to run it.')
      const source = body.source ? await nameSource(body.source) : null
      const answer = await settings.runs.trigger(source, { force: body.force ?? false, user: user ?? 'api' })
      switch (answer.outcome) {
        case 'accepted': {
          const url = `${settings.basePath}/harvest/run/${encodeURIComponent(answer.runId)}`
          settings.log.info({ source, user, runId: answer.runId }, 'a run was triggered')
          c.header('location', url)
          c.header('cache-control', 'no-store')
          return c.json({ run_id: answer.runId, url }, 202)
        }
        case 'already-running':
          throw new Problem(409, 'This source is being harvested already.', {
            facts: { run_id: answer.runId },
          })
        case 'unknown-source':
          throw new Problem(404, 'The harvester does not know this source.')
        case 'unavailable':
          throw new Problem(503, answer.reason)
      }
    },
  )

  /** Lets the request in, and says who asks; throws otherwise. Whoever guessed too often is not judged at all. */
  function admit(c: Context): string | null {
    const { enabled, token, trustedUserHeader } = settings.trigger
    if (!enabled || token === null) throw new Problem(403, 'Runs cannot be started through this server.')
    const from = {
      origin: c.req.header('origin'),
      fetchSite: c.req.header('sec-fetch-site'),
      host: c.req.header('host'),
    }
    if (!mayChange(from, settings.corsOrigins))
      throw new Problem(403, 'Runs cannot be started from another origin.')
    const client = clientOf(addressOf(c), c.req.header('x-forwarded-for'), isTrusted)
    const wait = limit.wait(client)
    if (wait > 0)
      throw new Problem(429, 'Too many failed attempts.', { headers: { 'retry-after': String(wait) } })
    if (!bearerIs(c.req.header('authorization'), token)) {
      limit.failed(client)
      throw new Problem(401, 'The token is missing or wrong.', { headers: { 'www-authenticate': 'Bearer' } })
    }
    if (trustedUserHeader === null || !mayNameUser(addressOf(c))) return null
    return userOf(c.req.header(trustedUserHeader))
  }

  /** The URL, where the name is a slug or URL we know; otherwise the name, for the engine to judge. */
  async function nameSource(name: string): Promise<string> {
    const known = [...(await sources.urls()), ...(settings.configuredSources ?? [])]
    const bare = name.trim().replace(/(?<!\/)\/+$/, '')
    return known.find((url) => url === bare) ?? resolveSlug(name.trim(), known) ?? name.trim()
  }
}

async function readBody(c: Context): Promise<unknown> {
  // A form of another site can send text or form data without being asked, JSON it cannot.
  if (!/^application\/json\b/i.test(c.req.header('content-type') ?? '')) {
    throw new Problem(400, 'The body must be JSON (content-type: application/json).')
  }
  try {
    return await c.req.json()
  } catch (error) {
    if (error instanceof Problem) throw error
    throw new Problem(400, 'The body is not JSON.')
  }
}

function addressOf(c: Context): string {
  try {
    return getConnInfo(c).remote.address ?? 'unknown'
  } catch {
    return 'unknown'
  }
}
