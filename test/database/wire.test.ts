import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { ClientDatabase } from '../../src/database/client.ts'
import { openDatabase } from '../../src/database/open.ts'
import { frameCheck } from '../../src/database/wire.ts'

function message(type: string, body = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(5)
  head.write(type)
  head.writeInt32BE(4 + body.length, 1)
  return Buffer.concat([head, body])
}
const ready = message('Z', Buffer.from('I'))
const loginDone = Buffer.concat([message('R', Buffer.alloc(4)), ready])

/** A server that lets anybody in; `answer` is given what comes afterwards, and says what is written, if anything. */
async function listening(answer: (bytes: Buffer) => Buffer | undefined) {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    let loggedIn = false
    socket.on('data', (bytes) => {
      const said = loggedIn ? answer(bytes) : loginDone
      loggedIn = true
      if (said) socket.write(said)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    database: (more: { query_timeout?: number; cancelMs?: number } = {}) => {
      const { cancelMs, ...connection } = more
      return new ClientDatabase({
        kind: 'postgres',
        connection: { host: '127.0.0.1', port, user: 'a', ssl: false, ...connection },
        description: 'the database',
        serverVersion: 150_000,
        maxConnections: 1,
        ...(cancelMs !== undefined && { cancelMs }),
      })
    },
    close() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

describe('what a server sends', () => {
  it('is checked whatever pieces it comes in', () => {
    const bytes = Buffer.concat([
      message('D', Buffer.alloc(70_000, 'x')),
      message('C', Buffer.from('SELECT 1\0')),
      ready,
    ])
    for (const size of [1, 2, 3, 7, 1000, bytes.length]) {
      const check = frameCheck()
      for (let at = 0; at < bytes.length; at += size) expect(check(bytes.subarray(at, at + size))).toBe(true)
    }
    expect(frameCheck()(Buffer.from('HTTP/1.1 400 Bad Request'))).toBe(false)
    expect(frameCheck()(Buffer.from([90, 255, 255, 255, 255]))).toBe(false)
  })

  it('ends a query with an error at once where it is no PostgreSQL', async () => {
    const server = await listening(() => Buffer.from('\x07garbage\xff\xff\xff'))
    const database = server.database()
    await expect(database.transaction((session) => session.query('SELECT 1'))).rejects.toMatchObject({
      code: 'DATABASE_FAILED',
      facts: { transient: true },
    })
    server.close()
    await database.close()
  })

  it('ends a statement that was being answered, once what follows a row is garbage', async () => {
    const statements: string[] = []
    const complete = (tag: string) => message('C', Buffer.from(`${tag}\0`))
    const column = Buffer.concat([Buffer.from('a\0'), Buffer.from([0, 0, 0, 0, 0, 0])])
    const type = Buffer.from([0, 0, 0, 25, 255, 255, 255, 255, 255, 255, 0, 0])
    const described = message('T', Buffer.concat([Buffer.from([0, 1]), column, type]))
    const row = message('D', Buffer.from([0, 1, 0, 0, 0, 1, 120]))
    const server = await listening((bytes) => {
      const text = bytes.toString('latin1')
      statements.push(text)
      return text.includes('BEGIN')
        ? Buffer.concat([complete('BEGIN'), message('Z', Buffer.from('T'))])
        : Buffer.concat([described, row, row, Buffer.from('\x07nonsense\xff\xff', 'latin1')])
    })
    const database = server.database()
    await expect(database.transaction((session) => session.query('SELECT a FROM b'))).rejects.toMatchObject({
      code: 'DATABASE_FAILED',
      facts: { transient: true },
    })
    expect(statements.some((text) => text.includes('SELECT a FROM b'))).toBe(true)
    server.close()
    await database.close()
  })

  it('does not hold a COPY that is never confirmed for ever', async () => {
    let copyIn: Buffer | undefined = message('G', Buffer.from([0, 0, 1, 0, 0]))
    const server = await listening(() => {
      const said = copyIn
      copyIn = undefined
      return said
    })
    const database = server.database({ query_timeout: 300 })
    const columns = [{ name: 'a', type: 'text' }]
    const copying = database.session((session) => database.copyRows(session, 't', columns, [['x'], ['y']]))
    await expect(copying).rejects.toMatchObject({ code: 'DATABASE_FAILED', facts: { transient: true } })
    server.close()
    await database.close()
  })

  it('does not hold work that was cancelled, where nobody stops it', async () => {
    const server = await listening(() => undefined)
    const database = server.database({ cancelMs: 200 })
    const stop = new AbortController()
    setTimeout(() => stop.abort(), 300)
    await expect(database.query('SELECT 1', [], { signal: stop.signal })).rejects.toMatchObject({
      code: 'CANCELLED',
    })
    server.close()
    await database.close()
  })

  it.each([
    ['is no message', '\x07nonsense\xff\xff'],
    // Whoever believes its length waits for a gigabyte.
    ['is a message without an end', 'S\x3f\xff\xff\xff'],
  ])('does not hold the opening where what comes %s', async (_what, bytes) => {
    const server = await listening(() => Buffer.from(bytes, 'latin1'))
    const settings = {
      kind: 'postgres' as const,
      host: '127.0.0.1',
      port: server.port,
      database: 'a',
      user: 'a',
      password: undefined,
      caFile: undefined,
      sslMode: 'disable' as const,
    }
    await expect(openDatabase(settings, { statementMs: 500 })).rejects.toMatchObject({
      code: 'DATABASE_FAILED',
      facts: { transient: true },
    })
    server.close()
  })
})
