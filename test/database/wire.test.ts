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
    const sockets = new Set<Socket>()
    const server = createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => {})
      let turn = 0
      socket.on('data', () => socket.write(turn++ === 0 ? loginDone : Buffer.from('\x07garbage\xff\xff\xff')))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const database = new ClientDatabase({
      kind: 'postgres',
      connection: { host: '127.0.0.1', port: (server.address() as AddressInfo).port, user: 'a', ssl: false },
      description: 'the database',
      serverVersion: 150_000,
      maxConnections: 1,
    })
    await expect(database.transaction((session) => session.query('SELECT 1'))).rejects.toMatchObject({
      code: 'DATABASE_FAILED',
      facts: { transient: true },
    })
    for (const socket of sockets) socket.destroy()
    server.close()
    await database.close()
  })

  it('ends a statement that was being answered, once what follows a row is garbage', async () => {
    const sockets = new Set<Socket>()
    const statements: string[] = []
    const complete = (tag: string) => message('C', Buffer.from(`${tag}\0`))
    const column = Buffer.concat([Buffer.from('a\0'), Buffer.from([0, 0, 0, 0, 0, 0])])
    const type = Buffer.from([0, 0, 0, 25, 255, 255, 255, 255, 255, 255, 0, 0])
    const described = message('T', Buffer.concat([Buffer.from([0, 1]), column, type]))
    const row = message('D', Buffer.from([0, 1, 0, 0, 0, 1, 120]))
    const server = createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => {})
      let loggedIn = false
      socket.on('data', (bytes) => {
        if (!loggedIn) {
          loggedIn = true
          socket.write(loginDone)
          return
        }
        const text = bytes.toString('latin1')
        statements.push(text)
        if (text.includes('BEGIN'))
          socket.write(Buffer.concat([complete('BEGIN'), message('Z', Buffer.from('T'))]))
        else socket.write(Buffer.concat([described, row, row, Buffer.from('\x07nonsense\xff\xff', 'latin1')]))
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const database = new ClientDatabase({
      kind: 'postgres',
      connection: { host: '127.0.0.1', port: (server.address() as AddressInfo).port, user: 'a', ssl: false },
      description: 'the database',
      serverVersion: 150_000,
      maxConnections: 1,
    })
    await expect(database.transaction((session) => session.query('SELECT a FROM b'))).rejects.toMatchObject({
      code: 'DATABASE_FAILED',
      facts: { transient: true },
    })
    expect(statements.some((text) => text.includes('SELECT a FROM b'))).toBe(true)
    for (const socket of sockets) socket.destroy()
    server.close()
    await database.close()
  })

  it('does not hold a COPY that is never confirmed for ever', async () => {
    const sockets = new Set<Socket>()
    const server = createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => {})
      let turn = 0
      const copyIn = message('G', Buffer.from([0, 0, 1, 0, 0]))
      socket.on('data', () => {
        if (turn < 2) socket.write(turn++ === 0 ? loginDone : copyIn)
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const database = new ClientDatabase({
      kind: 'postgres',
      connection: {
        host: '127.0.0.1',
        port: (server.address() as AddressInfo).port,
        user: 'a',
        ssl: false,
        query_timeout: 300,
      },
      description: 'the database',
      serverVersion: 150_000,
      maxConnections: 1,
    })
    const columns = [{ name: 'a', type: 'text' }]
    const copying = database.session((session) => database.copyRows(session, 't', columns, [['x'], ['y']]))
    await expect(copying).rejects.toMatchObject({ code: 'DATABASE_FAILED', facts: { transient: true } })
    for (const socket of sockets) socket.destroy()
    server.close()
    await database.close()
  })

  it('does not hold work that was cancelled, where nobody stops it', async () => {
    const sockets = new Set<Socket>()
    const server = createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.once('data', () => socket.write(loginDone))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const database = new ClientDatabase({
      kind: 'postgres',
      connection: { host: '127.0.0.1', port: (server.address() as AddressInfo).port, user: 'a', ssl: false },
      description: 'the database',
      serverVersion: 150_000,
      maxConnections: 1,
      cancelMs: 200,
    })
    const stop = new AbortController()
    setTimeout(() => stop.abort(), 300)
    await expect(database.query('SELECT 1', [], { signal: stop.signal })).rejects.toMatchObject({
      code: 'CANCELLED',
    })
    for (const socket of sockets) socket.destroy()
    server.close()
    await database.close()
  })

  it.each([
    ['is no message', '\x07nonsense\xff\xff'],
    // Whoever believes its length waits for a gigabyte.
    ['is a message without an end', 'S\x3f\xff\xff\xff'],
  ])('does not hold the opening where what comes %s', async (_what, bytes) => {
    const sockets = new Set<Socket>()
    const server = createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => {})
      let turn = 0
      socket.on('data', () => socket.write(turn++ === 0 ? loginDone : Buffer.from(bytes, 'latin1')))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const settings = {
      kind: 'postgres' as const,
      host: '127.0.0.1',
      port,
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
    for (const socket of sockets) socket.destroy()
    server.close()
  })
})
