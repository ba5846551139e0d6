import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { describeError } from '../../src/errors.ts'
import { must, type PrefectClient, prefectClient, serverVersion } from '../../src/runs/prefect/client.ts'
import { createDeploymentRun } from '../../src/runs/prefect/create-run.ts'
import { type PrefectSettings, prefectSettings } from '../../src/runs/prefect/settings.ts'
import type { TransportOptions } from '../../src/runs/prefect/transport.ts'
import { systemRuntime } from '../../src/runs/runtime.ts'
import { certificate, key } from '../support/own-certificate.ts'
import { type FakePrefect, startFakePrefect } from '../support/prefect-fake.ts'

const open: { close(): Promise<unknown> | unknown }[] = []
afterEach(async () => {
  for (const item of open.splice(0).reverse()) await item.close()
})

async function fake(options: Parameters<typeof startFakePrefect>[0] = {}): Promise<FakePrefect> {
  const server = await startFakePrefect(options)
  open.push(server)
  return server
}

function client(environment: Record<string, string>, options: TransportOptions = {}): PrefectClient {
  const made = prefectClient(prefectSettings(environment) as PrefectSettings, options)
  open.push(made)
  return made
}

/** Sleeps nothing, and remembers how long it should have. */
function hasty() {
  const sleeps: number[] = []
  return {
    sleeps,
    runtime: {
      ...systemRuntime,
      random: () => 0,
      sleep: async (ms: number) => {
        sleeps.push(ms)
      },
    },
  }
}

describe('the settings', () => {
  it('are none without an address', () => {
    expect(prefectSettings({})).toBeNull()
    expect(prefectSettings({ PREFECT_API_URL: ' ' })).toBeNull()
  })

  it('take a password out of the address', () => {
    expect(prefectSettings({ PREFECT_API_URL: 'https://admin:s%40t@host/x/api/' })).toMatchObject({
      apiUrl: 'https://host/x/api',
      authString: 'admin:s@t',
    })
  })

  it('take a % that begins no escape as it stands', () => {
    expect(prefectSettings({ PREFECT_API_URL: 'http://a%b:50%@host/api' })?.authString).toBe('a%b:50%')
  })

  it('refuse what is no address', () => {
    expect(() => prefectSettings({ PREFECT_API_URL: 'host:4200/api' })).toThrowError(/scheme|not a URL/)
  })
})

describe('an answer that cannot be read', () => {
  /** Answers with these bodies, the last one again and again. */
  async function answers(...bodies: string[]): Promise<string> {
    const server: Server = createServer((request, response) => {
      const isToken = request.url?.includes('csrf-token')
      response.writeHead(isToken ? 404 : 200, { 'content-type': 'application/json' })
      if (isToken) response.end('{}')
      else response.end(bodies.length > 1 ? bodies.shift() : bodies[0])
    })
    return listening(server)
  }

  /** The address of its API. */
  async function listening(server: Server): Promise<string> {
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    open.push({
      close() {
        server.closeAllConnections()
        server.close()
      },
    })
    return `http://127.0.0.1:${(server.address() as { port: number }).port}/api`
  }
  const runs = (made: PrefectClient) =>
    must('find runs', made.normal.POST('/flow_runs/filter', { body: {} as never }))

  it.each(['{"id": ', 'random bytes', '', '{}', 'null'])('is asked for again: %j', async (garbage) => {
    const { sleeps, runtime } = hasty()
    const made = client({ PREFECT_API_URL: await answers(garbage, garbage, '[]') }, { runtime })
    expect(await runs(made)).toEqual([])
    expect(sleeps).toHaveLength(2)
  })

  it('is not read without end', async () => {
    let sent = 0
    const server = createServer((_request, response) => {
      const piece = Buffer.alloc(1024 * 1024, '[')
      const more = () => {
        sent += 1
        response.write(piece, (error) => error || setImmediate(more))
      }
      more()
    })
    const made = client({ PREFECT_API_URL: await listening(server) })
    await expect(
      must('find runs', made.once.POST('/flow_runs/filter', { body: {} as never })),
    ).rejects.toMatchObject({
      code: 'PREFECT_UNREACHABLE',
      message: expect.stringContaining('larger than 64 MB'),
    })
    expect(sent).toBeLessThan(200)
  })

  it('is an error with a code in the end', async () => {
    const made = client({ PREFECT_API_URL: await answers('{"id": ') }, { runtime: hasty().runtime })
    await expect(runs(made)).rejects.toMatchObject({
      code: 'PREFECT_UNREACHABLE',
      message: expect.stringContaining('sends what cannot be read'),
    })
  })
})

