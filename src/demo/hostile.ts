/** Bad days of a server: what it does to an answer instead of sending it. */

import type { ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

export type Misbehaviour =
  /** Answers later. */
  | { kind: 'latency'; ms: number }
  /** Answers with a status; `retryAfter` is sent as it is (seconds, a float, a date). */
  | { kind: 'status'; status: number; retryAfter?: string; body?: string }
  /** Sends the beginning of the body and resets the connection. */
  | { kind: 'reset'; afterBytes: number }
  /** Promises more bytes than it sends, then closes. */
  | { kind: 'wrong-length' }
  /** A page for people, with status 200. */
  | { kind: 'html' }
  /** Ends a well-formed answer in the middle of a line. */
  | { kind: 'truncated'; bytes: number }
  /** Ends a well-formed answer after so many lines, header and units included, at the end of a line. */
  | { kind: 'cut'; lines: number }
  /** Hangs up without a word. */
  | { kind: 'hangup' }
  /** Accepts the request and never answers. */
  | { kind: 'silent' }
  /** One byte at a time. */
  | { kind: 'slow'; everyMs: number }
  /** Goes on for ever with lines of its own. */
  | { kind: 'endless' }
  /** So many bytes of lines. */
  | { kind: 'huge'; bytes: number }

export interface HostileRule {
  /** Tested on the decoded path with its query. */
  match: RegExp
  behave: Misbehaviour
  /** How many requests it happens to. @default all */
  times?: number
}

export interface Answer {
  status: number
  headers: Record<string, string>
  /** Pieces; an answer without a body has none. */
  body: Iterable<string | Buffer>
}

/** The rule that applies to a request, used up by one. */
export function ruleFor(rules: HostileRule[], path: string): HostileRule | undefined {
  const rule = rules.find(({ match, times }) => (times === undefined || times > 0) && match.test(path))
  if (rule?.times !== undefined) rule.times -= 1
  return rule
}

/** Takes over the response; resolves when there is nothing more to send. `latency` is not handled here. */
export async function misbehave(
  behave: Exclude<Misbehaviour, { kind: 'latency' }>,
  answer: Answer,
  response: ServerResponse,
): Promise<void> {
  const gone = new Promise<void>((resolve) => response.once('close', () => resolve()))
  switch (behave.kind) {
    case 'status': {
      const retry = behave.retryAfter === undefined ? {} : { 'Retry-After': behave.retryAfter }
      response.writeHead(behave.status, { 'Content-Type': 'text/plain;charset=UTF-8', ...retry })
      response.end(behave.body ?? '')
      return
    }
    case 'html':
      response.writeHead(200, { 'Content-Type': 'text/html;charset=UTF-8' })
      response.end(
        '<!DOCTYPE html>\n<html><head><title>Maintenance</title></head><body><h1>We will be back soon</h1></body></html>\n',
      )
      return
    case 'hangup':
      response.socket?.destroy()
      return
    case 'silent':
      return gone
    case 'reset': {
      const body = whole(answer)
      response.writeHead(answer.status, { ...answer.headers, 'Content-Length': String(body.length) })
      response.write(body.subarray(0, behave.afterBytes), () =>
        // The beginning must have left before the reset overtakes it.
        setTimeout(() => response.socket?.resetAndDestroy(), 20),
      )
      return gone
    }
    case 'wrong-length': {
      const body = whole(answer)
      response.writeHead(answer.status, { ...answer.headers, 'Content-Length': String(body.length + 1000) })
      response.write(body, () => response.socket?.end())
      return gone
    }
    case 'cut': {
      const lines = [...answer.body].join('').split('\n').slice(0, behave.lines)
      response.writeHead(answer.status, answer.headers).end(`${lines.join('\n')}\n`)
      return
    }
    case 'truncated': {
      const body = whole(answer)
      response.writeHead(answer.status, answer.headers)
      response.end(body.subarray(0, behave.bytes))
      return
    }
    case 'slow': {
      response.writeHead(answer.status, answer.headers)
      for (const byte of whole(answer)) {
        if (response.destroyed) return
        response.write(Buffer.from([byte]))
        await sleep(behave.everyMs)
      }
      response.end()
      return
    }
    case 'endless':
      return fill(answer, response, Number.POSITIVE_INFINITY, gone)
    case 'huge':
      return fill(answer, response, behave.bytes, gone)
  }
}

function whole(answer: Answer): Buffer {
  return Buffer.concat([...answer.body].map((piece) => Buffer.from(piece)))
}

/** The true beginning of the answer, then its last line again and again. */
async function fill(
  answer: Answer,
  response: ServerResponse,
  bytes: number,
  gone: Promise<void>,
): Promise<void> {
  const start = whole(answer)
  const lines = start.toString('latin1').trimEnd().split('\n')
  const line = `${lines.at(-1) ?? ''}\n`
  const piece = Buffer.from(line.repeat(Math.ceil(65_536 / line.length)), 'latin1')
  response.writeHead(answer.status, answer.headers)
  response.write(start)
  for (let sent = start.length; sent < bytes && !response.destroyed; sent += piece.length) {
    if (!response.write(piece))
      await Promise.race([new Promise<void>((resolve) => response.once('drain', resolve)), gone])
  }
  response.end()
}
