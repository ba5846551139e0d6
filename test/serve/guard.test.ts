/** What stands around the API: the trigger's locks, headers, other origins, base path, health, logs, failures. */
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { type IncomingMessage, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { Counter, Registry } from 'prom-client'
import { afterEach, describe, expect, test } from 'vitest'
import { ownSegments } from '../../src/config/base-path.ts'
import type { Database } from '../../src/database/port.ts'
import { HarvesterError } from '../../src/errors.ts'
import { inFrench } from '../../src/serve/docs-french.ts'
import type { ApiDocument } from '../../src/serve/docs-page.ts'
import type { ServerOptions } from '../../src/serve/options.ts'
import type { RunControl, TriggerAnswer } from '../../src/serve/ports.ts'
import { type ApiServer, createServer } from '../../src/serve/server.ts'
import { root } from '../support/program.ts'

const token = 'correct horse battery staple'
const known = 'https://erddap.alpha.ca/erddap'
const servers: ApiServer[] = []

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

/** A database without rows, or one that fails as it is told. */
function emptyDatabase(failure?: Error): Database {
  const query = async () => {
    if (failure) throw failure
    return { rows: [], count: 0 }
  }
  return { description: 'nothing', serverVersion: 150000, query } as unknown as Database
}

interface Asked {
  source: string | null
  force: boolean
  user: string
}

function engine(
  answer: TriggerAnswer = { outcome: 'accepted', runId: 'run-1' },
): RunControl & { asked: Asked[] } {
  const asked: Asked[] = []
  return {
    asked,
    schedules: async () => [],
    find: async (runId) =>
      runId === '11111111-2222-4333-8444-555555555555'
        ? {
            runId,
            state: 'Scheduled',
            final: false,
            source: known,
            createdAt: null,
            startedAt: null,
            triggeredBy: 'ana',
            message: null,
          }
        : null,
    trigger: async (source, options) => {
      asked.push({ source, ...options })
      return answer
    },
  }
}

async function start(options: Partial<ServerOptions> = {}): Promise<string> {
  const server = createServer({ database: emptyDatabase(), port: 0, configuredSources: [known], ...options })
  servers.push(server)
  return server.listen()
}

function trigger(base: string, body: unknown = {}, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${base}/api/harvest/trigger`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}

/** Fetch lets nobody write a Host header. */
async function askAs(address: string, headers: Record<string, string>): Promise<string> {
  const asked = request(address, { headers })
  asked.end()
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  return text(answer)
}

describe('the links of a feed', () => {
  const path = '/api/harvest/servers/erddap-alpha-ca-erddap.atom'
  const hrefs = (feed: string) => [...feed.matchAll(/href="([^"]*)"/g)].map(([, href]) => href)
  const forged = {
    host: 'evil.example',
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'https',
    forwarded: 'host=evil.example;proto=https',
  }

  test.each([
    [
      'the configured public address',
      { publicUrl: 'https://data.example.org/h/' },
      'https://data.example.org/h',
    ],
    ['the path where a proxy puts us', { basePath: '/h' }, '/h'],
    ['the root', {}, ''],
  ])('lead to %s, whatever the request says of its host', async (_, options, prefix) => {
    const base = await start(options)
    const expected = [`${prefix}${path}`, `${prefix}/harvest/server/erddap-alpha-ca-erddap`]
    // The first who asks could choose for all others, where an answer is kept.
    const first = await askAs(`${base}${path}`, forged)
    expect(hrefs(first)).toEqual(expected)
    expect(first).not.toContain('evil')
    expect(hrefs(await askAs(`${base}${path}`, {}))).toEqual(expected)
  })
})

describe('the trigger', () => {
  const enabled = { enabled: true, token }

  test('starts a run of the source that a slug or URL names, and says where to follow it', async () => {
    const runs = engine()
    const base = await start({ runs, trigger: enabled })
    const answer = await trigger(base, { source: 'erddap-alpha-ca-erddap', force: true })
    expect(answer.status).toBe(202)
    expect(await answer.json()).toEqual({ run_id: 'run-1', url: '/harvest/run/run-1' })
    await trigger(base, { source: `${known}/` })
    await trigger(base, {})
    expect(runs.asked).toEqual([
      { source: known, force: true, user: 'api' },
      { source: known, force: false, user: 'api' },
      { source: null, force: false, user: 'api' },
    ])
  })

  test('is off unless it is switched on and has a token', async () => {
    const runs = engine()
    for (const options of [undefined, { enabled: false, token }, { enabled: true, token: '' }]) {
      const base = await start({ runs, ...(options ? { trigger: options } : {}) })
      expect((await trigger(base)).status).toBe(403)
      const about = (await (await fetch(`${base}/api/harvest/about`)).json()) as { trigger_enabled: boolean }
      expect(about.trigger_enabled).toBe(false)
    }
    expect(runs.asked).toEqual([])
  })

  test.each([
    ['no token', { authorization: '' }],
    ['another token', { authorization: 'Bearer wrong' }],
    ['the beginning of the token', { authorization: `Bearer ${token.slice(0, -1)}` }],
    ['the token without its scheme', { authorization: token }],
  ])('refuses %s', async (_, headers) => {
    const runs = engine()
    const answer = await trigger(await start({ runs, trigger: enabled }), {}, headers)
    expect(answer.status).toBe(401)
    expect(await answer.text()).not.toContain(token)
    expect(runs.asked).toEqual([])
  })

  test.each([
    ['a page of another origin', { origin: 'https://evil.example' }],
    ['a page of another origin that hides it', { 'sec-fetch-site': 'cross-site' }],
    ['a page without an origin', { origin: 'null' }],
  ])('refuses %s, though it knows the token', async (_, headers) => {
    const runs = engine()
    const base = await start({ runs, trigger: enabled, corsOrigins: ['*'] })
    expect((await trigger(base, {}, headers as Record<string, string>)).status).toBe(403)
    expect(runs.asked).toEqual([])
  })

  test('takes our own page and listed origins', async () => {
    const base = await start({ runs: engine(), trigger: enabled, corsOrigins: ['https://portal.example'] })
    expect((await trigger(base, {}, { origin: new URL(base).origin })).status).toBe(202)
    expect((await trigger(base, {}, { origin: 'https://portal.example' })).status).toBe(202)
  })

  test.each([
    ['text', 'hello', {}],
    ['a form', 'source=x', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['plain text that is JSON', '{}', { 'content-type': 'text/plain' }],
    ['an unknown key', { sources: 'x' }, {}],
    ['a list', [], {}],
    ['a number as source', { source: 4 }, {}],
  ])('answers 400 to %s', async (_, body, headers) => {
    const runs = engine()
    const answer = await trigger(
      await start({ runs, trigger: enabled }),
      body,
      headers as Record<string, string>,
    )
    expect(answer.status).toBe(400)
    expect(runs.asked).toEqual([])
  })

  test('answers 413 to a body that is too large', async () => {
    const base = await start({ runs: engine(), trigger: enabled })
    expect((await trigger(base, { source: 'x'.repeat(20_000) })).status).toBe(413)
  })

  test.each([
    [{ outcome: 'already-running', runId: 'run-0' }, 409],
    [{ outcome: 'unknown-source' }, 404],
    [{ outcome: 'unavailable', reason: 'No worker is alive.' }, 503],
  ] as const)('answers %o by %i', async (outcome, status) => {
    const base = await start({ runs: engine(outcome), trigger: enabled })
    const answer = await trigger(base, { source: 'x' })
    expect(answer.status).toBe(status)
    expect(await answer.json()).toHaveProperty('error')
  })

  test('without an engine is 503', async () => {
    expect((await trigger(await start({ trigger: enabled }))).status).toBe(503)
  })

  test('shuts out who failed too often, and nobody else', async () => {
    let now = 60_000
    const proxied = {
      ...enabled,
      perMinute: 2,
      trustedProxies: ['127.0.0.0/8', '::1', '10.0.0.0/8'],
      now: () => now,
    }
    const base = await start({ runs: engine(), trigger: proxied })
    const ask = (client: string, authorization: string) =>
      trigger(base, {}, { authorization, 'x-forwarded-for': client }).then(({ status }) => status)
    for (let turn = 0; turn < 2; turn += 1) expect(await ask('198.51.100.7, 10.0.0.3', 'Bearer no')).toBe(401)
    // What a client writes itself stands on the left and changes nothing.
    expect(await ask('203.0.113.9, 198.51.100.7', 'Bearer no')).toBe(429)
    expect(await ask('198.51.100.8', `Bearer ${token}`)).toBe(202)
    now += 60_000
    expect(await ask('198.51.100.7', `Bearer ${token}`)).toBe(202)
  })

  test('shuts out a whole network of IPv6, whose addresses one guesser has', async () => {
    const proxied = { ...enabled, perMinute: 2, trustedProxies: ['127.0.0.0/8', '::1'], now: () => 0 }
    const base = await start({ runs: engine(), trigger: proxied })
    const ask = (client: string, authorization: string) =>
      trigger(base, {}, { authorization, 'x-forwarded-for': client }).then(({ status }) => status)
    expect(await ask('2001:db8:1:2::1', 'Bearer no')).toBe(401)
    expect(await ask('[2001:db8:1:2:ffff::9]:4711', 'Bearer no')).toBe(401)
    expect(await ask('2001:DB8:1:2:3:4:5:6', 'Bearer no')).toBe(429)
    expect(await ask('2001:db8:1:3::1', `Bearer ${token}`)).toBe(202)
  })

  test('counts failures', async () => {
    const base = await start({
      runs: engine(),
      trigger: { ...enabled, perMinute: 3, now: () => 30_000 },
    })
    const statuses: number[] = []
    for (const authorization of ['Bearer a', 'Bearer b', 'Bearer c', `Bearer ${token}`]) {
      const answer = await trigger(base, {}, { authorization })
      statuses.push(answer.status)
      if (answer.status === 429) expect(answer.headers.get('retry-after')).toBe('30')
    }
    expect(statuses).toEqual([401, 401, 401, 429])
  })

  test('records the user whom a proxy names, only if the site trusts that header', async () => {
    const trusting = engine()
    await trigger(
      await start({ runs: trusting, trigger: { ...enabled, trustedUserHeader: 'X-Remote-User' } }),
      {},
      { 'x-remote-user': 'ana@example.org' },
    )
    const other = engine()
    await trigger(await start({ runs: other, trigger: enabled }), {}, { 'x-remote-user': 'mallory' })
    expect([trusting.asked[0]?.user, other.asked[0]?.user]).toEqual(['ana@example.org', 'api'])
  })

  test('records no user that somebody names who is no trusted proxy, whatever he says of himself', async () => {
    const runs = engine()
    const guarded = { ...enabled, trustedUserHeader: 'X-Remote-User', trustedProxies: ['10.0.0.0/8'] }
    const base = await start({ runs, trigger: guarded })
    const forged = { 'x-remote-user': 'ana@example.org', 'x-forwarded-for': '10.0.0.7' }
    expect((await trigger(base, {}, forged)).status).toBe(202)
    expect(runs.asked[0]?.user).toBe('api')
  })
})

describe('a run that waits for a worker', () => {
  test('is found by the id that the trigger gave, and is queued', async () => {
    const base = await start({ runs: engine() })
    const answer = await fetch(`${base}/api/harvest/runs/11111111-2222-4333-8444-555555555555`)
    expect(await answer.json()).toMatchObject({
      run: { status: 'queued', triggered_source: known, triggered_by: 'ana', n_total: 0 },
      attempts: [],
    })
  })
})

describe('headers', () => {
  test('forbid what nobody needs', async () => {
    const base = await start()
    const page = await fetch(`${base}/harvest/server/x`)
    const policy = page.headers.get('content-security-policy') ?? ''
    expect(policy).toContain("default-src 'none'")
    expect(policy).not.toMatch(/unsafe|https?:|\*/)
    expect(page.headers.get('x-content-type-options')).toBe('nosniff')
    const data = await fetch(`${base}/api/harvest/servers`)
    expect(data.headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'")
    expect((await fetch(`${base}/nothing`)).headers.get('x-frame-options')).toBe('DENY')
  })

  test('let listed origins read, and no others', async () => {
    const base = await start({ corsOrigins: ['https://portal.example/'] })
    const from = async (origin: string) =>
      (await fetch(`${base}/api/harvest/servers`, { headers: { origin } })).headers.get(
        'access-control-allow-origin',
      )
    expect(await from('https://portal.example')).toBe('https://portal.example')
    expect(await from('https://evil.example')).toBeNull()
    const closed = await start()
    const answer = await fetch(`${closed}/api/harvest/servers`, {
      headers: { origin: 'https://portal.example' },
    })
    expect(answer.headers.get('access-control-allow-origin')).toBeNull()
  })
})

describe('a base path', () => {
  test('is where everything is, whether a proxy takes it away or not', async () => {
    const url = await start({ basePath: 'harvester/', runs: engine(), trigger: { enabled: true, token } })
    expect(url).toMatch(/\/harvester$/)
    const origin = new URL(url).origin
    for (const base of [url, origin]) {
      expect(await (await fetch(`${base}/api/harvest/servers`)).json()).toEqual([])
      expect(await (await fetch(`${base}/harvest`)).text()).toMatch(
        /<base href="\/harvester\/" \/>|not been built/,
      )
    }
    expect((await fetch(`${origin}/`, { redirect: 'manual' })).headers.get('location')).toBe(
      '/harvester/harvest',
    )
    expect(await (await trigger(url)).json()).toMatchObject({ url: '/harvester/harvest/run/run-1' })
  })

  test('is refused where it begins as one of our addresses does', () => {
    const folder = join(root, 'src/serve/routes')
    const first = readdirSync(folder).flatMap((name) =>
      [...readFileSync(join(folder, name), 'utf8').matchAll(/['`]\/([\w.]+)[/'`]/g)].map(([, one]) => one),
    )
    expect([...new Set(first)].sort()).toEqual(ownSegments)
  })
})

