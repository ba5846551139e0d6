import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { createBreaker } from '../../src/http/breaker.ts'
import {
  createHttpClient,
  type HttpClient,
  type HttpClientSettings,
  type HttpRecord,
} from '../../src/http/client.ts'
import { defaultTimeouts } from '../../src/http/types.ts'
import { version } from '../../src/package.ts'
import { deadHost, httpServer, rawServer, stopServersAfterEach } from './servers.ts'

stopServersAfterEach()

/** More than the client reads ahead and the sockets hold. */
const long = 'x'.repeat(12_000_000)

const clients: HttpClient[] = []
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()))
})

/** A client that does not really wait between attempts, and tells how long it would have. */
function clientWith(settings: Partial<HttpClientSettings> = {}): { http: HttpClient; slept: number[] } {
  const slept: number[] = []
  const http = createHttpClient({
    contact: 'https://example.org/harvester',
    gate: null,
    random: () => 0.5,
    sleep: async (ms) => {
      slept.push(ms)
    },
    ...settings,
  })
  clients.push(http)
  return { http, slept }
}

describe('an ordinary request', () => {
  it('says who asks, asks for gzip and keeps the connection', async () => {
    const ports = new Set<number>()
    const server = await httpServer((request, response) => {
      ports.add(request.socket.remotePort!)
      response.setHeader('content-encoding', 'gzip')
      response.setHeader('content-type', 'text/plain;charset=UTF-8')
      response.end(gzipSync('bonjour à tous'))
    })
    const { http } = clientWith()
    const records: HttpRecord[] = []
    const first = await http.text({ url: `${server.url}/a`, onRequest: (record) => records.push(record) })
    await http.text({ url: `${server.url}/b` })
    expect(first).toMatchObject({ status: 200, url: `${server.url}/a`, body: 'bonjour à tous', bytes: 15 })
    expect(server.requests[0]!.headers).toMatchObject({
      'user-agent': `erddap-harvester/${version} (+https://example.org/harvester)`,
      'accept-encoding': 'gzip',
    })
    expect(ports.size).toBe(1)
    expect(records).toEqual([
      { method: 'GET', url: `${server.url}/a`, status: 200, ms: expect.any(Number), bytes: 15, attempt: 1 },
    ])
  })

  it.each([200, 204, 205, 304, 404])(
    'has no body where none came, whatever coding is named: %d',
    async (status) => {
      const { url } = await httpServer((_, response) => {
        response.writeHead(status, { 'content-encoding': 'gzip', etag: '"1"' }).end()
      })
      const { http } = clientWith()
      expect(await http.text({ url, accept: [status] })).toMatchObject({ status, body: '', bytes: 0 })
      expect(await http.text({ url, method: 'HEAD', accept: [status] })).toMatchObject({ status, body: '' })
    },
  )

  it('reads a body by the charset that it states', async () => {
    const server = await httpServer((request, response) => {
      response.setHeader('content-type', `text/csv;charset=${request.url!.slice(1)}`)
      response.end(Buffer.from([0xe9, 0x80]))
    })
    const { http } = clientWith()
    expect((await http.text({ url: `${server.url}/ISO-8859-1` })).body).toBe('é\u0080')
    expect((await http.text({ url: `${server.url}/utf-16le` })).body).toBe('\u80e9')
    expect((await http.text({ url: `${server.url}/no-such-thing` })).body).toBe('\ufffd')
  })

  it.each([
    ['data@example.org', 'data@example.org'],
    ['l’équipe\n  data@example.org', 'l%E2%80%99%C3%A9quipe data@example.org'],
  ])('says who to write to, whatever signs that has: %j', async (contact, said) => {
    const server = await httpServer((request, response) => response.end(request.headers['user-agent']))
    const { http } = clientWith({ contact })
    expect((await http.text({ url: server.url })).body).toMatch(
      new RegExp(`^erddap-harvester/\\S+ \\(\\+${said}\\)$`),
    )
  })

  it('sends the login of an address as a header and never shows it', async () => {
    const server = await httpServer((_request, response) => response.writeHead(404).end('no'))
    const { http } = clientWith()
    const records: HttpRecord[] = []
    const failure = http.text({
      url: server.url.replace('//', '//me:s%40cret@'),
      onRequest: (record) => records.push(record),
    })
    await expect(failure).rejects.toMatchObject({ message: `GET ${server.url}/ answered 404: no` })
    expect(server.requests[0]!.headers.authorization).toBe(
      `Basic ${Buffer.from('me:s@cret').toString('base64')}`,
    )
    expect(JSON.stringify(records)).not.toContain('cret')
  })
})

