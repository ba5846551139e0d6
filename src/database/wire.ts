/** Bytes that are no PostgreSQL: found by the frames of its messages, so that nobody waits for the end of nonsense. */

import type { Socket } from 'node:net'
import type pg from 'pg'

const types = new Set(Buffer.from('123ACDEGHIKNRSTVWZcdnstv'))
/** Messages that hold rows or texts may be long; no other is longer than a few hundred bytes. */
const longTypes = new Set(Buffer.from('ADENSTVdt'))
const longest = 1 << 30
const longestShort = 1 << 16

/** Ends a connection whose server sends what cannot be a message (frontend/backend protocol 3.0, message formats). */
export function guardWire(client: pg.ClientBase): void {
  const stream = socketOf(client)
  const check = frameCheck()
  stream.on('data', (bytes: Buffer) => {
    if (!check(bytes)) stream.destroy(new Error('Connection terminated: the answer is no PostgreSQL'))
  })
}

/** What a connection goes over: to end one whose server would hear no other word. */
export function socketOf(client: pg.ClientBase): Socket {
  return (client as unknown as { connection: { stream: Socket } }).connection.stream
}

/** Tells of each piece, from a beginning of a message on, whether it can be PostgreSQL. */
export function frameCheck(): (bytes: Buffer) => boolean {
  const header = Buffer.alloc(5)
  let filled = 0
  let rest = 0
  return (bytes) => {
    for (let at = 0; at < bytes.length; ) {
      if (rest > 0) {
        const taken = Math.min(rest, bytes.length - at)
        rest -= taken
        at += taken
        continue
      }
      const taken = bytes.copy(header, filled, at, Math.min(bytes.length, at + 5 - filled))
      if (filled === 0 && !types.has(header[0]!)) return false
      filled += taken
      at += taken
      if (filled < 5) continue
      filled = 0
      const length = header.readInt32BE(1)
      if (length < 4 || length > (longTypes.has(header[0]!) ? longest : longestShort)) return false
      rest = length - 4
    }
    return true
  }
}
