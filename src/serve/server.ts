import { createServer as createHttpServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { HarvesterError } from '../errors.ts'
import { buildApp } from './app.ts'
import { type ServerOptions, settingsOf } from './options.ts'

export interface ApiServer {
  /** Starts to listen and gives the address of the page. @throws HarvesterError LISTEN_FAILED */
  listen(): Promise<string>
  /** Where it listens, with the base path; throws before `listen`. */
  readonly url: string
  /** Ends live streams, finishes what is being answered, and stops. */
  close(): Promise<void>
}

/** An address that is ours before there is anything to serve: who asks meanwhile is told to come back. */
export interface ReservedAddress {
  readonly server: HttpServer
  close(): Promise<void>
}

/**
 * Listens, so that a taken port is known before anything else is begun.
 * @throws HarvesterError LISTEN_FAILED
 */
export async function reserveAddress(address: { host: string; port: number }): Promise<ReservedAddress> {
  const server = createHttpServer((_, response) => {
    response.writeHead(503, { 'content-type': 'text/plain; charset=utf-8', 'retry-after': '5' })
    response.end('The harvester is starting.\n')
  })
  // Longer than proxies keep theirs, so that they do not meet a connection that is being closed.
  server.keepAliveTimeout = 65_000
  server.requestTimeout = 30_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, address)))
    server.listen(address.port, address.host, resolve)
  })
  return { server, close: () => closeServer(server) }
}

/**
 * The API and the dashboard. Closes nothing that it was given but the reserved address: database and engine stay open.
 */
export function createServer(options: ServerOptions, reserved?: ReservedAddress): ApiServer {
  const settings = settingsOf(options)
  let server: HttpServer | undefined
  let closeStreams = () => {}
  let url: string | undefined

  return {
    get url() {
      if (url === undefined) throw new HarvesterError('INTERNAL', 'The server does not listen yet.')
      return url
    },

    async listen() {
      const { fetch, live } = await buildApp(settings)
      closeStreams = () => live.close()
      server = (reserved ?? (await reserveAddress(settings))).server
      server.removeAllListeners('request').on('request', getRequestListener(fetch))
      const { address, port, family } = server.address() as AddressInfo
      const anywhere = address === '0.0.0.0' || address === '::'
      const host = anywhere ? 'localhost' : family === 'IPv6' ? `[${address}]` : address
      url = `http://${host}:${port}${settings.basePath}`
      settings.log.info({ url }, 'the dashboard can be reached')
      return url
    },

    async close() {
      closeStreams()
      const open = server
      server = undefined
      if (open) await closeServer(open)
    },
  }
}

async function closeServer(server: HttpServer): Promise<void> {
  if (!server.listening) return
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
    server.closeIdleConnections()
    setTimeout(() => server.closeAllConnections(), 2000).unref()
  })
}

function listenError(
  error: NodeJS.ErrnoException,
  { host, port }: { host: string; port: number },
): HarvesterError {
  const where = `${host}:${port}`
  const [what, remedy] =
    error.code === 'EADDRINUSE'
      ? [
          `The address ${where} is in use by another program.`,
          'Stop that program, or choose another port with HARVESTER_HTTP_PORT.',
        ]
      : error.code === 'EACCES'
        ? [
            `This user may not listen on ${where}.`,
            'Choose a port from 1024 on with HARVESTER_HTTP_PORT, and let a proxy have the other.',
          ]
        : [`Cannot listen on ${where}.`, 'Check HARVESTER_HTTP_HOST and HARVESTER_HTTP_PORT.']
  return new HarvesterError('LISTEN_FAILED', what, { remedy, cause: error })
}