describe('an error', () => {
  it('names method, URL, status and what the server says, in one line', async () => {
    const server = await httpServer((_request, response) => {
      response.setHeader('content-type', 'text/html')
      response
        .writeHead(404)
        .end('<html><head><title>Not&nbsp;here</title></head><body>\n<h1>No</h1></body></html>')
    })
    const { http } = clientWith()
    await expect(http.text({ url: `${server.url}/x` })).rejects.toMatchObject({
      code: 'HTTP_STATUS',
      message: `GET ${server.url}/x answered 404: Not here`,
      facts: {
        method: 'GET',
        status: 404,
        body: expect.stringContaining('<h1>'),
        headers: expect.anything(),
      },
    })
  })

  it('keeps its body for the program and out of the log, also after several attempts', async () => {
    const server = await httpServer((_request, response) => response.writeHead(503).end('a page'))
    const { http } = clientWith()
    const error = await http.text({ url: server.url }).catch((caught) => caught)
    expect(error.facts.body).toBe('a page')
    expect(error.facts.attempts).toBe(4)
    expect(Object.keys(error.facts)).toEqual(['attempts', 'method', 'url', 'status', 'sentence'])
  })

  it('keeps no more than 64 kB of an endless page', async () => {
    const server = await httpServer((_request, response) => {
      response.writeHead(400)
      const fill = () => {
        while (!response.destroyed && response.write('x'.repeat(10_000)));
      }
      response.on('drain', fill)
      fill()
    })
    const { http } = clientWith()
    const error = await http.text({ url: server.url }).catch((caught) => caught)
    expect(error.code).toBe('HTTP_STATUS')
    expect(error.facts.body).toHaveLength(64 * 1024)
  })
})

