/** A server on loopback that keeps what is posted to it, as a webhook's does. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Listener {
  /** With a path that is a secret. */
  readonly url: string
  readonly heard: { path: string; headers: Record<string, unknown>; body: string }[]
  /** Bodies as JSON, in their order. */
  json(): Record<string, unknown>[]
  close(): Promise<void>
}

/** @param answer status of the n-th request (from 0); null: no answer ever. @default 200 */
export async function startListener(
  options: { answer?: (n: number) => number | null; path?: string } = {},
): Promise<Listener> {
  const heard: Listener['heard'] = []
  const server: Server = createServer(async (request, response) => {
    let body = ''
    for await (const piece of request) body += piece
    heard.push({ path: request.url ?? '', headers: request.headers, body })
    const status = options.answer ? options.answer(heard.length - 1) : 200
    if (status === null) return
    response.writeHead(status, {
      'content-type': 'text/plain',
      ...(status === 302 && { location: '/login' }),
    })
    response.end(status === 200 ? 'ok' : `refused at ${request.url}`)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}${options.path ?? '/hooks/T0SECRET/B0SECRET/abcdefghijkl'}`,
    heard,
    json: () => heard.map(({ body }) => JSON.parse(body) as Record<string, unknown>),
    close: () =>
      new Promise((done) => {
        server.closeAllConnections()
        server.close(() => done())
      }),
  }
}
