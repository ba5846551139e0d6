/** Sends an answer the way ERDDAP does: in chunks, compressed for those who accept it, and never in a hurry. */

import type { ServerResponse } from 'node:http'
import { setImmediate } from 'node:timers/promises'
import { createGzip, gzipSync } from 'node:zlib'
import type { Answer } from './hostile.ts'

export interface Delivery {
  method: string
  /** Bytes of the body as sent; counted here. */
  bytes: number
}

export interface SendOptions {
  gzip: boolean
  keep?: (headers: Record<string, string>, body: Buffer) => void
}

const pieceBytes = 65_536

export async function send(
  answer: Answer,
  response: ServerResponse,
  delivery: Delivery,
  options: SendOptions,
): Promise<void> {
  const headers = { ...answer.headers }
  if (answer.status !== 302) headers['Content-Encoding'] = options.gzip ? 'gzip' : 'identity'
  if (delivery.method === 'HEAD') {
    response.writeHead(answer.status, headers).end()
    return
  }
  const pieces = answer.body[Symbol.iterator]()
  const first = pieces.next()
  const second = first.done === true ? first : pieces.next()
  // ERDDAP sends in chunks and without a length whatever the size; most answers fit in one.
  if (second.done === true) {
    const text = first.done === true ? Buffer.alloc(0) : Buffer.from(first.value)
    const body = options.gzip ? gzipSync(text, { level: 1 }) : text
    delivery.bytes = body.length
    options.keep?.(headers, body)
    response.writeHead(answer.status, headers)
    if (body.length > 0) response.write(body)
    response.end()
    return
  }
  response.writeHead(answer.status, headers)
  const collected: Buffer[] = []
  const out = options.gzip ? createGzip({ level: 1, chunkSize: pieceBytes }) : undefined
  const finished = new Promise<void>((resolve) => response.once('close', () => resolve()))
  const collect = (piece: Buffer) => {
    delivery.bytes += piece.length
    if (options.keep !== undefined) collected.push(piece)
  }
  if (out !== undefined) {
    out.on('data', collect)
    out.pipe(response)
  }
  const sink = out ?? response
  for (const piece of joined([first.value, second.value], pieces)) {
    const bytes = Buffer.from(piece)
    if (out === undefined) collect(bytes)
    if (response.destroyed) return
    if (sink.write(bytes)) await setImmediate()
    else await Promise.race([new Promise<void>((resolve) => sink.once('drain', resolve)), finished])
  }
  sink.end()
  await finished
  if (response.writableFinished) options.keep?.(headers, Buffer.concat(collected))
}

function* joined(
  start: readonly (string | Buffer)[],
  rest: Iterator<string | Buffer>,
): Generator<string | Buffer> {
  yield* start
  for (let next = rest.next(); next.done !== true; next = rest.next()) yield next.value
}

/** Answers kept ready so that a benchmark measures its client; dropped when their dataset changes. */
export function keptAnswers(maxBytes: number) {
  const answers = new Map<string, { id: string; headers: Record<string, string>; body: Buffer }>()
  let bytes = 0
  return {
    get: (key: string) => answers.get(key),
    put: (key: string, id: string, headers: Record<string, string>, body: Buffer) => {
      if (bytes + body.length > maxBytes || answers.has(key)) return
      answers.set(key, { id, headers, body })
      bytes += body.length
    },
    drop: (id: string) => {
      for (const [key, { id: owner, body }] of answers) {
        if (owner !== id) continue
        answers.delete(key)
        bytes -= body.length
      }
    },
    clear: () => {
      answers.clear()
      bytes = 0
    },
  }
}