describe('what may pass by itself', () => {
  it.each([408, 413, 429, 500, 502, 503, 504, 520, 522, 524])('%i is tried again', async (status) => {
    const server = await httpServer((_request, response, turn) =>
      response.writeHead(turn === 1 ? status : 200).end('x'),
    )
    const { http } = clientWith()
    const records: HttpRecord[] = []
    const answer = await http.text({ url: server.url, onRequest: (record) => records.push(record) })
    expect(answer.status).toBe(200)
    expect(records.map((record) => [record.attempt, record.status])).toEqual([
      [1, status],
      [2, 200],
    ])
  })

  it('is tried again three times, with growing pauses', async () => {
    const server = await httpServer((_request, response) => response.writeHead(503).end('busy'))
    const { http, slept } = clientWith()
    await expect(http.text({ url: server.url })).rejects.toMatchObject({
      code: 'HTTP_STATUS',
      message: `GET ${server.url}/ answered 503: busy (4 attempts)`,
    })
    expect(server.asked).toHaveLength(4)
    expect(slept).toEqual([750, 1500, 3000])
  })

  it.each([400, 401, 403, 404, 501])('%i is not', async (status) => {
    const server = await httpServer((_request, response) => response.writeHead(status).end())
    const { http } = clientWith()
    await expect(http.text({ url: server.url })).rejects.toMatchObject({ facts: { status } })
    expect(server.asked).toHaveLength(1)
  })

  it('is not tried again if the body says what is wrong', async () => {
    const server = await httpServer((_request, response) =>
      response.writeHead(500).end('no matching results'),
    )
    const { http } = clientWith()
    const isFinal = (_status: number, body: string) => body.includes('no matching results')
    await expect(http.text({ url: server.url, isFinal })).rejects.toMatchObject({ facts: { status: 500 } })
    expect(server.asked).toHaveLength(1)
  })

  it('is never tried again for a POST', async () => {
    const server = await httpServer((_request, response) => response.writeHead(503).end())
    const { http } = clientWith()
    await expect(http.text({ url: server.url, method: 'POST', body: '{}' })).rejects.toThrow('503')
    expect(server.asked).toHaveLength(1)
  })

  it('waits as long as Retry-After says, fractions included', async () => {
    const server = await httpServer((_request, response, turn) => {
      if (turn === 1) response.writeHead(429, { 'retry-after': '2.5' })
      else if (turn === 2) response.writeHead(503, { 'retry-after': '7' })
      response.end()
    })
    const { http, slept } = clientWith()
    await http.text({ url: server.url })
    expect(slept).toEqual([2500, 7000])
  })

  it('does not wait for an hour', async () => {
    const server = await httpServer((_request, response) =>
      response.writeHead(503, { 'retry-after': '3600' }).end(),
    )
    const { http, slept } = clientWith()
    await expect(http.text({ url: server.url })).rejects.toThrow('503')
    expect(slept).toEqual([])
  })

  it('a connection that is reset before the answer is tried again', async () => {
    const server = await rawServer((socket, turn) => {
      if (turn === 1) socket.resetAndDestroy()
      else socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    })
    const { http } = clientWith()
    expect((await http.text({ url: server.url })).body).toBe('ok')
    expect(server.turns()).toBe(2)
  })

  it('a text that breaks off is asked for again, four times in all', async () => {
    const server = await rawServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this')
      setTimeout(() => socket.destroy(), 5)
    })
    const { http } = clientWith()
    await expect(http.text({ url: server.url })).rejects.toMatchObject({
      code: 'HTTP_CONNECT',
      message: expect.stringMatching(/the connection broke after 9 bytes of the answer .*\(4 attempts\)$/),
    })
    expect(server.turns()).toBe(4)
  })

  it('a stream that breaks off in its beginning is asked for again, and the reader sees nothing of it', async () => {
    const server = await rawServer((socket, turn) => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n')
      if (turn === 1) setTimeout(() => socket.resetAndDestroy(), 5)
      else socket.write('0\r\n\r\n')
    })
    const { http } = clientWith()
    const { body } = await http.stream({ url: server.url })
    let read = ''
    for await (const piece of body) read += Buffer.from(piece).toString()
    expect(read).toBe('abcd')
    expect(server.turns()).toBe(2)
  })

  it('a stream that breaks off later is not: the reader is told', async () => {
    const server = await httpServer((_request, response) => {
      response.write(long)
      response.once('drain', () => setTimeout(() => response.socket!.resetAndDestroy(), 5))
    })
    const { http } = clientWith()
    const { body } = await http.stream({ url: server.url })
    let read = 0
    const reading = (async () => {
      for await (const piece of body) read += piece.length
    })()
    await expect(reading).rejects.toMatchObject({ code: 'HTTP_CONNECT' })
    expect(read).toBeGreaterThanOrEqual(256 * 1024)
    expect(server.asked).toHaveLength(1)
  })
})

describe('a host that cannot be reached', () => {
  it('is said to refuse connections', async () => {
    const host = await deadHost()
    const { http, slept } = clientWith()
    await expect(http.text({ url: `http://${host}/erddap` })).rejects.toMatchObject({
      code: 'HTTP_CONNECT',
      message: `GET http://${host}/erddap: ${host} refuses connections (connect ECONNREFUSED ${host}) (4 attempts)`,
      remedy: expect.any(String),
    })
    expect(slept).toHaveLength(3)
  })

  it('that is no web address is refused before anything is sent', async () => {
    const { http, slept } = clientWith()
    await expect(http.text({ url: 'erddap.example.org' })).rejects.toMatchObject({
      message: '"erddap.example.org" is not an http or https URL',
    })
    expect(slept).toEqual([])
  })

  it('that takes the connection and never says a word is given up after the time for connecting', async () => {
    const server = await rawServer(() => {})
    const { http } = clientWith({ timeouts: { connectMs: 50 } })
    // TLS is part of connecting, and this server knows none.
    const url = server.url.replace('http:', 'https:')
    await expect(http.text({ url, retries: 0 })).rejects.toMatchObject({
      code: 'HTTP_TIMEOUT',
      facts: { phase: 'connect' },
    })
  })
})