describe('when the database cannot answer', () => {
  const unreachable = new HarvesterError(
    'DATABASE_UNREACHABLE',
    'connect ECONNREFUSED db.secret.internal:5432',
  )

  test('requests are 503, and what is behind it is not told', async () => {
    const base = await start({ database: emptyDatabase(unreachable) })
    const answer = await fetch(`${base}/api/harvest/servers`)
    expect(answer.status).toBe(503)
    expect(await answer.text()).not.toContain('secret')
  })

  test('an unforeseen error is 500 without a stack, and goes to the log', async () => {
    const logged: object[] = []
    const log = { debug() {}, info() {}, warn() {}, error: (facts: object) => void logged.push(facts) }
    const base = await start({ database: emptyDatabase(new Error('column "secret" at index.ts:7')), log })
    const answer = await fetch(`${base}/api/harvest/servers`)
    expect(answer.status).toBe(500)
    expect(await answer.text()).not.toMatch(/secret|\.ts/)
    expect(logged).toHaveLength(1)
  })

  test('it is alive but not ready', async () => {
    const base = await start({ database: emptyDatabase(unreachable) })
    expect((await fetch(`${base}/health`)).status).toBe(200)
    const ready = await fetch(`${base}/ready`)
    expect(ready.status).toBe(503)
    expect(await ready.json()).toEqual({ status: 'unavailable', checks: { database: 'unreachable' } })
    expect(await (await fetch(`${base}/metrics`)).text()).toContain('erddap_harvester_audit_up 0')
  })
})

