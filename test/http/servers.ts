/** Servers on loopback that behave, or do not. */

import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { afterEach } from 'vitest'

const endings: (() => Promise<void>)[] = []

/** Stops every server of the test file after each test. */
export function stopServersAfterEach() {
  afterEach(async () => {
    await Promise.all(endings.splice(0).map((end) => end()))
  })
}

export interface TestServer {
  url: string
  host: string
  /** Paths with query, in order. */
  asked: string[]
  requests: IncomingMessage[]
}

export async function httpServer(
  handler: (request: IncomingMessage, response: ServerResponse, turn: number) => void,
): Promise<TestServer> {
  const asked: string[] = []
  const requests: IncomingMessage[] = []
  const server = createHttpServer((request, response) => {
    asked.push(request.url!)
    requests.push(request)
    handler(request, response, asked.length)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  endings.push(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  )
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url: `http://${host}`, host, asked, requests }
}

/** Speaks raw TCP: for answers that no HTTP library would send. */
export async function rawServer(
  onRequest: (socket: Socket, turn: number) => void,
): Promise<{ url: string; host: string; turns: () => number }> {
  let turns = 0
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', () => {
      turns += 1
      onRequest(socket, turns)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  endings.push(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  )
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url: `http://${host}`, host, turns: () => turns }
}

/** An address on which nobody listens. */
export async function deadHost(): Promise<string> {
  const server = createTcpServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return `127.0.0.1:${port}`
}