describe('a server that takes too long', () => {
  it('to answer is cut off, and not asked again', async () => {
    const server = await rawServer(() => {})
    const { http } = clientWith({ timeouts: { headersMs: 40 } })
    await expect(http.text({ url: server.url })).rejects.toMatchObject({
      code: 'HTTP_TIMEOUT',
      message: `GET ${server.url}/: no answer came within 0.04 s`,
    })
    // A busy server may not have heard it by then.
    expect(server.turns()).toBeLessThanOrEqual(1)
  })

  it('between two pieces of the body is cut off', async () => {
    const server = await httpServer((request, response) => {
      response.write(request.url === '/long' ? long : 'a,b\n')
    })
    const { http } = clientWith({ timeouts: { bodyIdleMs: 400 } })
    const idle = { code: 'HTTP_TIMEOUT', facts: { phase: 'body' } }
    await expect(http.stream({ url: server.url })).rejects.toMatchObject(idle)
    const { body } = await http.stream({ url: `${server.url}/long` })
    let read = 0
    const reading = (async () => {
      for await (const piece of body) read += piece.length
    })()
    await expect(reading).rejects.toMatchObject(idle)
    expect(read).toBe(long.length)
    expect(server.asked).toHaveLength(2)
  })

  it('by sending a byte at a time is cut off by the total', async () => {
    const server = await httpServer((_request, response) => {
      const timer = setInterval(() => response.write('x'), 5)
      response.on('close', () => clearInterval(timer))
    })
    const { http } = clientWith()
    const failure = http.text({ url: server.url, timeouts: { totalMs: 150, bodyIdleMs: 10_000 } })
    await expect(failure).rejects.toMatchObject({ code: 'HTTP_TIMEOUT', facts: { phase: 'total' } })
  })

  it('by sending a byte at a time is cut off also where nobody gives a total', async () => {
    const server = await httpServer((_request, response) => {
      response.write('x'.repeat(400_000))
      const timer = setInterval(() => response.write('x'), 5)
      response.on('close', () => clearInterval(timer))
    })
    expect(defaultTimeouts.answerMs).toBe(15 * 60_000)
    const { http } = clientWith({ timeouts: { answerMs: 300, bodyIdleMs: 10_000 } })
    const late = { code: 'HTTP_TIMEOUT', facts: { phase: 'total' } }
    await expect(http.text({ url: server.url })).rejects.toMatchObject(late)
    // Nor does a reader who looked away take the beginning for the whole.
    const { body } = await http.stream({ url: server.url })
    const reading = (async () => {
      for await (const _ of body) await new Promise((resolve) => setTimeout(resolve, 500))
    })()
    await expect(reading).rejects.toMatchObject(late)
    // Who gives a limit of his own, or none, is not held to it.
    const own = http.text({ url: server.url, timeouts: { totalMs: 600 } })
    await expect(own).rejects.toMatchObject({ ...late, message: expect.stringContaining('0.6 s') })
  })

  it('counts redirects and retries in the total', async () => {
    const server = await httpServer((request, response) => {
      if (request.url === '/1') response.writeHead(302, { location: '/2' }).end()
    })
    const { http } = clientWith()
    const failure = http.text({ url: `${server.url}/1`, timeouts: { totalMs: 100 } })
    await expect(failure).rejects.toMatchObject({ code: 'HTTP_TIMEOUT', facts: { phase: 'total' } })
  })

  it('does not cut off a reader who takes long himself', async () => {
    const server = await httpServer((_request, response) => {
      response.write(long)
      response.end('end')
    })
    const { http } = clientWith({ timeouts: { bodyIdleMs: 500 } })
    const { body } = await http.stream({ url: server.url })
    let read = 0
    for await (const piece of body) {
      if (read === 0) await new Promise((resolve) => setTimeout(resolve, 700))
      read += piece.length
    }
    expect(read).toBe(long.length + 3)
  })
})