describe('a request', () => {
  it('says who asks as the Python client does, under any path prefix', async () => {
    const server = await fake({ prefix: '/tools/prefect/api' })
    const api = client({ PREFECT_API_URL: server.apiUrl })
    await must('register', api.normal.POST('/flows/', { body: { name: 'x' } }))
    const post = server.requests.find((request) => request.method === 'POST')
    expect(post?.headers['user-agent']).toBe('prefect/3.8.8 (API 0.8.4)')
    expect(post?.headers['x-prefect-api-version']).toBe('0.8.4')
  })

  it('is repeated after 503 and broken connections, waiting as long as the server says', async () => {
    const server = await fake()
    const { runtime, sleeps } = hasty()
    const api = client({ PREFECT_API_URL: server.apiUrl }, { runtime })
    server.fail('/flows/', { status: 429, headers: { 'retry-after': '1.823' } })
    server.fail('/flows/', 'break')
    server.fail('/flows/', { status: 503 })
    const flow = await must('register', api.normal.POST('/flows/', { body: { name: 'x' } }))
    expect(flow.name).toBe('x')
    expect(sleeps).toEqual([1823, 2000, 4000])
  })

  it('is given up after five repeats', async () => {
    const server = await fake()
    const { runtime, sleeps } = hasty()
    const api = client({ PREFECT_API_URL: server.apiUrl }, { runtime })
    server.fail('/flows/', { status: 503, body: { detail: 'database is locked' } }, 99)
    await expect(must('register', api.normal.POST('/flows/', { body: { name: 'x' } }))).rejects.toThrow(
      /\(503\): database is locked/,
    )
    expect(sleeps).toHaveLength(5)
  })

  it('to start a run is not repeated once nobody wants it any more', async () => {
    const server = await fake()
    const controller = new AbortController()
    let sleeps = 0
    const sleep: typeof systemRuntime.sleep = (_, signal) => {
      sleeps++
      controller.abort(new Error('Ctrl-C'))
      return systemRuntime.sleep(1, signal)
    }
    const api = client({ PREFECT_API_URL: server.apiUrl }, { runtime: { ...systemRuntime, sleep } })
    server.fail('/create_flow_run', { status: 503 }, 99)
    const asked = createDeploymentRun(api, 'd', { parameters: {}, signal: controller.signal })
    await expect(asked).rejects.toThrow('Ctrl-C')
    expect(sleeps).toBe(1)
  })

  it('is given up when its process is interrupted, which may still say what has to be said, for a moment', async () => {
    let isSilent = true
    const server = createServer((_, response) => {
      if (!isSilent) response.writeHead(200, { 'content-type': 'application/json' }).end('"3.8.8"')
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    open.push({
      close() {
        server.closeAllConnections()
        server.close()
      },
    })
    const { port } = server.address() as { port: number }
    const interrupted = new AbortController()
    const api = client(
      { PREFECT_API_URL: `http://127.0.0.1:${port}/api` },
      { interruption: () => interrupted.signal },
    )
    const asked = must('read a version', api.normal.GET('/admin/version'))
    await once(server, 'request')
    interrupted.abort(new Error('Ctrl-C'))
    await expect(asked).rejects.toThrow('Ctrl-C')
    // It says that it was not heard, and asks no second time.
    const late = must('read a version', api.long.GET('/admin/version'))
    await expect(late).rejects.toMatchObject({ code: 'PREFECT_UNREACHABLE' })
    isSilent = false
    expect(await must('read a version', api.normal.GET('/admin/version'))).toBe('3.8.8')
  })

  it('fetches a CSRF token where the server wants one, and a new one when it is stale', async () => {
    const server = await fake({ csrf: true })
    const api = client({ PREFECT_API_URL: server.apiUrl })
    // The look-alike takes each token once, so the second request finds its token stale.
    for (const name of ['a', 'b']) await must('register', api.normal.POST('/flows/', { body: { name } }))
    expect(server.requests.filter((request) => request.path === '/csrf-token')).toHaveLength(2)
  })

  it('asks for no token again once the server said that it wants none', async () => {
    const server = await fake()
    const api = client({ PREFECT_API_URL: server.apiUrl })
    for (const name of ['a', 'b']) await must('register', api.normal.POST('/flows/', { body: { name } }))
    expect(server.requests.filter((request) => request.path === '/csrf-token')).toHaveLength(1)
  })

  it('carries the API key, or the auth string which wins', async () => {
    const server = await fake({ authString: 'admin:s3cret' })
    const both = {
      PREFECT_API_URL: server.apiUrl,
      PREFECT_API_AUTH_STRING: 'admin:s3cret',
      PREFECT_API_KEY: 'pnu_1',
    }
    expect(await serverVersion(client(both))).toBe('3.8.8')
    const key = client({ PREFECT_API_URL: server.apiUrl, PREFECT_API_KEY: 'pnu_1' })
    await expect(serverVersion(key)).rejects.toMatchObject({ remedy: 'Check PREFECT_API_KEY.' })
    expect(server.requests.at(-1)?.headers.authorization).toBe('Bearer pnu_1')
    const wrong = client({ ...both, PREFECT_API_AUTH_STRING: 'admin:other' })
    await expect(serverVersion(wrong)).rejects.toMatchObject({ remedy: 'Check PREFECT_API_AUTH_STRING.' })
  })

  it('to a server with a certificate of its own fails at once, unless that is believed', async () => {
    const server = createSecureServer({ cert: certificate, key }, (_, response) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end('"3.8.8"'),
    )
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    open.push(server)
    const PREFECT_API_URL = `https://127.0.0.1:${(server.address() as { port: number }).port}/api`
    const { runtime, sleeps } = hasty()
    await expect(client({ PREFECT_API_URL }, { runtime }).long.GET('/admin/version')).rejects.toMatchObject({
      code: 'PREFECT_REFUSED',
      remedy: expect.stringMatching(/PREFECT_API_SSL_CERT_FILE.*PREFECT_API_TLS_INSECURE_SKIP_VERIFY/),
    })
    expect(sleeps).toEqual([])
    const folder = mkdtempSync(join(tmpdir(), 'authority é '))
    open.push({ close: () => rmSync(folder, { recursive: true, force: true }) })
    const PREFECT_API_SSL_CERT_FILE = join(folder, 'own.pem')
    expect(() => prefectSettings({ PREFECT_API_URL, PREFECT_API_SSL_CERT_FILE })).toThrow(/cannot be read/)
    writeFileSync(PREFECT_API_SSL_CERT_FILE, certificate)
    expect(await serverVersion(client({ PREFECT_API_URL, PREFECT_API_SSL_CERT_FILE }))).toBe('3.8.8')
    expect(
      await serverVersion(client({ PREFECT_API_URL, PREFECT_API_TLS_INSECURE_SKIP_VERIFY: 'true' })),
    ).toBe('3.8.8')
  })

  it('that must not be lost is repeated after any error of the server', async () => {
    const server = await fake()
    const { runtime, sleeps } = hasty()
    const api = client({ PREFECT_API_URL: server.apiUrl }, { runtime })
    server.fail('/flows/', { status: 500, body: { detail: 'restarting' } }, 3)
    expect((await must('register', api.long.POST('/flows/', { body: { name: 'x' } }))).name).toBe('x')
    expect(sleeps).toHaveLength(3)
  })

  it('goes through the proxy of the environment, but not to hosts of NO_PROXY', async () => {
    const server = await fake()
    const seen: string[] = []
    const proxy: Server = createServer()
    proxy.on('connect', (request, socket) => {
      seen.push(request.url ?? '')
      socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
    })
    proxy.on('request', (request, response) => {
      seen.push(request.url ?? '')
      response.writeHead(502).end()
    })
    await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done))
    open.push(proxy)
    const HTTP_PROXY = `http://127.0.0.1:${(proxy.address() as { port: number }).port}`
    const direct = client({ PREFECT_API_URL: server.apiUrl, HTTP_PROXY, NO_PROXY: '127.0.0.1' })
    expect(await serverVersion(direct)).toBe('3.8.8')
    expect(seen).toEqual([])
    const proxied = client({ PREFECT_API_URL: server.apiUrl, HTTP_PROXY })
    await expect(serverVersion(proxied)).rejects.toThrow()
    expect(seen).toHaveLength(1)
  })
})

