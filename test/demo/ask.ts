/** A plain client for the look-alikes: follows nothing, repeats nothing, shows everything. */

import type { IncomingHttpHeaders } from 'node:http'
import { request } from 'node:http'
import { gunzipSync } from 'node:zlib'

export interface Received {
  status: number
  headers: IncomingHttpHeaders
  body: string
  /** How the body ended: whole, or broken off with this code. */
  ended: 'whole' | string
}

export interface AskOptions {
  headers?: Record<string, string>
  /** Hangs up after so many bytes. */
  atMost?: number
  method?: string
}

/** Quotes and the like are encoded as a careful client does. */
export function ask(url: string, options: AskOptions = {}): Promise<Received> {
  const target = url.replace(/["<>\\ |[\]{}^`]/g, (character) => encodeURIComponent(character))
  return askRaw(target, options)
}

/** Sends the address as it is. */
export function askRaw(
  url: string,
  { headers = {}, atMost, method = 'GET' }: AskOptions = {},
): Promise<Received> {
  const { hostname, port, origin } = new URL(url)
  return new Promise((resolve, reject) => {
    let hasBegun = false
    const sent = request(
      { hostname, port, path: url.slice(origin.length), headers, method, agent: false },
      (response) => {
        hasBegun = true
        const pieces: Buffer[] = []
        let bytes = 0
        const finish = (ended: string) => {
          const whole = Buffer.concat(pieces)
          const isGzip = response.headers['content-encoding'] === 'gzip' && ended === 'whole'
          const body = (isGzip ? gunzipSync(whole) : whole).toString('utf8')
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body, ended })
        }
        response.on('data', (piece: Buffer) => {
          pieces.push(piece)
          bytes += piece.length
          if (atMost !== undefined && bytes >= atMost) {
            finish('enough')
            sent.destroy()
          }
        })
        response.on('end', () => finish('whole'))
        response.on('error', (error: NodeJS.ErrnoException) => finish(error.code ?? error.message))
      },
    )
    // Once the answer has begun, the response tells how it ended.
    sent.on('error', (error) => (hasBegun ? undefined : reject(error)))
    sent.end()
  })
}

export function lines(body: string): string[] {
  return body.trimEnd().split('\n')
}