describe('an answer that is too large', () => {
  it('is refused by its Content-Length', async () => {
    const server = await rawServer((socket) =>
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${300 * 1024 * 1024}\r\n\r\nstart`),
    )
    const { http } = clientWith()
    const records: HttpRecord[] = []
    await expect(
      http.text({ url: server.url, onRequest: (record) => records.push(record) }),
    ).rejects.toMatchObject({
      code: 'HTTP_TOO_LARGE',
      message: `GET ${server.url}/: the answer is larger than 200 MB and was cut off`,
    })
    expect(records[0]!.bytes).toBe(0)
  })

  it('is cut off while it streams, without being held', async () => {
    let sent = 0
    const server = await httpServer((_request, response) => {
      const piece = Buffer.alloc(64 * 1024, 'x')
      const fill = () => {
        do sent += piece.length
        while (!response.destroyed && response.write(piece))
      }
      response.on('drain', fill)
      fill()
    })
    const { http } = clientWith()
    await expect(http.text({ url: server.url, maxBytes: 5_000_000 })).rejects.toMatchObject({
      code: 'HTTP_TOO_LARGE',
    })
    expect(sent).toBeLessThan(60_000_000)
  })

  it('is measured after decompression', async () => {
    const bomb = gzipSync(Buffer.alloc(20_000_000))
    const server = await httpServer((_request, response) => {
      response.setHeader('content-encoding', 'gzip')
      response.end(bomb)
    })
    const { http } = clientWith()
    await expect(http.text({ url: server.url, maxBytes: 1_000_000 })).rejects.toMatchObject({
      code: 'HTTP_TOO_LARGE',
    })
  })
})

describe('a small body that unpacks to a large one', () => {
  const zeros = Buffer.alloc(100_000_000)
  const quickly = { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }
  it.each([
    ['gzip', gzipSync],
    ['x-gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', (text: Buffer) => brotliCompressSync(text, quickly)],
  ])('is cut off long before its end: %s', async (coding, compress) => {
    const bomb = compress(zeros)
    const { url } = await httpServer((_, response) => {
      response.writeHead(200, { 'content-encoding': coding }).end(bomb)
    })
    const { body } = await clientWith().http.stream({ url })
    let bytes = 0
    const reading = (async () => {
      for await (const piece of body) bytes += piece.length
    })()
    await expect(reading).rejects.toMatchObject({
      code: 'HTTP_BAD_ANSWER',
      message: expect.stringContaining(`${bomb.length} compressed bytes unpack to more than`),
    })
    expect(bytes).toBeLessThan(70_000_000 + 250 * bomb.length)
  })

  it('is read where it repeats itself as tables do', async () => {
    const table = Array.from(
      { length: 400_000 },
      (_, row) => `station ${row % 7},2020-01-01T00:00:00Z,${row}\n`,
    )
    const { url } = await httpServer((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(table.join('')))
    })
    const { bytes } = await clientWith().http.text({ url })
    expect(bytes).toBe(table.join('').length)
  })

  it('is read where it is made of many that are empty', async () => {
    const empty = gzipSync('')
    const { url } = await httpServer((_, response) => {
      const members = Buffer.concat([...new Array<Buffer>(20_000).fill(empty), gzipSync('the end')])
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(members)
    })
    expect((await clientWith().http.text({ url })).body).toBe('the end')
  })

  it('is taken for what it is where its coding was never asked for', async () => {
    const { url } = await httpServer((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip, gzip' }).end('as it is')
    })
    expect((await clientWith().http.text({ url })).body).toBe('as it is')
  })
})

describe('an answer that makes no sense', () => {
  it('because the compressed body is cut is said to be truncated', async () => {
    const whole = gzipSync('x,y\n'.repeat(1000))
    const server = await httpServer((_request, response) => {
      response.setHeader('content-encoding', 'gzip')
      response.end(whole.subarray(0, whole.length - 12))
    })
    const { http } = clientWith()
    await expect(http.text({ url: server.url })).rejects.toMatchObject({
      code: 'HTTP_BAD_ANSWER',
      message: `GET ${server.url}/: the compressed answer is truncated`,
    })
  })

  it('because it says gzip and is none is said to be unreadable', async () => {
    const server = await httpServer((_request, response) => {
      response.setHeader('content-encoding', 'gzip')
      response.end('not compressed')
    })
    const { http } = clientWith()
    await expect(http.text({ url: server.url })).rejects.toMatchObject({ code: 'HTTP_BAD_ANSWER' })
  })

  it('because it is not HTTP is said to be unreadable', async () => {
    const server = await rawServer((socket) => socket.end('220 smtp.example.org ESMTP\r\n'))
    const { http } = clientWith()
    await expect(http.text({ url: server.url })).rejects.toMatchObject({ code: 'HTTP_BAD_ANSWER' })
    expect(server.turns()).toBe(1)
  })
})

describe('redirects', () => {
  it('are followed, with raw quotes in Location encoded', async () => {
    const server = await httpServer((request, response) => {
      if (request.url === '/a') response.writeHead(302, { location: '/b.csv?x&orderByMinMax("x|y")' }).end()
      else response.end(request.url)
    })
    const { http } = clientWith()
    const records: HttpRecord[] = []
    const answer = await http.text({ url: `${server.url}/a`, onRequest: (record) => records.push(record) })
    expect(answer.body).toBe('/b.csv?x&orderByMinMax(%22x%7Cy%22)')
    expect(answer.url).toBe(`${server.url}${answer.body}`)
    expect(records.map((record) => record.status)).toEqual([302, 200])
  })

  it('whose body drips are followed all the same', async () => {
    const { url } = await httpServer((request, response) => {
      if (request.url === '/there') return response.end('arrived')
      response.writeHead(302, { location: '/there', 'content-length': 1000 })
      const drip = setInterval(() => response.write('.'), 50)
      response.on('close', () => clearInterval(drip))
    })
    // Far less than the thousand drops take, far more than a busy machine needs.
    const answer = await clientWith().http.text({ url, timeouts: { totalMs: 30_000 } })
    expect(answer.body).toBe('arrived')
  })

  it('in a circle end after five', async () => {
    const server = await httpServer((_request, response) => response.writeHead(302, { location: '/' }).end())
    const { http } = clientWith()
    await expect(http.text({ url: server.url })).rejects.toMatchObject({
      code: 'HTTP_BAD_ANSWER',
      message: expect.stringContaining('redirected more than 5 times'),
    })
    expect(server.asked).toHaveLength(6)
  })

  it('are the answer for whoever wants to see them', async () => {
    const server = await httpServer((_request, response) => response.writeHead(301, { location: '/x' }).end())
    const { http } = clientWith()
    const answer = await http.text({ url: server.url, redirect: 'manual' })
    expect([answer.status, answer.headers.location]).toEqual([301, '/x'])
  })
})

describe('whoever gives up', () => {
  it('ends the request at once and gets CANCELLED', async () => {
    const closed: string[] = []
    const server = await httpServer((request) => {
      request.socket.on('close', () => closed.push('closed'))
      controller.abort()
    })
    const controller = new AbortController()
    const { http } = clientWith()
    await expect(http.text({ url: server.url, signal: controller.signal })).rejects.toMatchObject({
      code: 'CANCELLED',
    })
    await expect.poll(() => closed).toEqual(['closed'])
  })

  it('leaves the loop over a body and the connection ends', async () => {
    const closed: string[] = []
    const server = await httpServer((request, response) => {
      request.socket.on('close', () => closed.push('closed'))
      const fill = () => {
        while (!response.destroyed && response.write('x'.repeat(10_000)));
      }
      response.on('drain', fill)
      fill()
    })
    const { http } = clientWith({ gate: { inFlight: 1 } })
    const { body } = await http.stream({ url: server.url })
    for await (const _piece of body) break
    await expect.poll(() => closed).toEqual(['closed'])
    // The slot is free again.
    const second = await http.stream({ url: server.url })
    second.cancel()
    expect(server.asked).toHaveLength(2)
  })

  it('while waiting for the next attempt does not wait any longer', async () => {
    const controller = new AbortController()
    const server = await httpServer((_request, response) => response.writeHead(503).end())
    const http = createHttpClient({ gate: null })
    clients.push(http)
    const failure = http.text({
      url: server.url,
      signal: controller.signal,
      onRequest: () => setTimeout(() => controller.abort(), 10),
    })
    await expect(failure).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(server.asked).toHaveLength(1)
  })
})

describe('the gate of a host', () => {
  it('is free again when a short answer has come, whatever its reader does', async () => {
    const server = await httpServer((_request, response) => response.end('short'))
    const { http } = clientWith({ gate: { inFlight: 1 } })
    const first = await http.stream({ url: `${server.url}/first` })
    for await (const _piece of first.body)
      expect((await http.text({ url: `${server.url}/second` })).body).toBe('short')
    expect(server.asked).toEqual(['/first', '/second'])
  })

  it('is held by a long stream until its last byte was read', async () => {
    const server = await httpServer((request, response) =>
      response.end(request.url === '/first' ? long : 'body'),
    )
    const { http } = clientWith({ gate: { inFlight: 1 } })
    const first = await http.stream({ url: `${server.url}/first` })
    const second = http.text({ url: `${server.url}/second` })
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(server.asked).toEqual(['/first'])
    for await (const _piece of first.body);
    expect((await second).body).toBe('body')
  })

  it('is the other host’s once a request is redirected there', async () => {
    const origin = await httpServer((_request, response, turn) => response.end(turn === 1 ? long : 'origin'))
    const front = await httpServer((_request, response) =>
      response.writeHead(302, { location: `${origin.url}/data` }).end(),
    )
    const { http } = clientWith({ gate: { inFlight: 1 } })
    const first = await http.stream({ url: `${front.url}/1` })
    // The front's slot is free while the origin's is held.
    const second = http.text({ url: `${front.url}/2` })
    await expect.poll(() => front.asked).toEqual(['/1', '/2'])
    expect(origin.asked).toHaveLength(1)
    first.cancel()
    expect((await second).body).toBe('origin')
  })

  it('is given back whatever happens', async () => {
    const server = await httpServer((_request, response, turn) => {
      if (turn === 1) response.socket!.destroy()
      else if (turn === 2) response.writeHead(404).end('no')
      else if (turn === 3) response.writeHead(302).end()
      else response.end('ok')
    })
    const { http } = clientWith({ gate: { inFlight: 1 } })
    await http.text({ url: server.url, retries: 0 }).catch(() => {})
    await http.text({ url: server.url }).catch(() => {})
    await http.text({ url: server.url }).catch(() => {})
    expect((await http.text({ url: server.url })).body).toBe('ok')
  })
})

describe('the breaker of a run', () => {
  it('spares a host that is left alone, and no other', async () => {
    const server = await httpServer((_request, response) => response.end('ok'))
    const host = await deadHost()
    const { http } = clientWith()
    const breaker = createBreaker({ limit: 2 })
    for (const turn of [1, 2]) {
      const error = await http.text({ url: `http://${host}/${turn}`, breaker, retries: 0 }).catch((e) => e)
      breaker.reportUnreachable(error.facts.host, error.message)
    }
    await expect(http.text({ url: `http://${host}/3`, breaker })).rejects.toMatchObject({
      code: 'HOST_UNAVAILABLE',
      message: expect.stringContaining('2 datasets in a row could not connect'),
    })
    expect((await http.text({ url: server.url, breaker })).body).toBe('ok')
    expect(breaker.open().map((entry) => entry.host)).toEqual([host])
  })

  it('forgets failures when the host answers anything', async () => {
    const server = await httpServer((_request, response) => response.writeHead(404).end())
    const { http } = clientWith()
    const breaker = createBreaker({ limit: 2 })
    breaker.reportUnreachable(server.host, 'down')
    await http.text({ url: server.url, breaker }).catch(() => {})
    breaker.reportUnreachable(server.host, 'down')
    expect(() => breaker.check(server.host)).not.toThrow()
  })
})
