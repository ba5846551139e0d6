import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createDiskCache, type DiskCacheSettings } from '../../src/http/cache.ts'
import { createHttpClient, type HttpClient, type HttpRecord } from '../../src/http/client.ts'
import { httpServer, stopServersAfterEach } from './servers.ts'

/** Whether the disk takes only the first piece of a file. */
const disk = vi.hoisted(() => ({ full: false }))
vi.mock(import('node:fs'), async (original) => {
  const fs = await original()
  const createWriteStream: typeof fs.createWriteStream = (path, options) => {
    const stream = fs.createWriteStream(path, options)
    const { write } = stream
    stream.write = ((piece: Uint8Array) => {
      if (stream.bytesWritten + stream.writableLength > 0 && disk.full)
        stream.destroy(Object.assign(new Error('no space left on device'), { code: 'ENOSPC' }))
      return (write as (piece: Uint8Array) => boolean).call(stream, piece)
    }) as typeof write
    return stream
  }
  return { ...fs, createWriteStream }
})

stopServersAfterEach()
let folder: string
let clock: number
const clients: HttpClient[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'http-cache-'))
  clock = Date.now()
})
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()))
  await rm(folder, { recursive: true, force: true })
})

function cached(settings: Partial<DiskCacheSettings> = {}) {
  const cache = createDiskCache({ folder, now: () => clock, ...settings })
  const http = createHttpClient({ gate: null, cache, sleep: async () => {} })
  clients.push(http)
  return http
}

const filesEnding = async (ending: string) =>
  (await readdir(folder)).filter((name) => name.endsWith(ending)).map((name) => join(folder, name))

it('an answer is asked for once, as text or as a stream', async () => {
  const server = await httpServer((_request, response) => {
    response.setHeader('content-type', 'text/csv;charset=ISO-8859-1')
    response.end(Buffer.from('caf\xe9', 'latin1'))
  })
  const http = cached()
  const records: HttpRecord[] = []
  const onRequest = (record: HttpRecord) => records.push(record)
  expect((await http.text({ url: server.url, onRequest })).body).toBe('café')
  const again = await http.text({ url: server.url, onRequest })
  expect(again).toMatchObject({ status: 200, body: 'café', bytes: 4, url: `${server.url}/` })
  const { body } = await http.stream({ url: server.url })
  const pieces: Uint8Array[] = []
  for await (const piece of body) pieces.push(piece)
  expect(Buffer.concat(pieces).toString('latin1')).toBe('café')
  expect(server.asked).toHaveLength(1)
  expect(records.map((record) => record.cached)).toEqual([undefined, true])
})

it('an answer that is too old is asked for again', async () => {
  const server = await httpServer((_request, response) => response.end('x'))
  const http = cached({ maxAgeMs: 1000 })
  await http.text({ url: server.url })
  clock += 1001
  await http.text({ url: server.url })
  expect(server.asked).toHaveLength(2)
})

it('errors, and streams that were not read to the end, are not kept', async () => {
  const server = await httpServer((request, response) => {
    if (request.url === '/missing') response.writeHead(404)
    response.end('x'.repeat(request.url === '/short' ? 10 : 500_000))
  })
  const http = cached()
  await http.text({ url: `${server.url}/missing` }).catch(() => {})
  for (const path of ['/left', '/short']) {
    const { body } = await http.stream({ url: server.url + path })
    for await (const _piece of body) break
  }
  expect(await filesEnding('.json')).toEqual([])
  await expect.poll(() => readdir(folder).catch(() => [])).toEqual([])
})

it('an answer that is given up while its file is being made leaves none behind', async () => {
  const cache = createDiskCache({ folder })
  const answer = { status: 200, url: 'http://erddap.example/', headers: {} }
  const piece = new Uint8Array(10)
  for (const stepsBefore of [0, 1, 2, 3, 4, 5]) {
    const atOnce = cache.writer(`http://erddap.example/${stepsBefore}`, answer)
    const writing = atOnce.write(piece)
    for (let step = 0; step < stepsBefore; step++) await new Promise(setImmediate)
    atOnce.discard()
    await writing
    const afterwards = cache.writer(`http://erddap.example/${stepsBefore}`, answer)
    await afterwards.write(piece)
    afterwards.discard()
  }
  // A whole answer after them: whatever they began to open is open by then.
  const kept = cache.writer('http://erddap.example/kept', answer)
  await kept.write(piece)
  await kept.commit()
  await expect.poll(() => filesEnding('.body')).toHaveLength(1)
  expect(await cache.get('http://erddap.example/kept')).toMatchObject({ bytes: 10 })
})

it('an answer for which the disk has no room is read all the same, and leaves nothing behind', async () => {
  const server = await httpServer((_request, response) => response.end('x'.repeat(500_000)))
  const http = cached()
  disk.full = true
  try {
    expect((await http.text({ url: server.url })).body).toHaveLength(500_000)
  } finally {
    disk.full = false
  }
  await expect.poll(() => readdir(folder)).toEqual([])
  await http.text({ url: server.url })
  expect(server.asked).toHaveLength(2)
  expect(await filesEnding('.body')).toHaveLength(1)
})

it('damaged entries count as absent and are removed', async () => {
  const server = await httpServer((_request, response) => response.end('whole'))
  const http = cached()
  for (const damage of [
    async () => writeFile((await filesEnding('.body'))[0]!, 'whol'),
    async () => writeFile((await filesEnding('.body'))[0]!, 'WHOLE'),
    async () => rm((await filesEnding('.body'))[0]!),
    async () => writeFile((await filesEnding('.json'))[0]!, '{"file":"../../etc/passwd"'),
    async () => writeFile((await filesEnding('.json'))[0]!, 'null'),
  ]) {
    await http.text({ url: server.url })
    const before = server.asked.length
    await damage()
    expect((await http.text({ url: server.url })).body).toBe('whole')
    expect(server.asked).toHaveLength(before + 1)
  }
})

it('the oldest go when there are too many bytes', async () => {
  const server = await httpServer((_request, response) => response.end('x'.repeat(100)))
  const http = cached({ maxBytes: 250 })
  for (const path of ['/1', '/2', '/3']) {
    clock += 1
    await http.text({ url: server.url + path })
  }
  expect(await filesEnding('.json')).toHaveLength(2)
  expect(await filesEnding('.body')).toHaveLength(2)
  await http.text({ url: `${server.url}/3` })
  await http.text({ url: `${server.url}/1` })
  expect(server.asked).toEqual(['/1', '/2', '/3', '/1'])
})

it('a folder that cannot be written costs nothing but the cache', async () => {
  await writeFile(join(folder, 'file'), '')
  const server = await httpServer((_request, response) => response.end('x'))
  const cache = createDiskCache({ folder: join(folder, 'file', 'below') })
  const http = createHttpClient({ gate: null, cache })
  clients.push(http)
  expect((await http.text({ url: server.url })).body).toBe('x')
  expect((await http.text({ url: server.url })).body).toBe('x')
})