describe('ready', () => {
  test('asks the engine too', async () => {
    const check = async () => {
      throw new Error('Prefect is away')
    }
    const base = await start({ runs: { ...engine(), server: { name: 'prefect', check } } })
    const answer = await fetch(`${base}/ready`)
    expect(answer.status).toBe(503)
    expect(await answer.json()).toEqual({
      status: 'unavailable',
      checks: { database: 'ok', prefect: 'unreachable' },
    })
    expect((await fetch(`${await start({ runs: engine() })}/ready`)).status).toBe(200)
  })
})

describe('metrics', () => {
  test('show those of this process beside those of the audit', async () => {
    const registry = new Registry()
    new Counter({ name: 'requests_total', help: 'Requests', registers: [registry] }).inc(3)
    const base = await start({ registries: [registry] })
    await fetch(`${base}/api/harvest/servers`)
    const answer = await fetch(`${base}/metrics`)
    expect(answer.headers.get('content-type')).toContain('text/plain')
    const text = await answer.text()
    expect(text).toContain('requests_total 3')
    expect(text).toContain('erddap_harvester_audit_up 1')
    expect(text).toMatch(/api_request_seconds_count\{route="\/api\/harvest\/servers",status="200"\} 1/)
  })
})

describe('log files', () => {
  test('are served only where the site wants it, and nothing beside them', async () => {
    const outside = await mkdtemp(join(tmpdir(), 'harvester-logs-'))
    try {
      const folder = join(outside, 'logs')
      await mkdir(join(folder, 'sub'), { recursive: true })
      await writeFile(join(folder, 'harvest_20260101_alpha.log'), 'one\ntwo\n')
      await writeFile(join(outside, 'secret.log'), 'secret')
      await writeFile(join(folder, 'sub', 'deep.log'), 'secret')
      await writeFile(join(folder, 'config.yaml'), 'secret')
      await symlink(join(outside, 'secret.log'), join(folder, 'link.log'))
      const base = await start({ logFolder: folder })
      const good = await fetch(`${base}/harvester_logs/harvest_20260101_alpha.log`)
      expect([good.status, await good.text()]).toEqual([200, 'one\ntwo\n'])
      expect(good.headers.get('content-type')).toBe('text/plain; charset=utf-8')
      for (const name of [
        '..%2fsecret.log',
        '%2e%2e%2fsecret.log',
        'link.log',
        'config.yaml',
        'sub%2fdeep.log',
        '.log',
        'none.log',
      ]) {
        const bad = await fetch(`${base}/harvester_logs/${name}`)
        expect([name, bad.status]).toEqual([name, 404])
      }
    } finally {
      await rm(outside, { recursive: true, force: true })
    }
  })
})

