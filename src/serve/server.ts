import type { Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { HarvesterError } from '../errors.ts'
import { buildApp } from './app.ts'
import { type ServerOptions, settingsOf } from './options.ts'

export interface ApiServer {
  /** Starts to listen and gives the address of the page. @throws HarvesterError USAGE when the port is taken */
  listen(): Promise<string>
  /** Where it listens, with the base path; throws before `listen`. */
  readonly url: string
  /** Ends live streams, finishes what is being answered, and stops. */
  close(): Promise<void>
}

/** The API and the dashboard. Closes nothing that it was given: database and engine stay open. */
export function createServer(options: ServerOptions): ApiServer {
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
      const started = createAdaptorServer({ fetch }) as HttpServer
      // Longer than proxies keep theirs, so that they do not meet a connection that is being closed.
      started.keepAliveTimeout = 65_000
      started.requestTimeout = 30_000
      server = started
      await new Promise<void>((resolve, reject) => {
        started.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, settings)))
        started.listen(settings.port, settings.host, resolve)
      })
      const { address, port, family } = started.address() as AddressInfo
      const anywhere = address === '0.0.0.0' || address === '::'
      const host = anywhere ? 'localhost' : family === 'IPv6' ? `[${address}]` : address
      url = `http://${host}:${port}${settings.basePath}`
      settings.log.info({ url }, 'the dashboard can be reached')
      return url
    },

    async close() {
      closeStreams()
      const open = server
      if (open === undefined) return
      server = undefined
      await new Promise<void>((resolve) => {
        open.close(() => resolve())
        open.closeIdleConnections()
        setTimeout(() => open.closeAllConnections(), 2000).unref()
      })
    },
  }
}

function listenError(
  error: NodeJS.ErrnoException,
  { host, port }: { host: string; port: number },
): HarvesterError {
  const where = `${host}:${port}`
  if (error.code === 'EADDRINUSE') {
    return new HarvesterError('USAGE', `The address ${where} is in use by another program.`, {
      remedy: 'Stop that program, or choose another port with HARVESTER_HTTP_PORT.',
      cause: error,
    })
  }
  return new HarvesterError('USAGE', `Cannot listen on ${where}.`, {
    remedy: 'Check HARVESTER_HTTP_HOST and HARVESTER_HTTP_PORT.',
    cause: error,
  })
}
