import { Agent } from 'undici'
import { afterEach, describe, expect, it } from 'vitest'
import { isInward } from '../../src/http/address.ts'
import { createHttpClient, type HttpClient } from '../../src/http/client.ts'
import { routed } from '../../src/http/routes.ts'
import { createErddapClient } from '../../src/sources/erddap/client.ts'
import { httpServer, stopServersAfterEach } from './servers.ts'

stopServersAfterEach()

const clients: HttpClient[] = []
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()))
})

const publicHost = 'https://erddap.example.org'

/** A client for which a server on loopback stands in the public network. */
function publicly(url: string): HttpClient {
  const http = createHttpClient({
    gate: null,
    dispatcher: routed(new Agent(), new Map([[publicHost, url]])),
  })
  clients.push(http)
  return http
}

function plainClient(): HttpClient {
  const http = createHttpClient({ gate: null })
  clients.push(http)
  return http
}

describe('an address', () => {
  const hostOf = (url: string) => new URL(url).hostname
  it.each([
    'http://127.0.0.1/',
    'http://127.9.9.9/',
    'http://2130706433/',
    'http://0x7f000001/',
    'http://0177.0.0.1/',
    'http://127.1/',
    'http://0.0.0.0/',
    'http://10.1.2.3/',
    'http://172.31.0.1/',
    'http://192.168.1.1/',
    'http://169.254.169.254/latest',
    'http://100.64.0.1/',
    'http://[::1]/',
    'http://[::]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:7f00:1]/',
    'http://[::127.0.0.1]/',
    'http://[fe80::1]/',
    'http://[fd00:ec2::254]/',
    'http://[64:ff9b::10.0.0.1]/',
    'http://[64:ff9b:1:ab::10.0.0.1]/',
    'http://[::fffe:7f00:1]/',
    'http://[fec0::1]/',
    'http://[4000::1]/',
    'http://[100:0:0:1::1]/',
    'http://[2002:7f00:1::]/',
    'http://[2001::5efe:1]/',
    'http://[3fff::1]/',
  ])('%s leads inwards', (url) => {
    expect(isInward(hostOf(url))).toBe(true)
  })

  it.each([
    'http://8.8.8.8/',
    'http://172.32.0.1/',
    'http://[2606:4700::1111]/',
    'http://[2001:4860:4860::8888]/',
    'http://[::ffff:8.8.8.8]/',
    'http://[64:ff9b::808:808]/',
    'http://erddap.example.org/',
  ])('%s does not', (url) => {
    expect(isInward(hostOf(url))).toBe(false)
  })
})

describe('a server of the public network', () => {
  it.each(['127.0.0.1', 'localhost', '2130706433', '[::ffff:127.0.0.1]', '0x7f.1', 'a.localhost.'])(
    'sends nobody to %s',
    async (host) => {
      const inner = await httpServer((_request, response) => response.end('secret of the inside'))
      const port = new URL(inner.url).port
      const server = await httpServer((_request, response) =>
        response.writeHead(302, { location: `http://${host}:${port}/metadata` }).end(),
      )
      const http = publicly(server.url)
      const failure = await http.text({ url: `${publicHost}/erddap`, allowDowngrade: true }).catch((e) => e)
      expect(failure).toMatchObject({ code: 'HTTP_BAD_ANSWER', facts: { inward: true } })
      expect(inner.asked).toEqual([])
    },
  )

  it.each(['http://127.0.0.1', 'http://localhost'])('has no link to %s that is followed', async (host) => {
    const inner = await httpServer((_request, response) => response.end('secret of the inside'))
    const client = createErddapClient({ http: plainClient(), baseUrl: 'https://192.88.99.1/erddap' })
    const linked = client.at(`${host}:${new URL(inner.url).port}/erddap`)
    await expect(linked.scope({ retries: 0 }).metadata('a')).rejects.toMatchObject({
      code: 'HTTP_BAD_ANSWER',
      facts: { inward: true },
    })
    expect(inner.asked).toEqual([])
  })
})

describe('a request that is to go outwards only', () => {
  it.each(['127.0.0.1', 'localhost', 'ip6-localhost'])(
    'does not reach %s, though it is its own home',
    async (host) => {
      const inner = await httpServer((_request, response) => response.end('secret of the inside'))
      const url = inner.url.replace('127.0.0.1', host)
      await expect(plainClient().text({ url, outwardOnly: true, retries: 0 })).rejects.toMatchObject({
        code: expect.stringMatching(/^HTTP_/),
      })
      expect(inner.asked).toEqual([])
    },
  )
})

describe('another host than the configured one', () => {
  const listing = (text: string, status: number) => async () => {
    const other = await httpServer((_request, response) =>
      response.writeHead(status, { 'content-type': 'text/plain' }).end(text),
    )
    const server = await httpServer((request, response) =>
      response.writeHead(302, { location: `${other.url}${request.url}` }).end(),
    )
    const client = createErddapClient({ http: plainClient(), baseUrl: `${server.url}/erddap` })
    return client
      .scope({ retries: 0 })
      .listDatasets()
      .catch((error: Error) => JSON.stringify([error.message, String(error.cause ?? ''), error]))
  }

  it.each([
    ['an error', 'root:x:0:0', 404],
    ['a table of something else', 'root:x:0:0,other\n', 200],
    ['a page', '<html><title>root:x:0:0</title>', 200],
    ['an error of ERDDAP', 'Error {\n  message="root:x:0:0";\n}', 200],
  ])('is not quoted: %s', async (_what, text, status) => {
    const said = await listing(text, status)()
    expect(said).toContain('HTTP_')
    expect(said).not.toContain('root')
  })

  it.each(['ht!tp://secret', 'ftp://secret/', 'http://[secret', ''])(
    'is not quoted where it leads: %s',
    async (location) => {
      const other = await httpServer((_request, response) => response.writeHead(302, { location }).end())
      const server = await httpServer((_request, response) =>
        response.writeHead(302, { location: other.url }).end(),
      )
      const failure: Error = await plainClient()
        .text({ url: server.url, retries: 0 })
        .then(
          () => new Error('none'),
          (error) => error,
        )
      expect(`${failure.message} ${failure.cause instanceof Error ? failure.cause.message : ''}`).not.toMatch(
        /secret|none/,
      )
    },
  )

  it('may be inward where the configured one is', async () => {
    const inner = await httpServer((_request, response) => response.end('inside'))
    const server = await httpServer((_request, response) =>
      response.writeHead(302, { location: inner.url }).end(),
    )
    await expect(plainClient().text({ url: server.url })).resolves.toMatchObject({
      body: 'inside',
      foreign: true,
    })
  })
})
