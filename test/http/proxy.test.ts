import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterEach, expect, it, vi } from 'vitest'
import { createHttpClient } from '../../src/http/client.ts'
import { connections, proxiesOf } from '../../src/http/connections.ts'
import { httpServer, stopServersAfterEach } from './servers.ts'

stopServersAfterEach()
afterEach(() => {
  vi.unstubAllEnvs()
})

it('the proxy of the environment is used, except for the hosts that it leaves out', async () => {
  const server = await httpServer((_request, response) => response.end('ok'))
  const tunnels: string[] = []
  const proxy = createServer().on('connect', (request, socket) => {
    tunnels.push(request.url!)
    const { port } = new URL(server.url)
    const target = connect(Number(port), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      socket.pipe(target).pipe(socket)
    })
    socket.on('error', () => target.destroy())
    target.on('error', () => socket.destroy())
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  for (const name of ['http_proxy', 'https_proxy', 'no_proxy', 'HTTPS_PROXY']) vi.stubEnv(name, '')
  vi.stubEnv('HTTP_PROXY', `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`)
  vi.stubEnv('NO_PROXY', '127.0.0.1')
  const http = createHttpClient()
  try {
    expect((await http.text({ url: 'http://data.example.org/erddap' })).body).toBe('ok')
    expect((await http.text({ url: server.url })).body).toBe('ok')
    expect(tunnels).toEqual(['data.example.org:80'])
  } finally {
    await http.close()
    proxy.closeAllConnections()
    proxy.close()
  }
})

it('the address of a proxy may lack its protocol, as for curl', async () => {
  for (const [value, whole] of [
    ['proxy.example.org:3128', 'http://proxy.example.org:3128'],
    ['svc:pw@proxy.example.org:3128/', 'http://svc:pw@proxy.example.org:3128/'],
    ['[::1]:3128', 'http://[::1]:3128'],
    ['https://svc:p%23w@proxy.example.org', 'https://svc:p%23w@proxy.example.org'],
    ['socks5://proxy.example.org:1080', 'socks5://proxy.example.org:1080'],
  ] as const) {
    const proxies = proxiesOf({ HTTP_PROXY: 'http://other', http_proxy: value, HTTPS_PROXY: value })
    expect(proxies).toEqual({ http: whole, https: whole, except: '' })
    // undici takes it.
    await connections({ connectMs: 1000, proxies }).close()
  }
})
