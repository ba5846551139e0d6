import { once } from 'node:events'
import { createServer as createHttpServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { seededNumbers } from '../support/loader-process.ts'
import { type FaultProxy, startFaultProxy } from './proxy.ts'

const body = 'latitude,longitude\n48.5,-123.25\n'.repeat(20)
let server: Server
let proxy: FaultProxy

beforeEach(async () => {
  server = createHttpServer((request, response) => {
    if (request.url === '/later') setTimeout(() => response.end(body), 20)
    else response.end(body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  proxy = await startFaultProxy({ target: port, random: seededNumbers(1), slowMs: 20, dripMs: 1 })
})
afterEach(async () => {
  await proxy.close()
  server.closeAllConnections()
  await new Promise((done) => server.close(done))
})

const ask = async (path = '/') =>
  (await fetch(`http://127.0.0.1:${proxy.port}${path}`, { headers: { connection: 'close' } })).text()

it('passes everything on, and counts it', async () => {
  expect(await ask()).toBe(body)
  expect(proxy.bytes().down).toBeGreaterThan(body.length)
  expect(proxy.hits()).toBe(0)
})

it.each(['slow', 'dripping'] as const)('%s: all of it comes, later', async (fault) => {
  await proxy.set(fault)
  expect(await ask()).toBe(body)
  expect(proxy.hits()).toBeGreaterThan(0)
})

it.each(['nonsense', 'cut', 'reset', 'refusing'] as const)(
  '%s: the answer is lost, and the next one is whole',
  async (fault) => {
    await proxy.set(fault)
    await expect(ask()).rejects.toThrow()
    await proxy.set(null)
    expect(await ask()).toBe(body)
  },
)

it('silent: nothing comes until it heals', async () => {
  await proxy.set('silent')
  const answer = ask('/later')
  while (proxy.hits() === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  await proxy.set(null)
  expect(await answer).toBe(body)
})