describe('what is wrong with the server is said apart', () => {
  const problem = async (environment: Record<string, string>) => {
    try {
      await serverVersion(client(environment))
      return null
    } catch (error) {
      return error as { code: string; message: string; remedy: string }
    }
  }

  it('nobody listens', async () => {
    const server = await startFakePrefect()
    await server.close()
    const found = await problem({ PREFECT_API_URL: server.apiUrl })
    expect(found?.code).toBe('PREFECT_UNREACHABLE')
    const { host } = new URL(server.apiUrl)
    expect(describeError(found)).toBe(
      `The Prefect server at ${server.apiUrl} cannot be reached (GET /api/admin/version): ECONNREFUSED: connect ECONNREFUSED ${host}`,
    )
  })

  it('the address is that of the web page', async () => {
    const server = await fake()
    expect(await problem({ PREFECT_API_URL: server.apiUrl.replace('/api', '') })).toMatchObject({
      code: 'PREFECT_REFUSED',
      message: expect.stringContaining('web page'),
      remedy: expect.stringContaining('/api'),
    })
  })

  it('the proxy before it answers in its stead', async () => {
    const proxy = createServer((_, response) => {
      response.writeHead(504, { 'content-type': 'text/html' })
      response.end('<html><h1>504 Gateway Time-out</h1></html>')
    })
    await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done))
    open.push({ close: () => void proxy.close() })
    const { port } = proxy.address() as { port: number }
    expect(await problem({ PREFECT_API_URL: `http://127.0.0.1:${port}/api` })).toMatchObject({
      code: 'PREFECT_UNREACHABLE',
      message: expect.stringContaining('what stands before it answers 504'),
    })
  })

  it('the login is wrong, without telling the secret', async () => {
    const server = await fake({ authString: 'admin:right' })
    const found = await problem({ PREFECT_API_URL: server.apiUrl, PREFECT_API_AUTH_STRING: 'admin:wr0ng' })
    expect(found).toMatchObject({ code: 'PREFECT_REFUSED', remedy: 'Check PREFECT_API_AUTH_STRING.' })
    expect(JSON.stringify(found) + found?.message).not.toContain('wr0ng')
  })

  it('it is older than what we can speak to, or just new enough', async () => {
    for (const version of ['2.20.1', '3.0.11', '3.1.15']) {
      const server = await fake({ version })
      expect(await problem({ PREFECT_API_URL: server.apiUrl })).toMatchObject({
        code: 'PREFECT_REFUSED',
        message: `The server at ${server.apiUrl} is Prefect ${version}, and 3.2 or newer is needed`,
      })
    }
    expect(await problem({ PREFECT_API_URL: (await fake({ version: '3.2.0' })).apiUrl })).toBeNull()
  })

  it('it is Prefect 2', async () => {
    const server = await fake({ version: '2.20.1' })
    expect(await problem({ PREFECT_API_URL: server.apiUrl })).toMatchObject({
      code: 'PREFECT_REFUSED',
      message: expect.stringContaining('Prefect 2.20.1'),
      remedy: expect.stringContaining('Prefect 3'),
    })
  })
})