/** What the files of the routes declare, whether or not the app has them. */
function declaredPaths(): string[] {
  const folder = join(root, 'src/serve/routes')
  return (
    readdirSync(folder)
      .flatMap((name) => [...readFileSync(join(folder, name), 'utf8').matchAll(/^ +path: ['`](.+)['`],$/gm)])
      // One question, in three forms.
      .flatMap(([, path]) => ['', '.atom', '.csv'].map((ending) => path!.replace(/\$\{ending\}/, ending)))
      .filter((path, at, all) => all.indexOf(path) === at)
      .sort()
  )
}

describe('the description of the API', () => {
  test('lists every route with its answer, and the page of it loads nothing', async () => {
    const base = await start()
    const document = (await (await fetch(`${base}/api/openapi.json`)).json()) as {
      openapi: string
      paths: Record<string, Record<string, { responses: Record<string, unknown> }>>
      components: { schemas: Record<string, unknown> }
    }
    expect(document.openapi).toBe('3.1.0')
    const paths = declaredPaths()
    expect(paths.length).toBeGreaterThan(25)
    expect(Object.keys(document.paths).sort()).toEqual(paths)
    expect(document.components.schemas).toHaveProperty('Dataset.properties.history_statuses')
    const page = await fetch(`${base}/api/docs`)
    const html = await page.text()
    expect(html).toContain('/api/harvest/servers/{slug}')
    expect(html).not.toMatch(/<script|src=|https?:\/\/(?!127)/)
    expect((await fetch(`${base}/api/docs.css`)).headers.get('content-type')).toContain('text/css')
  })
})

describe('the page of the API in French', () => {
  test('has every text of the description in French, and no word of its English', async () => {
    const base = await start()
    const texts = new Set<string>()
    const gather = (part: unknown): void => {
      if (part === null || typeof part !== 'object') return
      for (const [key, value] of Object.entries(part)) {
        if ((key === 'description' || key === 'summary') && typeof value === 'string') texts.add(value)
        else gather(value)
      }
    }
    const document = await (await fetch(`${base}/api/openapi.json`)).json()
    gather(document)
    const untranslated: string[] = []
    const kept = new Set(['ISO 8601, UTC'])
    const french = JSON.stringify(inFrench(document as ApiDocument))
    for (const one of texts) if (!kept.has(one) && french.includes(`"${one}"`)) untranslated.push(one)
    // Add what is missing to src/serve/docs-french.ts.
    expect(untranslated).toEqual([])
    const html = await (await fetch(`${base}/api/docs?lang=fr`)).text()
    expect(html).toContain('<html lang="fr">')
    expect(html).toContain('Les 20 dernières exécutions')
    // Reading is public; only starting a run needs the token.
    expect(html.match(/Exige l’en-tête/g)).toHaveLength(1)
    expect(html).toContain('href="/api/docs?lang=en" lang="en"')
    const words = html
      .replaceAll(/<code>.*?<\/code>|<style.*?<\/style>|<a [^>]*lang="en".*?<\/a>|<[^>]*>/gs, ' ')
      .match(
        /(?<![\p{L}’])(?:the|of|and|or|with|list|string|number|required|optional|meaning|answer)(?![\p{L}])/giu,
      )
    expect(words).toBeNull()
    expect(await (await fetch(`${base}/api/docs`)).text()).toContain('<html lang="en">')
  })
})

describe('listening', () => {
  test('on a port that is taken is an error in words', async () => {
    const port = Number(new URL(await start()).port)
    const second = createServer({ database: emptyDatabase(), port })
    await expect(second.listen()).rejects.toMatchObject({
      code: 'LISTEN_FAILED',
      message: `The address 127.0.0.1:${port} is in use by another program.`,
    })
  })
})
