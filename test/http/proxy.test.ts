import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterEach, expect, it, vi } from 'vitest'
import { createHttpClient } from '../../src/http/client.ts'
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
