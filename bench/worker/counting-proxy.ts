/** Stands between a worker and a server, and counts what the worker asks. */
import { createServer, request } from 'node:http'
import { connect } from 'node:net'

export interface CountingProxy {
  readonly apiUrl: string
  /** Requests since the last question, by method and path, ids left out. */
  take(): Map<string, number>
  close(): Promise<void>
}

export async function startCountingProxy(port: number): Promise<CountingProxy> {
  let counts = new Map<string, number>()
  const count = (what: string) => {
    const name = what.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '{id}').replace(/\?.*/, '')
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  const server = createServer((incoming, outgoing) => {
    count(`${incoming.method} ${incoming.url}`)
    const onward = request(
      { host: '127.0.0.1', port, method: incoming.method, path: incoming.url, headers: incoming.headers },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(outgoing)
      },
    )
    onward.on('error', () => outgoing.destroy())
    incoming.pipe(onward)
  })
  server.on('upgrade', (incoming, socket, head) => {
    count(`WS ${incoming.url}`)
    const onward = connect(port, '127.0.0.1', () => {
      const headers = incoming.rawHeaders.flatMap((text, at, all) =>
        at % 2 ? [] : [`${text}: ${all[at + 1]}`],
      )
      onward.write(`GET ${incoming.url} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`)
      onward.write(head)
      onward.pipe(socket).pipe(onward)
    })
    const endBoth = () => {
      onward.destroy()
      socket.destroy()
    }
    onward.on('error', endBoth)
    socket.on('error', endBoth)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return {
    apiUrl: `http://127.0.0.1:${(server.address() as { port: number }).port}/api`,
    take() {
      const taken = counts
      counts = new Map()
      return taken
    },
    async close() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}
